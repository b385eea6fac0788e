"""What was looked at, waited for, or belongs to a line: one letter each."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.scenarios.shop import ON_SQLITE, Shop


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.sells("watch", price=50_000, section="40")
    shop.sells("clock", price=55_000, section="40")
    shop.sells("strap", price=900, section="40")
    shop.knows("anna")
    return shop


def test_a_day_after_a_look_without_a_basket_the_products_looked_at_and_similar_ones(shop: Shop) -> None:
    shop.runs("abandoned_view")
    shop.looks("anna", "2", "1")
    shop.passes(hours=23, minutes=59)
    assert shop.codes_to("anna") == []
    shop.passes(minutes=1)
    letter = shop.letter_to("anna")
    assert letter.code == "abandoned_view/1"
    assert letter.under("Вы недавно смотрели") == ["1", "2"]
    assert letter.under("Похожие товары") == ["2", "3", "4"]
    shop.passes(days=3)
    shop.looks("anna", "3")
    shop.passes(days=1)
    assert shop.codes_to("anna") == ["abandoned_view/1"], "once a week is enough"


@ON_SQLITE
def test_whoever_put_something_into_the_basket_or_ordered_is_not_reminded_of_looks(shop: Shop) -> None:
    shop.runs("abandoned_view", "expensive_view", "abandoned_category")
    shop.knows("boris")
    for who in ("anna", "boris"):
        shop.looks(who, "1", "2", "3", "watch")
    shop.passes(hours=1)
    shop.puts("anna", "2")
    shop.orders("boris", "4")
    shop.passes(hours=23)
    assert shop.inbox == {}


def test_an_expensive_product_is_offered_help_with_not_a_discount(shop: Shop) -> None:
    shop.runs("abandoned_view", "expensive_view")
    shop.looks("anna", "watch")
    shop.passes(hours=1)
    shop.looks("anna", "1")
    shop.passes(days=1)
    [letter] = shop.letters_to("anna")
    assert letter.code == "expensive_view/1", "it comes before the cheap one, and one letter a day is enough"
    assert letter.under("Вы смотрели") == ["watch"]
    assert letter.under("Для сравнения") == ["clock"]
    assert "Важную покупку хочется обдумать" in letter.text
    assert letter.coupon is None


def test_three_products_of_one_section_bring_what_others_buy_in_it(shop: Shop) -> None:
    shop.runs("abandoned_category")
    shop.knows("boris")
    shop.together("2", "4")
    shop.together("watch", times=5)
    shop.looks("anna", "1", "2", "3")
    shop.looks("boris", "1", "2", "watch")
    shop.passes(hours=23, minutes=59)
    assert shop.inbox == {}
    shop.passes(minutes=1)
    letter = shop.letter_to("anna")
    assert letter.code == "abandoned_category/1"
    assert letter.under("В этом разделе покупают") == ["2", "4"]
    assert shop.codes_to("boris") == [], "two of one section are not yet a choice"


def test_a_product_back_in_stock_is_told_to_those_who_wait_for_it(shop: Shop) -> None:
    shop.product("watch", available=False)
    shop.knows("boris", "vera")
    shop.awaits("anna", "watch")
    shop.looks("boris", "watch")
    shop.runs("back_in_stock")
    shop.passes(days=1)
    assert shop.inbox == {}
    shop.product("watch", available=True)
    shop.passes(hours=1)
    assert sorted(shop.inbox) == ["anna", "boris"]
    letter = shop.letter_to("anna")
    assert letter.code == "back_in_stock/1"
    assert letter.under("Снова в наличии") == ["watch"]


def test_several_products_back_in_stock_are_one_letter_also_after_a_night(shop: Shop) -> None:
    for product in ("watch", "clock"):
        shop.product(product, available=False)
        shop.awaits("anna", product)
    shop.runs("back_in_stock")
    shop.tick()
    shop.at(2026, 11, 25, 2, 0)
    shop.product("watch", available=True)
    shop.tick()
    shop.at(2026, 11, 25, 3, 0)
    shop.product("clock", available=True)
    shop.tick()
    shop.at(2026, 11, 25, 9, 0)
    shop.passes(days=1)
    [letter] = shop.letters_to("anna")
    assert sorted(letter.under("Снова в наличии")) == ["clock", "watch"]


@ON_SQLITE
def test_whoever_bought_the_product_meanwhile_is_not_told_that_it_is_back(shop: Shop) -> None:
    shop.product("watch", available=False)
    shop.awaits("anna", "watch")
    shop.runs("back_in_stock")
    shop.at(2026, 11, 25, 2, 0)
    shop.product("watch", available=True)
    shop.tick()
    shop.at(2026, 11, 25, 8, 0)
    shop.orders("anna", "watch")
    shop.at(2026, 11, 25, 9, 0)
    assert shop.codes_to("anna") == []
    assert "the goal is reached: bought the product" in shop.why_not("anna", "back_in_stock/1")


@ON_SQLITE
def test_whoever_bought_the_product_meanwhile_is_not_told_that_it_is_cheaper_or_new(shop: Shop) -> None:
    shop.orders("anna", "clock")
    shop.looks("anna", "watch")
    shop.runs("price_drop", "line_update")
    shop.at(2026, 11, 25, 2, 0)
    shop.product("watch", price=Decimal(45_000))
    shop.sells("watch2", price=52_000, section="40", created_at=shop.now)
    shop.tick()
    shop.at(2026, 11, 25, 8, 0)
    shop.orders("anna", "watch", "watch2")
    shop.at(2026, 11, 25, 9, 0)
    assert shop.codes_to("anna") == []
    for letter in ("price_drop/1", "line_update/1"):
        assert "the goal is reached: bought the product" in shop.why_not("anna", letter)


def test_a_lower_price_of_what_was_looked_at_or_lies_in_the_basket_is_told(shop: Shop) -> None:
    shop.knows("boris", "vera")
    shop.looks("anna", "watch")
    shop.puts("boris", "watch")
    shop.looks("vera", "clock")
    shop.runs("price_drop")
    shop.passes(days=1)
    shop.product("watch", price=Decimal(45_000))
    shop.product("clock", price=Decimal(54_000))
    shop.passes(hours=1)
    assert sorted(shop.inbox) == ["anna", "boris"], "two per cent are no news"
    letter = shop.letter_to("anna")
    assert letter.code == "price_drop/1"
    assert letter.under("Стало дешевле") == ["watch"]


def test_a_new_product_of_a_line_is_shown_to_those_who_bought_of_it(shop: Shop) -> None:
    shop.knows("boris")
    shop.orders("anna", "watch")
    shop.orders("boris", "1")
    shop.runs("line_update")
    shop.passes(days=30)
    shop.sells("watch2", price=52_000, section="40", created_at=shop.now)
    shop.passes(minutes=5)
    assert list(shop.inbox) == ["anna"]
    letter = shop.letter_to("anna")
    assert letter.code == "line_update/1"
    assert letter.under("Новое в серии") == ["watch2"]
    assert letter.under("Из того же раздела") == ["clock"]
