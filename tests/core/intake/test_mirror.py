"""What a source pours stands in the mirror under its contact; what is bad costs only itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core import intake, tables
from core.model import Basket, Kind, Line, Order, Person, View
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.intake.shop import PEOPLE, line, order, person, pull, rows


def test_people_are_mirrored_and_one_address_is_one_contact(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, email=" User1@Shop.RU "), person(2, email="user1@shop.ru"), person(3)]
    report = pull(engine, shop)[PEOPLE]
    assert (report.read, report.changed, report.refused) == (3, 3, 0)
    assert [row["email"] for row in rows(engine, tables.contacts)] == ["user1@shop.ru", "user3@shop.ru"]
    people = rows(engine, tables.people)
    assert people[0]["contact_id"] == people[1]["contact_id"] != people[2]["contact_id"]


def test_every_value_survives_the_way_into_the_mirror(engine: sa.Engine, shop: MemorySource) -> None:
    whole = Person(
        external_id="77",
        email="ё@почта.рф",
        name="Ёлка 😀",
        last_name="О'Нил",
        second_name="\\'; DROP TABLE people; --",
        gender="f",
        birthday=date(1996, 2, 29),
        phone="+7 900",
        city="Орёл",
        site="s1",
        timezone="Europe/Moscow",
        registered_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        last_login_at=datetime(2026, 11, 1, 3, 4, 5, 123456, tzinfo=UTC),
        attributes={"UF_TAGS": ["чай", "кофе"], "UF_BONUS": 12.5},
    )
    shop.rows[PEOPLE] = [whole]
    pull(engine, shop)
    [row] = rows(engine, tables.people)
    for name in ("name", "last_name", "second_name", "birthday", "registered_at", "last_login_at", "attributes"):
        assert row[name] == getattr(whole, name), name
    assert row["birthday_md"] == 229
    assert rows(engine, tables.contacts)[0]["email"] == "ё@xn--80a1acny.xn--p1ai"


@pytest.mark.parametrize("address", ["ivan@@mail", "нет почты", "a b@c.ru", "@shop.ru", "x@" + "y" * 300 + ".ru"])
def test_a_bad_address_is_refused_and_the_rest_goes_on(engine: sa.Engine, shop: MemorySource, address: str) -> None:
    shop.rows[PEOPLE] = [person(1), person(2, email=address), person(3)]
    report = pull(engine, shop)[PEOPLE]
    assert report.refused == 1
    assert report.bad[0].external_id == "2"
    assert len(rows(engine, tables.people)) == 3, "the person stays in the mirror, without an address to write to"
    [refusal] = rows(engine, tables.refusals)
    assert refusal["external_id"] == "2"
    assert "not valid" in str(refusal["reason"])


def test_no_address_is_not_an_error(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, email=""), person(2, email="  ")]
    assert pull(engine, shop)[PEOPLE].refused == 0
    assert rows(engine, tables.contacts) == []


def test_a_value_that_the_database_refuses_costs_one_row(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1), order(2, total=Decimal("1e30")), order(3)]
    report = pull(engine, shop)[Kind.ORDERS]
    kept = {row["external_id"] for row in rows(engine, tables.orders)}
    assert {"1", "3"} <= kept
    assert report.refused == (0 if "2" in kept else 1), "SQLite keeps any number"


def test_names_too_long_are_cut(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, name="Ж" * 1000)]
    assert pull(engine, shop)[PEOPLE].refused == 0
    assert rows(engine, tables.people)[0]["name"] == "Ж" * 255


def test_baskets_orders_and_views_belong_to_the_contact(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1)]
    shop.rows[Kind.BASKETS] = [Basket("9:s1", "1", "s1", NOW, NOW, (line("7"), line("8", delayed=True)))]
    shop.rows[Kind.VIEWS] = [View("9:s1:7", "1", "7", "s1", NOW, 3)]
    shop.rows[Kind.ORDERS] = [order(1)]
    pull(engine, shop)
    contact = {row["email"]: row["id"] for row in rows(engine, tables.contacts)}
    [basket], [view], [bought] = (rows(engine, table) for table in (tables.baskets, tables.views, tables.orders))
    assert basket["contact_id"] == view["contact_id"] == contact["user1@shop.ru"]
    assert bought["contact_id"] == contact["guest@shop.ru"], "an order carries its own address"
    assert (basket["total"], basket["currency"]) == (Decimal(200), "RUB"), "postponed lines do not count"
    assert [row["product"] for row in rows(engine, tables.order_lines)] == ["7"]


def test_an_order_without_an_address_that_works_belongs_to_whoever_made_it(
    engine: sa.Engine, shop: MemorySource
) -> None:
    shop.rows[PEOPLE] = [person(1)]
    shop.rows[Kind.ORDERS] = [order(1, email="нет почты"), order(2, email=""), order(3, email="нет", person="")]
    report = pull(engine, shop)[Kind.ORDERS]
    contact = {row["email"]: row["id"] for row in rows(engine, tables.contacts)}["user1@shop.ru"]
    assert [row["contact_id"] for row in rows(engine, tables.orders)] == [contact, contact, None]
    assert [bad.external_id for bad in report.bad] == ["1", "3"], "said, and the order is kept"


def test_a_new_address_takes_the_basket_along(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1)]
    shop.rows[Kind.BASKETS] = [Basket("9:s1", "1", "s1", NOW, NOW, (line("7"),))]
    pull(engine, shop)
    shop.rows[PEOPLE].append(person(1, email="new@shop.ru"))
    pull(engine, shop)
    contact = {row["email"]: row["id"] for row in rows(engine, tables.contacts)}
    assert rows(engine, tables.baskets)[0]["contact_id"] == contact["new@shop.ru"]


def test_half_of_a_surrogate_pair_costs_its_row_alone(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1), person(2, attributes={"UF_NOTE": "\ud83d"}), person(3)]
    report = pull(engine, shop)[PEOPLE]
    assert [row["external_id"] for row in rows(engine, tables.people)] == ["1", "3"]
    assert [bad.external_id for bad in report.bad] == ["2"]


def test_a_basket_too_dear_for_any_column_costs_its_row_alone(engine: sa.Engine, shop: MemorySource) -> None:
    dear = Basket("2", "1", "s1", NOW, NOW, (line("7", "1E+20", quantity=Decimal("1E+20")),))
    shop.rows[Kind.BASKETS] = [Basket("1", "1", "s1", NOW, NOW, (line("7"),)), dear]
    report = pull(engine, shop)[Kind.BASKETS]
    assert [row["external_id"] for row in rows(engine, tables.baskets)] == ["1"]
    assert [bad.external_id for bad in report.bad] == ["2"]


def test_an_order_that_comes_twice_in_a_page_has_its_lines_once(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1), order(1, lines=(line("8"), line("9")))]
    pull(engine, shop)
    assert [row["product"] for row in rows(engine, tables.order_lines)] == ["8", "9"]


def test_lines_are_replaced_whole_when_their_order_changed(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1), order(2)]
    pull(engine, shop)
    shop.rows[Kind.ORDERS] = [order(1, changed_at=NOW + timedelta(hours=1), lines=(line("8"),)), order(2)]
    pull(engine, shop, full=True)
    assert sorted(row["product"] for row in rows(engine, tables.order_lines)) == ["7", "8"]


def test_an_order_whose_lines_alone_changed_is_written_again(engine: sa.Engine) -> None:
    line = Line("1", "7", "Чай", Decimal(2), Decimal(50), "RUB")
    first = Order("1", "1", "", "a@shop.ru", "s1", "N", "", Decimal(100), Decimal(0), "RUB", NOW, NOW, lines=(line,))
    shop = MemorySource("shop")
    shop.rows[Kind.ORDERS] = [first]
    intake.pull(engine, shop, clock=lambda: NOW)
    cheaper = replace(line, base_price=Decimal(60))
    shop.rows[Kind.ORDERS] = [replace(first, lines=(cheaper,))]
    later = NOW + timedelta(hours=1)
    intake.pull(engine, shop, clock=lambda: later, full=True)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.order_lines.c.base_price)) == Decimal(60)
        assert connection.scalar(sa.select(tables.orders.c.written_at)) == later
    intake.pull(engine, shop, clock=lambda: later + timedelta(hours=1), full=True)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.orders.c.written_at)) == later, "nothing was new"
