"""A scenario played over the past."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core import tables
from core.journeys import backtest as room
from core.journeys.anyway import smallest_holdout
from core.journeys.backtest import Backtest
from core.journeys.planning import Planner, Window
from tests.scenarios.shop import Shop

DAY = timedelta(days=1)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    shop = Shop(engine)
    shop.sells("1", "2")
    return shop


def played(shop: Shop, code: str, *, days: int) -> Backtest:
    """The backtest of the last days, as asked now."""
    planner = Planner(shop.engine, shop.shelf, shop.manners, shop.now)
    return room.backtest(planner, shop.scenario(code), Window(shop.now - days * DAY, shop.now), shop.press)


def days_pass(shop: Shop, count: float) -> None:
    shop.waits(days=count)
    shop.pull()


def test_a_backtest_tells_who_would_have_got_which_letters(shop: Shop) -> None:
    shop.registers("anna")
    shop.registers("boris")
    shop.pull()
    days_pass(shop, 5)
    shop.orders("boris", "1")  # after his first letter, before his second
    days_pass(shop, 40)
    found = played(shop, "registration", days=46)
    assert dict(found.letters) == {"3d": 2, "7d": 1, "14d": 1}
    assert (found.going, found.left_out, found.had_bought) == (4, 2, 2)
    assert sum(day.going for day in found.days.values()) == 4


def test_nothing_is_written_by_a_backtest(shop: Shop) -> None:
    shop.registers("anna")
    shop.pull()
    days_pass(shop, 20)
    played(shop, "registration", days=21)
    for table in (tables.ledger, tables.recipients, tables.scenario_looks):
        with shop.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_what_happened_after_a_letter_was_due_is_not_known_to_it(shop: Shop) -> None:
    """A basket is filled anew after three hours and a half, and ordered after six: no letter."""
    shop.at(2026, 11, 24, 9, 0)
    shop.registers("anna")
    shop.puts("anna", "1")
    days_pass(shop, 3.5 / 24)
    shop.puts("anna", "2")
    days_pass(shop, 2.5 / 24)
    shop.orders("anna", "2")
    days_pass(shop, 1)
    assert dict(played(shop, "abandoned_basket", days=2).letters) == {}


def test_a_basket_left_for_four_hours_counts_though_it_was_filled_again_and_ordered_that_day(shop: Shop) -> None:
    shop.at(2026, 11, 24, 9, 0)
    shop.registers("anna")
    shop.puts("anna", "1")
    days_pass(shop, 6 / 24)
    shop.puts("anna", "2")
    days_pass(shop, 1 / 24)
    shop.orders("anna", "2")
    days_pass(shop, 1)
    assert dict(played(shop, "abandoned_basket", days=2).letters) == {"4h": 1}


def test_the_coupons_of_its_letters_are_priced_by_the_average_order(shop: Shop) -> None:
    shop.registers("anna")
    shop.knows("boris")
    shop.orders("boris", "1")  # 1000
    shop.orders("boris", "1", "2")  # 2000
    days_pass(shop, 20)
    found = played(shop, "registration", days=21)
    assert [(one.letter, one.percent, one.given) for one in found.coupons] == [
        ("registration/3d", 2, 1),
        ("registration/7d", 3, 1),
        ("registration/14d", 4, 1),
    ]
    assert found.average == 1500
    assert found.cost == Decimal("135.00")


def test_letters_that_really_went_are_in_the_way(shop: Shop) -> None:
    """The basket's letter was really sent: the backtest's own comes too soon after it."""
    shop.registers("anna")
    shop.pull()
    shop.runs("abandoned_basket")
    shop.waits(days=2, hours=20)
    shop.puts("anna", "1")
    shop.pull()
    shop.passes(hours=4)
    assert shop.codes_to("anna") == ["abandoned_basket/4h"]
    days_pass(shop, 10)
    found = played(shop, "registration", days=15)
    assert (found.own, found.others > 0) == (0, True)


def test_its_own_letters_that_really_went_do_not_count(shop: Shop) -> None:
    shop.runs("registration")
    shop.registers("anna")
    shop.tick()
    shop.passes(days=3)
    assert shop.codes_to("anna") == ["registration/3d"]
    shop.waits(hours=1)
    assert dict(played(shop, "registration", days=4).letters) == {"3d": 1}


def test_who_reaches_the_goal_without_any_letter_is_counted(shop: Shop) -> None:
    for who in ("anna", "boris", "clara"):
        shop.registers(who)
    shop.pull()
    days_pass(shop, 5)
    shop.orders("boris", "1")  # two days after the letter that was not sent
    days_pass(shop, 40)
    anyway = played(shop, "registration", days=46).anyway
    assert (anyway.entered, anyway.reached) == (3, 1)
    assert anyway.median_days is not None
    assert abs(anyway.median_days - 2) < 0.1


def test_who_has_not_had_thirty_days_yet_is_not_counted_as_lost(shop: Shop) -> None:
    shop.registers("anna")
    shop.pull()
    days_pass(shop, 20)
    assert played(shop, "registration", days=21).anyway.entered == 0


@pytest.mark.parametrize(
    ("people", "rate", "share"),
    [(0, 0.1, None), (100, 0.0, None), (500, 0.05, None), (10_000, 0.3, 5), (6000, 0.2, 20)],
)
def test_a_holdout_is_as_small_as_it_may_be(people: int, rate: float, share: int | None) -> None:
    assert smallest_holdout(people, rate) == share
