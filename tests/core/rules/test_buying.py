"""Words about orders: exactly those whose orders are meant, and the sums that an explanation shows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core import groups
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind, Shipment
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, SECOND, Shop, ago


def test_a_period_takes_its_very_first_second_and_not_the_one_before(shop: Shop) -> None:
    shop.order("inside", ago(90))
    shop.order("outside", ago(90) - SECOND)
    shop.people("none")
    assert shop.whom({"ordered": {"within_days": 90}}) == ["inside"]
    assert shop.whom({"ordered": {"more_than_days": 90}}) == ["inside", "outside"]
    assert shop.whom({"ordered": {"within_days": 90, "at_most": 0}}) == ["none", "outside"]


def test_an_order_of_tomorrow_is_not_known_today(shop: Shop) -> None:
    shop.order("later", NOW + SECOND)
    shop.order("now", NOW)
    assert shop.whom({"ordered": True}) == ["now"]
    assert shop.whom({"ordered": {"after": "2026-01-01"}}) == ["now"]
    assert shop.whom({"ordered": False}) == ["later"]


def test_an_order_counts_until_the_moment_at_which_it_was_cancelled(shop: Shop) -> None:
    shop.order("a", ago(10), cancelled_at=ago(5))
    assert shop.whom({"ordered": True}) == []
    assert shop.whom({"ordered": True}, world=replace(MOSCOW, now=ago(5))) == []
    assert shop.whom({"ordered": True}, world=replace(MOSCOW, now=ago(5) - SECOND)) == ["a"]


def test_guests_orders_and_those_of_another_account_with_the_address_count_together(shop: Shop) -> None:
    shop.person("one", email="home@shop.ru")
    shop.person("two", email="HOME@shop.ru")
    shop.order("one", ago(3), email="home@shop.ru")
    shop.order("two", ago(2), email="home@shop.ru")
    shop.order("home", ago(1), person="")
    assert shop.whom({"ordered": {"equals": 3}}) == ["home"]
    assert shop.values({"ordered": True}) == {"home": 3, "HOME": 3}


def test_what_an_order_is_like(shop: Shop) -> None:
    shop.order("plain", ago(2))
    shop.order("status", ago(2), status="F", completed=True)
    shop.order("paid", ago(2), paid_at=ago(1))
    shop.order("site", ago(2), site="s2")
    shop.order("dear", ago(2), total="5000.00")
    shop.order("dollars", ago(2), total=5000, currency="USD")
    shop.order("till", ago(2), offline=True)
    everybody = ["dear", "dollars", "paid", "plain", "site", "status", "till"]
    for asked, found in (
        ({"status": "F"}, ["status"]),
        ({"status": ["F", "X"]}, ["status"]),
        ({"completed": True}, ["status"]),
        ({"paid": True}, ["paid"]),
        ({"site": "s2"}, ["site"]),
        ({"total_from": 5000}, ["dear"]),
        ({"total_from": 5001}, []),
        ({"offline": True}, ["till"]),
    ):
        assert shop.whom({"ordered": asked}) == found
    for name in ("completed", "paid", "offline"):
        [(other, value)] = {name: False}.items()
        without = shop.whom({"ordered": {other: True}})
        assert shop.whom({"ordered": {other: value}}) == [one for one in everybody if one not in without]
    assert shop.whom({"ordered": {"paid": True}}, world=replace(MOSCOW, now=ago(1) - SECOND)) == []


def test_coupons(shop: Shop) -> None:
    shop.order("spring", coupons=("SPRING",))
    shop.order("two", coupons=("100", "A%B"))
    shop.order("none")
    assert shop.whom({"ordered": {"coupon": True}}) == ["spring", "two"]
    assert shop.whom({"ordered": {"coupon": False}}) == ["none"]
    assert shop.whom({"ordered": {"coupon": "SPRING"}}) == ["spring"]
    assert shop.whom({"ordered": {"coupon": "100"}}) == ["two"]
    assert shop.whom({"ordered": {"coupon": "SPR"}}) == []


def test_the_name_of_the_delivery_is_looked_for_and_nothing_else_of_the_parcel(shop: Shop) -> None:
    shop.order("courier", shipments=(Shipment("1", "Самовывоз"), Shipment("2", "Курьер, 50% скидки")))
    shop.order("post", shipments=(Shipment("3", 'Почта_"Первый класс"', tracking_number="Курьер"),))
    shop.order("none")
    assert shop.whom({"ordered": {"delivery": "Курьер"}}) == ["courier"]
    assert shop.whom({"ordered": {"delivery": "50%"}}) == ["courier"]
    assert shop.whom({"ordered": {"delivery": "а_"}}) == ["post"]
    assert shop.whom({"ordered": {"delivery": '"Первый'}}) == ["post"]
    assert shop.whom({"ordered": {"delivery": "%"}}) == ["courier"], "no sign of LIKE's"
    assert shop.whom({"ordered": {"delivery": "/"}}) == []


def test_sums_count_the_worlds_currency_only(shop: Shop) -> None:
    for _ in range(3):
        shop.order("rub", total="33.33")
    shop.order("mixed", total=50)
    shop.order("mixed", total=1000, currency="USD")
    shop.order("usd", total=1000, currency="USD")
    shop.people("none")
    assert shop.values({"orders_sum": {"at_least": 0}}) == {
        "rub": Decimal("99.99"),
        "mixed": Decimal(50),
        "usd": Decimal(0),
        "none": Decimal(0),
    }
    assert shop.whom({"orders_sum": {"equals": 99.99}}) == ["rub"]
    assert shop.whom({"orders_sum": {"more_than": 99.99}}) == []
    assert shop.whom({"orders_sum": {"less_than": 99.99}}) == ["mixed", "none", "usd"]
    assert shop.whom({"orders_sum": {"at_least": 50}}) == ["mixed", "rub"]
    assert shop.whom({"orders_sum": {"at_least": 50}}, world=replace(MOSCOW, currency="USD")) == ["mixed", "usd"]
    assert shop.whom({"ordered": {"at_least": 2}}) == ["mixed", "rub"], "an order in dollars is an order"


def test_kopecks_are_added_up_exactly(shop: Shop) -> None:
    shop.order("a", total="0.10")
    shop.order("a", total="0.20")
    assert shop.whom({"orders_sum": {"equals": 0.3}}) == ["a"], "in floating point it is 0.30000000000000004"
    assert shop.whom({"orders_sum": {"more_than": 0.3}}) == []


def test_a_sum_of_a_period(shop: Shop) -> None:
    shop.order("a", ago(365), total=70)
    shop.order("a", ago(365) - SECOND, total=40)
    assert shop.values({"orders_sum": {"at_least": 1, "within_days": 365}}) == {"a": 70}
    assert shop.whom({"orders_sum": {"at_least": 70, "at_most": 70, "within_days": 365}}) == ["a"]


def test_the_average_order_of_whoever_has_one(shop: Shop) -> None:
    shop.order("a", total=10)
    shop.order("a", total=11)
    shop.order("a", total=11)
    shop.order("usd", total=5, currency="USD")
    shop.people("none")
    assert shop.values({"average_order": {"at_least": 1}}) == {"a": Decimal("10.67"), "usd": None, "none": None}
    assert shop.whom({"average_order": {"equals": 10.67}}) == ["a"]
    assert shop.whom({"average_order": {"at_most": 1000}}) == ["a"], "nobody's average is 0"
    assert shop.whom({"average_order": {"less_than": 10.67}}) == []


def test_vip_customers(shop: Shop) -> None:
    shop.order("vip", ago(365), total="100000.01")
    shop.order("nearly", ago(1), total=100_000)
    shop.order("once", ago(366), total=900_000)
    assert shop.whom({"vip": {}}) == ["vip"]
    assert shop.whom({"vip": {"at_least": 100_000}}) == ["nearly", "vip"]
    assert shop.whom({"vip": {"more_than": 200_000, "after": "2020-01-01"}}) == ["once"]
    assert shop.whom({"vip": {"within_days": 366}}) == ["once", "vip"]
    assert shop.values({"vip": {}}) == {"vip": Decimal("100000.01"), "nearly": 100_000, "once": 0}
    assert shop.told({"vip": {}}) == "Orders' sum in the last 365 days, must be more than 100000"


def test_first_and_last_orders(shop: Shop) -> None:
    shop.order("regular", ago(100))
    shop.order("regular", ago(30))
    shop.order("new", ago(30) + SECOND)
    shop.order("new", ago(1), cancelled_at=ago(1))
    shop.order("future", NOW + SECOND)
    shop.people("none")
    assert shop.whom({"first_order": {"within_days": 30}}) == ["new"]
    assert shop.whom({"first_order": {"more_than_days": 31}}) == ["regular"]
    assert shop.whom({"last_order": {"more_than_days": 30}}) == ["regular"]
    assert shop.whom({"last_order": {"within_days": 30}}) == ["new", "regular"]
    assert shop.whom({"last_order": {"never": True}}) == ["future", "none"]
    assert shop.whom({"first_order": {"never": True}}) == ["future", "none"]
    nothing = {"future": None, "none": None}
    assert shop.values({"last_order": {"never": True}}) == {
        "regular": ago(30),
        "new": ago(30) + SECOND,
        **nothing,
    }
    assert shop.values({"first_order": {"never": True}})["regular"] == ago(100)


def test_the_last_order_of_a_kind(shop: Shop) -> None:
    shop.order("a", ago(50), offline=True)
    shop.order("a", ago(5))
    shop.order("b", ago(5))
    assert shop.whom({"last_order": {"more_than_days": 10, "offline": True}}) == ["a"]
    assert shop.whom({"last_order": {"never": True, "offline": True}}) == ["b"]


def test_the_anniversary_of_the_first_order(shop: Shop) -> None:
    shop.order("year", ago(365))
    shop.order("today", NOW)
    assert shop.whom({"first_order": {"anniversary_in_days": 0}}) == ["year"]


def test_days_between_orders_are_a_mean_of_two_orders_at_least(shop: Shop) -> None:
    for days in (40, 10, 0):
        shop.order("twenty", ago(days))
    shop.order("once", ago(3))
    shop.order("same", ago(3))
    shop.order("same", ago(3))
    shop.order("hours", ago(1))
    shop.order("hours", ago(0.5))
    shop.people("none")
    found = shop.values({"days_between_orders": {"at_least": 0}})
    assert found == {"twenty": 20, "once": None, "same": 0, "hours": Decimal("0.5"), "none": None}
    assert shop.whom({"days_between_orders": {"equals": 20}}) == ["twenty"]
    assert shop.whom({"days_between_orders": {"at_most": 20}}) == ["hours", "same", "twenty"]
    assert shop.whom({"days_between_orders": {"less_than": 20}}) == ["hours", "same"]
    assert shop.whom({"days_between_orders": {"at_least": 10, "within_days": 10}}) == ["twenty"]


def test_where_the_customer_buys(shop: Shop) -> None:
    shop.order("both", offline=True)
    shop.order("both")
    shop.order("till", offline=True)
    shop.order("site")
    shop.order("site", offline=True, cancelled_at=NOW)
    shop.people("none")
    assert shop.whom({"buys_in": "offline"}) == ["both", "till"]
    assert shop.whom({"buys_in": "online"}) == ["both", "site"]
    assert shop.whom({"buys_in": "both"}) == ["both"]
    assert shop.whom({"buys_in": "only_offline"}) == ["till"]
    assert shop.whom({"buys_in": "only_online"}) == ["site"]
    found = {"both": "both", "till": "only_offline", "site": "only_online", "none": None}
    assert shop.values({"buys_in": "both"}) == found


def test_where_the_customer_bought_lately(shop: Shop) -> None:
    shop.order("a", ago(100), offline=True)
    shop.order("a", ago(10))
    assert shop.whom({"buys_in": {"where": "only_online", "within_days": 30}}) == ["a"]
    assert shop.whom({"buys_in": {"where": "both", "within_days": 30}}) == []


def test_an_explanation_says_which_orders_it_looked_at(shop: Shop) -> None:
    asked: dict[str, Any] = {"within_days": 90, "paid": True, "coupon": "X", "at_least": 2}
    assert shop.told({"ordered": asked}) == ("Orders in the last 90 days, paid, with the coupon X, must be at least 2")
    assert shop.told({"ordered": True}) == "Number of orders, must be at least 1"
    assert shop.told({"last_order": {"within_days": 5, "offline": True}}) == (
        "Last order not made on the site, must be in the last 5 days"
    )


@pytest.mark.parametrize(
    "tree",
    [
        {"orders_sum": {}},
        {"orders_sum": {"within_days": 5}},
        {"average_order": {}},
        {"days_between_orders": {"never": True}},
        {"ordered": {"coupon": ""}},
        {"ordered": {"coupon": 5}},
        {"ordered": {"paid": 1}},
        {"ordered": {"total_from": -1}},
        {"first_order": {}},
        {"first_order": {"offline": True}},
        {"last_order": {"never": True, "within_days": 5}},
        {"buys_in": "shop"},
        {"buys_in": {}},
    ],
)
def test_a_value_not_understood_is_refused(tree: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=next(iter(tree))):
        groups.checked(Group("g", "g", tree), MOSCOW)


def test_before_a_sending_orders_must_be_fresh() -> None:
    trees: list[dict[str, Any]] = [{"vip": {}}, {"last_order": {"never": True}}, {"buys_in": "both"}]
    for asked in trees:
        assert Kind.ORDERS in groups.kinds([Group("g", "g", asked)])
