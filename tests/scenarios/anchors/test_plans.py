"""What a look at a few minutes reads: a range of an index and a look-up for each row of it, never a whole table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core import bulk, db, tables
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago
from tests.scenarios.anchors.town import LONG_AGO, Town

MINUTES = Span(MOSCOW, ago(60), ago(60) + timedelta(minutes=5))
FACTS = 6000
NAMES = (
    *("logged_in", "registered", "ordered", "status_changed"),
    *("basket_changed", "basket_emptied", "subscribed", "viewed"),
)
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("registered", {}),
    ("last_login", {}),
    ("last_activity", {}),
    ("basket", {"min_total": 500}),
    ("ordered", {"first": True, "offline": False}),
    ("status_changed", {"to": ["F"]}),
    ("order_final", {}),
    ("subscribed", {"lists": ["form:*"]}),
    ("vip", {}),
    ("fact", {"what": "ordered", "details": {"total": "100"}}),
)
TABLES = ("facts", "other", "orders", "order_lines", "people", "this", "earlier")


@pytest.fixture
def crowd(town: Town) -> Town:
    """Facts and orders of some hundred days, enough that an index is worth its while."""
    orders, lines, facts, people = [], [], [], []
    for number in range(FACTS):
        contact, at, what = number % 600 + 1, ago(number % 400, minutes=number), NAMES[number % len(NAMES)]
        digest, subject = number.to_bytes(16, "big"), f"s{number}"
        facts.append(("shop", what, at, at, f"p{contact}", contact, subject, {"status": "F"}, digest))
        if what == "ordered":
            money = (Decimal(100), Decimal(0), "RUB")
            lines.append((number, f"g{number % 50}", "", Decimal(1), Decimal(100), "RUB"))
            orders.append(
                (number, "shop", subject, "", "", contact, "", "", "", "", "F", "", *money, at, at, True, digest, at)
            )
        if number < 600:
            people.append(("shop", f"p{number}", number + 1, "", "", "", "", "", "", "", "", "", True, {}, digest, at))
    with db.writing(town.engine) as connection:
        bulk.insert(connection, tables.facts, _FACT, facts)
        bulk.insert(connection, tables.orders, _ORDER, orders)
        bulk.insert(connection, tables.order_lines, _LINE, lines)
        bulk.insert(connection, tables.people, _PERSON, people)
    return town


_FACT = ("source", "what", "at", "seen_at", "person", "contact_id", "subject", "details", "digest")
_LINE = ("order_id", "product", "name", "quantity", "price", "currency")
_ORDER = (
    *("id", "source", "external_id", "number", "person", "contact_id", "email", "name", "phone", "site", "status"),
    *("status_name", "total", "delivery_price", "currency", "created_at", "changed_at", "completed"),
    *("digest", "seen_at"),
)
_PERSON = (
    *("source", "external_id", "contact_id", "email", "name", "last_name", "second_name", "gender", "phone", "city"),
    *("site", "timezone", "active", "attributes", "digest", "seen_at"),
)


def walked(plan: list[str]) -> Iterator[str]:
    """The steps of a plan that read a whole table or index of ours."""
    for step in plan:
        lite = step.startswith("SCAN ") and step.split()[1] in TABLES
        if lite or any(step.startswith((f"{name}: ALL", f"{name}: index")) for name in TABLES):
            yield step


@pytest.mark.parametrize(("code", "settings"), ASKED)
def test_a_few_minutes_are_a_range_of_an_index(crowd: Town, code: str, settings: dict[str, Any]) -> None:
    plan = crowd.plan(crowd.query(code, MINUTES, **settings))
    assert not list(walked(plan)), plan
    [first] = [step for step in plan if step.startswith(("SEARCH facts", "facts:"))]
    assert "ix_facts_what_at" in first, plan
    others = [step for step in plan if step.startswith(("SEARCH other", "other:"))]
    assert all("ix_facts_contact_id_what_at" in step for step in others), plan


@pytest.mark.parametrize(("code", "settings"), ASKED)
def test_what_was_just_learnt_is_read_by_its_ids(crowd: Town, code: str, settings: dict[str, Any]) -> None:
    span = Span(MOSCOW, LONG_AGO, NOW, learnt=crowd.learnt() - 3)
    plan = crowd.plan(crowd.query(code, span, **settings))
    assert not list(walked(plan)), plan
    [first] = [step for step in plan if step.startswith(("SEARCH facts", "facts:"))]
    assert "INTEGER PRIMARY KEY" in first or "PRIMARY" in first, plan


@pytest.mark.parametrize(("code", "settings"), ASKED)
def test_one_contact_is_asked_by_their_own_facts(crowd: Town, code: str, settings: dict[str, Any]) -> None:
    span = Span(replace(MOSCOW, only=7), LONG_AGO, NOW)
    plan = crowd.plan(crowd.query(code, span, **settings))
    assert not list(walked(plan)), plan
    [first] = [step for step in plan if step.startswith(("SEARCH facts", "facts:"))]
    assert "ix_facts_contact_id_what_at" in first, plan


def test_the_goods_of_a_term_are_looked_up_for_the_orders_of_its_day(crowd: Town) -> None:
    settings = {"after_purchase_days": 30, "products": ["g1"], "sections": ["12"]}
    plan = crowd.plan(crowd.query("term_end", Span(MOSCOW, ago(1), NOW), **settings))
    assert not list(walked(plan)), plan
    [first] = [step for step in plan if step.startswith(("SEARCH facts", "facts:"))]
    assert "ix_facts_what_at" in first, plan


def test_a_birthday_is_found_by_its_index(crowd: Town) -> None:
    plan = crowd.plan(crowd.query("birthday", Span(MOSCOW, ago(1), NOW)))
    assert [step for step in plan if "ix_people_birthday_md" in step], plan


def test_a_span_of_the_future_reads_no_facts(crowd: Town) -> None:
    span = Span(MOSCOW, NOW, NOW + timedelta(days=30))
    with crowd.engine.connect() as connection:
        for code, settings in ASKED:
            assert connection.execute(crowd.query(code, span, **settings)).all() == []
            statement = crowd.query(code, span, **settings).compile(connection).string
            assert "false" in statement or "0 = 1" in statement


def test_a_whole_day_of_the_calendar_comes_as_it_is_read(crowd: Town) -> None:
    """A million people are not sorted before the first of them is had."""
    plan = crowd.plan(crowd.query("calendar", Span(MOSCOW, ago(1), NOW), dates=["11-24"]))
    assert not [step for step in plan if "TEMP B-TREE" in step or "filesort" in step], plan
    assert [step for step in plan if "ix_people_contact_id" in step], plan


def test_the_plan_of_a_walk_is_seen(crowd: Town) -> None:
    """The tests above would notice."""
    query = sa.select(tables.facts.c.id).where(tables.facts.c.subject == "s1")
    assert list(walked(crowd.plan(query)))
