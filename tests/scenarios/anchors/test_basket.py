"""Baskets left behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Misconfigured
from core.model import Basket, Kind
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago, line
from tests.scenarios.anchors.town import HOUR, LONG_AGO, SHELF, Town


def changed(town: Town, name: str, hours: float, basket: str = "b1", total: str = "1500.0000", **values: str) -> None:
    town.fact("basket_changed", name, ago(hours=hours), basket, total=total, **values)


def test_a_basket_left_enters_at_its_last_change(town: Town) -> None:
    changed(town, "anna", 30)
    changed(town, "anna", 5)
    changed(town, "boris", 4, "b2")
    came = town.entered("basket")
    assert [(one.name, one.subject, one.at) for one in came] == [
        ("anna", "b1", ago(hours=5)),
        ("boris", "b2", ago(hours=4)),
    ]
    assert town.entered("basket", ago(hours=31), ago(hours=29)) == []


def test_a_basket_that_is_changed_again_is_one_entry_whose_moment_moves(town: Town) -> None:
    changed(town, "anna", 30)
    [before] = town.entered("basket")
    changed(town, "anna", 5)
    [after] = town.entered("basket")
    assert before.key == after.key
    assert (before.at, after.at) == (ago(hours=30), ago(hours=5))
    assert SHELF["basket"].moves


def test_what_is_put_in_after_an_order_is_a_new_entry(town: Town) -> None:
    changed(town, "anna", 30)
    [before] = town.entered("basket")
    town.fact("ordered", "anna", ago(hours=20), "o1")
    [ordered] = town.entered("basket")
    assert ordered.key == before.key  # it is the goal that ends the old one
    changed(town, "anna", 5)
    [after] = town.entered("basket")
    assert after.key != before.key


def test_what_is_put_in_after_the_basket_was_emptied_is_a_new_entry(town: Town) -> None:
    changed(town, "anna", 30)
    town.fact("basket_emptied", "anna", ago(hours=20), "b1")
    changed(town, "anna", 5)
    changed(town, "anna", 4)
    [one] = town.entered("basket")
    assert one.key == "shop/b1/2026-11-23 06:00:00.000000"


def test_neither_another_basket_emptied_nor_another_shops_order_ends_it(town: Town) -> None:
    changed(town, "anna", 30)
    town.fact("basket_emptied", "anna", ago(hours=20), "b2")
    town.fact("ordered", "anna", ago(hours=20), "o1", source="other")
    town.fact("ordered", "boris", ago(hours=20), "o2")
    changed(town, "anna", 5)
    assert [one.key for one in town.entered("basket")] == ["shop/b1/"]


def test_two_baskets_of_one_contact_are_two_entries(town: Town) -> None:
    changed(town, "anna", 6, "b1")
    changed(town, "anna", 5, "b2")
    changed(town, "anna", 4, "b1", source="other")
    keys = [one.key for one in town.entered("basket")]
    assert keys == ["shop/b1/", "shop/b2/", "other/b1/"]


def test_only_baskets_of_the_wanted_total_enter(town: Town) -> None:
    changed(town, "anna", 6, "b1", "499.9900")
    changed(town, "boris", 5, "b2", "500.0000")
    changed(town, "vera", 4, "b3", "10000.0000")  # not compared as a text
    assert [one.name for one in town.entered("basket", min_total=500)] == ["boris", "vera"]
    assert len(town.entered("basket", min_total=0)) == 3


def test_it_is_the_last_total_that_counts(town: Town) -> None:
    changed(town, "anna", 6, total="9000.0000")
    changed(town, "anna", 5, total="100.0000")
    assert town.entered("basket", min_total=500) == []


def test_asked_of_an_earlier_moment_the_change_since_is_not_known(town: Town) -> None:
    changed(town, "anna", 30)
    changed(town, "anna", 5)
    then = replace(MOSCOW, now=ago(hours=10))
    assert [one.at for one in town.entered("basket", world=then)] == [ago(hours=30)]


def test_visitors_without_an_address_are_left_out(town: Town) -> None:
    changed(town, "", 5)
    assert town.entered("basket") == []


def test_a_basket_of_the_shop_itself_enters(town: Town) -> None:
    town.basket("anna", ago(hours=5), line("42", 700))
    town.basket("boris", ago(hours=5))  # empty
    town.source.rows[Kind.BASKETS].append(Basket("visitor", "", "s1", ago(hours=5), ago(hours=5), (line("42"),)))
    town.pour()
    assert [(one.name, one.subject, one.at) for one in town.entered("basket", min_total=700)] == [
        ("anna", "b1", ago(hours=5))
    ]
    assert town.entered("basket", min_total=701) == []


def test_a_change_learnt_late_is_asked_alone(town: Town) -> None:
    changed(town, "anna", 5)
    before = town.learnt()
    changed(town, "boris", 50, "b2")
    span = Span(MOSCOW, LONG_AGO, NOW, learnt=before)
    assert [one.name for one in town.asked("basket", span)] == ["boris"]


def test_a_total_below_zero_or_a_text_is_refused(town: Town) -> None:
    for wrong in (-1, "500", True):
        with pytest.raises(Misconfigured, match="min_total"):
            town.entered("basket", min_total=wrong)


def test_an_empty_span_holds_no_basket(town: Town) -> None:
    changed(town, "anna", 5)
    assert town.entered("basket", NOW, NOW + HOUR) == []
    assert town.entered("basket", ago(hours=4), ago(hours=4) + timedelta(minutes=1)) == []
