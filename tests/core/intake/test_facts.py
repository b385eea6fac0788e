"""What changed between two pulls is a fact, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.model import Basket, Kind, OrderChange, Product, Shipment
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.intake.shop import PEOPLE, facts, line, order, person, pull


def test_registration_and_logins_are_facts(engine: sa.Engine, shop: MemorySource) -> None:
    first = person(1, registered_at=NOW - timedelta(days=9), last_login_at=NOW - timedelta(days=2))
    shop.rows[PEOPLE] = [first]
    pull(engine, shop)
    shop.rows[PEOPLE].append(replace(first, last_login_at=NOW))
    pull(engine, shop)
    assert [row["at"] for row in facts(engine, "registered")] == [NOW - timedelta(days=9)]
    assert [row["at"] for row in facts(engine, "logged_in")] == [NOW - timedelta(days=2), NOW]
    assert all(row["contact_id"] for row in facts(engine, "logged_in"))


def test_a_changed_profile_is_a_fact_that_names_the_fields(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, city="Тверь", last_login_at=NOW)]
    pull(engine, shop)
    shop.rows[PEOPLE].append(person(1, city="Тверь", last_login_at=NOW + timedelta(hours=1)))
    pull(engine, shop)
    assert facts(engine, "profile_changed") == [], "a login is none"
    shop.rows[PEOPLE].append(person(1, city="Орёл", birthday=date(1990, 1, 1), last_login_at=NOW))
    pull(engine, shop)
    assert [row["details"] for row in facts(engine, "profile_changed")] == [{"fields": ["birthday", "city"]}]


def test_each_parcel_that_leaves_is_a_fact(engine: sa.Engine, shop: MemorySource) -> None:
    waiting = Shipment("1", "Почта")
    gone = replace(waiting, shipped_at=NOW, tracking_number="RA1")
    shop.rows[Kind.ORDERS] = [
        order(1, shipments=(waiting,)),
        order(2, shipments=(gone, replace(gone, external_id="2"))),
    ]
    pull(engine, shop)
    assert len(facts(engine, "shipped")) == 2, "two parcels in one second are two facts"
    shop.rows[Kind.ORDERS] += [order(1, shipments=(gone,)), order(2, total=Decimal(1), shipments=(gone,))]
    pull(engine, shop)
    [*_, last] = facts(engine, "shipped")
    assert len(facts(engine, "shipped")) == 3
    assert (last["subject"], last["at"], last["details"]["tracking_number"]) == ("1", NOW, "RA1")


def test_a_fallen_price_and_returned_stock_are_facts(engine: sa.Engine, shop: MemorySource) -> None:
    tea = Product("5", "Чай", price=Decimal("350.00"), currency="RUB", available=False, created_at=NOW)
    shop.rows[Kind.PRODUCTS] = [tea]
    pull(engine, shop)
    shop.rows[Kind.PRODUCTS].append(replace(tea, price=Decimal("299.90"), available=True))
    pull(engine, shop, NOW + timedelta(hours=1))
    [drop] = facts(engine, "price_dropped")
    assert (Decimal(drop["details"]["from"]), Decimal(drop["details"]["to"])) == (Decimal(350), Decimal("299.90"))
    assert drop["at"] == NOW + timedelta(hours=1)
    assert [row["subject"] for row in facts(engine, "back_in_stock")] == ["5"]
    assert len(facts(engine, "product_added")) == 1


def test_an_emptied_basket_is_a_fact(engine: sa.Engine, shop: MemorySource) -> None:
    full = Basket("9:s1", "1", "s1", NOW, NOW, (line("7"),))
    shop.rows[Kind.BASKETS] = [full]
    pull(engine, shop)
    shop.rows[Kind.BASKETS].append(replace(full, lines=()))
    pull(engine, shop)
    assert len(facts(engine, "basket_emptied")) == 1


def test_two_status_changes_between_two_pulls_are_two_facts(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1)]
    shop.rows[Kind.ORDER_CHANGES] = [
        OrderChange("100", "1", "status_changed", NOW, {"status": "P"}),
        OrderChange("101", "1", "status_changed", NOW, {"status": "F"}),  # in the same second
    ]
    report = pull(engine, shop)[Kind.ORDER_CHANGES]
    assert report.changed == 2
    assert [row["details"]["status"] for row in facts(engine, "status_changed")] == ["P", "F"]
    assert facts(engine, "status_changed")[0]["contact_id"] is not None


def test_a_moment_told_in_another_zone_is_the_same_fact(engine: sa.Engine, shop: MemorySource) -> None:
    for number, zone in enumerate((UTC, ZoneInfo("Europe/Moscow"))):
        shop.rows[Kind.ORDER_CHANGES] = [OrderChange("100", "1", "paid", NOW.astimezone(zone))]
        pull(engine, shop, NOW + timedelta(hours=number), full=True)
    assert len(facts(engine, "paid")) == 1
