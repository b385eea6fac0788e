"""A shop with goods, written into the mirror by hand, and the rhythms that were learnt of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import rhythms, tables
from core.db import writing
from tests.conftest import NOW
from tests.core.buyers import shop

Key = tuple[int, str]


class Shop(shop.Shop):
    """A source in the mirror whose orders have products in them."""

    def product(self, number: str, section: str = "", parent: str = "") -> None:
        texts = dict.fromkeys(("name", "url", "picture_url", "catalogue", "xml_id", "currency"), "")
        numbers: dict[str, Any] = {"available": True, "quantity": 1, "active": True, "shows": 0, "sort": 500}
        whole = texts | numbers | {"source": self.name, "external_id": number, "section": section, "parent": parent}
        row = whole | {"name": f"Product {number}", "properties": {}, "digest": bytes(16), "seen_at": self.now}
        with writing(self.engine) as connection:
            connection.execute(sa.insert(tables.products).values(**row))

    def bought(self, contact: int | None, product: str, *days_ago: float, **values: Any) -> list[int]:
        """An order of the product so many days ago, for each number given; their ids."""
        made = [self.order(contact, days_ago=days, **values) for days in days_ago]
        line = {"product": product, "name": "", "quantity": 1, "price": 1, "currency": "RUB"}
        with writing(self.engine) as connection:
            connection.execute(sa.insert(tables.order_lines), [{"order_id": order, **line} for order in made])
        return made

    def learn(self) -> int:
        return rhythms.learn(self.engine, self.name, now=self.now)

    def refresh(self) -> int:
        return rhythms.refresh(self.engine, self.name, now=self.now)

    def rows(self) -> list[dict[str, Any]]:
        """Everything that is kept, in the order of its key."""
        table = tables.rhythms
        query = sa.select(table).where(table.c.source == self.name).order_by(*table.primary_key)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def rhythms(self) -> dict[Key, dict[str, Any]]:
        """What is known of the last purchases."""
        return {(row["contact_id"], row["product"]): row for row in self.rows() if row["again_at"] is None}

    def intervals(self) -> dict[Key, int]:
        return {key: row["interval_days"] for key, row in self.rhythms().items()}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)
