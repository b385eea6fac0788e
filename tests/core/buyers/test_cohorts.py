"""Cohorts: who came in the same month of the site's calendar, and what each later month brought."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core import buyers, intake
from core.buyers.cohorts import Cell, Cohort, cohorts, span
from core.model import Kind, Person
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.buyers.shop import Shop

MOSCOW = span(3, now=NOW, timezone="Europe/Moscow")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def asked(shop: Shop, by: str, **changes: Any) -> list[Cohort]:
    buyers.refresh(shop.engine, shop.name, now=shop.now)
    with shop.engine.connect() as connection:
        return cohorts(connection, shop.name, by, span=changes.pop("span", MOSCOW), **changes)


def test_months_begin_in_the_sites_zone_whatever_its_clocks_do() -> None:
    berlin = span(14, now=at("2026-11-30T23:30"), timezone="Europe/Berlin")
    assert berlin.days[0] == date(2025, 11, 1)
    assert berlin.days[-1] == date(2026, 12, 1), "in Berlin it is December already"
    starts = {f"{day:%m}": start.astimezone(UTC).hour for day, start in zip(berlin.days, berlin.starts, strict=True)}
    assert (starts["03"], starts["04"], starts["10"], starts["11"]) == (23, 22, 22, 23)
    assert berlin.end.astimezone(UTC) == at("2026-12-31T23:00")


def test_by_the_month_of_the_first_order(shop: Shop) -> None:
    [one, two, three, four] = shop.contacts(4)
    shop.order(one, created_at=at("2026-09-10"), total=100)
    shop.order(one, created_at=at("2026-09-11"), total=50)
    shop.order(one, created_at=at("2026-11-01"), total=30)
    shop.order(two, created_at=at("2026-09-30T20:59:59"), total=200)
    shop.order(three, created_at=at("2026-09-30T21:00:00"), total=7)  # October in Moscow
    shop.order(three, created_at=at("2026-11-02"), total=1, currency="USD")
    shop.order(three, created_at=at("2026-11-03"), total=99, cancelled_at=NOW)
    shop.order(four, created_at=at("2026-08-01"), total=5)  # came before the months that are shown
    shop.order(four, created_at=at("2026-10-01T12:00"), total=5)
    first, second = asked(shop, "first_order")
    assert first == Cohort(date(2026, 9, 1), "", 2, (Cell(2, Decimal(350)), Cell(), Cell(1, Decimal(30))))
    assert second == Cohort(date(2026, 10, 1), "", 1, (Cell(1, Decimal(7)), Cell(1, Decimal(0))))
    assert [first.share(cell) for cell in first.cells] == [100, 0, 50]
    assert [first.per_member(cell) for cell in first.cells] == [175, 0, 15]


def test_by_sale_there_are_two_a_month(shop: Shop) -> None:
    [one, two, three] = shop.contacts(3)
    shop.order(one, created_at=at("2026-10-10"), lines=[(5, 10)])
    shop.order(two, created_at=at("2026-10-10"), coupons=["X"])
    shop.order(two, created_at=at("2026-11-10"))
    shop.order(three, created_at=at("2026-10-10"), lines=[(10, 10)])
    assert asked(shop, "sale") == [
        Cohort(date(2026, 10, 1), "full_price", 1, (Cell(1, Decimal(100)), Cell())),
        Cohort(date(2026, 10, 1), "sale", 2, (Cell(2, Decimal(200)), Cell(1, Decimal(100)))),
    ]


def test_by_registration_all_who_registered_count_buyers_or_not(shop: Shop) -> None:
    site = MemorySource("shop")
    days = ("2026-09-05", "2026-09-06", "2026-10-31T21:00", "2025-01-01")
    site.rows[Kind.PEOPLE] = [
        Person(str(number), f"{number}@shop.ru", registered_at=at(day)) for number, day in enumerate(days)
    ]
    site.rows[Kind.PEOPLE] += [
        Person("again", "0@shop.ru", registered_at=at("2026-11-05")),
        Person("undated", "u@shop.ru"),
    ]
    intake.pull(shop.engine, site, clock=lambda: NOW)
    with shop.engine.connect() as connection:
        known = {row.email: row.id for row in connection.execute(sa.text("SELECT email, id FROM contacts"))}
    shop.order(known["0@shop.ru"], created_at=at("2026-08-01"))  # as a guest, before
    shop.order(known["0@shop.ru"], created_at=at("2026-10-15"), total=10)
    shop.order(known["u@shop.ru"], created_at=at("2026-10-15"), total=10)
    assert asked(shop, "registration") == [
        Cohort(date(2026, 9, 1), "", 2, (Cell(), Cell(1, Decimal(10)), Cell())),
        Cohort(date(2026, 11, 1), "", 1, (Cell(),)),
    ]


@pytest.mark.parametrize("by", ["first_order", "registration", "sale"])
def test_a_source_without_orders_has_no_cohorts(shop: Shop, by: str) -> None:
    assert asked(shop, by) == []
