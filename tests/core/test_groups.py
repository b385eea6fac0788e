"""Groups: exactly those whom the rule means, each address once, on SQLite and MariaDB alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core import groups, intake, tables
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind, Order, Person
from core.rules import WORDS, World
from core.testing import MemorySource
from tests.conftest import NOW

MOSCOW = World(NOW, "Europe/Moscow")


def fill(engine: sa.Engine, *people: Person, orders: tuple[Order, ...] = (), source: str = "shop") -> None:
    shop = MemorySource(source)
    shop.rows[Kind.PEOPLE] = list(people)
    shop.rows[Kind.ORDERS] = list(orders)
    intake.pull(engine, shop, clock=lambda: NOW)


def whom(engine: sa.Engine, include: dict[str, Any], exclude: Any = None, world: World = MOSCOW) -> list[str]:
    """The members' addresses without their domain, sorted."""
    with engine.connect() as connection:
        query = groups.members([Group("g", "g", include, exclude)], world)
        return sorted(member.email.partition("@")[0] for member in groups.read(connection, query))


def person(name: str, **values: Any) -> Person:
    return replace(Person(name, f"{name}@shop.ru", name=name.title()), **values)


def order(name: str, *, days_ago: float, cancelled: bool = False, number: int = 0) -> Order:
    at = NOW - timedelta(days=days_ago)
    return Order(
        external_id=f"{name}-{days_ago}-{number}",
        number="1",
        person=name,
        email=f"{name}@shop.ru",
        site="s1",
        status="N",
        status_name="",
        total=Decimal(100),
        delivery_price=Decimal(0),
        currency="RUB",
        created_at=at,
        changed_at=at,
        cancelled_at=at if cancelled else None,
    )


def on(day: str, hour: int = 2, zone: str = "Europe/Moscow") -> World:
    return World(datetime.fromisoformat(f"{day}T{hour:02}:00").replace(tzinfo=UTC), zone)


def test_birthday_today(engine: sa.Engine) -> None:
    fill(
        engine,
        person("today", birthday=date(1990, 11, 24)),
        person("tomorrow", birthday=date(1990, 11, 25)),
        person("unknown"),
        person("old", birthday=date(1901, 11, 24)),
    )
    assert whom(engine, {"birthday": "today"}) == ["old", "today"]
    assert whom(engine, {"birthday": "tomorrow"}) == ["tomorrow"]
    assert whom(engine, {"birthday": {"in_days": 1}}) == ["tomorrow"]
    assert whom(engine, {"birthday": {"month": 11}}) == ["old", "today", "tomorrow"]


@pytest.mark.parametrize(
    ("day", "greeted"),
    [
        ("2027-02-28", ["feb28", "feb29"]),
        ("2028-02-28", ["feb28"]),
        ("2028-02-29", ["feb29"]),
        ("2027-03-01", ["mar1"]),
        ("2100-02-28", ["feb28", "feb29"]),
    ],
)
def test_29_february_is_greeted_on_the_28th_of_common_years(engine: sa.Engine, day: str, greeted: list[str]) -> None:
    fill(
        engine,
        person("feb28", birthday=date(1991, 2, 28)),
        person("feb29", birthday=date(1992, 2, 29)),
        person("mar1", birthday=date(1991, 3, 1)),
    )
    assert whom(engine, {"birthday": "today"}, world=on(day)) == greeted


def test_today_is_the_day_in_the_worlds_zone(engine: sa.Engine) -> None:
    fill(engine, person("a", birthday=date(1990, 11, 24)), person("b", birthday=date(1990, 11, 25)))
    late = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)  # already the 25th in Moscow
    assert whom(engine, {"birthday": "today"}, world=World(late, "Europe/Moscow")) == ["b"]
    assert whom(engine, {"birthday": "today"}, world=World(late, "Europe/London")) == ["a"]


def test_two_users_with_one_address_get_one_letter(engine: sa.Engine) -> None:
    born = date(1990, 11, 24)
    fill(engine, person("one", email="same@shop.ru", birthday=born), person("two", email="SAME@shop.ru", birthday=born))
    assert whom(engine, {"birthday": "today"}) == ["same"]


