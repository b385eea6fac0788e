"""Letters that follow a purchase: what goes with it, when it is used up, who became a customer of which kind."""

from __future__ import annotations

import pytest

from tests.scenarios.shop import ON_SQLITE, Shop


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """Others buy lamps with bulbs; cream is used up."""
    shop.sells("lamp", "bulb", price=2000)
    shop.sells("cream", "lotion", "soap", section="12")
    shop.knows("anna", "boris")
    shop.together("lamp", "bulb")
    shop.passes(days=1)
    return shop


def test_three_days_after_an_order_was_received_what_is_bought_with_it(shop: Shop) -> None:
    shop.runs("accompanying")
    order = shop.orders("anna", "lamp")
    shop.passes(days=2)
    shop.moves(order, "F")
    shop.tick()
    shop.passes(days=2, hours=23, minutes=59)
    assert shop.codes_to("anna") == []
    shop.passes(minutes=1)
    letter = shop.letter_to("anna")
    assert letter.code == "accompanying/1"
    assert letter.under("Берут вместе") == ["bulb"]


@ON_SQLITE
def test_whoever_already_bought_more_is_not_offered_what_goes_with_it(shop: Shop) -> None:
    shop.runs("accompanying")
    shop.moves(shop.orders("anna", "lamp"), "F")
    shop.passes(days=1)
    shop.orders("anna", "bulb")
    shop.passes(days=2)
    assert shop.codes_to("anna") == []
    assert "the goal is reached: ordered" in shop.why_not("anna", "accompanying/1")


def test_one_of_the_most_popular_products_brings_support_and_what_others_chose(shop: Shop) -> None:
    shop.sells("rare")
    shop.learns()
    shop.edit("popular_bought", ("popular = 10", "popular = 2"))
    shop.runs("popular_bought")
    shop.moves(shop.orders("anna", "lamp"), "F")
    shop.moves(shop.orders("boris", "rare"), "F")
    shop.tick()
    shop.passes(days=2)
    assert list(shop.inbox) == ["anna"]
    letter = shop.letter_to("anna")
    assert letter.code == "popular_bought/1"
    assert letter.under("С этим товаром покупают") == ["bulb"]
    assert "lamp" in letter.under("Выбор покупателей")
    assert "Если понадобится совет" in letter.text


def test_what_somebody_buys_every_25_days_is_offered_three_days_before_it_is_used_up(shop: Shop) -> None:
    shop.runs("replenish")
    for _ in range(4):
        shop.orders("anna", "cream")
        shop.learns()
        shop.waits(days=25)
    assert shop.inbox == {}, "each time it was bought in time"
    shop.orders("anna", "cream")
    shop.learns()
    shop.passes(days=20)
    assert shop.inbox == {}
    shop.passes(days=3)
    letter = shop.letter_to("anna")
    assert letter.code == "replenish/1"
    assert letter.under("Пора пополнить запасы") == ["cream"]


def test_whoever_has_just_bought_it_is_not_offered_it(shop: Shop) -> None:
    shop.runs("replenish")
    for _ in range(4):
        shop.orders("anna", "cream")
        shop.learns()
        shop.waits(days=25)
    shop.orders("anna", "cream")
    shop.learns()
    shop.waits(days=23)
    shop.pull()
    shop.walk()
    assert shop.why_not("anna", "replenish/1") == "queued: "
    shop.orders("anna", "cream")
    shop.pull()
    shop.deliver()
    assert shop.inbox == {}
    assert shop.why_not("anna", "replenish/1").startswith("skipped")


def test_thirty_days_after_a_skin_care_set_something_new_with_a_discount_of_fifteen_percent(shop: Shop) -> None:
    shop.runs("replenish_fixed")
    shop.orders("anna", "cream")
    shop.orders("boris", "lamp")
    shop.passes(minutes=5)
    shop.passes(days=29, hours=23, minutes=54)
    assert shop.inbox == {}
    shop.passes(minutes=1)
    assert list(shop.inbox) == ["anna"], "a lamp is not used up"
    letter = shop.letter_to("anna")
    assert letter.code == "replenish_fixed/1"
    assert letter.subject == "Anna, подходит к концу?"
    assert letter.coupon == ("fifteen", 7)
    assert letter.under("Или повторите покупку") == ["cream"]
    assert len(letter.under("Попробуйте новое")) == 4


