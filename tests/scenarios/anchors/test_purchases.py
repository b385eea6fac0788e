"""Products bought, lines that have a new product, and what is wanted again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import rhythms
from core.errors import Misconfigured
from core.model import Kind, OrderChange
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago, line
from tests.scenarios.anchors.town import DAY, HOUR, LONG_AGO, SHELF, Town


def product(town: Town, number: str, **values: Any) -> None:
    plain = {"price": Decimal(100), "currency": "RUB", "available": True, "section": "care", "catalogue": "1"}
    town.product(number, **plain | values)


def moved(town: Town, order: str, status: str, days: float) -> None:
    changes = town.source.rows[Kind.ORDER_CHANGES]
    changes.append(OrderChange(str(len(changes)), order, "status_changed", ago(days), {"status": status}))


def subjects(town: Town, code: str, **settings: Any) -> list[tuple[str, str]]:
    return [(one.name, one.subject) for one in town.entered(code, **settings)]


@pytest.fixture
def goods(town: Town) -> Town:
    product(town, "cream", created_at=ago(900))
    product(town, "cream-50", parent="cream", catalogue="2", created_at=ago(900))
    product(town, "soap", created_at=ago(900), properties={"LINE": "Роза"})
    product(town, "sofa", section="rooms", catalogue="3", created_at=ago(900), properties={"LINE": ["Лён", "Роза"]})
    return town


# ---- bought ----


def test_an_order_enters_once_about_the_dearest_of_the_wanted_lines(goods: Town) -> None:
    lines = (line("soap", 100, quantity=Decimal(9)), line("cream-50", 300), line("sofa", 9000))
    goods.order("anna", ago(2), lines=lines)
    goods.order("boris", ago(1), lines=(line("soap"),))
    goods.pour()
    came = goods.entered("bought", sections="care")
    assert [(one.name, one.subject, one.at, one.key) for one in came] == [
        ("anna", "soap", ago(2), "shop/o1"),
        ("boris", "soap", ago(1), "shop/o2"),
    ]
    assert subjects(goods, "bought") == [("anna", "sofa"), ("boris", "soap")]
    assert subjects(goods, "bought", subject="order", sections="rooms") == [("anna", "o1")]


def test_products_are_chosen_by_number_section_or_catalogue(goods: Town) -> None:
    goods.order("anna", ago(2), lines=(line("cream-50"),))
    goods.order("boris", ago(1), lines=(line("lost"),))
    goods.pour()
    assert subjects(goods, "bought", products="cream") == [("anna", "cream-50")], "an offer counts as its parent"
    assert subjects(goods, "bought", products=["lost", "soap"]) == [("boris", "lost")]
    assert subjects(goods, "bought", catalogues=1) == [("anna", "cream-50")]
    assert subjects(goods, "bought", catalogues=3) == []
    assert len(subjects(goods, "bought")) == 2


def test_a_cancelled_order_does_not_enter(goods: Town) -> None:
    goods.order("anna", ago(2), lines=(line("soap"),), cancelled_at=ago(1))
    goods.pour()
    assert goods.entered("bought") == []
    assert subjects(goods, "bought", world=replace(MOSCOW, now=ago(1.5))) == [("anna", "soap")]


def test_an_order_that_turned_out_to_be_another_ones_does_not_enter(goods: Town) -> None:
    goods.people("boris")
    goods.order("anna", ago(2), lines=(line("soap"),))
    goods.pour()
    rows = goods.source.rows[Kind.ORDERS]
    rows.append(replace(rows[0], person="boris", email="boris@shop.ru"))  # type: ignore[arg-type]
    goods.poured = False
    assert len(goods.entered("bought")) == 1
    goods.pour()
    assert goods.entered("bought") == []


def test_it_may_wait_until_the_order_is_done(goods: Town) -> None:
    order = goods.order("anna", ago(9), lines=(line("soap"),))
    for days, status in ((8, "P"), (7, "F"), (6, "P"), (5, "F")):
        moved(goods, order, status, days)
    goods.order("boris", ago(9), lines=(line("soap"),))
    goods.pour()
    assert [(one.name, one.at) for one in goods.entered("bought", moment="final")] == [("anna", ago(7))]
    assert goods.entered("bought", ago(5.5), moment="final") == []
    assert [one.at for one in goods.entered("bought", moment="final", statuses="P")] == [ago(8)]
    anchor = SHELF["bought"]
    assert anchor().stands_on(anchor.Settings(moment="final")) == {"status_changed"}  # type: ignore[call-arg]


def test_only_what_everybody_buys_at_present(goods: Town) -> None:
    bought = {"a": ("soap", 5), "b": ("soap", 6), "c": ("cream-50", 5), "d": ("cream", 6), "h": ("lost", 1)}
    long_ago = {"e": ("sofa", 100), "f": ("sofa", 101), "g": ("sofa", 102)}
    for name, (number, days) in (bought | long_ago).items():
        goods.order(name, ago(days), lines=(line(number),))
    goods.pour()
    assert goods.entered("bought", popular=2) == [], "nothing has been counted yet"
    rhythms.learn(goods.engine, "shop", now=NOW)
    found = [name for name, _ in subjects(goods, "bought", popular=2)]
    assert found == ["b", "d", "a", "c"], "of offers the parent is counted"
    assert [name for name, _ in subjects(goods, "bought", popular=1)] == ["d", "c"]
    assert len(subjects(goods, "bought", popular=3)) == 5
    assert len(subjects(goods, "bought", popular=9)) == 5, "the sofa was not bought lately"


# ---- a line has a new product ----


def test_who_bought_of_a_section_is_told_of_its_new_product(goods: Town) -> None:
    product(goods, "tonic", created_at=ago(3))
    product(goods, "tonic-100", parent="tonic", created_at=ago(3))
    product(goods, "tonic-200", parent="tonic")
    product(goods, "rug", section="rooms", created_at=ago(200))
    for name, number, days in (("anna", "cream-50", 9), ("anna", "soap", 8), ("boris", "sofa", 9),
                               ("vera", "soap", 740), ("gleb", "tonic-100", 1), ("dina", "soap", 2),
                               ("egor", "tonic-200", 9)):  # fmt: skip
        goods.order(name, ago(days), lines=(line(number),))
    goods.pour()
    [one] = goods.entered("line_updated", ago(30))
    assert (one.name, one.subject, one.at, one.key) == ("anna", "tonic", ago(3), "shop/tonic")
    assert (one.entry.source, one.entry.person) == ("shop", "anna")
    assert subjects(goods, "line_updated", bought_days=800) == [("anna", "tonic"), ("vera", "tonic")]
    assert subjects(goods, "line_updated", sections="rooms") == []


def test_a_line_may_be_a_property(goods: Town) -> None:
    product(goods, "rose", section="gifts", properties={"LINE": "Роза"}, created_at=ago(3))
    product(goods, "linen", section="gifts", properties={"LINE": "Лён"}, created_at=ago(3))
    product(goods, "plain", section="gifts", properties={"LINE": ""}, created_at=ago(3))
    product(goods, "bare", section="gifts", created_at=ago(3))
    for name, number in (("anna", "soap"), ("boris", "sofa"), ("vera", "cream")):
        goods.order(name, ago(9), lines=(line(number),))
    goods.pour()
    assert subjects(goods, "line_updated", by="LINE") == [("anna", "rose"), ("boris", "linen")]
    assert subjects(goods, "line_updated", by="OTHER") == []


def test_what_is_not_to_be_had_yet_is_not_told(goods: Town) -> None:
    product(goods, "tonic", available=False, created_at=ago(3))
    goods.order("anna", ago(9), lines=(line("soap"),))
    goods.order("boris", ago(9), lines=(line("soap"),), cancelled_at=ago(8))
    goods.pour()
    assert goods.entered("line_updated") == []
    assert subjects(goods, "line_updated", world=replace(MOSCOW, now=ago(1))) == [("anna", "tonic")]


# ---- wanted again ----


def every(town: Town, name: str, number: str, days: int, *, last: int = 20, times: int = 3) -> None:
    for time in range(times):
        town.order(name, ago(last + days * time), lines=(line(number),))


def learnt(town: Town) -> None:
    town.pour()
    rhythms.learn(town.engine, "shop", now=NOW)


def test_who_buys_it_again_and_again_enters_when_it_is_used_up(goods: Town) -> None:
    every(goods, "anna", "cream-50", 15)
    every(goods, "boris", "soap", 30)
    every(goods, "vera", "sofa", 15, times=1)
    learnt(goods)
    [one] = goods.entered("replenish")
    assert (one.name, one.subject, one.at) == ("anna", "cream", ago(5))
    assert one.key == "shop/cream/2026-11-04 02:00:00.000000"
    ahead = goods.entered("replenish", NOW, NOW + 30 * DAY)
    assert [(one.name, one.subject) for one in ahead] == [("boris", "soap")], "it is known beforehand"


def test_who_bought_it_before_does_not_enter(goods: Town) -> None:
    every(goods, "anna", "soap", 15, last=30)
    goods.order("anna", ago(20), lines=(line("soap"),))
    learnt(goods)
    assert [one.key for one in goods.entered("replenish", ago(18))] == ["shop/soap/2026-11-04 02:00:00.000000"]
    assert goods.entered("replenish", ago(18), ago(12)) == []
    then = replace(MOSCOW, now=ago(21))
    [before] = goods.entered("replenish", ago(18), NOW, world=then)
    assert before.key == "shop/soap/2026-10-25 02:00:00.000000", "asked of a day gone by they had not"


def test_who_bought_it_once_enters_if_enough_others_come_back(goods: Town) -> None:
    for number in range(6):
        every(goods, f"client{number}", "soap", 15, last=300)
    for number in range(4):
        goods.order(f"once{number}", ago(300), lines=(line("soap"),))
    goods.order("anna", ago(20), lines=(line("soap"),))
    learnt(goods)
    assert goods.entered("replenish", ago(19)) == []
    assert [one.name for one in goods.entered("replenish", ago(19), min_evidence=6)] == ["anna"]
    assert goods.entered("replenish", ago(19), min_evidence=7) == []
    assert goods.entered("replenish", ago(19), min_evidence=6, min_share=60) == []  # 6 of 11 did
    assert [one.name for one in goods.entered("replenish", ago(19), min_evidence=0, min_orders=1)] == ["anna"]


def test_only_the_wanted_goods_and_no_longer_than_so_many_days(goods: Town) -> None:
    every(goods, "anna", "cream-50", 15)
    learnt(goods)
    assert len(goods.entered("replenish", sections="care", catalogues=1)) == 1
    assert goods.entered("replenish", sections="rooms") == []
    assert goods.entered("replenish", most_days=14) == []
    assert goods.entered("replenish", min_orders=4) == []


def test_what_cannot_be_bought_now_is_not_wanted(goods: Town) -> None:
    product(goods, "lamp", available=False)
    every(goods, "anna", "lamp", 15)
    every(goods, "anna", "lost", 15)
    learnt(goods)
    assert goods.entered("replenish") == []


def test_the_block_shows_what_is_used_up_however_soon(goods: Town) -> None:
    anchor = SHELF["replenish"]
    assert anchor().about(anchor.Settings()) == {"replenish": {"days": 1}}
    assert anchor.moves


# ---- all ----


@pytest.mark.parametrize("code", ["bought", "line_updated"])
def test_what_was_learnt_late_is_asked_alone(goods: Town, code: str) -> None:
    product(goods, "tonic", created_at=ago(1))
    goods.order("anna", ago(9), lines=(line("soap"),))
    goods.pour()
    assert [one.name for one in goods.asked(code, Span(MOSCOW, LONG_AGO, NOW, learnt=0))] == ["anna"]
    assert goods.asked(code, Span(MOSCOW, LONG_AGO, NOW, learnt=goods.learnt())) == []


def test_rhythms_stand_on_no_facts(goods: Town) -> None:
    every(goods, "anna", "soap", 15)
    learnt(goods)
    assert len(goods.entered("replenish")) == 1
    assert goods.asked("replenish", Span(MOSCOW, LONG_AGO, NOW, learnt=0)) == []


@pytest.mark.parametrize("code", ["bought", "line_updated", "replenish"])
def test_an_empty_span_holds_nothing(goods: Town, code: str) -> None:
    product(goods, "tonic", created_at=ago(1))
    every(goods, "anna", "soap", 15)
    learnt(goods)
    assert goods.entered(code, NOW, NOW + HOUR) == []
    assert goods.entered(code, ago(0.5), ago(0.5) + timedelta(minutes=1)) == []
    assert goods.entered(code)


def test_wrong_settings_are_refused(town: Town) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("bought", {"moment": "paid"}),
        ("bought", {"popular": -1}),
        ("bought", {"statuses": []}),
        ("line_updated", {"by": 'x"]'}),
        ("line_updated", {"bought_days": 0}),
        ("replenish", {"min_orders": 0}),
        ("replenish", {"most_days": 0}),
    ]
    for code, settings in wrong:
        with pytest.raises(Misconfigured, match=next(iter(settings))):
            town.entered(code, **settings)
