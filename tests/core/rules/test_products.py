"""The word about bought goods: products by themselves, by their parents, sections, catalogues and properties."""

from __future__ import annotations

from typing import Any

import pytest

from core import groups
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, SECOND, Shop, ago, line


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A parent with an offer, a plain product in two sections, and one that the catalogue does not have any more."""
    shop.product("10", section="1", sections=("1", "7"), catalogue="2", properties={"BRAND": "Bosch", "TAGS": ["a", 5]})
    shop.product("11", parent="10", section="1", sections=("1", "7"), catalogue="3", properties={"COLOUR": "red"})
    shop.product("20", section="4", sections=("4",), catalogue="2", properties={"BRAND": "Aeg"})
    shop.order("offer", ago(5), lines=(line("11"),))
    shop.order("parent", ago(5), lines=(line("10"), line("10")))
    shop.order("plain", ago(50), lines=(line("20"),))
    shop.order("plain", ago(40), lines=(line("20"), line("99")))
    shop.order("removed", ago(5), lines=(line("99"),))
    shop.order("cancelled", ago(5), lines=(line("10"),), cancelled_at=ago(4))
    shop.order("future", NOW + SECOND, lines=(line("10"),))
    shop.people("none")
    return shop


def test_an_offer_is_bought_as_itself_and_as_its_parent(stocked: Shop) -> None:
    assert stocked.whom({"bought": {"product": 10}}) == ["offer", "parent"]
    assert stocked.whom({"bought": {"product": "11"}}) == ["offer"]
    assert stocked.whom({"bought": {"product": [11, "20"]}}) == ["offer", "plain"]


def test_a_product_that_the_catalogue_does_not_have_any_more_was_bought_all_the_same(stocked: Shop) -> None:
    assert stocked.whom({"bought": {"product": 99}}) == ["plain", "removed"]
    assert stocked.whom({"bought": {"product": 99, "section": 4}}) == [], "nobody knows its section"


def test_sections_catalogues_and_properties(stocked: Shop) -> None:
    for asked, found in (
        ({"section": 1}, ["offer", "parent"]),
        ({"section": "7"}, ["offer", "parent"]),
        ({"section": [4, 9]}, ["plain"]),
        ({"catalogue": 2}, ["offer", "parent", "plain"]),
        ({"catalogue": 3}, ["offer"]),
        ({"property": {"name": "BRAND", "value": "Bosch"}}, ["offer", "parent"]),
        ({"property": {"name": "BRAND", "value": ["Bosch", "Aeg"]}}, ["offer", "parent", "plain"]),
        ({"property": {"name": "TAGS", "value": 5}}, ["offer", "parent"]),
        ({"property": {"name": "COLOUR", "value": "red"}}, ["offer"]),
        ({"property": {"name": "NOTHING", "value": "red"}}, []),
        ({"catalogue": 2, "property": {"name": "COLOUR", "value": "red"}}, ["offer"]),
        ({"section": 4, "catalogue": 3}, []),
    ):
        assert stocked.whom({"bought": asked}) == found, asked


def test_orders_are_counted_and_not_their_lines(stocked: Shop) -> None:
    assert stocked.whom({"bought": {"catalogue": 2, "at_least": 2}}) == ["plain"]
    everybody = {"offer": 1, "parent": 1, "plain": 2, "removed": 0, "cancelled": 0, "future": 0, "none": 0}
    assert stocked.values({"bought": {"catalogue": 2}}) == everybody


def test_bought_in_a_period_and_in_orders_of_a_kind(stocked: Shop) -> None:
    assert stocked.whom({"bought": {"catalogue": 2, "within_days": 40}}) == ["offer", "parent", "plain"]
    assert stocked.whom({"bought": {"catalogue": 2, "within_days": 39}}) == ["offer", "parent"]
    assert stocked.whom({"bought": {"catalogue": 2, "paid": True}}) == []


def test_never_bought(stocked: Shop) -> None:
    others = ["cancelled", "future", "none", "removed"]
    assert stocked.whom({"bought": {"catalogue": 2, "never": True}}) == others
    assert stocked.whom({"bought": {"product": 20, "never": True, "within_days": 30}}) == sorted(
        [*others, "offer", "parent", "plain"]
    )


def test_two_shops_may_give_one_number_to_two_products(shop: Shop) -> None:
    shop.product("10", section="1")
    shop.order("a", lines=(line("10"),))
    assert shop.whom({"bought": {"section": 1}}) == ["a"]
    other = Shop(shop.engine)
    other.source.name = "other"
    other.product("10", section="2")
    other.order("b", lines=(line("10"),))
    assert other.whom({"bought": {"section": 1}}) == ["a"]
    assert other.whom({"bought": {"section": 2}}) == ["b"]


def test_an_explanation_names_the_goods(shop: Shop) -> None:
    asked = {"section": [12, 15], "property": {"name": "BRAND", "value": "Bosch"}, "within_days": 30, "never": True}
    assert shop.told({"bought": asked}) == (
        "Orders with section 12, 15, property BRAND = Bosch, in the last 30 days, must be at most 0"
    )


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"within_days": 5},
        {"product": []},
        {"product": True},
        {"product": 1.5},
        {"section": ""},
        {"product": 1, "never": True, "at_least": 2},
        {"property": {"name": "BRAND"}},
        {"property": {"name": "B'; --", "value": "x"}},
        "10",
    ],
)
def test_a_value_not_understood_is_refused(value: Any) -> None:
    with pytest.raises(Misconfigured, match="bought"):
        groups.checked(Group("g", "g", {"bought": value}), MOSCOW)


def test_before_a_sending_orders_and_products_must_be_fresh() -> None:
    assert {Kind.ORDERS, Kind.PRODUCTS} <= groups.kinds([Group("g", "g", {"bought": {"product": 1}})])