@ON_SQLITE
def test_whoever_bought_the_set_again_is_not_asked(shop: Shop) -> None:
    shop.runs("replenish_fixed")
    shop.orders("anna", "cream")
    shop.passes(days=20)
    shop.orders("anna", "cream", "lamp")
    shop.passes(days=10)
    assert shop.inbox == {}
    assert "the goal is reached: bought the product" in shop.why_not("anna", "replenish_fixed/1")
    shop.passes(days=20)
    assert shop.codes_to("anna") == ["replenish_fixed/1"]


def test_whoever_bought_at_a_till_is_shown_the_site(shop: Shop) -> None:
    shop.runs("offline_buyer", "online_buyer")
    shop.orders("anna", "lamp", offline=True)
    shop.passes(days=1)
    letter = shop.letter_to("anna")
    assert letter.code == "offline_buyer/1"
    assert "можно заказывать и на сайте" in letter.text
    assert letter.under("Сейчас покупают") == ["bulb"], "what others buy; the lamp she has"
    shop.passes(days=3)
    assert shop.codes_to("anna") == ["offline_buyer/1"]


def test_whoever_bought_on_the_site_is_shown_the_shop(shop: Shop) -> None:
    shop.runs("offline_buyer", "online_buyer")
    shop.orders("anna", "lamp")
    shop.passes(days=2)
    letter = shop.letter_to("anna")
    assert letter.code == "online_buyer/1"
    assert "Москва, Тверская, 1" in letter.text
    assert letter.under("С этим товаром покупают") == ["bulb"]


@ON_SQLITE
def test_whoever_buys_both_ways_needs_no_telling(shop: Shop) -> None:
    shop.orders("anna", "lamp")
    shop.passes(days=30)
    shop.runs("offline_buyer")
    shop.orders("anna", "bulb", offline=True)
    shop.passes(days=1)
    assert shop.inbox == {}
    assert "not among those whom the scenario is for" in shop.why_not("anna", "offline_buyer/1")


@ON_SQLITE
def test_whoever_buys_again_meanwhile_or_cancels_gets_no_word_on_the_first_time(shop: Shop) -> None:
    shop.runs("offline_buyer", "online_buyer", "popular_bought", "ecosystem", "vip", "accompanying")
    shop.sells("sofa", price=120_000)
    shop.learns()
    first = shop.orders("anna", "sofa")
    shop.moves(first, "F")
    shop.orders("boris", "bulb", offline=True)
    shop.passes(hours=12)
    shop.orders("boris", "lamp")
    shop.waits(minutes=1)
    shop.cancels(first)
    for days in (1, 1, 1, 12.5):
        shop.passes(days=days)
    assert shop.codes_to("anna") == []
    assert shop.codes_to("boris") == ["ecosystem/1"]
    assert "the goal is reached: ordered" in shop.why_not("boris", "offline_buyer/1")
    for letter in ("online_buyer/1", "ecosystem/1", "vip/1"):
        assert shop.why_not("anna", letter) in {
            "nothing",
            "skipped: it is over: the order was cancelled, 26.11.2026 00:01",
        }


def test_two_weeks_after_the_first_purchase_what_else_the_shop_can_do(shop: Shop) -> None:
    shop.orders("boris", "lamp")
    shop.waits(minutes=1)
    shop.runs("ecosystem")
    shop.orders("boris", "bulb")
    shop.orders("anna", "lamp")
    shop.passes(days=14)
    assert list(shop.inbox) == ["anna"]
    letter = shop.letter_to("anna")
    assert letter.code == "ecosystem/1"
    assert "В личном кабинете видны все ваши заказы" in letter.text
    assert "lamp" not in letter.under("Возможно, вы этого не видели")


def test_whose_orders_of_a_year_reach_a_hundred_thousand_is_thanked_in_person(shop: Shop) -> None:
    shop.sells("sofa", price=60_000, created_at=shop.now)
    shop.runs("vip")
    shop.orders("anna", "sofa")
    shop.passes(days=1)
    assert shop.inbox == {}
    shop.passes(days=20)
    shop.orders("anna", "sofa")
    shop.passes(days=1)
    letter = shop.letter_to("anna")
    assert letter.code == "vip/1"
    assert "ответим лично" in letter.text
    assert letter.under("Новинки") == ["sofa"]
    assert letter.coupon is None
    shop.orders("anna", "sofa")
    shop.passes(days=3)
    assert shop.codes_to("anna") == ["vip/1"]
