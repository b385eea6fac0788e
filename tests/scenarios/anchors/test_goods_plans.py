"""What a look for goods reads: a range of an index and a look-up for each row of it; where nothing befell, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core import bulk, db, rhythms, tables
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago
from tests.scenarios.anchors.town import LONG_AGO, Town

MINUTES = Span(MOSCOW, ago(60), ago(60) + timedelta(minutes=5))
ROWS = 4000
NAMES = ("viewed", "ordered", "status_changed", "back_in_stock", "out_of_stock", "price_dropped", "product_added")
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("viewed", {"min_price": 100, "sections": ["3"], "at_least": 2}),
    ("category_viewed", {}),
    ("back_in_stock", {"viewed_days": 30}),
    ("price_dropped", {"in_basket": False}),
    ("bought", {"sections": ["3"]}),
    ("bought", {"moment": "final"}),
    ("line_updated", {}),
)
TABLES = (
    *("facts", "other", "looks", "left_lists", "orders", "order_lines", "products", "old", "kin", "parents", "offers"),
    *("bought", "other_product", "views", "subscriptions", "rhythms", "clients", "others"),
)


@pytest.fixture
def crowd(town: Town) -> Town:
    """Goods, orders, looks and facts of some hundred days, enough that an index is worth its while."""
    told: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    for number in range(ROWS):
        contact, at, digest = number % 500 + 1, ago(number % 400, minutes=number), number.to_bytes(16, "big")
        what, product = NAMES[number % len(NAMES)], str(number * 7 % ROWS)
        nobody = what in NAMES[3:]
        fact = (
            ("", None, product) if nobody else (f"p{contact}", contact, product if what == "viewed" else f"o{number}")
        )
        told["facts"].append(("shop", what, at, at, *fact, {"from": "9", "to": "1", "status": "F"}, digest))
        money = (Decimal(100), Decimal(0), "RUB")
        order = ("shop", f"o{number}", "", "", contact, "", "", "", "", "F", "", *money, at, at, True, digest, at)
        told["orders"].append((number + 1, *order))
        told["order_lines"].append((number + 1, product, "", 1, 100, "RUB"))
        parent = "" if number % 4 == 0 else str(number - number % 4)
        goods = (
            str(number),
            parent,
            "",
            "",
            "",
            str(number % 200),
            "1",
            "",
            100,
            "RUB",
            True,
            1,
            True,
            ago(500),
            0,
            5,
            {},
        )
        told["products"].append(("shop", *goods, digest, at))
        told["views"].append(("shop", str(number), f"p{contact}", contact, product, "", at, 1, digest, at))
        wish = ("", "", "", "", ago(400), True)
        told["subscriptions"].append(("shop", str(number), contact, f"awaited:{product}", *wish, digest, at))
    with db.writing(town.engine) as connection:
        for name, rows in told.items():
            bulk.insert(connection, tables.metadata.tables[name], _COLUMNS[name], rows)
    rhythms.learn(town.engine, "shop", now=NOW)
    if town.engine.dialect.name != "sqlite":
        with town.engine.connect() as connection:
            connection.exec_driver_sql(f"ANALYZE TABLE {', '.join((*_COLUMNS, 'rhythms', 'rhythm_pools'))}")
    return town


_COLUMNS = {
    "facts": ("source", "what", "at", "seen_at", "person", "contact_id", "subject", "details", "digest"),
    "orders": (
        *("id", "source", "external_id", "number", "person", "contact_id", "email", "name", "phone", "site", "status"),
        *("status_name", "total", "delivery_price", "currency", "created_at", "changed_at", "completed"),
        *("digest", "seen_at"),
    ),
    "order_lines": ("order_id", "product", "name", "quantity", "price", "currency"),
    "products": (
        *("source", "external_id", "parent", "name", "url", "picture_url", "section", "catalogue", "xml_id", "price"),
        *("currency", "available", "quantity", "active", "created_at", "shows", "sort", "properties"),
        *("digest", "seen_at"),
    ),
    "views": ("source", "external_id", "person", "contact_id", "product", "site", "at", "count", "digest", "seen_at"),
    "subscriptions": (
        *("source", "external_id", "contact_id", "list", "title", "email", "name", "person", "at", "active"),
        *("digest", "seen_at"),
    ),
}


def walked(plan: list[str]) -> Iterator[str]:
    """The steps of a plan that read a whole table or index of ours."""
    for step in plan:
        lite = step.startswith("SCAN ") and step.split()[1] in TABLES
        if lite or any(step.startswith((f"{name}: ALL,", f"{name}: index,")) for name in TABLES):
            yield step


@pytest.mark.parametrize(("code", "settings"), ASKED)
def test_a_few_minutes_are_a_range_of_an_index(crowd: Town, code: str, settings: dict[str, Any]) -> None:
    plan = crowd.plan(crowd.query(code, MINUTES, **settings))
    assert not list(walked(plan)), plan
    first = [step for step in plan if step.startswith(("SEARCH facts", "facts:"))]
    assert first
    assert all("ix_facts_what_at" in step for step in first), plan


@pytest.mark.parametrize(("code", "settings"), ASKED)
def test_what_was_just_learnt_is_read_by_its_ids(crowd: Town, code: str, settings: dict[str, Any]) -> None:
    span = Span(MOSCOW, LONG_AGO, NOW, learnt=crowd.learnt() - 3)
    plan = crowd.plan(crowd.query(code, span, **settings))
    assert not list(walked(plan)), plan
    first = [step for step in plan if step.startswith(("SEARCH facts", "facts:"))]
    assert all("INTEGER PRIMARY KEY" in step or "PRIMARY" in step for step in first), plan


@pytest.mark.parametrize("settings", [{}, {"sections": ["3"], "catalogues": ["1"]}])
def test_what_is_used_up_in_a_few_minutes_is_a_range_of_an_index(crowd: Town, settings: dict[str, Any]) -> None:
    plan = crowd.plan(crowd.query("replenish", MINUTES, **settings))
    assert not list(walked(plan)), plan
    [first] = [step for step in plan if step.startswith(("SEARCH rhythms", "rhythms:"))]
    assert "ix_rhythms_next_at" in first, plan


@pytest.mark.parametrize(
    ("code", "settings"),
    [*ASKED, ("bought", {"popular": 10}), ("line_updated", {"by": "LINE"}), ("price_dropped", {}), ("replenish", {})],
)
def test_where_nothing_befell_hardly_a_row_is_read(crowd: Town, code: str, settings: dict[str, Any]) -> None:
    """MariaDB counts them; baskets and properties, which no index knows, are not opened."""
    if crowd.engine.dialect.name == "sqlite":
        pytest.skip("SQLite does not count rows")
    idle = Span(MOSCOW, ago(450), ago(450) + timedelta(minutes=5))
    with crowd.engine.connect() as connection:
        query = crowd.query(code, idle, **settings)
        connection.execute(query).all()
        connection.exec_driver_sql("FLUSH STATUS")
        assert connection.execute(query).all() == []
        counts = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
    assert sum(int(count) for _, count in counts) < 50, counts


def test_the_plan_of_a_walk_is_seen(crowd: Town) -> None:
    """The tests above would notice."""
    query = sa.select(tables.views.c.id).where(tables.views.c.site == "s1")
    assert list(walked(crowd.plan(query)))
