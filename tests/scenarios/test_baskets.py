"""A basket left behind: the letters of the long chain and of the short one, and what becomes of baskets."""

from __future__ import annotations

import pytest

from core import consent, db
from tests.scenarios.shop import ON_SQLITE, Shop

LEFT = "Вы оставили в корзине"


@pytest.fixture
def long(shop: Shop) -> Shop:
    """Anna puts two products into her basket on a Tuesday at noon."""
    shop.runs("abandoned_basket")
    shop.knows("anna")
    shop.puts("anna", "1", "2")
    return shop


@pytest.fixture
def short(shop: Shop) -> Shop:
    shop.runs("basket_short")
    shop.knows("anna")
    shop.puts("anna", "1", "2")
    return shop


def test_four_hours_after_products_were_left_in_the_basket_without_an_order_they_are_shown(long: Shop) -> None:
    long.passes(hours=3, minutes=59)
    assert long.codes_to("anna") == []
    long.passes(minutes=1)
    letter = long.letter_to("anna")
    assert letter.code == "abandoned_basket/4h"
    assert letter.under(LEFT) == ["1", "2"]
    assert letter.coupon is None


def test_five_days_later_the_forgotten_products_with_a_coupon_of_two_percent_for_two_days(long: Shop) -> None:
    long.passes(hours=4)
    long.passes(days=4, hours=19, minutes=59)
    assert long.codes_to("anna") == ["abandoned_basket/4h"]
    long.passes(minutes=1)
    letter = long.letter_to("anna")
    assert letter.code == "abandoned_basket/5d"
    assert letter.under(LEFT) == ["1", "2"]
    assert letter.coupon == ("two", 2)


def test_fourteen_days_later_the_forgotten_products_with_a_coupon_of_three_percent_for_three_days(long: Shop) -> None:
    long.passes(hours=4)
    long.passes(days=5)
    long.passes(days=9)
    letter = long.letter_to("anna")
    assert letter.code == "abandoned_basket/14d"
    assert letter.under(LEFT) == ["1", "2"]
    assert letter.coupon == ("three", 3)
    long.passes(days=60)
    assert long.codes_to("anna") == ["abandoned_basket/4h", "abandoned_basket/5d", "abandoned_basket/14d"]


def test_an_order_breaks_the_chain_off(long: Shop) -> None:
    long.passes(hours=4)
    long.passes(days=1)
    long.orders("anna", "1", "2")
    long.passes(days=4)
    long.passes(days=9)
    assert long.codes_to("anna") == ["abandoned_basket/4h"]
    assert long.why_not("anna", "abandoned_basket/5d") == "skipped: the goal is reached: ordered, 25.11.2026 16:00"


def test_of_a_basket_that_was_emptied_nothing_is_said(long: Shop) -> None:
    long.passes(hours=1)
    long.puts("anna")
    long.tick()
    long.passes(hours=3)
    assert long.codes_to("anna") == []
    assert long.why_not("anna", "abandoned_basket/4h") == "skipped: it is over: emptied the basket, 24.11.2026 13:00"


def test_a_basket_changed_between_letters_is_the_same_basket_from_another_moment_on(long: Shop) -> None:
    long.passes(hours=4)
    long.passes(days=1, hours=20)
    long.puts("anna", "2", "3")
    long.passes(hours=4)
    assert long.codes_to("anna") == ["abandoned_basket/4h"], "of one basket it is said once"
    long.passes(days=3, hours=20)
    assert long.codes_to("anna") == ["abandoned_basket/4h"], "five days from the last change"
    long.passes(days=1)
    letter = long.letter_to("anna")
    assert letter.code == "abandoned_basket/5d"
    assert letter.under(LEFT) == ["2", "3"]


@ON_SQLITE
def test_a_basket_changed_between_the_decision_and_the_sending_is_left_alone(long: Shop) -> None:
    long.waits(hours=4)
    long.pull()
    long.walk()
    assert long.why_not("anna", "abandoned_basket/4h") == "queued: "
    long.puts("anna", "3")
    long.pull()
    long.deliver()
    assert long.codes_to("anna") == []
    assert "has changed since" in long.why_not("anna", "abandoned_basket/4h")


def test_what_an_order_leaves_in_the_basket_is_a_new_basket(long: Shop) -> None:
    long.passes(hours=1)
    long.orders("anna", "1")
    long.passes(hours=3)
    assert long.codes_to("anna") == []
    long.passes(hours=1)
    [letter] = long.letters_to("anna")
    assert letter.code == "abandoned_basket/4h"
    assert letter.under(LEFT) == ["2"]


