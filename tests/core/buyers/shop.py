"""Orders written into the mirror by hand, as intake leaves them there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core import tables
from core.buyers import MOVED
from core.db import writing
from tests.conftest import NOW

ORDERS = tables.orders


@dataclass
class Shop:
    """A source in the mirror; `now` is the moment of its next page."""

    engine: sa.Engine
    name: str = "shop"
    now: datetime = NOW
    orders: list[int] = field(default_factory=list)  # their ids

    def contacts(self, count: int) -> list[int]:
        """So many contacts more; their ids."""
        table = tables.contacts
        with writing(self.engine) as connection:
            known = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            emails = [f"c{number}@shop.ru" for number in range(known, known + count)]
            rows = [{"email": one, "domain": "shop.ru", "created_at": self.now} for one in emails]
            connection.execute(sa.insert(table), rows)
            return list(connection.scalars(sa.select(table.c.id).where(table.c.email.in_(emails)).order_by(table.c.id)))

    def order(self, contact: int | None, *, days_ago: float = 1, total: Any = 100, **values: Any) -> int:
        """One order; `lines` are (price, base price)."""
        lines: Sequence[tuple[int, int | None]] = values.pop("lines", ())
        number = len(self.orders) + 1
        row = self._row(contact, number, NOW - timedelta(days=days_ago), total) | values
        with writing(self.engine) as connection:
            order = connection.execute(sa.insert(ORDERS).values(row)).inserted_primary_key[0]
            for price, base in lines:
                line = {
                    "order_id": order,
                    "product": "1",
                    "name": "",
                    "quantity": 1,
                    "price": price,
                    "base_price": base,
                }
                connection.execute(sa.insert(tables.order_lines).values(**line, currency="RUB"))
        self.orders.append(order)
        return int(order)

    def many(self, orders: Iterable[tuple[int, datetime, Any]]) -> None:
        """Orders of (contact, moment, total) at once."""
        rows = [self._row(contact, number, at, total) for number, (contact, at, total) in enumerate(orders)]
        with writing(self.engine) as connection:
            for first in range(0, len(rows), 1000):
                connection.execute(sa.insert(ORDERS), rows[first : first + 1000])

    def _row(self, contact: int | None, number: int, at: datetime, total: Any) -> dict[str, Any]:
        texts = ("person", "email", "name", "phone", "site", "status", "status_name")
        return dict.fromkeys(texts, "") | {
            "source": self.name,
            "external_id": str(number),
            "number": str(number),
            "contact_id": contact,
            "total": Decimal(str(total)),
            "delivery_price": 0,
            "currency": "RUB",
            "created_at": at,
            "changed_at": at,
            "completed": False,
            "coupons": [],
            "digest": bytes(16),
            "seen_at": self.now,
            "written_at": self.now,
        }

    def change(self, order: int, **values: Any) -> None:
        """An order is read again and is different; if it moves to another contact, that is a fact."""
        with writing(self.engine) as connection:
            old = connection.scalar(sa.select(ORDERS.c.contact_id).where(ORDERS.c.id == order))
            update = sa.update(ORDERS).where(ORDERS.c.id == order).values(**values, written_at=self.now)
            connection.execute(update)
            if old is not None and values.get("contact_id", old) != old:
                connection.execute(sa.insert(tables.facts).values(self._moved(order, old, values["contact_id"])))

    def _moved(self, order: int, old: int, new: int | None) -> dict[str, Any]:
        facts = {"source": self.name, "what": MOVED, "at": self.now, "seen_at": self.now, "person": ""}
        digest = f"{order}:{self.now.timestamp()}".encode()[-16:].ljust(16)
        return facts | {"contact_id": new, "subject": str(order), "details": {"from": old}, "digest": digest}

    def cancel(self, order: int) -> None:
        self.change(order, cancelled_at=self.now)

    def buyers(self) -> dict[int, dict[str, Any]]:
        """The rows kept, by contact."""
        table = tables.buyers
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(table).where(table.c.source == self.name)).mappings()
            return {row["contact_id"]: dict(row) for row in rows}