def test_the_letter_is_in_the_name_of_the_person_whose_rule_matched(engine: sa.Engine) -> None:
    fill(
        engine,
        person("mother", email="home@shop.ru", birthday=date(1970, 1, 1)),
        person("daughter", email="home@shop.ru", birthday=date(2000, 11, 24)),
    )
    with engine.connect() as connection:
        [row] = groups.people_in(connection, Group("g", "g", {"birthday": "today"}), MOSCOW)
    assert row["name"] == "Daughter"


def test_inactive_and_gone_people_and_those_without_address_are_in_no_group(engine: sa.Engine) -> None:
    fill(engine, person("in"), person("blocked", active=False), person("empty", email=""), person("bad", email="x@@y"))
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.contacts).values(email="alone@shop.ru", domain="shop.ru", created_at=NOW))
    assert whom(engine, {}) == ["in"]


def test_registration_and_login_periods(engine: sa.Engine) -> None:
    fill(
        engine,
        person("new", registered_at=NOW - timedelta(days=3), last_login_at=NOW - timedelta(days=1)),
        person("old", registered_at=NOW - timedelta(days=300), last_login_at=NOW - timedelta(days=120)),
        person("never", registered_at=NOW - timedelta(days=300)),
    )
    assert whom(engine, {"registered": {"within_days": 7}}) == ["new"]
    assert whom(engine, {"registered": {"more_than_days": 7}}) == ["never", "old"]
    assert whom(engine, {"registered": {"after": "2026-11-01", "before": "2026-12-01"}}) == ["new"]
    assert whom(engine, {"last_login": {"more_than_days": 90}}) == ["old"]
    assert whom(engine, {"last_login": {"never": True}}) == ["never"]


def test_orders_count_by_address_and_without_cancelled_ones(engine: sa.Engine) -> None:
    fill(
        engine,
        *(person(name) for name in ("twice", "once", "cancelled", "none")),
        orders=(
            order("twice", days_ago=5),
            order("twice", days_ago=50),
            order("once", days_ago=50),
            order("cancelled", days_ago=5, cancelled=True),
        ),
    )
    assert whom(engine, {"ordered": True}) == ["once", "twice"]
    assert whom(engine, {"ordered": False}) == ["cancelled", "none"]
    assert whom(engine, {"ordered": {"within_days": 30}}) == ["twice"]
    assert whom(engine, {"ordered": {"at_least": 2}}) == ["twice"]
    assert whom(engine, {"ordered": {"within_days": 30, "at_least": 2}}) == []


def test_attributes_and_address(engine: sa.Engine) -> None:
    fill(
        engine,
        person("anna", city="Москва", attributes={"UF_CARD": "A-1"}),
        person("boris", city="Орёл", email="boris@mail.ru", attributes={"UF_CARD": ""}),
        person("vera", city=""),
    )
    assert whom(engine, {"attribute": {"name": "city", "equals": "Москва"}}) == ["anna"]
    assert whom(engine, {"attribute": {"name": "city", "in": ["Москва", "Орёл"]}}) == ["anna", "boris"]
    assert whom(engine, {"attribute": {"name": "city", "starts": "Ор"}}) == ["boris"]
    assert whom(engine, {"attribute": {"name": "city", "contains": "%"}}) == []
    assert whom(engine, {"attribute": {"name": "city", "empty": True}}) == ["vera"]
    assert whom(engine, {"attribute": {"name": "UF_CARD", "equals": "A-1"}}) == ["anna"]
    assert whom(engine, {"attribute": {"name": "UF_CARD", "empty": False}}) == ["anna"]
    assert whom(engine, {"email_domain": "@Mail.RU"}) == ["boris"]
    assert whom(engine, {"email": ["ANNA@shop.ru"]}) == ["anna"]


def test_sources(engine: sa.Engine) -> None:
    fill(engine, person("a"), source="shop")
    fill(engine, person("b"), source="forum")
    assert whom(engine, {"in_source": "forum"}) == ["b"]
    assert whom(engine, {"in_source": ["forum", "shop"]}) == ["a", "b"]


def test_all_any_not_and_exclude(engine: sa.Engine) -> None:
    fill(engine, person("a", city="Х", gender="f"), person("b", city="Х", gender="m"), person("c", gender="m"))
    men, x = {"attribute": {"name": "gender", "equals": "m"}}, {"attribute": {"name": "city", "equals": "Х"}}
    assert whom(engine, {"all": [men, x]}) == ["b"]
    assert whom(engine, {"any": [men, x]}) == ["a", "b", "c"]
    assert whom(engine, {"not": {"all": [men, x]}}) == ["a", "c"]
    assert whom(engine, {"any": [men, x]}, exclude=x) == ["c"]


