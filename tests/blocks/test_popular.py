"""Popular products and what others chose: counted from orders, with numbers that are real."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.blocks.conftest import Shop


@pytest.fixture
def sold(shop: Shop) -> Shop:
    """Cups in three orders of three buyers, tea in four orders of one."""
    for id, section in (("cup", "10"), ("tea", "20"), ("old", "10"), ("never", "10")):
        shop.product(id, section=section)
    for who in ("boris", "vera", "gleb"):
        shop.person(who)
        shop.order(f"cup-{who}", who, "cup")
    for number in range(4):
        shop.order(f"tea-{number}", "gleb", "tea")
    for number in range(9):
        shop.order(f"old-{number}", "gleb", "old", days_ago=50)
    shop.order("cancelled", "vera", "never", cancelled_at=shop.now)
    return shop


def test_what_is_in_most_orders_of_late_stands_first(sold: Shop) -> None:
    sold.pull()
    assert sold.shown("popular", "anna") == ["tea", "cup"]
    assert sold.shown("popular", "anna", days=60) == ["old", "tea", "cup"]
    assert sold.shown("popular", "anna", section="10") == ["cup"]
    assert sold.ask("popular", "anna", section="99") == [None]


def test_the_section_is_that_of_the_letter_else_that_of_the_last_look(sold: Shop) -> None:
    sold.look("vera", "tea")
    sold.pull()
    about = replace(sold.reader("anna"), subject="10")
    assert sold.shown("popular", about, same_section=True, days=60) == ["old", "cup"]
    assert sold.shown("popular", replace(about, subject="99"), same_section=True) == []
    assert sold.shown("popular", "vera", same_section=True) == ["tea"]
    assert sold.ask("popular", "anna", about, same_section=True)[0] is None, "looked at nothing"
    assert sold.shown("popular", replace(sold.reader("vera"), subject="10"), same_section=True) == [], "has it"


def test_what_the_reader_has_is_left_out(sold: Shop) -> None:
    sold.pull()
    assert sold.shown("popular", "vera") == ["tea"]
    assert sold.shown("popular", "vera", exclude_bought=False) == ["tea", "cup"]


def test_offers_are_counted_together_and_one_that_is_to_be_had_is_shown(sold: Shop) -> None:
    sold.product("mug", available=False)
    sold.product("red", parent="mug", available=False)
    sold.product("blue", parent="mug")
    for number in range(3):
        sold.order(f"red-{number}", "boris", "red")
        sold.order(f"blue-{number}", "vera", "blue")
    sold.pull()
    assert sold.shown("popular", "anna", limit=1) == ["blue"]


def test_the_number_of_buyers_is_that_of_people_not_of_orders(sold: Shop) -> None:
    sold.pull()
    [facts] = sold.ask("social_proof", "anna", buyers=1)
    assert facts
    assert [(card.id, card.count) for card in facts["cards"]] == [("tea", 1), ("cup", 3)]
    assert sold.shown("social_proof", "anna") == ["cup"], "three buyers at least"
    assert sold.ask("social_proof", "anna", buyers=4) == [None]


def test_the_best_rated_are_shown_with_their_rating(sold: Shop) -> None:
    sold.change("cup", properties={"RATING": "4.80"})
    sold.change("tea", properties={"RATING": 4.95})
    sold.change("never", properties={"RATING": "хорошо"})
    sold.change("old", properties={"RATING": "0"})
    sold.pull()
    [facts] = sold.ask("social_proof", "anna", rating="RATING")
    assert facts
    assert [(card.id, card.note, card.count) for card in facts["cards"]] == [("tea", "5", 0), ("cup", "4,8", 3)]


def test_two_hundred_readers_take_as_many_statements_as_one(sold: Shop) -> None:
    for number in range(200):
        sold.person(f"p{number}")
    sold.pull()
    readers = [sold.reader(f"p{number}") for number in range(200)]
    answers = sold.ask("social_proof", *readers)
    assert len({id(one) for one in answers}) == 1
    assert len(sold.statements) <= 2
    sold.ask("popular", *readers)
    assert len(sold.statements) <= 4
