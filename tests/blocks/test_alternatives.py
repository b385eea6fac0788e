"""Similar products: of the same section, at nearly the same price, most shown first."""

from __future__ import annotations

import pytest

from tests.blocks.conftest import Shop, bought


@pytest.fixture
def shelves(shop: Shop) -> Shop:
    """Kettles of 100 that are like each other, one too dear, and a section of lamps."""
    for number in range(1, 5):
        shop.product(f"kettle{number}", price=80 + 10 * number, shows=number, section="10")
    shop.product("dear", price=300, shows=99, section="10")
    shop.product("away", price=100, shows=98, section="10", available=False)
    shop.product("lamp1", price=100, section="20")
    shop.product("lamp2", price=100, section="20")
    shop.look("anna", "kettle1")
    return shop


def test_the_last_look_is_the_measure_where_there_is_no_basket(shelves: Shop) -> None:
    shelves.pull()
    assert shelves.shown("alternatives", "anna") == ["kettle3", "kettle2"], "90 and 30 percent more are 117"


def test_the_basket_is_the_measure_before_the_last_look(shelves: Shop) -> None:
    shelves.basket("b", "anna", bought("b", "lamp1"), bought("b", "kettle2"))
    shelves.pull()
    assert shelves.shown("alternatives", "anna") == ["lamp2", "kettle4", "kettle3", "kettle1"]
    assert shelves.shown("alternatives", "anna", to="viewed") == ["kettle3", "kettle2"]


def test_the_product_that_the_letter_is_about_is_the_measure_before_all(shelves: Shop) -> None:
    shelves.basket("kettle2", "anna", bought("b", "kettle2"))
    shelves.pull()
    assert shelves.shown("alternatives", shelves.reader("anna", subject="lamp2")) == ["lamp1"]
    about_the_basket = shelves.reader("anna", subject="kettle2")  # a basket may have the number of a product
    assert "kettle2" not in shelves.shown("alternatives", about_the_basket)


def test_what_the_reader_has_bought_is_no_alternative(shelves: Shop) -> None:
    shelves.order("1", "anna", "kettle2")
    shelves.pull()
    assert shelves.shown("alternatives", "anna") == ["kettle3"]


def test_without_a_measure_there_is_nothing_to_show(shelves: Shop) -> None:
    shelves.person("boris")
    shelves.pull()
    assert shelves.ask("alternatives", "boris") == [None]
    assert shelves.ask("alternatives", "boris", to="product") == [None]


def test_a_batch_takes_a_bounded_number_of_statements(shelves: Shop) -> None:
    for number in range(200):
        shelves.person(f"p{number}")
        shelves.look(f"p{number}", "kettle1")
    shelves.pull()
    assert all(shelves.ask("alternatives", *(shelves.reader(f"p{number}") for number in range(200))))
    assert len(shelves.statements) <= 10
