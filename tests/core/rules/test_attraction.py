"""The word about attraction: the advertisement of the first order or of the account, and what came first."""

from __future__ import annotations

from typing import Any

import pytest

from core import groups
from core.errors import Misconfigured
from core.groups import Group
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, SECOND, Shop, ago


def test_the_marks_of_the_first_order(shop: Shop) -> None:
    shop.order("first", ago(9), properties={"UTM_SOURCE": "Yandex", "UTM_MEDIUM": "cpc"})
    shop.order("first", ago(1), properties={"UTM_SOURCE": "google"})
    shop.order("small", ago(9), properties={"utm_source": "google", "UTM_SOURCE": ""})
    shop.order("cancelled", ago(9), properties={"UTM_SOURCE": "yandex"}, cancelled_at=ago(8))
    shop.order("cancelled", ago(1), properties={"UTM_SOURCE": "vk"})
    shop.order("guest", ago(1), person="", properties={"UTM_SOURCE": "yandex", "UTM_MEDIUM": "cpm"})
    shop.order("later", ago(9))
    shop.order("later", ago(1), properties={"UTM_SOURCE": "yandex"})
    shop.order("future", NOW + SECOND, properties={"UTM_SOURCE": "yandex"})
    shop.people("none")
    assert shop.whom({"attracted_by": {"utm_source": "yandex"}}) == ["cancelled", "first", "guest"]
    assert shop.whom({"attracted_by": {"utm_source": ["google", "vk"]}}) == ["small"]
    assert shop.whom({"attracted_by": {"utm_source": "yandex", "utm_medium": ["CPC"]}}) == ["first"]
    assert shop.whom({"attracted_by": {"utm_campaign": "spring"}}) == []
    found = shop.values({"attracted_by": {"utm_source": "yandex", "utm_medium": "cpc"}})
    assert (found["first"], found["small"], found["none"]) == ("Yandex / cpc", "google / ", " / ")
    assert shop.values({"attracted_by": {"utm_source": "x"}})["later"] == ""


def test_the_marks_of_the_account(shop: Shop) -> None:
    shop.person("marked", attributes={"UF_UTM_SOURCE": "vk", "UF_UTM_CAMPAIGN": "Весна"})
    shop.person("both", attributes={"UF_UTM_SOURCE": "vk"})
    shop.order("both", ago(1), properties={"UTM_SOURCE": "google", "UTM_CAMPAIGN": "Весна"})
    assert shop.whom({"attracted_by": {"utm_source": "vk"}}) == ["both", "marked"]
    assert shop.whom({"attracted_by": {"utm_source": "google"}}) == ["both"]
    assert shop.whom({"attracted_by": {"utm_source": "vk", "utm_campaign": "Весна"}}) == ["marked"], "in one place"
    assert shop.values({"attracted_by": {"utm_source": "vk"}}) == {"marked": "vk", "both": "google"}


def test_how_the_address_became_known(shop: Shop) -> None:
    shop.person("account", registered_at=ago(9))
    shop.order("account", ago(8))
    shop.subscription("account", ago(7))
    shop.person("order", registered_at=ago(8))
    shop.order("order", ago(9))
    shop.person("list", registered_at=ago(8))
    shop.subscription("list", ago(9))
    shop.subscription("undated", None)
    shop.person("dated", registered_at=ago(1))
    shop.subscription("dated", None)
    shop.order("guest", ago(1), person="")
    shop.person("unknown")
    shop.person("future", registered_at=NOW + SECOND)
    assert shop.whom({"attracted_by": {"via": "account"}}) == ["account", "dated"]
    assert shop.whom({"attracted_by": {"via": "order"}}) == ["guest", "order"]
    assert shop.whom({"attracted_by": {"via": "list"}}) == ["list", "undated"]
    found: dict[str, Any] = {
        "account": "account",
        "dated": "account",
        "guest": "order",
        "order": "order",
        "list": "list",
    }
    found |= {"undated": "list", "unknown": None, "future": None}
    assert shop.values({"attracted_by": {"via": "list"}}) == found


def test_of_several_accounts_the_oldest_says_when_the_address_became_known(shop: Shop) -> None:
    shop.person("one", email="home@shop.ru", registered_at=ago(9))
    shop.person("two", email="HOME@shop.ru", registered_at=ago(1))
    shop.order("home", ago(5), person="two", email="home@shop.ru")
    assert shop.whom({"attracted_by": {"via": "order"}}) == []
    assert shop.whom({"attracted_by": {"via": "account"}}) == ["home"]


def test_marks_and_the_way_together(shop: Shop) -> None:
    shop.order("guest", ago(1), person="", properties={"UTM_SOURCE": "vk"})
    shop.person("account", registered_at=ago(9), attributes={"UF_UTM_SOURCE": "vk"})
    asked = {"attracted_by": {"utm_source": "vk", "via": "order"}}
    assert shop.whom(asked) == ["guest"]
    assert shop.values(asked) == {"guest": "vk / order", "account": "vk / account"}
    assert shop.told(asked) == ("Source of attraction, must be utm_source one of: vk, first known by an order")


@pytest.mark.parametrize("value", [{}, "yandex", {"via": "phone"}, {"utm_source": []}, {"utm_term": "x"}])
def test_a_value_not_understood_is_refused(value: Any) -> None:
    with pytest.raises(Misconfigured, match="attracted_by"):
        groups.checked(Group("g", "g", {"attracted_by": value}), MOSCOW)
