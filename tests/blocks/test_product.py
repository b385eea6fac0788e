"""The product that a letter is about."""

from __future__ import annotations

from dataclasses import replace

from tests.blocks.conftest import Shop


def test_it_is_shown_as_long_as_it_can_be_bought(shop: Shop) -> None:
    shop.product("lamp")
    shop.product("vase", available=False)
    shop.pull()
    anna = shop.reader("anna")
    assert shop.shown("product", replace(anna, subject="lamp")) == ["lamp"]
    assert shop.shown("product", replace(anna, subject="vase")) == []
    assert shop.shown("product", replace(anna, subject="gone")) == []


def test_an_offer_is_shown_itself_and_if_it_is_sold_out_another_one(shop: Shop) -> None:
    shop.product("mug", available=False)
    shop.product("red", parent="mug", shows=9)
    shop.product("blue", parent="mug")
    shop.pull()
    anna = shop.reader("anna")
    assert shop.shown("product", replace(anna, subject="blue")) == ["blue"]
    assert shop.shown("product", replace(anna, subject="mug")) == ["red"]
    shop.change("blue", available=False)
    shop.pull()
    assert shop.shown("product", replace(anna, subject="blue")) == ["red"]


def test_a_letter_about_nothing_shows_what_was_looked_at_last(shop: Shop) -> None:
    for id in ("lamp", "vase"):
        shop.product(id)
    shop.person("boris")
    shop.look("anna", "vase", days_ago=3)
    shop.look("anna", "lamp", days_ago=1)
    shop.pull()
    assert shop.shown("product", "anna") == ["lamp"]
    assert shop.ask("product", "boris", "anna", replace(shop.reader("boris"), subject="vase")) == [
        None,
        *shop.ask("product", "anna"),
        *shop.ask("product", replace(shop.reader("boris"), subject="vase")),
    ]
