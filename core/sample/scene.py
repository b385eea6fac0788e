"""One moment in the life of the sample shop: where it happens, when, and what it adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.sample.catalogue import BASE, LINK
from core.sample.goods import OFFER, PLAIN, Good
from core.sample.rows import Rows, stored

_BUYER = sa.text(
    "SELECT ID, EMAIL, NAME, PERSONAL_MOBILE FROM b_user WHERE ID >= :id AND ACTIVE = 'Y' AND BLOCKED = 'N'"
    " AND COALESCE(EXTERNAL_AUTH_ID, '') IN ('', 'shop') AND ID > 2 ORDER BY ID LIMIT 1"
)
_FUSER = sa.text("SELECT MIN(ID) FROM b_sale_fuser WHERE USER_ID = :user")
_SHELF = sa.text(
    "SELECT e.ID, parent.ID, e.NAME, price.PRICE, top.CODE, section.CODE, parent.CODE"
    " FROM b_catalog_product product JOIN b_iblock_element e ON e.ID = product.ID"
    " LEFT JOIN b_iblock_element_property link ON link.IBLOCK_ELEMENT_ID = e.ID AND link.IBLOCK_PROPERTY_ID = :link"
    " JOIN b_iblock_element parent ON parent.ID = COALESCE(link.VALUE_NUM, e.ID)"
    " JOIN b_catalog_price price ON price.PRODUCT_ID = e.ID AND price.CATALOG_GROUP_ID = :base"
    "  AND price.CURRENCY = 'RUB' AND price.QUANTITY_FROM IS NULL AND price.QUANTITY_TO IS NULL"
    " JOIN b_iblock_section section ON section.ID = parent.IBLOCK_SECTION_ID AND section.GLOBAL_ACTIVE = 'Y'"
    " JOIN b_iblock_section top ON top.ID = section.IBLOCK_SECTION_ID"
    " WHERE product.TYPE IN (:plain, :offer) AND e.ACTIVE = 'Y' AND e.WF_STATUS_ID = 1"
    "  AND e.ACTIVE_FROM IS NULL AND e.ACTIVE_TO IS NULL AND (product.AVAILABLE = 'Y' OR :everything = 1) ORDER BY e.ID"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A step's transaction, the rows it will add, and its moment (naive, in the shop's own time)."""

    connection: sa.Connection
    rows: Rows
    at: datetime

    def ask(self, query: sa.TextClause, **values: Any) -> Sequence[Any]:
        """All rows of `query`."""
        return self.connection.execute(query, values).all()

    def do(self, statement: sa.TextClause, **values: Any) -> None:
        """Run `statement`; ``:at`` in it is the moment."""
        self.connection.execute(statement, {"at": stored(self.at)} | {key: stored(v) for key, v in values.items()})

    def buyer(self) -> Any:
        """Some user who may buy (ID, EMAIL, NAME, PERSONAL_MOBILE), or None."""
        found = self.ask(_BUYER, id=self.rows.random.randint(1, last_id(self.connection, "b_user")))
        return found[0] if found else None

    def fuser(self, user: int) -> int | None:
        """The visitor's number of a user who has been here before."""
        number = self.connection.scalar(_FUSER, {"user": user})
        return None if number is None else int(number)

    def shelf(self) -> list[Good]:
        """Everything that is shown, in stock or not, without sets."""
        return self._goods(everything=1)

    def on_sale(self) -> list[Good]:
        """What of it can be bought now."""
        return self._goods(everything=0)

    def _goods(self, *, everything: int) -> list[Good]:
        values = {"link": LINK, "base": BASE, "plain": PLAIN, "offer": OFFER, "everything": everything}
        return [
            Good(number, parent, name, Decimal(str(price)), f"/catalog/{top}/{section}/{code}/", self.at)
            for number, parent, name, price, top, section, code in self.ask(_SHELF, **values)
        ]


def last_id(connection: sa.Connection, table: str) -> int:
    """The highest ID of `table`, 0 when it is empty."""
    return int(connection.scalar(sa.select(sa.func.max(sa.column("ID"))).select_from(sa.table(table))) or 0)
