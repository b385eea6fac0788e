"""Viewed products: what the person looked at, not bought since, and still to be had."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.blocks.conftest import Shop


@pytest.fixture
def looked(shop: Shop) -> Shop:
    """Anna looked at five products; 1 first and most often, 5 last."""
    for number in range(1, 6):
        shop.product(str(number), section="10" if number < 4 else "20")
        shop.look("anna", str(number), days_ago=10 - number, count=10 - number)
    return shop


def test_the_last_looked_at_stands_first(looked: Shop) -> None:
    looked.pull()
    assert looked.shown("viewed", "anna", limit=3) == ["5", "4", "3"]


def test_the_most_looked_at_stands_first_when_asked(looked: Shop) -> None:
    looked.pull()
    assert looked.shown("viewed", "anna", limit=2, sort="count") == ["1", "2"]


def test_what_cannot_be_bought_is_left_out(looked: Shop) -> None:
    looked.change("5", available=False)
    looked.change("4", active=False)
    looked.change("3", price=None)
    looked.pull()
    assert looked.shown("viewed", "anna") == ["2", "1"]


def test_what_was_bought_since_is_left_out(looked: Shop) -> None:
    looked.order("1", "anna", "5", days_ago=1)
    looked.order("2", "anna", "4", days_ago=100)  # looked at again after that
    looked.order("3", "anna", "3", days_ago=1, cancelled_at=looked.now)
    looked.pull()
    assert looked.shown("viewed", "anna", limit=3) == ["4", "3", "2"]


def test_a_bought_offer_leaves_its_product_out(looked: Shop) -> None:
    looked.product("51", parent="5")
    looked.order("1", "anna", "51", days_ago=1)
    looked.pull()
    assert "5" not in looked.shown("viewed", "anna")


def test_two_offers_of_one_product_are_shown_once(shop: Shop) -> None:
    for offer in ("11", "12"):
        shop.product(offer, parent="1")
        shop.look("anna", offer, days_ago=int(offer))
    shop.pull()
    assert shop.shown("viewed", "anna") == ["11"]


def test_old_looks_do_not_count(looked: Shop) -> None:
    looked.pull()
    assert looked.shown("viewed", "anna", days=6) == ["5"]
    assert looked.ask("viewed", "anna", days=1) == [None]


def test_goods_are_filtered_by_catalogue_section_and_property(shop: Shop) -> None:
    shop.product("1", catalogue="2", section="10", properties={"BRAND": "Север", "TAGS": ["хит", "новинка"]})
    shop.product("2", catalogue="3", section="11", sections=("11", "10"), properties={"BRAND": "Юг"})
    shop.product("21", catalogue="9", parent="2")
    for product in ("1", "2", "21"):
        shop.look("anna", product)
    shop.person("boris")
    shop.look("boris", "21")
    shop.pull()
    assert shop.shown("viewed", "anna", catalogue=2) == ["1"]
    assert shop.shown("viewed", "anna", catalogue=["3"]) == ["2"]
    assert shop.shown("viewed", "boris", catalogue=3) == ["21"], "an offer is where its product is"
    assert sorted(shop.shown("viewed", "anna", section="10")) == ["1", "2"]
    assert shop.shown("viewed", "anna", section="11") == ["2"]
    assert shop.shown("viewed", "anna", property={"BRAND": "Север"}) == ["1"]
    assert shop.shown("viewed", "anna", property={"TAGS": ["подарок", "хит"]}) == ["1"]
    assert shop.shown("viewed", "anna", property={"TAGS": "хит", "BRAND": "Юг"}) == []


def test_each_reader_sees_their_own(looked: Shop) -> None:
    looked.person("boris")
    looked.look("boris", "1")
    looked.pull()
    assert looked.shown("viewed", "boris") == ["1"]
    assert looked.shown("viewed", "nobody") == []


def test_looks_of_someone_whose_contact_is_not_known_are_found_by_the_person(looked: Shop) -> None:
    looked.pull()
    preview = replace(looked.reader("anna"), contact_id=0)
    assert looked.shown("viewed", preview, limit=1) == ["5"]
    stranger = replace(looked.reader("anna"), contact_id=999_999)
    assert looked.shown("viewed", stranger) == [], "the looks of the person belong to another contact"


def test_a_batch_of_two_hundred_takes_three_statements_at_most(looked: Shop) -> None:
    for number in range(200):
        looked.person(f"p{number}")
        looked.look(f"p{number}", str(number % 5 + 1))
    looked.pull()
    readers = [looked.reader(f"p{number}") for number in range(200)]
    assert all(looked.ask("viewed", *readers))
    assert len(looked.statements) <= 3
