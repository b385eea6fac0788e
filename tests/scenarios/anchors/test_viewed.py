"""Products looked at and left, and sections looked through."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.errors import Misconfigured
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago, line
from tests.scenarios.anchors.town import HOUR, LONG_AGO, SHELF, Town


def product(town: Town, number: str, price: int | None = 1000, **values: Any) -> None:
    worth = None if price is None else Decimal(price)
    town.product(number, **{"price": worth, "currency": "RUB", "available": True, **values})


def looked(town: Town, name: str, number: str, hours: float, count: int = 1) -> None:
    town.fact("viewed", name, ago(hours=hours), number, count=count)


def subjects(town: Town, code: str = "viewed", **settings: Any) -> list[tuple[str, str]]:
    return [(one.name, one.subject) for one in town.entered(code, **settings)]


@pytest.fixture
def goods(town: Town) -> Town:
    """A cream (with an offer) and a soap of care, a sofa, a lamp that is sold out, and one that is gone."""
    product(town, "cream", 900, section="care", catalogue="1")
    product(town, "cream-50", 700, section="care", catalogue="2", parent="cream")
    product(town, "soap", 100, section="care", catalogue="1")
    product(town, "oil", 300, section="care", catalogue="1")
    product(town, "sofa", 50_000, section="rooms", catalogue="3", sections=("rooms", "soft"))
    product(town, "lamp", section="rooms", available=False)
    return town


def test_the_last_product_that_somebody_looked_at_enters(goods: Town) -> None:
    goods.pour()
    looked(goods, "anna", "soap", 9)
    looked(goods, "anna", "cream", 5)
    looked(goods, "boris", "sofa", 30)
    came = goods.entered("viewed")
    assert [(one.name, one.subject, one.at) for one in came] == [
        ("boris", "sofa", ago(hours=30)),
        ("anna", "cream", ago(hours=5)),
    ]
    assert [one.key for one in came] == ["shop/sofa/2026-11-22", "shop/cream/2026-11-23"]
    assert goods.entered("viewed", ago(hours=10), ago(hours=8)) == [], "they looked at something else since"


def test_a_look_at_the_same_product_on_the_same_day_moves_the_entry(goods: Town) -> None:
    goods.pour()
    looked(goods, "anna", "cream", 10)
    [before] = goods.entered("viewed")
    looked(goods, "anna", "cream", 5)
    [after] = goods.entered("viewed")
    assert (before.key, before.at) != (after.key, after.at)
    assert before.key == after.key
    assert SHELF["viewed"].moves


def test_of_two_looks_in_one_second_one_is_the_last(goods: Town) -> None:
    goods.pour()
    looked(goods, "anna", "cream", 5)
    looked(goods, "anna", "soap", 5)
    assert subjects(goods) == [("anna", "soap")]


def test_what_cannot_be_bought_does_not_enter(goods: Town) -> None:
    product(goods, "shell", available=False)
    product(goods, "shell-red", parent="shell")
    product(goods, "box", available=False)
    product(goods, "box-red", parent="box", available=False)
    goods.pour()
    for name, number in (("anna", "lamp"), ("boris", "unknown"), ("vera", "shell"), ("gleb", "box")):
        looked(goods, name, number, 5)
    assert subjects(goods) == [("vera", "shell")], "one of its offers can be bought"


def test_asked_of_a_day_gone_by_what_was_to_be_had_is_not_known(goods: Town) -> None:
    goods.pour()
    looked(goods, "anna", "lamp", 30)
    assert subjects(goods, world=replace(MOSCOW, now=ago(hours=20))) == [("anna", "lamp")]


def test_only_of_the_wanted_price(goods: Town) -> None:
    product(goods, "set", None, section="care")
    product(goods, "set-1", 4000, parent="set")
    product(goods, "set-2", 3000, parent="set")
    goods.pour()
    for name, number in (("anna", "soap"), ("boris", "cream"), ("vera", "sofa"), ("gleb", "set")):
        looked(goods, name, number, 5)
    assert subjects(goods, min_price=3000) == [("gleb", "set"), ("vera", "sofa")]
    assert subjects(goods, min_price=3001) == [("vera", "sofa")]
    assert subjects(goods, min_price=101, max_price=900) == [("boris", "cream")]


def test_a_cheap_look_afterwards_does_not_hide_the_dear_one(goods: Town) -> None:
    goods.pour()
    looked(goods, "anna", "sofa", 9)
    looked(goods, "anna", "soap", 5)
    assert subjects(goods, min_price=10_000) == [("anna", "sofa")]
    assert subjects(goods) == [("anna", "soap")]


def test_only_of_the_wanted_sections_and_catalogues(goods: Town) -> None:
    goods.pour()
    for name, number in (("anna", "soap"), ("boris", "cream-50"), ("vera", "sofa")):
        looked(goods, name, number, 5)
    assert subjects(goods, sections="care") == [("anna", "soap"), ("boris", "cream-50")]
    assert subjects(goods, sections=["soft", "none"]) == [("vera", "sofa")]
    assert subjects(goods, catalogues=1) == [("anna", "soap"), ("boris", "cream-50")], "an offer counts as its parent"


def test_only_what_was_looked_at_often_enough(goods: Town) -> None:
    goods.pour()
    looked(goods, "anna", "soap", 9, count=2)
    looked(goods, "boris", "soap", 9, count=3)
    looked(goods, "boris", "cream", 5, count=1)
    looked(goods, "vera", "soap", 9, count=12)
    assert subjects(goods, at_least=3) == [("boris", "soap"), ("vera", "soap")]


def test_what_is_in_the_basket_does_not_enter(goods: Town) -> None:
    goods.basket("anna", ago(hours=4), line("cream"))
    goods.basket("boris", ago(hours=4), line("cream-50"))
    goods.basket("vera", ago(hours=4), line("soap"))
    goods.pour()
    for name in ("anna", "boris", "vera"):
        looked(goods, name, "cream", 5)
    assert subjects(goods) == [("vera", "cream")]
    then = replace(MOSCOW, now=ago(hours=4.5))
    assert len(goods.entered("viewed", world=then)) == 3, "they did not have it yet"


def test_what_was_bought_since_does_not_enter(goods: Town) -> None:
    goods.order("anna", ago(hours=4), lines=(line("cream"),))
    goods.order("boris", ago(hours=4), lines=(line("soap"), line("cream-50")))
    goods.order("vera", ago(hours=4), lines=(line("cream"),), cancelled_at=ago(hours=3))
    goods.order("gleb", ago(hours=6), lines=(line("cream"),))
    goods.order("dina", ago(hours=4), lines=(line("soap"),))
    goods.pour()
    for name in ("anna", "boris", "vera", "gleb", "dina"):
        looked(goods, name, "cream", 5)
    assert subjects(goods) == [("dina", "cream"), ("gleb", "cream"), ("vera", "cream")]
    then = replace(MOSCOW, now=ago(hours=4.5))
    assert len(goods.entered("viewed", world=then)) == 5
    assert ("vera", "cream") not in subjects(goods, world=replace(MOSCOW, now=ago(hours=3.5)))


def test_a_look_learnt_late_is_asked_alone(goods: Town) -> None:
    goods.pour()
    looked(goods, "anna", "soap", 5)
    before = goods.learnt()
    looked(goods, "boris", "soap", 50)
    assert [one.name for one in goods.asked("viewed", Span(MOSCOW, LONG_AGO, NOW, learnt=before))] == ["boris"]


def test_views_of_the_shop_itself_enter(goods: Town) -> None:
    goods.view("anna", "soap", ago(hours=5), count=4)
    goods.pour()
    assert subjects(goods, at_least=4) == [("anna", "soap")]
    assert subjects(goods, at_least=5) == []


# ---- sections ----


def test_who_looked_at_three_products_of_a_section_enters_at_the_last(goods: Town) -> None:
    goods.pour()
    for hours, number in ((30, "cream"), (20, "soap"), (10, "oil"), (9, "sofa")):
        looked(goods, "anna", number, hours)
    for hours, number in ((20, "cream"), (18, "cream"), (15, "soap"), (12, "soap"), (10, "cream-50")):
        looked(goods, "boris", number, hours)
    [one] = goods.entered("category_viewed")
    assert (one.name, one.subject, one.at, one.key) == ("anna", "care", ago(hours=10), "shop/care/2026-11-23")
    assert subjects(goods, "category_viewed", at_least=2) == [("anna", "care"), ("boris", "care")]
    assert subjects(goods, "category_viewed", within_hours=19) == []


def test_who_looks_on_is_the_same_entry(goods: Town) -> None:
    goods.pour()
    for hours, number in ((20, "cream"), (15, "soap"), (10, "oil")):
        looked(goods, "anna", number, hours)
    [before] = goods.entered("category_viewed")
    looked(goods, "anna", "cream", 5)
    [after] = goods.entered("category_viewed")
    assert (before.key, before.at, after.at) == (after.key, ago(hours=10), ago(hours=5))
    assert goods.entered("category_viewed", ago(hours=11), ago(hours=9)) == []
    assert [one.at for one in goods.entered("category_viewed", world=replace(MOSCOW, now=ago(hours=7)))] == [
        ago(hours=10)
    ]


def test_a_section_may_be_chosen_and_products_without_one_are_none(goods: Town) -> None:
    for number in ("a", "b", "c"):
        product(goods, number)
    goods.pour()
    for hours, number in enumerate(("a", "b", "c", "cream", "soap", "oil"), 1):
        looked(goods, "anna", number, hours)
    assert subjects(goods, "category_viewed") == [("anna", "care")]
    assert subjects(goods, "category_viewed", sections="rooms") == []


@pytest.mark.parametrize("code", ["viewed", "category_viewed"])
def test_an_empty_span_holds_no_look(goods: Town, code: str) -> None:
    goods.pour()
    for number in ("cream", "soap", "oil"):
        looked(goods, "anna", number, 5)
    assert goods.entered(code, NOW, NOW + HOUR) == []
    assert len(goods.entered(code)) == 1


def test_wrong_settings_are_refused(town: Town) -> None:
    for code, settings in (("viewed", {"min_price": -1}), ("viewed", {"at_least": 0}), ("viewed", {"sections": []}),
                           ("category_viewed", {"at_least": 1}), ("category_viewed", {"within_hours": 0})):  # fmt: skip
        with pytest.raises(Misconfigured, match=next(iter(settings))):
            town.entered(code, **settings)
