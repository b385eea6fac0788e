"""Forgotten basket: what lies in it and can still be bought, at the price of today."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.block import Facts
from core.model import Kind
from tests.blocks.conftest import Shop, bought


@pytest.fixture
def filled(shop: Shop) -> Shop:
    for id in ("kettle", "cup", "tea", "sold"):
        shop.product(id, price=100, available=id != "sold")
    return shop


def told(shop: Shop, **settings: Any) -> Facts:
    shop.pull()
    [facts] = shop.ask("forgotten_basket", "anna", **settings)
    assert facts
    return facts


def test_only_what_can_be_bought_and_is_not_put_off_is_shown(filled: Shop) -> None:
    lines = (
        bought("b", "kettle", quantity=2),
        bought("b", "cup", buyable=False),
        bought("b", "tea", delayed=True),
        bought("b", "sold"),
        bought("b", "by-hand", 7, name="Упаковка"),
    )
    filled.basket("b", "anna", *lines)
    facts = told(filled)
    assert [(one.name, one.quantity) for one in facts["lines"]] == [("Товар kettle", "2"), ("Упаковка", "1")]
    assert (facts["total"], facts["currency"], facts["more"]) == (Decimal(207), "RUB", 0)
    assert facts["link"] == "https://shop.ru/personal/cart/"


def test_a_basket_with_nothing_to_buy_is_not_shown(filled: Shop) -> None:
    filled.basket("b", "anna", bought("b", "sold"))
    filled.pull()
    assert filled.ask("forgotten_basket", "anna") == [None]


@pytest.mark.parametrize(
    ("price", "base", "now", "shown", "old", "was"),
    [
        (100, None, 100, 100, None, None),
        (100, None, 90, 90, 100, None),
        (100, None, 120, 120, None, 100),
        (80, 100, 100, 80, 100, None),  # the reader's own discount stays while the list price does
        (80, 100, 70, 70, 80, None),
        (80, 100, 120, 120, None, 80),
        (80, 100, 80, 80, None, None),
    ],
)
def test_the_price_of_today_is_shown_beside_that_of_then(
    filled: Shop, price: int, base: int | None, now: int, shown: int, old: int | None, was: int | None
) -> None:
    filled.basket("b", "anna", bought("b", "kettle", price, 3, base_price=base and Decimal(base)))
    filled.change("kettle", price=Decimal(now))
    facts = told(filled)
    [line] = facts["lines"]
    assert (line.price, line.old_price, line.was) == (shown, old, was)
    assert facts["total"] == 3 * shown


def test_the_same_product_put_in_twice_is_one_line(filled: Shop) -> None:
    again = replace(bought("b", "kettle", quantity="0.5"), external_id="again")
    filled.basket("b", "anna", bought("b", "kettle", quantity=2), again)
    [line] = told(filled)["lines"]
    assert (line.quantity, line.total) == ("2.5", Decimal(250))


def test_the_newest_basket_is_shown_unless_the_letter_is_about_another(filled: Shop) -> None:
    filled.basket("old", "anna", bought("old", "cup"), days_ago=9)
    filled.basket("new", "anna", bought("new", "tea"), days_ago=1)
    assert [one.name for one in told(filled)["lines"]] == ["Товар tea"]
    [facts] = filled.ask("forgotten_basket", filled.reader("anna", subject="old"))
    assert facts
    assert [one.name for one in facts["lines"]] == ["Товар cup"]


def test_a_long_basket_is_cut_and_its_sum_is_of_all(filled: Shop) -> None:
    filled.basket("b", "anna", *(bought("b", f"by-hand-{number}", 10) for number in range(12)))
    facts = told(filled)
    assert (len(facts["lines"]), facts["more"], facts["total"]) == (10, 2, 120)


def test_a_sum_of_two_currencies_is_not_made_up(filled: Shop) -> None:
    filled.basket("b", "anna", bought("b", "kettle"), bought("b", "by-hand", 5, currency="EUR"))
    assert told(filled)["total"] is None
    assert "Итого" not in filled.letter('{{ block("forgotten_basket") }}').text


def test_another_ones_basket_is_never_shown(filled: Shop) -> None:
    filled.person("boris")
    filled.basket("b", "boris", bought("b", "kettle"))
    filled.pull()
    assert filled.ask("forgotten_basket", filled.reader("anna", subject="b")) == [None]


def test_a_batch_takes_a_few_statements(filled: Shop) -> None:
    for number in range(200):
        filled.person(f"p{number}")
        filled.basket(f"b{number}", f"p{number}", bought(f"b{number}", "kettle"))
    filled.pull()
    assert len(filled.source.rows[Kind.BASKETS]) == 200
    assert all(filled.ask("forgotten_basket", *(filled.reader(f"p{number}") for number in range(200))))
    assert len(filled.statements) == 2
