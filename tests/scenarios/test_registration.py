"""Registration: three letters until the first order, each with a better coupon and with what was looked at."""

from __future__ import annotations

import pytest

from tests.scenarios.shop import ON_SQLITE, Shop

VIEWED = "Вы недавно смотрели"


@pytest.fixture
def anna(shop: Shop) -> Shop:
    """Anna registers on a Tuesday at noon and looks at two products."""
    shop.runs("registration")
    shop.registers("anna")
    shop.looks("anna", "1", "3")
    return shop


def test_three_days_after_registration_without_an_order_a_coupon_of_two_percent_for_two_days_with_what_was_viewed(
    anna: Shop,
) -> None:
    anna.passes(days=2, hours=23, minutes=59)
    assert anna.codes_to("anna") == []
    anna.passes(minutes=1)
    letter = anna.letter_to("anna")
    assert letter.code == "registration/3d"
    assert letter.subject == "Anna, скидка на первый заказ"
    assert letter.coupon == ("two", 2)
    assert letter.under(VIEWED) == ["3", "1"]


def test_seven_days_after_registration_without_an_order_a_coupon_of_three_percent_for_three_days(anna: Shop) -> None:
    anna.passes(days=3)
    anna.looks("anna", "2")
    anna.passes(days=3, hours=23, minutes=59)
    assert anna.codes_to("anna") == ["registration/3d"]
    anna.passes(minutes=1)
    letter = anna.letter_to("anna")
    assert letter.code == "registration/7d"
    assert letter.coupon == ("three", 3)
    assert letter.under(VIEWED) == ["2", "3", "1"]


def test_fourteen_days_after_registration_without_an_order_a_coupon_of_four_percent_for_four_days(anna: Shop) -> None:
    for days in (3, 4, 7):
        anna.passes(days=days)
    letter = anna.letter_to("anna")
    assert letter.code == "registration/14d"
    assert letter.coupon == ("four", 4)
    assert letter.under(VIEWED) == ["3", "1"]
    anna.passes(days=60)
    assert anna.codes_to("anna") == ["registration/3d", "registration/7d", "registration/14d"]


def test_the_first_order_breaks_the_chain_off(anna: Shop) -> None:
    anna.passes(days=3)
    anna.passes(days=1)
    anna.orders("anna", "2")
    anna.passes(days=3)
    anna.passes(days=7)
    assert anna.codes_to("anna") == ["registration/3d"]
    assert anna.why_not("anna", "registration/7d") == "skipped: the goal is reached: ordered, 28.11.2026 12:00"
    assert anna.why_not("anna", "registration/14d") == "skipped: the goal is reached: ordered, 28.11.2026 12:00"


@ON_SQLITE
def test_an_order_as_a_guest_before_the_registration_was_the_first_one(shop: Shop) -> None:
    shop.runs("registration")
    shop.orders("", "1", email="anna@shop.ru")
    shop.passes(days=1)
    shop.registers("anna")
    shop.passes(days=3)
    assert shop.why_not("anna", "registration/3d") == "skipped: the goal is reached: ordered, 24.11.2026 12:00"


@ON_SQLITE
def test_a_cancelled_order_reaches_no_goal_and_one_taken_up_again_does(anna: Shop) -> None:
    anna.passes(hours=1)
    order = anna.orders("anna", "2")
    anna.passes(hours=1)
    anna.cancels(order)
    anna.passes(days=2, hours=22)
    assert anna.codes_to("anna") == ["registration/3d"]
    anna.passes(days=1)
    anna.restores(order)
    anna.passes(days=3)
    assert anna.codes_to("anna") == ["registration/3d"]
    assert "the goal is reached" in anna.why_not("anna", "registration/7d")


def test_an_order_between_the_decision_and_the_sending_is_found_at_the_last_moment(anna: Shop) -> None:
    anna.waits(days=3)
    anna.pull()
    anna.walk()
    assert anna.why_not("anna", "registration/3d") == "queued: "
    anna.orders("anna", "1")
    anna.pull()
    anna.deliver()
    assert anna.codes_to("anna") == []
    assert anna.why_not("anna", "registration/3d") == "skipped: the goal is reached: ordered, 27.11.2026 12:00"
    assert anna.gift.made == {}, "no coupon without a letter"


@ON_SQLITE
def test_two_accounts_with_one_address_are_one_chain_also_when_both_waited_for_the_morning(shop: Shop) -> None:
    shop.runs("registration")
    shop.at(2026, 11, 25, 3, 0)
    shop.registers("anna")
    shop.registers("anna2", email="anna@shop.ru")
    shop.at(2026, 11, 28, 3, 0)
    shop.at(2026, 11, 28, 9, 0)
    shop.at(2026, 12, 2, 9, 0)
    assert shop.codes_to("anna") == ["registration/3d", "registration/7d"]


@ON_SQLITE
def test_a_letter_due_at_night_waits_for_the_morning_of_its_reader(shop: Shop) -> None:
    shop.runs("registration")
    shop.at(2026, 11, 25, 15, 0)
    shop.registers("anna")
    shop.registers("boris", timezone="Asia/Vladivostok")  # where it is 22:00
    shop.at(2026, 11, 28, 15, 0)
    assert (shop.codes_to("anna"), shop.codes_to("boris")) == (["registration/3d"], [])
    assert shop.why_not("boris", "registration/3d") == "deferred: polite hours"
    shop.at(2026, 11, 29, 1, 59)
    assert shop.codes_to("boris") == []
    shop.at(2026, 11, 29, 2, 0)
    assert shop.codes_to("boris") == ["registration/3d"]


@ON_SQLITE
def test_the_clock_on_the_wall_decides_when_the_clocks_are_changed(shop: Shop) -> None:
    """In Berlin the night to 25 October 2026 has 25 hours."""
    shop.at(2026, 10, 23, 13, 0)
    shop.runs("registration")
    shop.registers("boris", timezone="Europe/Berlin")  # where it is 12:00
    shop.at(2026, 10, 26, 13, 59)
    assert shop.codes_to("boris") == []
    shop.at(2026, 10, 26, 14, 0)
    assert shop.codes_to("boris") == ["registration/3d"]


@ON_SQLITE
def test_what_began_before_it_was_switched_on_gets_nothing(shop: Shop) -> None:
    shop.registers("anna")
    shop.passes(days=1)
    shop.runs("registration")
    shop.passes(days=2)
    shop.passes(days=4)
    assert shop.codes_to("anna") == []


@ON_SQLITE
def test_after_a_standstill_the_later_letter_stands_for_the_one_before(anna: Shop) -> None:
    anna.passes(days=1)
    anna.passes(days=6)
    assert anna.codes_to("anna") == ["registration/7d"]
    assert anna.why_not("anna", "registration/3d").startswith("skipped: too late")
