"""Rhythms are kept up whenever orders have been read, and learnt anew at night."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core import runs, tables
from core.app import App
from core.config import Config
from core.model import Kind, Line, Order, Person
from core.testing import MemorySource
from tests.core.rhythms.shop import Shop
from tests.core.world import Clock

LINE = Line("1", "cream", "", Decimal(1), Decimal(100), "RUB")
MONEY: dict[str, Any] = {"total": Decimal(100), "delivery_price": Decimal(0), "currency": "RUB"}


def order(number: int, days_ago: int) -> Order:
    at = Clock().now - timedelta(days=days_ago)
    texts = (str(number), str(number), "1", "one@shop.ru", "s1", "N", "")
    return Order(*texts, **MONEY, created_at=at, changed_at=at, lines=(LINE,))


@pytest.fixture
def source() -> MemorySource:
    source = MemorySource("shop")
    source.rows[Kind.PEOPLE] = [Person("1", "one@shop.ru")]
    source.rows[Kind.ORDERS] = [order(1, 40), order(2, 20)]
    return source


@pytest.fixture
def app(engine: sa.Engine, source: MemorySource) -> App:
    app = App(Config(), clock=Clock())
    app.__dict__.update(engine=engine, sources={"shop": source})
    return app


def test_a_pull_keeps_them_up(app: App, source: MemorySource) -> None:
    runs.pull(app, source)
    assert [*Shop(app.engine).intervals().values()] == [20]
    app.clock.on(hours=1)  # type: ignore[attr-defined]
    source.rows[Kind.ORDERS] += [order(3, 10), replace(order(1, 40), cancelled_at=Clock().now)]
    runs.pull(app, source)
    [row] = Shop(app.engine).rhythms().values()
    assert (row["orders"], row["evidence"]["own"]) == (2, [10])


def test_at_night_everything_is_learnt_anew(app: App, source: MemorySource) -> None:
    runs.pull(app, source)
    app.clock.on(hours=1)  # type: ignore[attr-defined]
    runs.pull(app, source)
    with app.engine.begin() as connection:
        connection.execute(sa.update(tables.rhythms).values(interval_days=7))
    app.clock.on(hours=20, minutes=40)  # type: ignore[attr-defined]  # 02:40 in Moscow
    runs.pull(app, source)
    assert [*Shop(app.engine).intervals().values()] == [7], "none of their orders was written since"
    runs.sweep(app, source)
    assert [*Shop(app.engine).intervals().values()] == [20]
