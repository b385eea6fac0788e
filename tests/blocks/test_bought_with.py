"""Bought with this product: what lies in the same orders of others, most often first."""

from __future__ import annotations

import pytest

from tests.blocks.conftest import Shop


@pytest.fixture
def ordered(shop: Shop) -> Shop:
    """Anna ordered a kettle; others did too, with cups three times and with tea twice."""
    for id in ("kettle", "cup", "tea", "spoon", "vase"):
        shop.product(id)
    for who in ("boris", "vera", "gleb"):
        shop.person(who)
        shop.order(f"1-{who}", who, "kettle", "cup", days_ago=20)
    for who in ("boris", "vera"):
        shop.order(f"2-{who}", who, "kettle", "tea", "tea", "tea", days_ago=20)
    shop.order("3", "gleb", "kettle", "spoon", days_ago=20)
    shop.order("17", "anna", "kettle", days_ago=2)
    return shop


def test_what_is_most_often_in_the_same_orders_stands_first(ordered: Shop) -> None:
    ordered.pull()
    assert ordered.shown("bought_with", "anna") == ["cup", "tea", "spoon"], "three lines of one order count once"


def test_cancelled_and_old_orders_do_not_count(ordered: Shop) -> None:
    ordered.order("4", "vera", "kettle", "vase", cancelled_at=ordered.now)
    ordered.order("5", "vera", "kettle", "vase", days_ago=400)
    ordered.pull()
    assert "vase" not in ordered.shown("bought_with", "anna")
    assert "vase" in ordered.shown("bought_with", "anna", days=500)


def test_the_letters_order_is_asked_and_not_the_last_one(ordered: Shop) -> None:
    ordered.order("18", "anna", "vase", days_ago=1)
    ordered.pull()
    assert ordered.shown("bought_with", ordered.reader("anna", subject="17")) == ["cup", "tea", "spoon"]


def test_of_another_ones_order_nothing_is_said(ordered: Shop) -> None:
    ordered.person("dora")
    ordered.pull()
    assert ordered.ask("bought_with", ordered.reader("dora", subject="17")) == [None]


def test_what_the_reader_has_and_what_is_sold_out_is_left_out(ordered: Shop) -> None:
    ordered.order("6", "anna", "cup", days_ago=200)
    ordered.change("tea", available=False)
    ordered.pull()
    assert ordered.shown("bought_with", ordered.reader("anna", subject="17")) == ["spoon"]


def test_with_one_product_of_the_settings_all_but_its_buyers_see_the_same(ordered: Shop) -> None:
    ordered.person("dora")
    ordered.person("egor")
    ordered.pull()
    first, second = ordered.ask("bought_with", "dora", "egor", product="kettle")
    assert first is second
    assert ordered.shown("bought_with", "dora", product="kettle", limit=2) == ["cup", "tea"]


def test_offers_count_as_their_product(shop: Shop) -> None:
    shop.product("kettle")
    shop.product("red", parent="kettle")
    shop.product("blue", parent="kettle")
    shop.product("cup")
    shop.product("big", parent="cup", available=False)
    shop.product("small", parent="cup")
    shop.change("cup", available=False)
    shop.person("boris")
    shop.order("1", "boris", "red", "big", days_ago=9)
    shop.order("2", "anna", "blue")
    shop.pull()
    assert shop.shown("bought_with", "anna") == ["small"], "the offer that is to be had"


def test_where_nothing_was_bought_together_the_bestsellers_of_the_section_stand_in(shop: Shop) -> None:
    shop.product("lamp", section="20")
    shop.product("torch", section="20")
    shop.product("candle", section="20")
    shop.product("cup", section="30")
    for who, product in (("boris", "candle"), ("vera", "candle"), ("gleb", "torch"), ("dora", "cup"), ("egor", "cup")):
        shop.person(who)
        shop.order(who, who, product)
    shop.order("1", "anna", "lamp")
    shop.pull()
    assert shop.shown("bought_with", "anna") == ["candle", "torch"]


def test_without_orders_there_is_nothing_to_say(shop: Shop) -> None:
    shop.product("1")
    shop.pull()
    assert shop.ask("bought_with", "anna") == [None]


def test_a_batch_of_two_hundred_takes_a_bounded_number_of_statements(ordered: Shop) -> None:
    for number in range(200):
        ordered.person(f"p{number}")
        ordered.order(f"p{number}", f"p{number}", "kettle" if number % 2 else "vase")
    ordered.pull()
    readers = [ordered.reader(f"p{number}") for number in range(200)]
    assert any(ordered.ask("bought_with", *readers))
    assert len(ordered.statements) <= 12
