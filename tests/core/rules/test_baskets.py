"""The word about open baskets: goods that can be bought now, how long untouched, and nothing ordered since."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core import db, groups, tables
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, SECOND, Shop, ago, line


def test_a_basket_is_open_while_something_in_it_can_be_bought(shop: Shop) -> None:
    shop.basket("open", NOW, line("1"))
    shop.basket("gift", NOW, line("1", price=0))
    shop.basket("some", NOW, line("1", buyable=False), line("2"))
    shop.basket("sold", NOW, line("1", buyable=False))
    shop.basket("delayed", NOW, line("1", delayed=True), line("2", buyable=False))
    shop.basket("empty", None)
    shop.basket("gone", NOW, line("1"))
    shop.basket("future", NOW + SECOND, line("1"))
    shop.people("none")
    shop.pour()
    with db.writing(shop.engine) as connection:
        gone = sa.update(tables.baskets).where(tables.baskets.c.person == "gone")
        connection.execute(gone.values(gone_at=NOW))
    assert shop.whom({"basket": {}}) == ["gift", "open", "some"]
    assert shop.whom({"not": {"basket": {}}}) == ["delayed", "empty", "future", "gone", "none", "sold"]


def test_how_long_a_basket_lies_untouched(shop: Shop) -> None:
    shop.basket("hour", ago(hours=1), line("1"))
    shop.basket("hour2", ago(hours=1) + SECOND, line("1"))
    shop.basket("day", ago(1), line("1"))
    shop.basket("unknown", None, line("1"), created_at=ago(30))
    assert shop.whom({"basket": {"idle_hours": 1}}) == ["day", "hour", "unknown"]
    assert shop.whom({"basket": {"idle_days": 1}}) == ["day", "unknown"]
    assert shop.whom({"basket": {"idle_less_than_days": 1}}) == ["hour", "hour2"]
    assert shop.whom({"basket": {"idle_hours": 1, "idle_less_than_days": 30}}) == ["day", "hour"]


def test_a_sum_is_that_of_all_open_baskets_in_the_worlds_currency(shop: Shop) -> None:
    shop.basket("two", NOW, line("1", price="33.30"), line("2", price="33.30"))
    shop.basket("two", NOW, line("1", price="33.39", quantity=Decimal("1.00")), line("3", price=9, delayed=True))
    shop.basket("usd", NOW, line("1", price=500, currency="USD"))
    shop.basket("gift", NOW, line("1", price=0))
    shop.people("none")
    assert shop.whom({"basket": {"equals": 99.99}}) == ["two"]
    assert shop.whom({"basket": {"more_than": 99.99}}) == []
    assert shop.whom({"basket": {"at_most": 99.99}}) == ["gift", "two"], "an open basket is asked for"
    found = {"two": Decimal("99.99"), "usd": None, "gift": 0, "none": None}
    assert shop.values({"basket": {"at_least": 1}}) == found
    assert shop.values({"basket": {}})["two"] == Decimal("99.99")


def test_what_lies_in_a_basket(shop: Shop) -> None:
    shop.product("10", section="1", catalogue="2")
    shop.product("11", parent="10", section="5", catalogue="3")
    shop.product("20", section="4", catalogue="2")
    shop.basket("offer", NOW, line("20"), line("11"))
    shop.basket("parent", NOW, line("10"))
    shop.basket("delayed", NOW, line("10", delayed=True), line("20"))
    shop.basket("sold", NOW, line("10", buyable=False), line("20"))
    assert shop.whom({"basket": {"product": 10}}) == ["offer", "parent"]
    assert shop.whom({"basket": {"product": 11}}) == ["offer"]
    assert shop.whom({"basket": {"section": 1}}) == ["offer", "parent"]
    assert shop.whom({"basket": {"section": 5}}) == ["offer"]
    assert shop.whom({"basket": {"catalogue": 2, "section": 4}}) == ["delayed", "offer", "sold"]
    assert shop.values({"basket": {"product": 11}}) == {"offer": 200, "parent": None, "delayed": None, "sold": None}


def test_every_line_of_a_long_basket_is_looked_at(shop: Shop) -> None:
    shortest: dict[str, Any] = {"name": "", "price": Decimal(0), "quantity": Decimal(0), "currency": ""}
    shop.basket("long", NOW, *(line(str(number), **shortest) for number in range(100)))
    for number in (0, 9, 10, 42, 99):
        assert shop.whom({"basket": {"product": number}}) == ["long"], number
    assert shop.whom({"basket": {"product": 100}}) == []


def test_an_abandoned_basket_has_no_order_after_it(shop: Shop) -> None:
    shop.basket("left", ago(1), line("1"))
    shop.basket("before", ago(1), line("1"))
    shop.order("before", ago(1))
    shop.basket("after", ago(1), line("1"))
    shop.order("after", ago(1) + SECOND)
    shop.basket("cancelled", ago(1), line("1"))
    shop.order("cancelled", ago(0.5), cancelled_at=ago(0.4))
    shop.basket("guest", ago(1), line("1"))
    shop.order("guest", ago(0.5), person="")
    assert shop.whom({"basket": {"abandoned": True}}) == ["before", "cancelled", "left"]
    assert shop.values({"basket": {"abandoned": True}})["after"] is None


def test_an_explanation_says_which_basket(shop: Shop) -> None:
    assert shop.told({"basket": {"idle_hours": 2, "more_than": 1000, "abandoned": True}}) == (
        "Open basket: untouched for 2 hours, nothing ordered since then, must be more than 1000"
    )
    assert shop.told({"basket": {}}) == "Open basket, must be any"


@pytest.mark.parametrize(
    "value", [True, 5, {"idle_hours": 0}, {"idle_days": "1"}, {"abandoned": False}, {"never": True}]
)
def test_a_value_not_understood_is_refused(value: Any) -> None:
    with pytest.raises(Misconfigured, match="basket"):
        groups.checked(Group("g", "g", {"basket": value}), MOSCOW)


def test_before_a_sending_baskets_and_orders_must_be_fresh() -> None:
    assert {Kind.BASKETS, Kind.ORDERS} <= groups.kinds([Group("g", "g", {"basket": {}})])
