"""Views: `b_catalog_viewed_product`, which Bitrix prunes to 10 rows and 10 days; the mirror remembers them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.walk import Read, Reader
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
        return Read([view for row in self.shop.tuples_in(query, views.c.ID, keys) if (view := self._view(*row))])

    def _view(self, fuser: int, site: str, product: int, visited: Any, count: int | None, user: int) -> View | None:
        at = self.shop.moment(visited)
        if at is None:
            return None
        # the row's own id goes when Bitrix overwrites or prunes it; this names the same look for ever
        return View(f"{fuser}:{site}:{product}", str(user), str(product), site, at, count or 1)
