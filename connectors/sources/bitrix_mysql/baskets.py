"""Baskets: all open rows of `b_sale_basket` with one fuser and site. A basket that became an order is empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent, values
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.walk import Read, Reader
from core.model import Basket, Line

LINE = (
    "ID",
    "SET_PARENT_ID",
    "PRODUCT_ID",
    "NAME",
    "QUANTITY",
    "PRICE",
    "CURRENCY",
    "DETAIL_PAGE_URL",
    "CAN_BUY",
    "DELAY",
    "DISCOUNT_PRICE",
)
"""What `line` reads of a row of b_sale_basket; BASE_PRICE, which old versions lack, stands behind them."""


class Baskets(Reader):
    """Baskets of people who have an account; its key is the fuser, of whom one person may have several.

    A row that is deleted or changed leaves no trace that an index shows: the baskets of everybody who was on the site
    lately are read again, and intake sees what has become of them.
    """

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._fusers, self._rows = shop.table("b_sale_fuser"), shop.table("b_sale_basket")

    def count(self) -> int:
        return int(self.shop.scalar(self._with_rows(sa.func.count())))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        if since is None:
            return in_ranges(self.shop, self._fusers.c.ID, self._with_rows(self._fusers.c.ID.label("key")), after)
        found = recent.fusers(self.shop, since) | self._added(since) | self._ordered(since)
        return recent.ascending(found, after)

    def _with_rows(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """Fusers of people who have open rows."""
        rows, fusers = self._rows, self._fusers
        open_rows = self._open(sa.select(rows.c.ID)).where(rows.c.FUSER_ID == fusers.c.ID)
        return sa.select(*columns).select_from(fusers).where(fusers.c.USER_ID > 0, open_rows.exists())

    def _open(self, query: sa.Select[Any]) -> sa.Select[Any]:
        return self._of_site(query.where(self._rows.c.ORDER_ID.is_(None)))

    def _of_site(self, query: sa.Select[Any]) -> sa.Select[Any]:
        site = self.shop.settings.site
        return query.where(self._rows.c.LID == site) if site else query

    def _added(self, since: datetime) -> set[int]:
        """Fusers with an open row saved since then; in a large shop one new since then, by the index on DATE_INSERT."""
        rows = self._rows
        column = rows.c.DATE_INSERT if recent.is_large(self.shop, rows.c.ID) else rows.c.DATE_UPDATE
        query = self._open(sa.select(rows.c.FUSER_ID.label("key"))).where(column >= self.shop.local(since))
        return {row["key"] for row in self.shop.rows(query)}

    def _ordered(self, since: datetime) -> set[int]:
        """Fusers whose rows went into an order since then."""
        orders, rows = self.shop.table("b_sale_order"), self._rows
        saved = sa.select(orders.c.ID).where(orders.c.DATE_UPDATE >= self.shop.local(since))
        ids = [row["ID"] for row in self.shop.rows(saved)]
        query = sa.select(rows.c.FUSER_ID.label("key")).distinct()
        return {row["key"] for row in self.shop.rows_in(query, rows.c.ORDER_ID, ids)}

    def read(self, keys: Sequence[int]) -> Read:
        fusers, rows = self._fusers, self._rows
        users = self.shop.tuples_in(sa.select(fusers.c.ID, fusers.c.USER_ID), fusers.c.ID, keys)
        owners = {fuser: user for fuser, user in users if user}
        lines: dict[tuple[int, str], list[Sequence[Any]]] = {}
        query = self._of_site(sa.select(*line_columns(self.shop, rows, *_OF_BASKET)).where(rows.c.ORDER_ID.is_(None)))
        for row in self.shop.tuples_in(query.order_by(rows.c.ID), rows.c.FUSER_ID, owners):
            *_, fuser, site, _added, _saved = row
            lines.setdefault((fuser, site), []).append(row)
        baskets = [self._basket(fuser, site, str(owners[fuser]), found) for (fuser, site), found in lines.items()]
        return Read([*baskets, *self._emptied(owners, lines)])

    def _basket(self, fuser: int, site: str, person: str, rows: Sequence[Sequence[Any]]) -> Basket:
        return Basket(
            external_id=f"{fuser}:{site}",
            person=person,
            site=site,
            created_at=min(filter(None, (self.shop.moment(row[-2]) for row in rows)), default=None),
            changed_at=max(filter(None, (self.shop.moment(row[-1]) for row in rows)), default=None),
            lines=tuple(line(row) for row in rows if top_level(row)),
        )

    def _emptied(self, owners: Mapping[int, int], lines: Mapping[tuple[int, str], Any]) -> Iterator[Basket]:
        """Baskets of these fusers of which nothing is left, on each site where they ever had one."""
        rows = self._rows
        query = self._of_site(sa.select(rows.c.FUSER_ID, rows.c.LID).distinct())
        for row in self.shop.rows_in(query, rows.c.FUSER_ID, owners):
            fuser, site = row["FUSER_ID"], row["LID"]
            if (fuser, site) not in lines:
                yield Basket(f"{fuser}:{site}", str(owners[fuser]), site, None, None)


_OF_BASKET = ("FUSER_ID", "LID", "DATE_INSERT", "DATE_UPDATE")


def line_columns(shop: Shop, rows: sa.FromClause, *others: str) -> list[sa.ColumnElement[Any]]:
    """What `line` reads, in its order, and `others` behind it."""
    return [*shop.some(rows, *LINE, BASE_PRICE=None), *(rows.c[name] for name in others)]


def top_level(row: Sequence[Any]) -> bool:
    """Whether a row is sold by itself, no part of a set (a set's own row points nowhere; in old bases to itself)."""
    number, set_parent = row[:2]
    return not set_parent or bool(set_parent == number)


def line(row: Sequence[Any]) -> Line:
    """A row of b_sale_basket: name and address are the copies made when it was added."""
    number, _, product, name, quantity, price, currency, url, can_buy, delay, discount, base_price, *_ = row
    price = values.decimal(price)
    return Line(
        external_id=str(number),
        product=str(product),
        name=values.text(name),
        quantity=values.decimal(quantity),
        price=price,
        currency=currency or "",
        url=url or "",
        buyable=can_buy == "Y",
        delayed=delay == "Y",
        base_price=_base_price(price, discount, base_price),
    )


def _base_price(price: Decimal, discount: Any, base_price: Any) -> Decimal | None:
    """BASE_PRICE where Bitrix filled it in; before it did, the price and what was taken off it."""
    if base_price and (known := values.decimal(base_price)) > 0:
        return known
    return None if discount is None else price + values.decimal(discount)
