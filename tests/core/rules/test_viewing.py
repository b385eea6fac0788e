"""The word about looks at products: which, how often, and whether a basket or an order followed."""

from __future__ import annotations

from typing import Any

import pytest

from core import groups
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, SECOND, Shop, ago, line


def test_looks_are_added_up(shop: Shop) -> None:
    shop.view("a", "1", ago(1), count=2)
    shop.view("a", "2", ago(1))
    shop.view("b", "1", ago(1), count=2)
    shop.view("future", "1", NOW + SECOND)
    shop.people("none")
    assert shop.whom({"viewed": {}}) == ["a", "b"]
    assert shop.whom({"viewed": {"at_least": 3}}) == ["a"]
    assert shop.whom({"viewed": {"at_most": 2}}) == ["b", "future", "none"]
    assert shop.whom({"viewed": {"product": 1, "equals": 2}}) == ["a", "b"]
    assert shop.values({"viewed": {}}) == {"a": 3, "b": 2, "future": 0, "none": 0}


def test_a_period_takes_its_very_first_second(shop: Shop) -> None:
    shop.view("inside", "1", ago(7))
    shop.view("outside", "1", ago(7) - SECOND)
    assert shop.whom({"viewed": {"within_days": 7}}) == ["inside"]
    assert shop.whom({"viewed": {"within_days": 7, "at_most": 0}}) == ["outside"]


def test_which_products_were_viewed(shop: Shop) -> None:
    shop.product("10", section="1", catalogue="2", price=None)
    shop.product("11", parent="10", section="1", catalogue="3", price=5000, currency="RUB")
    shop.product("20", section="4", catalogue="2", price=5000, currency="USD")
    shop.view("parent", "10")
    shop.view("offer", "11")
    shop.view("dollars", "20")
    shop.view("removed", "99")
    assert shop.whom({"viewed": {"product": 10}}) == ["offer", "parent"]
    assert shop.whom({"viewed": {"section": 1}}) == ["offer", "parent"]
    assert shop.whom({"viewed": {"catalogue": [2]}}) == ["dollars", "offer", "parent"]
    assert shop.whom({"viewed": {"product": 99}}) == ["removed"]
    assert shop.whom({"viewed": {"price_from": 5000}}) == ["offer"]
    assert shop.whom({"viewed": {"price_from": 5001}}) == []
    assert shop.whom({"viewed": {"price_from": 1, "section": 4}}) == []


def test_looks_after_which_nothing_was_ordered(shop: Shop) -> None:
    shop.view("left", "1", ago(1))
    shop.view("before", "1", ago(1))
    shop.order("before", ago(1))
    shop.view("after", "1", ago(1))
    shop.view("after", "2", ago(0.1))
    shop.order("after", ago(1) + SECOND)
    shop.view("cancelled", "1", ago(1))
    shop.order("cancelled", ago(0.5), cancelled_at=ago(0.4))
    assert shop.whom({"viewed": {"product": 1, "without": "order"}}) == ["before", "cancelled", "left"]
    assert shop.whom({"viewed": {"without": "order"}}) == ["after", "before", "cancelled", "left"]
    asked = {"viewed": {"without": "order"}}
    assert shop.values(asked) == {"left": 1, "before": 1, "after": 1, "cancelled": 1}


def test_looks_at_what_lies_in_no_basket(shop: Shop) -> None:
    shop.product("10")
    shop.product("11", parent="10")
    shop.view("itself", "10")
    shop.basket("itself", NOW, line("7"), line("10"))
    shop.view("offer", "10")
    shop.basket("offer", NOW, line("11", delayed=True))
    shop.view("other", "10")
    shop.basket("other", NOW, line("7"))
    shop.view("none", "10")
    assert shop.whom({"viewed": {"without": "basket"}}) == ["none", "other"]
    assert shop.whom({"viewed": {"product": 10, "without": "basket"}}) == ["none", "other"]


def test_the_basket_of_another_shop_holds_another_product(shop: Shop) -> None:
    shop.view("a", "10")
    assert shop.whom({"viewed": {"without": "basket"}}) == ["a"]
    other = Shop(shop.engine)
    other.source.name = "other"
    other.basket("a", NOW, line("10"))
    assert other.whom({"viewed": {"without": "basket"}}) == ["a"]


def test_looks_that_neither_a_basket_nor_an_order_followed(shop: Shop) -> None:
    shop.view("basket", "1", ago(1))
    shop.basket("basket", NOW, line("1"))
    shop.view("order", "1", ago(1))
    shop.order("order", NOW)
    shop.view("left", "1", ago(1))
    assert shop.whom({"viewed": {"without": "basket"}}) == ["left", "order"]
    assert shop.whom({"viewed": {"without": "order"}}) == ["basket", "left"]
    assert shop.whom({"viewed": {"without": "either"}}) == ["left"]


def test_an_explanation_says_which_looks(shop: Shop) -> None:
    asked = {"section": 12, "within_days": 7, "price_from": 5000, "without": "either", "at_least": 2}
    assert shop.told({"viewed": asked}) == (
        "Views: section 12, in the last 7 days, of a price from 5000,"
        " neither put into the basket nor anything ordered since then, must be at least 2"
    )


@pytest.mark.parametrize("value", [True, {"without": "letter"}, {"price_from": -1}, {"product": []}, {"never": True}])
def test_a_value_not_understood_is_refused(value: Any) -> None:
    with pytest.raises(Misconfigured, match="viewed"):
        groups.checked(Group("g", "g", {"viewed": value}), MOSCOW)


def test_before_a_sending_views_and_what_could_follow_them_must_be_fresh() -> None:
    fresh = groups.kinds([Group("g", "g", {"viewed": {}})])
    assert {Kind.VIEWS, Kind.BASKETS, Kind.ORDERS} <= fresh