def test_what_is_put_into_the_basket_after_an_order_is_a_new_basket(long: Shop) -> None:
    long.passes(hours=4)
    long.orders("anna", "1", "2")
    long.passes(days=2)
    long.puts("anna", "3")
    long.passes(hours=4)
    assert long.codes_to("anna") == ["abandoned_basket/4h", "abandoned_basket/4h"]
    assert long.letter_to("anna").under(LEFT) == ["3"]


@ON_SQLITE
def test_without_anything_left_to_buy_no_letter_goes(long: Shop) -> None:
    long.passes(hours=1)
    long.product("1", available=False)
    long.product("2", available=False)
    long.passes(hours=3)
    assert long.codes_to("anna") == []
    assert "forgotten_basket" in long.why_not("anna", "abandoned_basket/4h")


@ON_SQLITE
def test_a_basket_left_in_the_evening_waits_for_the_morning(shop: Shop) -> None:
    shop.runs("abandoned_basket")
    shop.knows("anna")
    shop.at(2026, 11, 24, 20, 0)
    shop.puts("anna", "1")
    shop.at(2026, 11, 25, 0, 0)
    assert shop.why_not("anna", "abandoned_basket/4h") == "deferred: polite hours"
    shop.at(2026, 11, 25, 9, 0)
    assert shop.codes_to("anna") == ["abandoned_basket/4h"]


@ON_SQLITE
def test_whoever_has_left_is_not_written_to(long: Shop) -> None:
    long.passes(hours=1)
    with db.writing(long.engine) as connection:
        consent.suppress(connection, "anna@shop.ru", mailing="", reason="unsubscribed", source="test", now=long.now)
    long.passes(hours=3)
    assert long.codes_to("anna") == []
    assert long.why_not("anna", "abandoned_basket/4h") == "skipped: unsubscribed"


def test_a_basket_that_is_worth_little_may_be_left_alone(shop: Shop) -> None:
    shop.edit("abandoned_basket", ("min_total = 0", "min_total = 1500"))
    shop.runs("abandoned_basket")
    shop.knows("anna", "boris")
    shop.puts("anna", "1")
    shop.puts("boris", "1", "2")
    shop.passes(hours=4)
    assert list(shop.inbox) == ["boris"]


def test_the_short_chain_reminds_of_the_products_after_three_hours(short: Shop) -> None:
    short.passes(hours=2, minutes=59)
    assert short.codes_to("anna") == []
    short.passes(minutes=1)
    letter = short.letter_to("anna")
    assert letter.code == "basket_short/1"
    assert letter.under(LEFT) == ["1", "2"]
    assert letter.coupon is None


def test_without_a_reaction_a_discount_follows_after_a_day(short: Shop) -> None:
    short.passes(hours=3)
    short.opens("anna")  # mail programs open letters by themselves
    short.passes(hours=20, minutes=59)
    assert short.codes_to("anna") == ["basket_short/1"]
    short.passes(minutes=1)
    letter = short.letter_to("anna")
    assert letter.code == "basket_short/2"
    assert letter.under(LEFT) == ["1", "2"]
    assert letter.coupon == ("three", 2)


@ON_SQLITE
def test_whoever_reacted_to_the_reminder_gets_no_discount(short: Shop) -> None:
    short.passes(hours=3)
    short.clicks("anna")
    short.passes(hours=21)
    assert short.codes_to("anna") == ["basket_short/1"]
    assert short.why_not("anna", "basket_short/2") == "skipped: reacted to letter 1: clicked in it"


def test_the_third_letter_of_the_short_chain_shows_alternatives_and_offers_a_consultant(short: Shop) -> None:
    short.sells("5", section="20")
    short.passes(hours=3)
    short.passes(hours=21)
    short.passes(days=2)
    letter = short.letter_to("anna")
    assert letter.code == "basket_short/3"
    assert letter.under("Похожие товары") == ["3", "4"], "of the same section, not in the basket"
    assert "Консультант подскажет" in letter.text
    assert "+7 495 123-45-67" in letter.text
    assert letter.coupon is None


@ON_SQLITE
def test_an_order_breaks_the_short_chain_off(short: Shop) -> None:
    short.passes(hours=3)
    short.orders("anna", "1", "2")
    short.passes(hours=21)
    short.passes(days=2)
    assert short.codes_to("anna") == ["basket_short/1"]
    assert "the goal is reached" in short.why_not("anna", "basket_short/2")
    assert "the goal is reached" in short.why_not("anna", "basket_short/3")
