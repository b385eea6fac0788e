"""Cheaper now, and back in stock: of what the reader waits for, has in the basket or looked at."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.blocks.conftest import Shop, bought


@pytest.fixture
def wanted(shop: Shop) -> Shop:
    """Anna looked at one product, has one in the basket and waits for one; nobody thinks of the fourth."""
    for id in ("looked", "basket", "awaited", "other"):
        shop.product(id, price=1000, available=id != "awaited")
    shop.look("anna", "looked")
    shop.basket("b", "anna", bought("b", "basket", 1000))
    shop.awaits("anna", "awaited")
    shop.pull()
    return shop


def prices(shop: Shop, price: int) -> None:
    for id in ("looked", "basket", "other"):
        shop.change(id, price=Decimal(price))
    shop.pull()


def test_what_became_cheaper_is_shown_with_the_old_price(wanted: Shop) -> None:
    prices(wanted, 900)
    [facts] = wanted.ask("price_drop", "anna")
    assert facts
    assert [(card.id, card.price, card.old_price) for card in facts["cards"]] == [
        ("basket", 900, 1000),
        ("looked", 900, 1000),
    ]


def test_two_drops_are_told_from_the_first_price(wanted: Shop) -> None:
    prices(wanted, 900)
    wanted.now += timedelta(days=1)
    prices(wanted, 800)
    [facts] = wanted.ask("price_drop", "anna", limit=1)
    assert facts
    assert facts["cards"][0].old_price == 1000


def test_a_price_that_rose_again_is_no_drop(wanted: Shop) -> None:
    prices(wanted, 900)
    prices(wanted, 1000)
    assert wanted.ask("price_drop", "anna", percent=0) == [None]


def test_a_drop_of_long_ago_or_of_too_little_is_not_shown(wanted: Shop) -> None:
    prices(wanted, 960)
    assert wanted.ask("price_drop", "anna", percent=5) == [None]
    assert wanted.shown("price_drop", "anna", percent=4)
    wanted.now += timedelta(days=8)
    assert wanted.ask("price_drop", "anna") == [None]


def test_what_is_sold_out_or_bought_is_not_called_cheap(wanted: Shop) -> None:
    wanted.order("1", "anna", "looked")
    wanted.change("basket", available=False)
    prices(wanted, 900)
    assert wanted.ask("price_drop", "anna") == [None]


def test_what_is_awaited_and_there_again_is_shown(wanted: Shop) -> None:
    assert wanted.ask("back_in_stock", "anna") == [None]
    wanted.change("awaited", available=True)
    wanted.pull()
    assert wanted.shown("back_in_stock", "anna") == ["awaited"]
    wanted.person("boris")
    wanted.pull()
    assert wanted.ask("back_in_stock", "boris") == [None]


def test_what_is_gone_again_or_was_back_long_ago_is_not_shown(wanted: Shop) -> None:
    wanted.change("awaited", available=True)
    wanted.pull()
    wanted.now += timedelta(days=8)
    assert wanted.ask("back_in_stock", "anna") == [None]
    assert wanted.shown("back_in_stock", "anna", days=9) == ["awaited"]
    wanted.change("awaited", available=False)
    wanted.pull()
    assert wanted.ask("back_in_stock", "anna", days=9) == [None]


@pytest.mark.parametrize("code", ["price_drop", "back_in_stock"])
def test_a_batch_takes_a_bounded_number_of_statements(wanted: Shop, code: str) -> None:
    for number in range(200):
        wanted.person(f"p{number}")
        wanted.look(f"p{number}", "looked")
    prices(wanted, 900)
    wanted.ask(code, *(wanted.reader(f"p{number}") for number in range(200)))
    assert len(wanted.statements) <= 9