def test_not_is_the_other_half_even_where_nothing_is_known(engine: sa.Engine) -> None:
    fill(engine, person("known", birthday=date(1990, 11, 24)), person("unknown"))
    assert whom(engine, {"not": {"birthday": "today"}}) == ["unknown"]


def test_whoever_shares_an_address_with_an_excluded_person_is_excluded(engine: sa.Engine) -> None:
    fill(engine, person("a", email="home@shop.ru"), person("b", email="home@shop.ru", gender="m"), person("c"))
    assert whom(engine, {}, exclude={"attribute": {"name": "gender", "equals": "m"}}) == ["c"]


def test_a_group_of_several_and_without_others(engine: sa.Engine) -> None:
    fill(engine, person("a", city="Х"), person("b", gender="m"), person("c", city="Х", gender="m"))
    men = Group("men", "", {"attribute": {"name": "gender", "equals": "m"}})
    x = Group("x", "", {"attribute": {"name": "city", "equals": "Х"}})
    with engine.connect() as connection:
        both = [member.email[0] for member in groups.read(connection, groups.members([men, x], MOSCOW))]
        assert sorted(both) == ["a", "b", "c"]
        rest = [member.email[0] for member in groups.read(connection, groups.members([x], MOSCOW, without=[men]))]
        assert rest == ["a"]


@pytest.mark.parametrize(
    "tree",
    [
        {"birthday": "yesterday"},
        {"birthday": {"in_days": -1}},
        {"birthday": {"month": 13}},
        {"registered": {"within_days": "7"}},
        {"registered": {"after": "31.12.2026"}},
        {"registered": 7},
        {"last_login": {"never": False}},
        {"ordered": {"never": True}},
        {"ordered": {"at_least": "2"}},
        {"none": {"birthday": "today"}},
        {"attribute": {"name": "city"}},
        {"attribute": {"name": "x'; --", "equals": "1"}},
        {"email": "no address"},
        {"in_source": []},
        {"all": []},
        {"any": {"birthday": "today"}},
    ],
)
def test_a_value_not_understood_is_refused_with_an_example(tree: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured) as refused:
        groups.members([Group("g", "g", tree)], MOSCOW)
    assert repr(next(iter(tree))) in str(refused.value)


def test_an_unknown_word_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(Misconfigured, match="Did you mean 'birthday'"):
        groups.members([Group("g", "g", {"birtday": "today"})], MOSCOW)


@pytest.mark.parametrize("word", WORDS.values(), ids=lambda word: word.code)
def test_every_words_example_is_understood(engine: sa.Engine, word: Any) -> None:
    whom(
        engine,
        {word.code: word.example},
        world=replace(MOSCOW, groups={"buyers": Group("buyers", "", {"ordered": True})}),
    )


def test_which_sources_feed_a_group() -> None:
    known = ["shop", "forum"]
    named = Group("g", "g", {"in_source": "forum", "birthday": "today"})
    assert groups.sources([named], known) == ["forum"]
    assert groups.sources([named, Group("g", "g", {"birthday": "today"})], known) == known
    assert groups.sources([Group("g", "g", {"any": [{"in_source": "forum"}, {"email": "a@b.ru"}]})], known) == known


def test_a_field_that_says_null_is_empty(engine: sa.Engine) -> None:
    fill(engine, person("anna", attributes={"UF_CARD": None}), person("vera", attributes={"UF_CARD": "null"}))
    assert whom(engine, {"attribute": {"name": "UF_CARD", "empty": True}}) == ["anna"]


def test_a_group_says_what_it_asks_of_its_sources() -> None:
    born = Group("g", "g", {"birthday": "today"})
    buyers = Group("g", "g", {"any": [{"birthday": "today"}, {"not": {"ordered": True}}]})
    assert groups.kinds([born]) == {Kind.PEOPLE}
    assert groups.kinds([born, buyers]) == groups.kinds([Group("g", "g", {"email_domain": "x"}, {"ordered": True})])
    assert groups.kinds([buyers]) == {Kind.PEOPLE, Kind.ORDERS}
