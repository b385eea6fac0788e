"""Addresses without an account: lists and guests make them known, accounts take their place and give it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import groups, intake, tables
from core.errors import Unreachable
from core.groups import Group
from core.model import Kind, Person, Record, Subscription
from core.rules import World
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.intake.shop import facts, order, person, rows

PEOPLE, ORDERS, SUBSCRIPTIONS = Kind.PEOPLE, Kind.ORDERS, Kind.SUBSCRIPTIONS
DAY = timedelta(days=1)


def subscription(number: int, **values: Any) -> Subscription:
    made = Subscription(f"rubric:1:{number}", "rubric:1", "Новости", f"s{number}@shop.ru", at=NOW - 30 * DAY)
    return replace(made, **values)


def read(engine: sa.Engine, shop: MemorySource, at: datetime = NOW, **kinds: list[Record]) -> None:
    """A full read of a shop that holds these records."""
    for kind in (PEOPLE, ORDERS, SUBSCRIPTIONS):
        if kind.value in kinds:
            shop.rows[kind] = kinds[kind.value]
    reports = intake.pull(engine, shop, clock=lambda: at, full=True)
    assert [report.error for report in reports if report.error] == []


def reached(engine: sa.Engine) -> dict[str, str]:
    """Everybody whom a group could reach: address → the kind of its person."""
    people, contacts = tables.people, tables.contacts
    query = sa.select(contacts.c.email, people.c.kind).join(people, people.c.contact_id == contacts.c.id)
    with engine.connect() as connection:
        return {
            row.email: row.kind for row in connection.execute(query.where(people.c.active, people.c.gone_at.is_(None)))
        }


# ---- who gets a row ----


def test_an_address_on_a_list_can_be_written_to(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, subscriptions=[subscription(1, email=" S1@Shop.RU ", name="Анна"), subscription(2)])
    assert reached(engine) == {"s1@shop.ru": "address", "s2@shop.ru": "address"}
    assert rows(engine, tables.people)[0]["name"] == "Анна"
    assert rows(engine, tables.people)[0]["external_id"].startswith("address:")


def test_a_guest_can_be_written_to_by_the_address_of_the_last_order(engine: sa.Engine, shop: MemorySource) -> None:
    guest = {"person": "", "email": "guest@shop.ru"}
    first = order(1, **guest, name="Аня", phone="1", site="s1")
    read(engine, shop, orders=[first, order(2, **guest, name="Анна", phone="2", site="s2"), order(3, person="9")])
    [row] = rows(engine, tables.people)
    assert (row["name"], row["phone"], row["site"], row["kind"]) == ("Анна", "2", "s2", "address")


def test_an_order_of_an_account_makes_nobody_known(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, people=[person(1, email="new@shop.ru")], orders=[order(1, person="1", email="old@shop.ru")])
    assert reached(engine) == {"new@shop.ru": "user"}


def test_an_account_that_changes_its_address_is_not_written_to_at_the_old_one(
    engine: sa.Engine, shop: MemorySource
) -> None:
    read(engine, shop, people=[person(1)], orders=[order(1, person="1", email="user1@shop.ru")])
    read(engine, shop, NOW + DAY, people=[person(1, email="new@shop.ru")])
    assert reached(engine) == {"new@shop.ru": "user"}


def test_an_address_that_has_an_account_gets_no_second_person(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, people=[person(1)], subscriptions=[subscription(1, email="user1@shop.ru")])
    assert reached(engine) == {"user1@shop.ru": "user"}
    assert len(rows(engine, tables.people)) == 1


def test_an_account_that_is_switched_off_is_not_written_to_by_way_of_a_list(
    engine: sa.Engine, shop: MemorySource
) -> None:
    off = person(1, active=False)
    read(engine, shop, people=[off], subscriptions=[subscription(1, email="user1@shop.ru")])
    assert reached(engine) == {}


def test_each_source_has_a_person_of_its_own_for_an_address(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, MemorySource("other"), people=[person(1, email="s1@shop.ru")])
    read(engine, shop, subscriptions=[subscription(1)])
    assert [(row["source"], row["kind"]) for row in rows(engine, tables.people)] == [
        ("other", "user"),
        ("shop", "address"),
    ]


# ---- accounts come and go ----


def test_an_account_takes_the_place_of_its_address_and_gives_it_back(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, subscriptions=[subscription(1)])
    read(engine, shop, NOW + DAY, people=[person(1, email="s1@shop.ru"), person(2)])
    assert reached(engine) == {"s1@shop.ru": "user", "user2@shop.ru": "user"}
    read(engine, shop, NOW + 2 * DAY, people=[person(2)])
    assert reached(engine) == {"s1@shop.ru": "address", "user2@shop.ru": "user"}


def test_an_account_that_goes_leaves_its_address_where_it_never_stood_alone(
    engine: sa.Engine, shop: MemorySource
) -> None:
    read(engine, shop, people=[person(1)], subscriptions=[subscription(1, email="user1@shop.ru", name="Анна")])
    shop.rows[PEOPLE] = []
    intake.pull(engine, shop, clock=lambda: NOW + DAY, full=True, kinds=[PEOPLE])
    assert reached(engine) == {"user1@shop.ru": "address"}


def test_an_account_that_changes_its_address_gives_the_old_one_back_to_its_list(
    engine: sa.Engine, shop: MemorySource
) -> None:
    read(engine, shop, people=[person(1)], subscriptions=[subscription(1, email="user1@shop.ru")])
    read(engine, shop, NOW + DAY, people=[person(1, email="new@shop.ru")])
    assert reached(engine) == {"new@shop.ru": "user", "user1@shop.ru": "address"}


def test_a_full_read_of_people_leaves_addresses_where_they_are(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, people=[person(1)], orders=[order(1, person="")], subscriptions=[subscription(1)])
    before = rows(engine, tables.people)
    read(engine, shop, NOW + DAY)
    read(engine, shop, NOW + 2 * DAY)
    kept = [row for row in rows(engine, tables.people) if row["kind"] == "address"]
    assert kept == [row for row in before if row["kind"] == "address"]
    assert {row["email"] for row in kept} == {"guest@shop.ru", "s1@shop.ru"}


def test_a_full_read_makes_known_whom_an_earlier_version_left_out(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, orders=[order(1, person="")])
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.people))
    read(engine, shop, NOW + DAY)
    assert reached(engine) == {"guest@shop.ru": "address"}


# ---- lists ----


def test_putting_oneself_on_a_list_is_a_fact_of_its_day(engine: sa.Engine, shop: MemorySource) -> None:
    twins = [replace(subscription(number), list="form:3", title="Анкета") for number in (1, 2)]
    read(engine, shop, subscriptions=[*twins, subscription(3, at=None)])
    first, second, undated = facts(engine, "subscribed")
    assert (first["at"], first["subject"], first["details"]) == (NOW - 30 * DAY, "form:3", {"title": "Анкета"})
    assert first["contact_id"] != second["contact_id"], "two guests in one second are two facts"
    assert undated["at"] == NOW


def test_whoever_left_the_list_is_reached_no_more_and_may_come_back(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, subscriptions=[subscription(1), subscription(2)])
    read(engine, shop, NOW + DAY, subscriptions=[subscription(1, active=False), subscription(2)])
    assert reached(engine) == {"s2@shop.ru": "address"}
    [fact] = facts(engine, "unsubscribed")
    assert (fact["at"], fact["subject"]) == (NOW + DAY, "rubric:1")
    read(engine, shop, NOW + 2 * DAY, subscriptions=[subscription(1), subscription(2)])
    assert set(reached(engine)) == {"s1@shop.ru", "s2@shop.ru"}
    assert facts(engine, "subscribed")[-1]["at"] == NOW + 2 * DAY


def test_a_row_that_a_full_read_does_not_meet_was_left(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, subscriptions=[subscription(1), subscription(2)])
    read(engine, shop, NOW + DAY, subscriptions=[subscription(2)])
    assert reached(engine) == {"s2@shop.ru": "address"}
    assert [row["at"] for row in facts(engine, "unsubscribed")] == [NOW + DAY]


def test_what_was_never_active_leaves_no_trace(engine: sa.Engine, shop: MemorySource) -> None:
    read(engine, shop, subscriptions=[subscription(1, active=False)])
    assert rows(engine, tables.subscriptions) == rows(engine, tables.contacts) == rows(engine, tables.facts) == []


def test_a_slip_in_an_address_does_not_put_the_account_on_the_list(engine: sa.Engine, shop: MemorySource) -> None:
    on_list = [subscription(1, email="anna@@shop", person="1"), subscription(2, email="", person="1")]
    read(engine, shop, people=[person(1)], subscriptions=on_list)
    contacts = {row["external_id"]: row["contact_id"] for row in rows(engine, tables.subscriptions)}
    assert contacts["rubric:1:1"] is None
    assert contacts["rubric:1:2"] is not None, "no address at all: the account's"
    assert [row["external_id"] for row in rows(engine, tables.refusals)] == ["rubric:1:1"]


def test_a_read_that_broke_goes_on_and_comes_to_the_same(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[SUBSCRIPTIONS] = [subscription(number) for number in range(6)]

    def broken(report: intake.KindReport) -> None:
        if report.kind is SUBSCRIPTIONS and report.read == 4:
            shop.error = Unreachable("the shop went away")

    intake.pull(engine, shop, clock=lambda: NOW, progress=broken)
    assert len(reached(engine)) == 4, "a page and its people are one commit"
    shop.error = None
    intake.pull(engine, shop, clock=lambda: NOW + timedelta(minutes=5))
    assert len(reached(engine)) == 6
    assert facts(engine, "unsubscribed") == []


def test_a_group_takes_in_guests_and_subscribers(engine: sa.Engine, shop: MemorySource) -> None:
    read(
        engine,
        shop,
        people=[person(1), Person("2", "user2@shop.ru")],
        orders=[order(1, person="")],
        subscriptions=[subscription(1), subscription(2, email="user2@shop.ru")],
    )
    group = Group("g", "g", {"any": [{"ordered": True}, {"in_list": "rubric:1"}]})
    with engine.connect() as connection:
        members = groups.read(connection, groups.members([group], World(NOW, "Europe/Moscow")))
        assert sorted(one.email for one in members) == ["guest@shop.ru", "s1@shop.ru", "user2@shop.ru"]


def test_who_waits_for_one_product_has_not_asked_for_letters(engine: sa.Engine) -> None:
    shop = MemorySource("shop")
    wish = Subscription("awaited:1", "awaited:17", "Лампа", "wish@shop.ru")
    shop.rows[Kind.SUBSCRIPTIONS] = [wish, Subscription("rubric:1", "rubric:1", "Новости", "news@shop.ru")]
    intake.pull(engine, shop, clock=lambda: NOW)
    with engine.connect() as connection:
        people = list(connection.scalars(sa.select(tables.people.c.email)))
        waiting = connection.scalar(
            sa.select(tables.contacts.c.email)
            .join(tables.subscriptions, tables.subscriptions.c.contact_id == tables.contacts.c.id)
            .where(tables.subscriptions.c.list == "awaited:17")
        )
    assert people == ["news@shop.ru"]
    assert waiting == "wish@shop.ru", "but is known, to be told of that product"
