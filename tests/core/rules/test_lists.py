"""The word about lists: exactly those who are on one now."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from core import groups, intake
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind, Person, Subscription
from core.rules import World
from core.testing import MemorySource
from tests.conftest import NOW


def whom(engine: sa.Engine, include: dict[str, Any]) -> list[str]:
    with engine.connect() as connection:
        query = groups.members([Group("g", "g", include)], World(NOW, "Europe/Moscow"))
        return sorted(member.email.partition("@")[0] for member in groups.read(connection, query))


@pytest.fixture
def lists(engine: sa.Engine) -> sa.Engine:
    shop = MemorySource("shop")
    shop.rows[Kind.PEOPLE] = [Person("1", "user@shop.ru"), Person("2", "nobody@shop.ru")]
    shop.rows[Kind.SUBSCRIPTIONS] = [
        Subscription(f"{place}:{email}", place, "", f"{email}@shop.ru")
        for place, email in (
            ("form:3", "user"),
            ("form:3", "a"),
            ("rubric:2", "a"),
            ("rubric:2", "user"),
            ("sender:5", "c"),
        )
    ]
    intake.pull(engine, shop, clock=lambda: NOW)
    shop.rows[Kind.SUBSCRIPTIONS].append(Subscription("rubric:2:user", "rubric:2", "", "user@shop.ru", active=False))
    intake.pull(engine, shop, clock=lambda: NOW)
    return engine


def test_who_is_on_a_list(lists: sa.Engine) -> None:
    assert whom(lists, {"in_list": "form:3"}) == ["a", "user"]
    assert whom(lists, {"in_list": "rubric:2"}) == ["a"], "the user has left"
    assert whom(lists, {"in_list": ["rubric:2", "sender:5"]}) == ["a", "c"]
    assert whom(lists, {"in_list": "rubric:9"}) == []


def test_who_is_on_no_list(lists: sa.Engine) -> None:
    assert whom(lists, {"not": {"in_list": ["form:3", "rubric:2"]}}) == ["c", "nobody"]
    assert whom(lists, {"in_list": "form:3", "not": {"in_list": "rubric:2"}}) == ["user"]


def test_lists_belong_to_the_contact_and_sources_to_the_person(lists: sa.Engine) -> None:
    other = MemorySource("other")
    other.rows[Kind.PEOPLE] = [Person("1", "a@shop.ru"), Person("2", "stranger@shop.ru")]
    intake.pull(lists, other, clock=lambda: NOW)
    assert whom(lists, {"in_list": "form:3", "in_source": "other"}) == ["a"]


def test_before_a_sending_lists_must_be_fresh() -> None:
    assert Kind.SUBSCRIPTIONS in groups.kinds([Group("g", "g", {"in_list": "form:3"})])


@pytest.mark.parametrize("value", [True, 3, [], [""], {"form": 3}, ""])
def test_a_list_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(Misconfigured, match="in_list"):
        groups.checked(Group("g", "g", {"in_list": value}), World(NOW, "Europe/Moscow"))
