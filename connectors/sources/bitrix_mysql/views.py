"""Views: `b_catalog_viewed_product`, which Bitrix prunes to 10 rows and 10 days; the mirror remembers them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.walk import Read, Reader, in_ranges
from core.model import View


class Views(Reader):
    """Last looks of people who have an account."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._views, self._fusers = shop.table("b_catalog_viewed_product", "v"), shop.table("b_sale_fuser", "f")
        self._known = self._views.join(self._fusers, self._fusers.c.ID == self._views.c.FUSER_ID)

    def _of_people(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        query = sa.select(*columns).select_from(self._known).where(self._fusers.c.USER_ID > 0)
        site = self.shop.settings.site
        return query.where(self._views.c.SITE_ID == site) if site else query

    def count(self) -> int:
        return int(self.shop.scalar(self._of_people(sa.func.count())))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        chosen = self._of_people(self._views.c.ID.label("key"))
        if since is None:
            return in_ranges(self.shop, self._views.c.ID, chosen, after)
        seen = chosen.where(self._views.c.DATE_VISIT >= self.shop.local(since))
        if recent.is_large(self.shop, self._views.c.ID):
            lately = self.shop.rows_in(seen, self._views.c.FUSER_ID, recent.fusers(self.shop, since))
            return recent.ascending({row["key"] for row in lately}, after)
        return in_ranges(self.shop, self._views.c.ID, seen, after)

    def read(self, keys: Sequence[int]) -> Read:
        views, fusers = self._views, self._fusers
        columns = [views.c[name] for name in ("FUSER_ID", "SITE_ID", "PRODUCT_ID", "DATE_VISIT", "VIEW_COUNT")]
        query = self._of_people(*columns, fusers.c.USER_ID)
        found = []
        for row in self.shop.rows_in(query, views.c.ID, keys):
            at = self.shop.moment(row["DATE_VISIT"])
            if at is not None:
                found.append(
                    View(
                        # the row's own id goes when Bitrix overwrites or prunes it; this names the same look for ever
                        external_id=f"{row['FUSER_ID']}:{row['SITE_ID']}:{row['PRODUCT_ID']}",
                        person=str(row["USER_ID"]),
                        product=str(row["PRODUCT_ID"]),
                        site=row["SITE_ID"],
                        at=at,
                        count=row["VIEW_COUNT"] or 1,
                    )
                )
        return Read(found)
