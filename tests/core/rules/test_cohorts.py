"""Words about cohorts: the month of coming, the days until the first order, and discount hunters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core import groups
from core.errors import Misconfigured
from core.groups import Group
from core.rules import World
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, SECOND, Shop, ago, line

APRIL = datetime(2026, 3, 31, 21, 0, tzinfo=UTC)  # midnight in Moscow
LONDON = World(NOW, "Europe/London")


def test_days_from_registration_to_the_first_order(shop: Shop) -> None:
    shop.person("week", registered_at=ago(30))
    shop.order("week", ago(23))
    shop.order("week", ago(1))
    shop.person("guest_first", registered_at=ago(5))
    shop.order("guest_first", ago(10), person="")
    shop.person("never", registered_at=ago(30))
    shop.person("unknown", registered_at=None)
    shop.order("unknown", ago(1))
    shop.person("cancelled", registered_at=ago(30))
    shop.order("cancelled", ago(29), cancelled_at=ago(28))
    shop.person("future", registered_at=ago(1))
    shop.order("future", NOW + SECOND)
    nothing = dict.fromkeys(("never", "unknown", "cancelled", "future"))
    assert shop.values({"days_to_first_order": {"at_most": 7}}) == {"week": 7, "guest_first": -5, **nothing}
    assert shop.whom({"days_to_first_order": {"at_most": 7}}) == ["guest_first", "week"]
    assert shop.whom({"days_to_first_order": {"equals": 7}}) == ["week"]
    assert shop.whom({"days_to_first_order": {"less_than": 7, "at_least": 0}}) == []


def test_who_registers_tomorrow_has_no_days_today(shop: Shop) -> None:
    shop.person("tomorrow", registered_at=NOW + SECOND)
    shop.order("tomorrow", NOW, person="")
    assert shop.whom({"days_to_first_order": {"at_most": 7}}) == []


def test_each_account_of_an_address_has_its_own_days(shop: Shop) -> None:
    shop.person("old", email="home@shop.ru", registered_at=ago(100))
    shop.person("new", email="HOME@shop.ru", registered_at=ago(10))
    shop.order("home", ago(3), person="new", email="home@shop.ru")
    assert shop.values({"days_to_first_order": {"at_most": 7}}) == {"home": 97, "HOME": 7}
    assert shop.whom({"days_to_first_order": {"at_most": 7}}) == ["home"]
    assert shop.whom({"days_to_first_order": {"at_most": 6}}) == []


def test_the_month_of_the_first_order_is_the_worlds(shop: Shop) -> None:
    shop.order("april", APRIL)
    shop.order("march", APRIL - SECOND)
    shop.order("march", ago(1))
    shop.order("december", datetime(2025, 12, 31, 20, 59, 59, tzinfo=UTC))
    shop.order("cancelled", APRIL, cancelled_at=NOW)
    shop.people("none")
    assert shop.whom({"first_order_month": "2026-04"}) == ["april"]
    assert shop.whom({"first_order_month": "2026-03"}) == ["march"]
    assert shop.whom({"first_order_month": ["2025-12", "2026-04"]}) == ["april", "december"]
    assert shop.whom({"first_order_month": "2026-03"}, world=LONDON) == ["april", "march"]
    found = shop.values({"first_order_month": "2026-04"})
    assert (found["april"], found["cancelled"], found["none"]) == (APRIL, None, None)


def test_the_month_of_registration_is_the_worlds(shop: Shop) -> None:
    shop.person("april", registered_at=APRIL)
    shop.person("march", registered_at=APRIL - SECOND)
    shop.person("future", registered_at=NOW + SECOND)
    shop.person("unknown")
    assert shop.whom({"registered_month": "2026-04"}) == ["april"]
    assert shop.whom({"registered_month": ["2026-03", "2026-04"]}) == ["april", "march"]
    assert shop.whom({"registered_month": "2026-11"}) == []
    assert shop.values({"registered_month": "2026-11"})["april"] == APRIL


def test_discount_hunters_bought_at_lowered_prices_only(shop: Shop) -> None:
    low = line("1", price=90, base_price=100)
    full = line("2", price=100, base_price=100)
    shop.order("hunter", ago(2), lines=(low, low))
    shop.order("hunter", ago(1), lines=(full,), coupons=("X",))
    shop.order("mixed_order", ago(1), lines=(low, full))
    shop.order("mixed_orders", ago(2), lines=(low,))
    shop.order("mixed_orders", ago(1), lines=(full, full))
    shop.order("unknown", ago(1), lines=(line("3"),))
    shop.order("no_lines", ago(1))
    shop.order("cancelled", ago(1), lines=(low,))
    shop.order("cancelled", ago(1), lines=(full,), cancelled_at=ago(0.5))
    shop.order("future", NOW + SECOND, lines=(low,))
    shop.people("none")
    assert shop.whom({"bought_on_sale_only": True}) == ["cancelled", "hunter"]
    others = ["mixed_order", "mixed_orders", "no_lines", "unknown"]
    assert shop.whom({"bought_on_sale_only": False}) == others
    found = {"hunter": 0, "cancelled": 0, **dict.fromkeys(others, 1), "future": None, "none": None}
    assert shop.values({"bought_on_sale_only": True}) == found
    assert shop.told({"bought_on_sale_only": True}) == "Orders at the full price, must be exactly 0"


@pytest.mark.parametrize(
    "tree",
    [
        {"days_to_first_order": {}},
        {"days_to_first_order": {"within_days": 5}},
        {"first_order_month": "2026-13"},
        {"first_order_month": "march"},
        {"first_order_month": []},
        {"registered_month": ["2026-3"]},
        {"registered_month": 2026},
        {"bought_on_sale_only": 1},
        {"bought_on_sale_only": {}},
    ],
)
def test_a_value_not_understood_is_refused(tree: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=next(iter(tree))):
        groups.checked(Group("g", "g", tree), MOSCOW)
