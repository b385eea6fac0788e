"""Baskets: all open rows of `b_sale_basket` with one fuser and site. A basket that became an order is empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent, values
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import Read, Reader, in_ranges
from core.model import Basket, Line

LINE = (
    "ID",
    "FUSER_ID",
    "ORDER_ID",
    "PRODUCT_ID",
    "NAME",
    "QUANTITY",
    "PRICE",
    "CURRENCY",
    "LID",
    "DELAY",
    "CAN_BUY",
    "DETAIL_PAGE_URL",
    "DATE_INSERT",
    "DATE_UPDATE",
    "SET_PARENT_ID",
)


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
        owners = {
            row["ID"]: row["USER_ID"]
            for row in self.shop.rows_in(sa.select(fusers.c.ID, fusers.c.USER_ID), fusers.c.ID, keys)
            if row["USER_ID"]
        }
        lines: dict[tuple[int, str], list[Row]] = {}
        query = self._of_site(sa.select(*(rows.c[name] for name in LINE)).where(rows.c.ORDER_ID.is_(None)))
        for row in self.shop.rows_in(query.order_by(rows.c.ID), rows.c.FUSER_ID, owners):
            lines.setdefault((row["FUSER_ID"], row["LID"]), []).append(row)
        baskets = [self._basket(fuser, site, str(owners[fuser]), found) for (fuser, site), found in lines.items()]
        return Read([*baskets, *self._emptied(owners, lines)])

    def _basket(self, fuser: int, site: str, person: str, rows: Sequence[Row]) -> Basket:
        return Basket(
            external_id=f"{fuser}:{site}",
            person=person,
            site=site,
            created_at=min(filter(None, (self.shop.moment(row["DATE_INSERT"]) for row in rows)), default=None),
            changed_at=max(filter(None, (self.shop.moment(row["DATE_UPDATE"]) for row in rows)), default=None),
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


def top_level(row: Row) -> bool:
    """Whether a row is sold by itself, no part of a set (a set's own row points nowhere; in old bases to itself)."""
    return not row["SET_PARENT_ID"] or row["SET_PARENT_ID"] == row["ID"]


def line(row: Row) -> Line:
    """A row of b_sale_basket: name and address are the copies made when it was added."""
    return Line(
        external_id=str(row["ID"]),
        product=str(row["PRODUCT_ID"]),
        name=values.text(row["NAME"]),
        quantity=values.decimal(row["QUANTITY"]),
        price=values.decimal(row["PRICE"]),
        currency=row["CURRENCY"] or "",
        url=row["DETAIL_PAGE_URL"] or "",
        buyable=values.yes(row["CAN_BUY"]),
        delayed=values.yes(row["DELAY"]),
    )
