"""Products that are back or have become cheaper, and who wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.errors import Misconfigured
from core.model import Kind, Subscription
from core.rules.baskets import LINES
from core.scenario import Span
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago, line
from tests.scenarios.anchors.town import HOUR, LONG_AGO, Town

Happen = Callable[..., None]
BACK: dict[str, Any] = {"viewed_days": 30, "in_basket": True}


@pytest.fixture
def goods(town: Town) -> Town:
    """A shoe in two sizes, and a soap."""
    for number, values in {
        "shoe": {"section": "shoes", "catalogue": "1"},
        "shoe-38": {"parent": "shoe", "section": "shoes", "catalogue": "2"},
        "shoe-42": {"parent": "shoe", "section": "shoes", "catalogue": "2"},
        "soap": {"section": "care", "catalogue": "1"},
    }.items():
        town.product(number, **{"price": Decimal(800), "currency": "RUB", "available": True, **values})
    return town


def waits(town: Town, name: str, number: str, at: Any = LONG_AGO, **values: Any) -> None:
    town.people(name)
    list_ = f"awaited:{number}"
    row = Subscription(f"{list_}:{name}", list_, number, f"{name}@shop.ru", person=name, at=at)
    town.source.rows[Kind.SUBSCRIPTIONS].append(replace(row, **values))


def back(town: Town, number: str, hours: float = 5) -> None:
    town.fact("back_in_stock", "", ago(hours=hours), number)


def dropped(town: Town, number: str, hours: float = 5, before: str = "1000.0000", now: str = "800.0000") -> None:
    town.fact("price_dropped", "", ago(hours=hours), number, **{"from": before, "to": now, "currency": "RUB"})


def looked(town: Town, name: str, number: str, at: Any) -> None:
    town.view(name, number, at)


def subjects(town: Town, code: str, **settings: Any) -> list[tuple[str, str]]:
    return [(one.name, one.subject) for one in town.entered(code, **settings)]


# ---- back in stock ----


def test_who_waits_for_a_product_enters_when_it_is_back(goods: Town) -> None:
    waits(goods, "anna", "soap")
    waits(goods, "boris", "shoe-38")
    goods.pour()
    back(goods, "soap")
    [one] = goods.entered("back_in_stock")
    assert (one.name, one.subject, one.at, one.key) == ("anna", "soap", ago(hours=5), "shop/soap/2026-11-23")
    assert (one.entry.source, one.entry.person) == ("shop", "anna")


def test_who_waits_no_more_or_only_since_then_does_not_enter(goods: Town) -> None:
    waits(goods, "anna", "soap", ago(hours=4))
    waits(goods, "boris", "soap", ago(hours=6))
    waits(goods, "vera", "soap", None)
    goods.pour()
    back(goods, "soap")
    assert subjects(goods, "back_in_stock") == [("boris", "soap"), ("vera", "soap")]


def test_who_left_the_list_since_was_on_it_then(goods: Town) -> None:
    waits(goods, "anna", "soap")
    goods.pour()
    goods.source.rows[Kind.SUBSCRIPTIONS].append(
        replace(goods.source.rows[Kind.SUBSCRIPTIONS][0], active=False)  # type: ignore[arg-type]
    )
    goods.poured = False
    goods.pour()
    back(goods, "soap")
    assert subjects(goods, "back_in_stock") == []
    assert subjects(goods, "back_in_stock", world=replace(MOSCOW, now=ago(hours=1))) == [("anna", "soap")]


def test_what_was_sold_out_again_is_not_told(goods: Town) -> None:
    goods.product("lamp", available=False, price=Decimal(1), currency="RUB")
    waits(goods, "anna", "lamp")
    goods.pour()
    back(goods, "lamp", 9)
    goods.fact("out_of_stock", "", ago(hours=5), "lamp")
    assert subjects(goods, "back_in_stock") == []
    assert subjects(goods, "back_in_stock", world=replace(MOSCOW, now=ago(hours=6))) == [("anna", "lamp")]
    assert subjects(goods, "back_in_stock", world=replace(MOSCOW, now=ago(hours=4))) == []


def test_whoever_waits_for_a_size_or_for_the_shoe_enters_by_either(goods: Town) -> None:
    waits(goods, "anna", "shoe-38")
    waits(goods, "boris", "shoe-42")
    waits(goods, "vera", "shoe")
    goods.pour()
    back(goods, "shoe-38", 5)
    assert subjects(goods, "back_in_stock") == [("anna", "shoe-38"), ("vera", "shoe-38")]
    back(goods, "shoe", 5)
    assert subjects(goods, "back_in_stock") == [("anna", "shoe-38"), ("boris", "shoe"), ("vera", "shoe")]


def test_a_size_that_is_not_there_is_not_told_by_the_shoe(goods: Town) -> None:
    goods.product("shoe-45", parent="shoe", available=False)
    waits(goods, "anna", "shoe-45")
    goods.pour()
    back(goods, "shoe")
    assert subjects(goods, "back_in_stock") == []


def test_all_sizes_at_once_are_one_entry(goods: Town) -> None:
    waits(goods, "anna", "shoe")
    waits(goods, "anna", "shoe-38")
    waits(goods, "anna", "soap")
    goods.pour()
    for number, hours in (("shoe-42", 7), ("shoe-38", 6), ("shoe", 6), ("soap", 5)):
        back(goods, number, hours)
    assert [(one.subject, one.at) for one in goods.entered("back_in_stock")] == [
        ("shoe-42", ago(hours=7)),
        ("soap", ago(hours=5)),
    ]
    back(goods, "soap", 100)
    assert len(goods.entered("back_in_stock")) == 3, "another day is another entry"


def test_who_looked_at_it_before_enters_if_that_is_asked_for(goods: Town) -> None:
    looked(goods, "anna", "soap", ago(20))
    looked(goods, "boris", "soap", ago(31))
    looked(goods, "vera", "soap", ago(hours=1))
    looked(goods, "gleb", "shoe", ago(20))
    goods.pour()
    back(goods, "soap")
    assert subjects(goods, "back_in_stock") == []
    assert subjects(goods, "back_in_stock", viewed_days=30) == [("anna", "soap")]
    assert subjects(goods, "back_in_stock", viewed_days=40) == [("anna", "soap"), ("boris", "soap")]


def test_who_looked_again_since_is_known_to_have_looked_before(goods: Town) -> None:
    looked(goods, "anna", "soap", ago(hours=1))
    goods.pour()
    back(goods, "soap")
    assert subjects(goods, "back_in_stock", viewed_days=30) == []
    goods.fact("viewed", "anna", ago(20), "soap")
    assert subjects(goods, "back_in_stock", viewed_days=30) == [("anna", "soap")]
    assert subjects(goods, "back_in_stock", viewed_days=19) == []


def test_who_has_it_in_the_basket_enters_if_that_is_asked_for(goods: Town) -> None:
    goods.basket("anna", ago(10), line("shoe-42", buyable=False), line("soap", delayed=True))
    goods.basket("boris", ago(200), line("soap"))
    goods.basket("vera", ago(10), *(line(f"x{number}") for number in range(LINES - 1)), line("soap"))
    goods.basket("gleb", ago(hours=1), line("shoe"))
    goods.pour()
    back(goods, "soap")
    assert subjects(goods, "back_in_stock") == []
    assert subjects(goods, "back_in_stock", in_basket=True) == [("anna", "soap"), ("vera", "soap")]


def test_only_of_the_wanted_section(goods: Town) -> None:
    waits(goods, "anna", "soap")
    waits(goods, "anna", "shoe-38")
    goods.pour()
    back(goods, "soap")
    back(goods, "shoe-38")
    assert subjects(goods, "back_in_stock", sections="shoes") == [("anna", "shoe-38")]
    assert len(subjects(goods, "back_in_stock", catalogues="1")) == 2, "an offer counts as its parent"


# ---- cheaper ----


def test_who_looked_at_it_or_has_it_in_the_basket_enters_when_it_is_cheaper(goods: Town) -> None:
    looked(goods, "anna", "soap", ago(20))
    looked(goods, "boris", "soap", ago(40))
    goods.basket("vera", ago(40), line("soap"))
    waits(goods, "gleb", "soap")
    goods.pour()
    dropped(goods, "soap")
    assert subjects(goods, "price_dropped") == [("anna", "soap"), ("vera", "soap")]
    assert subjects(goods, "price_dropped", in_basket=False) == [("anna", "soap")]
    assert subjects(goods, "price_dropped", viewed_days=0) == [("vera", "soap")]


def test_it_must_be_cheaper_by_enough(goods: Town) -> None:
    looked(goods, "anna", "soap", ago(20))
    goods.pour()
    dropped(goods, "soap", before="10000.0000", now="9000.0000")  # not compared as texts
    assert subjects(goods, "price_dropped", min_percent=10) == [("anna", "soap")]
    assert subjects(goods, "price_dropped", min_percent=10.5) == []


def test_what_is_dearer_again_or_sold_out_is_not_told(goods: Town) -> None:
    goods.product("lamp", price=Decimal(900), currency="RUB", available=True)
    goods.product("rug", price=Decimal(800), currency="RUB", available=False)
    for number in ("lamp", "rug"):
        looked(goods, "anna", number, ago(20))
    goods.pour()
    for number in ("lamp", "rug"):
        dropped(goods, number)
    assert subjects(goods, "price_dropped") == []
    then = replace(MOSCOW, now=ago(hours=1))
    assert subjects(goods, "price_dropped", world=then) == [("anna", "lamp"), ("anna", "rug")]


def test_a_size_that_is_dearer_is_not_told_by_the_shoe(goods: Town) -> None:
    goods.product("shoe-45", parent="shoe", available=True, price=Decimal(801))
    looked(goods, "anna", "shoe-45", ago(20))
    looked(goods, "boris", "shoe-42", ago(20))
    looked(goods, "vera", "shoe", ago(20))
    goods.pour()
    dropped(goods, "shoe")
    assert subjects(goods, "price_dropped") == [("boris", "shoe"), ("vera", "shoe")]


def test_who_bought_it_after_they_looked_does_not_enter(goods: Town) -> None:
    for name, number, days in (("anna", "soap", 10), ("boris", "soap", 25), ("vera", "shoe-38", 10)):
        looked(goods, name, number.partition("-")[0], ago(20))
        goods.order(name, ago(days), lines=(line(number),))
    goods.pour()
    dropped(goods, "soap")
    dropped(goods, "shoe")
    assert subjects(goods, "price_dropped") == [("boris", "soap")]


def test_a_product_of_the_shop_itself_that_becomes_cheaper(goods: Town) -> None:
    looked(goods, "anna", "soap", ago(20))
    goods.pour()
    rows = goods.source.rows[Kind.PRODUCTS]
    rows.append(replace(rows[3], price=Decimal(600)))  # type: ignore[arg-type]
    goods.poured = False
    goods.pour()
    assert [(one.name, one.subject, one.at) for one in goods.entered("price_dropped")] == [("anna", "soap", NOW)]


# ---- both ----


@pytest.mark.parametrize(("code", "happen"), [("back_in_stock", back), ("price_dropped", dropped)])
def test_what_was_learnt_late_is_asked_alone(goods: Town, code: str, happen: Happen) -> None:
    for number in ("soap", "shoe"):
        looked(goods, "anna", number, ago(20))
    goods.pour()
    happen(goods, "soap", 5)
    before = goods.learnt()
    happen(goods, "shoe", 50)
    span = Span(MOSCOW, LONG_AGO, NOW, learnt=before)
    assert [one.subject for one in goods.asked(code, span, viewed_days=30)] == ["shoe"]


@pytest.mark.parametrize(("code", "happen"), [("back_in_stock", back), ("price_dropped", dropped)])
def test_what_another_source_tells_is_not_meant(goods: Town, code: str, happen: Happen) -> None:
    looked(goods, "anna", "soap", ago(20))
    goods.basket("anna", ago(20), line("soap"))
    waits(goods, "anna", "soap")
    goods.pour()
    goods.fact(code, "", ago(hours=5), "soap", source="other", **{"from": "9", "to": "1", "currency": "RUB"})
    assert goods.entered(code, **BACK) == []
    happen(goods, "soap")
    assert len(goods.entered(code, **BACK)) == 1, "however many wishes they have"


@pytest.mark.parametrize(("code", "happen"), [("back_in_stock", back), ("price_dropped", dropped)])
def test_the_same_number_in_another_shop_is_another_product(goods: Town, code: str, happen: Happen) -> None:
    other = Town(goods.engine, MemorySource("other"))
    looked(other, "anna", "soap", ago(20))
    other.basket("boris", ago(20), line("soap"))
    waits(other, "vera", "soap")
    other.pour()
    goods.pour()
    happen(goods, "soap")
    assert goods.entered(code, **BACK) == []


@pytest.mark.parametrize(("code", "happen"), [("back_in_stock", back), ("price_dropped", dropped)])
def test_an_empty_span_holds_nothing(goods: Town, code: str, happen: Happen) -> None:
    looked(goods, "anna", "soap", ago(20))
    goods.pour()
    happen(goods, "soap")
    assert goods.entered(code, NOW, NOW + HOUR, **BACK) == []
    assert goods.entered(code, ago(hours=4), NOW, **BACK) == []
    assert len(goods.entered(code, **BACK)) == 1


def test_wrong_settings_are_refused(town: Town) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("price_dropped", {"min_percent": 100}, "min_percent"),
        ("price_dropped", {"viewed_days": 0, "in_basket": False}, "viewed_days, in_basket or both"),
        ("back_in_stock", {"viewed_days": -1}, "viewed_days"),
        ("back_in_stock", {"in_basket": "yes"}, "in_basket"),
    ]
    for code, settings, said in wrong:
        with pytest.raises(Misconfigured, match=said):
            town.entered(code, **settings)
