"""A shop in memory, its records, and what stands in the mirror after a pull."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core import intake, tables
from core.model import Kind, Line, Order, Person
from core.testing import MemorySource
from tests.conftest import NOW

PEOPLE = Kind.PEOPLE


def pull(
    engine: sa.Engine, shop: MemorySource, at: datetime = NOW, full: bool = False
) -> dict[Kind, intake.KindReport]:
    return {report.kind: report for report in intake.pull(engine, shop, clock=lambda: at, full=full)}


def rows(engine: sa.Engine, table: sa.Table) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings()]


def facts(engine: sa.Engine, what: str) -> list[dict[str, Any]]:
    return [row for row in rows(engine, tables.facts) if row["what"] == what]


def person(number: int, **values: Any) -> Person:
    return replace(Person(str(number), f"user{number}@shop.ru", name=f"Имя{number}"), **values)


def line(product: str, price: str = "100", **values: Any) -> Line:
    return replace(Line(f"l{product}", product, f"Товар {product}", Decimal(2), Decimal(price), "RUB"), **values)


def order(number: int, **values: Any) -> Order:
    made = Order(
        external_id=str(number),
        number=f"A-{number}",
        person="1",
        email="guest@shop.ru",
        site="s1",
        status="N",
        status_name="Принят",
        total=Decimal("500.50"),
        delivery_price=Decimal(0),
        currency="RUB",
        created_at=NOW - timedelta(days=3),
        changed_at=NOW,
        lines=(line("7"),),
    )
    return replace(made, **values)
