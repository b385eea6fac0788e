"""Explanations: each condition with its value, in agreement with who is in the group."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import groups, tables
from core.groups.explain import Explanation, Told, explain, flips
from core.i18n import quantity, said
from core.rules import Group
from core.rules.forms import Quantity
from tests.conftest import NOW
from tests.core.test_groups import MOSCOW, fill, order, person, whom


def told(engine: sa.Engine, include: Any, name: str, exclude: Any = None, **world: Any) -> Explanation:
    with engine.connect() as connection:
        asked = groups.world(connection, now=NOW, timezone="Europe/Moscow")
        group = Group("g", "g", include, exclude)
        return explain(connection, group, replace(asked, **world), email=f"{name}@shop.ru")[0]


def leaves(node: Told) -> list[Told]:
    return [leaf for part in node.parts for leaf in leaves(part)] if node.parts else [node]


def test_each_condition_is_told_with_its_value_and_what_it_must_be(engine: sa.Engine) -> None:
    fill(
        engine,
        person("anna", city="Москва", last_login_at=NOW - timedelta(days=3)),
        orders=(order("anna", days_ago=5), order("anna", days_ago=100)),
    )
    rule = {"ordered": {"within_days": 90, "at_least": 2}, "attribute": {"name": "city", "equals": "Москва"}}
    found = told(engine, rule, "anna")
    assert not found.inside
    orders, city = leaves(found.told)
    assert (orders.holds, city.holds) == (False, True)
    assert (orders.value.value, said(orders.wanted, "ru")) == (1, "не меньше 2")  # type: ignore[union-attr]
    assert (city.value.value, city.dated, orders.dated) == ("Москва", False, True)  # type: ignore[union-attr]


def test_a_rule_holds_for_whom_the_group_has_and_for_nobody_else(engine: sa.Engine) -> None:
    fill(
        engine,
        person("a", city="Х", gender="f", birthday=date(1990, 11, 24)),
        person("b", city="Х", gender="m"),
        person("c", gender="m", registered_at=NOW - timedelta(days=2)),
        person("d"),
        orders=(order("b", days_ago=1), order("c", days_ago=1, cancelled=True)),
    )
    men, x = {"attribute": {"name": "gender", "equals": "m"}}, {"attribute": {"name": "city", "equals": "Х"}}
    rules: list[tuple[Any, Any]] = [
        ({"all": [men, x]}, None),
        ({"any": [men, {"birthday": "today"}]}, None),
        ({"none": [men, x]}, None),
        ({"not": {"registered": {"within_days": 7}}}, x),
        ({"any": [{"ordered": True}, {"not": men}]}, {"ordered": {"at_least": 1}}),
        ({}, {"any": [men, x]}),
    ]
    for include, exclude in rules:
        inside = {name for name in "abcd" if told(engine, include, name, exclude).inside}
        assert sorted(inside) == whom(engine, include, exclude), (include, exclude)
        assert {name for name in "abcd" if told(engine, include, name, exclude).told.holds} == inside


def test_two_people_of_one_address_have_each_their_own(engine: sa.Engine) -> None:
    fill(engine, person("a", email="home@shop.ru"), person("b", email="home@shop.ru", gender="m"))
    with engine.connect() as connection:
        group = Group("g", "g", {}, {"attribute": {"name": "gender", "equals": "m"}})
        both = explain(connection, group, MOSCOW, email="home@shop.ru")
    assert [one.external_id for one in both] == ["a", "b"]
    assert [one.told.holds for one in both] == [True, False]
    assert not any(one.inside for one in both), "a letter would reach both"


def test_an_address_nobody_knows_has_no_explanation(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert explain(connection, Group("g", "g", {}), MOSCOW, email="nobody@shop.ru") == []


def test_a_person_switched_off_is_told_so(engine: sa.Engine) -> None:
    fill(engine, person("off", active=False))
    found = told(engine, {}, "off")
    assert (found.alive, found.inside) == (False, False)


def test_a_group_inside_is_told_with_its_own_conditions(engine: sa.Engine) -> None:
    fill(engine, person("a"), orders=(order("a", days_ago=1),))
    inner = {"buyers": Group("buyers", "Покупатели", {"ordered": True}, {"email_domain": "mail.ru"})}
    found = told(engine, {"in_group": "buyers"}, "a", groups=inner)
    assert [leaf.code for leaf in leaves(found.told)] == ["ordered", "email_domain"]
    [member] = found.told.parts[0].parts
    assert (member.code, member.holds, member.parts[0].code, member.parts[0].holds) == ("in_group", True, "group", True)


def test_of_a_static_group_the_list_alone_decides(engine: sa.Engine) -> None:
    fill(engine, person("a"), person("b"))
    with engine.begin() as connection:
        chosen = sa.select(tables.contacts.c.id).where(tables.contacts.c.email == "a@shop.ru")
        connection.execute(sa.insert(tables.group_members).values(group="g", contact_id=chosen.scalar_subquery()))
    frozen = Group("g", "g", {"ordered": True}, static=True)
    for name, inside in (("a", True), ("b", False)):
        with engine.connect() as connection:
            [one] = explain(connection, frozen, MOSCOW, email=f"{name}@shop.ru")
        assert (one.inside, one.told.holds, len(leaves(one.told))) == (inside, inside, 1)


def test_another_moment_has_another_answer(engine: sa.Engine) -> None:
    fill(engine, person("a"), orders=(order("a", days_ago=100),))
    then, now = (
        told(engine, {"ordered": {"within_days": 90}}, "a", now=NOW - timedelta(days=50)),
        told(engine, {"ordered": {"within_days": 90}}, "a"),
    )
    assert (then.inside, now.inside) == (True, False)
    [(before, after)] = flips(then.told, now.told)
    assert (before.code, before.value.value, after.value.value) == ("ordered", 1, 0)  # type: ignore[union-attr]


def test_an_order_to_come_is_not_known_at_a_moment_before_it(engine: sa.Engine) -> None:
    fill(engine, person("a"), orders=(order("a", days_ago=1),))
    assert not told(engine, {"ordered": True}, "a", now=NOW - timedelta(days=2)).inside
    assert told(engine, {"ordered": True}, "a").inside


@pytest.mark.parametrize(
    ("language", "unit", "value", "text"),
    [
        ("ru", "RUB", 84_300, "84 300 ₽"),
        ("en", "RUB", 84_300, "84,300 RUB"),
        ("ru", "number", 1.5, "1,5"),
        ("ru", "date", date(2026, 11, 24), "24 нояб. 2026"),
        ("ru", "moment", NOW, "24 нояб. 2026, 02:00"),
        ("ru", "days", 3, "3 дн."),
        ("ru", "percent", 12.5, "12,5 %"),
        ("ru", "text", "Москва", "Москва"),
    ],
)
def test_quantities_are_written_as_the_language_writes_them(language: str, unit: str, value: Any, text: str) -> None:
    assert quantity(Quantity(value, unit), language).replace("\xa0", " ") == text
