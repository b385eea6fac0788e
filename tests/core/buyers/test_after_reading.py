"""Buyers are counted whenever orders have been read: by the clock, at night, before a posting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core import runs, tables
from core.app import App
from core.config import Config
from core.model import Kind, Order, Person
from core.testing import MemorySource
from tests.core.buyers.shop import Shop
from tests.core.world import Clock

ORDER = Order(
    external_id="1",
    number="1",
    person="1",
    email="one@shop.ru",
    site="s1",
    status="N",
    status_name="",
    total=Decimal(100),
    delivery_price=Decimal(0),
    currency="EUR",
    created_at=Clock().now,
    changed_at=Clock().now,
)
CANCELLED = replace(ORDER, cancelled_at=Clock().now + timedelta(minutes=90))


@pytest.fixture
def source() -> MemorySource:
    source = MemorySource("shop")
    source.rows[Kind.PEOPLE] = [Person("1", "one@shop.ru")]
    source.rows[Kind.ORDERS] = [ORDER]
    return source


@pytest.fixture
def app(engine: sa.Engine, source: MemorySource) -> App:
    app = App(Config.model_validate({"site": {"currency": "EUR"}}), clock=Clock())
    app.__dict__.update(engine=engine, sources={"shop": source})
    return app


def bought(engine: sa.Engine) -> list[tuple[int, Decimal]]:
    return [(row["orders"], row["revenue"]) for row in Shop(engine).buyers().values()]


def test_a_pull_counts_them_in_the_sites_currency(app: App, source: MemorySource) -> None:
    runs.pull(app, source)
    assert bought(app.engine) == [(1, Decimal(100))]


def test_an_order_that_came_since_is_counted_and_one_that_was_cancelled_is_not(app: App, source: MemorySource) -> None:
    for hours, orders, count in ((0, [ORDER], 1), (1, [replace(ORDER, external_id="2")], 2), (2, [CANCELLED], 1)):
        app.clock.now = Clock().now + timedelta(hours=hours)  # type: ignore[attr-defined]
        source.rows[Kind.ORDERS] += orders if hours else []
        runs.pull(app, source)
        assert [row[0] for row in bought(app.engine)] == [count]


def test_at_night_all_are_counted_anew(app: App, source: MemorySource) -> None:
    runs.pull(app, source)
    app.clock.now += timedelta(hours=1)  # type: ignore[attr-defined]
    runs.pull(app, source)
    with app.engine.begin() as connection:
        connection.execute(sa.update(tables.buyers).values(orders=7))
    app.clock.now += timedelta(days=2)  # type: ignore[attr-defined]
    runs.pull(app, source)
    assert bought(app.engine) == [(7, Decimal(100))], "none of its orders was written since"
    app.clock.now = app.clock.now.replace(hour=23, minute=40)  # type: ignore[attr-defined]  # 02:40 in Moscow
    runs.sweep(app, source)
    assert bought(app.engine) == [(1, Decimal(100))]


def test_a_source_that_has_no_orders_is_not_counted(app: App, source: MemorySource) -> None:
    people = type("People", (MemorySource,), {"capabilities": frozenset({Kind.PEOPLE})})("shop")
    people.rows = source.rows
    runs.pull(app, people)
    with app.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.rfm_scales)) == 0


def test_what_is_read_for_a_posting_is_counted(app: App, source: MemorySource, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(runs, "count_buyers", lambda _, source: counted.append(source.name))
    runs._pull_now(app, source, [Kind.PEOPLE])
    assert counted == [], "no order was read"
    runs._pull_now(app, source, [Kind.PEOPLE, Kind.ORDERS])
    assert counted == ["shop"]
