"""Acquaintance: three letters to a new contact, in the right order."""

from __future__ import annotations

import pytest

from tests.scenarios.shop import ON_SQLITE, Shop


@pytest.fixture
def new(shop: Shop) -> Shop:
    """Anna subscribes late on a Tuesday evening, when letters to others wait."""
    shop.together("2", "3")
    shop.runs("welcome")
    shop.at(2026, 11, 24, 22, 30)
    shop.subscribes("anna")
    shop.tick()
    return shop


def test_thanks_for_the_subscription_come_at_once_with_a_word_on_the_shop_and_a_discount(new: Shop) -> None:
    letter = new.letter_to("anna")
    assert letter.code == "welcome/1"
    assert letter.at == new.now, "she is still on the site"
    assert "Спасибо, что подписались. Коротко о нас" in letter.text
    assert letter.coupon == ("five", 7)


def test_three_days_later_popular_products(new: Shop) -> None:
    new.at(2026, 11, 27, 22, 30)
    assert new.codes_to("anna") == ["welcome/1"]
    assert new.why_not("anna", "welcome/2") == "deferred: polite hours"
    new.at(2026, 11, 28, 9, 0)
    letter = new.letter_to("anna")
    assert letter.code == "welcome/2"
    assert letter.under("Сейчас покупают") == ["2", "3"]
    assert letter.coupon is None


def test_a_week_later_what_others_chose(new: Shop) -> None:
    new.at(2026, 11, 28, 9, 0)
    new.at(2026, 12, 2, 9, 0)
    letter = new.letter_to("anna")
    assert letter.code == "welcome/3"
    assert letter.under("Выбор покупателей") == ["2", "3"]
    new.subscribes("anna", "form:2")
    new.at(2027, 2, 1, 12, 0)
    assert new.codes_to("anna") == ["welcome/1", "welcome/2", "welcome/3"], "one is welcomed once"


def test_whoever_bought_what_the_last_letter_showed_is_not_shown_it_again(new: Shop) -> None:
    new.at(2026, 11, 28, 9, 0)
    new.waits(hours=1)
    new.orders("", "3", email="anna@shop.ru")
    new.at(2026, 12, 2, 9, 0)
    assert new.codes_to("anna") == ["welcome/1", "welcome/2"]
    assert new.why_not("anna", "welcome/3") == "skipped: bought product 3, which the last letter showed"


@ON_SQLITE
def test_registrations_are_welcomed_when_the_shop_wants_it(shop: Shop) -> None:
    shop.runs("welcome")
    shop.registers("boris")
    shop.tick()
    assert shop.codes_to("boris") == []
    shop.edit("welcome", ("registrations = false", "registrations = true"))
    shop.passes(hours=1)
    assert shop.codes_to("boris") == ["welcome/1"]
