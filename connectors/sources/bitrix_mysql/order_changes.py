"""The history of orders: `b_sale_order_change`, where two changes between two pulls are still two changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import php, values
from connectors.sources.bitrix_mysql.orders import status_names
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.rolling import OVERLAP
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.walk import PAGE, Read, Reader, careful
from core.db import chunks
from core.model import OrderChange
from core.source import Bad, Cursor, Page

_TYPES = (
    "ORDER_STATUS_CHANGED",
    "ORDER_PAYED",
    "ORDER_CANCELED",
    "ORDER_TRACKING_NUMBER_CHANGED",
    "SHIPMENT_TRACKING_NUMBER_CHANGED",
)


def history(shop: Shop, cursor: Cursor | None) -> Iterator[Page]:
    """Pages of changes. The table only grows and has no index on its dates, so at rest the cursor is a key."""
    after = int((cursor or {}).get("after", 0))
    settled, reader = _settled(shop, after), OrderChanges(shop)
    total = reader.count() if cursor is None else None
    for keys in chunks(reader.keys(after, None), PAGE):
        read = careful(reader, keys)
        yield Page(read.records, {"after": min(keys[-1], settled)}, read.bad, total)
    yield Page([], {"after": settled}, total=total)


def _settled(shop: Shop, after: int) -> int:
    """The last key that is old enough: beside a younger one a smaller one may still wait to be committed."""
    changes = shop.table("b_sale_order_change")
    key, limit = changes.c.ID, shop.local(shop.now() - OVERLAP)
    young = sa.select(sa.func.min(key)).where(key > after, changes.c.DATE_CREATE >= limit)
    first_young = shop.scalar(young)
    old = sa.select(sa.func.max(key)).where(key < first_young if first_young else sa.true())
    return max(after, shop.scalar(old) or 0)


class OrderChanges(Reader):
    """Changes of status, payment, cancellation and tracking number."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._changes = shop.table("b_sale_order_change", "c")
        self._names = status_names(shop)
        self._meaning = lru_cache(1024)(self._read)  # a shop has few statuses, and thousands of changes to each

    def _wanted(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        query = sa.select(*columns).select_from(self._changes).where(self._changes.c.TYPE.in_(_TYPES))
        if not self.shop.settings.site:
            return query
        orders = self.shop.table("b_sale_order", "o")
        of_site = sa.select(orders.c.ID).where(orders.c.ID == self._changes.c.ORDER_ID)
        return query.where(of_site.where(orders.c.LID == self.shop.settings.site).exists())

    def count(self) -> int:
        return int(self.shop.scalar(self._wanted(sa.func.count())))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        return in_ranges(self.shop, self._changes.c.ID, self._wanted(self._changes.c.ID.label("key")), after)

    def read(self, keys: Sequence[int]) -> Read:
        changes = self._changes
        query = sa.select(changes.c.ID, changes.c.ORDER_ID, changes.c.TYPE, changes.c.DATA, changes.c.DATE_CREATE)
        rows = self.shop.tuples_in(query.order_by(changes.c.ID), changes.c.ID, keys)
        found, bad = [], []
        for number, order, kind, stored, created in rows:
            try:
                at = self._moment(created)
                what, told = self._meaning(kind, stored or "")
            except ValueError as error:
                bad.append(Bad(str(number), f"order {order}, {kind}: {error}"))
            else:
                found.append(OrderChange(str(number), str(order), what, at, told))
        return Read(found, bad)

    def _moment(self, created: Any) -> datetime:
        at = self.shop.moment(created)
        if at is None:
            raise ValueError("DATE_CREATE is empty")
        return at

    def _details(self, stored: str) -> Mapping[str, Any]:
        """DATA is cut at 512 characters: what stands before the cut is still read."""
        try:
            found = php.unserialized(stored, self.shop.settings.php_charset) if stored else {}
        except ValueError:
            found = dict(re.findall(r's:\d+:"([A-Z_]+)";(?:s:\d+:"([^"]*)")', stored))
            if not found:
                raise
        return found if isinstance(found, dict) else {}

    def _read(self, kind: str, stored: str) -> tuple[str, Mapping[str, Any]]:
        """The name of the fact and its details."""
        details = self._details(stored)
        if kind == "ORDER_STATUS_CHANGED":
            status = str(details.get("STATUS_ID") or "")
            if not status:
                raise ValueError("DATA names no STATUS_ID")
            old = {"old": str(details["OLD_STATUS_ID"])} if details.get("OLD_STATUS_ID") else {}
            return "status_changed", {"status": status, "name": self._names.get(status, status), **old}
        if kind == "ORDER_PAYED":
            return "paid" if values.yes(details.get("PAYED", "Y")) else "payment_cancelled", {}
        if kind == "ORDER_CANCELED":
            return "cancelled" if values.yes(details.get("CANCELED", "Y")) else "restored", {}
        return "tracking_number", {"number": str(details.get("TRACKING_NUMBER") or "")}
