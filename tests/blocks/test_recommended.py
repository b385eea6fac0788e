"""Recommended products: those that the scenario's author has in mind, the same for all readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.blocks.conftest import Shop


def test_the_most_shown_stand_first_and_all_readers_get_the_same_object(shop: Shop) -> None:
    for number in range(1, 7):
        shop.product(str(number), shows=number)
    shop.person("boris")
    shop.pull()
    first, second = shop.ask("recommended", "anna", "boris", limit=3)
    assert first is not None
    assert [card.id for card in first["cards"]] == ["6", "5", "4"]
    assert first is second
    assert len(shop.statements) == 1


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"sort": "sort"}, ["9", "10", "8"]),
        ({"sort": "id"}, ["8", "9", "10"]),
        ({"sort": "id", "order": "desc"}, ["10", "9", "8"]),
        ({"sort": "name"}, ["10", "8", "9"]),
        ({"sort": "created"}, ["8", "10", "9"]),
        ({"sort": "created", "order": "asc"}, ["9", "10", "8"]),
        ({"sort": "shows"}, ["10", "9", "8"]),
    ],
)
def test_goods_are_sorted_as_asked(shop: Shop, settings: dict[str, str], shown: list[str]) -> None:
    day = timedelta(days=1)
    shop.product("8", name="Б", sort=300, shows=1, created_at=shop.now - day)
    shop.product("9", name="В", sort=100, shows=2, created_at=shop.now - 3 * day)
    shop.product("10", name="А", sort=200, shows=3, created_at=shop.now - 2 * day)
    shop.pull()
    assert shop.shown("recommended", "anna", **settings) == shown


def test_named_goods_stand_in_their_order(shop: Shop) -> None:
    for number in range(1, 5):
        shop.product(str(number), shows=number, available=number != 2)
    shop.pull()
    assert shop.shown("recommended", "anna", product=[3, "2", "1"]) == ["3", "1"]


def test_goods_of_one_to_five_calendar_months_are_shown(shop: Shop) -> None:
    """Now it is 24 November, 05:00 in Moscow."""
    moments = {
        "new": datetime(2026, 10, 24, 2, 1, tzinfo=UTC),
        "month": datetime(2026, 10, 24, 2, 0, tzinfo=UTC),
        "five": datetime(2026, 6, 24, 2, 0, tzinfo=UTC),
        "old": datetime(2026, 6, 24, 1, 59, tzinfo=UTC),
    }
    for id, moment in moments.items():
        shop.product(id, created_at=moment)
    shop.product("undated")
    shop.pull()
    assert sorted(shop.shown("recommended", "anna", months_from=1, months_to=5)) == ["five", "month"]


def test_a_month_before_the_31st_of_march_is_the_28th_of_february(shop: Shop) -> None:
    shop.now = datetime(2027, 3, 31, 9, 0, tzinfo=UTC)
    shop.product("in", created_at=datetime(2027, 2, 28, 8, 59, tzinfo=UTC))
    shop.product("out", created_at=datetime(2027, 2, 28, 9, 1, tzinfo=UTC))
    shop.pull()
    assert shop.shown("recommended", "anna", months_from=1) == ["in"]


def test_chance_is_the_same_all_day_and_another_the_next_day(shop: Shop) -> None:
    for number in range(60):
        shop.product(str(number))
    shop.pull()
    today = shop.shown("recommended", "anna", sort="random", limit=6)
    shop.now += timedelta(hours=12)
    assert shop.shown("recommended", "anna", sort="random", limit=6) == today
    shop.now += timedelta(hours=12)
    assert shop.shown("recommended", "anna", sort="random", limit=6) != today


def test_what_the_reader_has_bought_is_left_out_when_asked(shop: Shop) -> None:
    for number in range(1, 6):
        shop.product(str(number), shows=number)
    for who in ("boris", "vera"):
        shop.person(who)
    shop.order("1", "anna", "5", "3", days_ago=300)
    shop.pull()
    first, second, third = shop.ask("recommended", "anna", "boris", "vera", limit=2, exclude_bought=True)
    assert first
    assert second
    assert [card.id for card in first["cards"]] == ["4", "2"]
    assert [card.id for card in second["cards"]] == ["5", "4"]
    assert second is third
    assert len(shop.statements) <= 3


def test_goods_of_another_source_are_left_out_when_one_is_named(shop: Shop) -> None:
    shop.product("1")
    shop.pull()
    assert shop.shown("recommended", "anna", source="shop") == ["1"]
    assert shop.ask("recommended", "anna", source="other") == [None]


def test_new_arrivals_are_the_latest_of_the_last_days(shop: Shop) -> None:
    for days in (1, 3, 20, 40):
        shop.product(str(days), created_at=shop.now - timedelta(days=days))
    shop.product("tomorrow", created_at=shop.now + timedelta(days=1))
    shop.person("boris")
    shop.pull()
    first, second = shop.ask("new_arrivals", "anna", "boris", limit=5)
    assert first is second
    assert shop.shown("new_arrivals", "anna", limit=5) == ["1", "3", "20"]
    assert shop.ask("new_arrivals", "anna", section="99") == [None]


def test_prices_and_stock_are_those_of_the_moment(shop: Shop) -> None:
    shop.product("1", price=100)
    shop.product("2", price=100)
    shop.pull()
    shop.change("1", price=Decimal(90))
    shop.change("2", available=False)
    shop.pull()
    [facts] = shop.ask("recommended", "anna")
    assert facts
    assert [(card.id, card.price) for card in facts["cards"]] == [("1", 90)]
