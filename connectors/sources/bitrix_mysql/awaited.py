"""Who asked to be told when a product is back: `b_catalog_subscribe`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.newest import newest
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import Read, Reader
from core.model import Subscription

_EMAIL = 1  # CONTACT_TYPE


class Awaited(Reader):
    """One list a product. NEED_SENDING is Bitrix's own business: reading it would race with its agent."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._rows, self._elements = shop.table("b_catalog_subscribe", "s"), shop.table("b_iblock_element", "e")
        self._now = shop.now()

    def _wanted(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        rows, site = self._rows, self.shop.settings.site
        query = sa.select(*columns).select_from(rows).where(rows.c.CONTACT_TYPE == _EMAIL)
        return query.where(rows.c.SITE_ID == site) if site else query

    def count(self) -> int:
        return int(self.shop.scalar(self._wanted(sa.func.count())))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        """Buying the product, or leaving, ends a wish: DATE_TO is set to that moment."""
        rows = self._rows
        chosen = self._wanted(rows.c.ID.label("key"))
        if since is None:
            return in_ranges(self.shop, rows.c.ID, chosen, after)
        then, now = self.shop.local(since), self.shop.local(self._now)
        ended = rows.c.DATE_TO.between(then, now)
        return newest(self.shop, rows.c.ID, chosen.where(sa.or_(rows.c.DATE_FROM >= then, ended)), after)

    def read(self, keys: Sequence[int]) -> Read:
        rows, elements = self._rows, self._elements
        names = ("ID", "ITEM_ID", "USER_CONTACT", "USER_ID", "DATE_FROM", "DATE_TO")
        query = sa.select(*(rows.c[name] for name in names), elements.c.NAME.label("title")).select_from(
            rows.outerjoin(elements, elements.c.ID == rows.c.ITEM_ID)
        )
        return Read([self._subscription(row) for row in self.shop.rows_in(query, rows.c.ID, keys)])

    def _subscription(self, row: Row) -> Subscription:
        ends = self.shop.moment(row["DATE_TO"])
        return Subscription(
            external_id=f"awaited:{row['ID']}",
            list=f"awaited:{row['ITEM_ID']}",
            title=values.text(row["title"]) or str(row["ITEM_ID"]),
            email=row["USER_CONTACT"],
            person=str(row["USER_ID"] or ""),
            at=self.shop.moment(row["DATE_FROM"]),
            active=ends is None or ends > self._now,
        )
