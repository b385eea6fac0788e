"""Subscriptions, and facts of any name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Misconfigured
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago
from tests.scenarios.anchors.town import LONG_AGO, Town


def test_two_lists_at_once_are_one_welcome(town: Town) -> None:
    town.fact("subscribed", "anna", ago(3), "form:3")
    town.fact("subscribed", "anna", ago(3), "rubric:1")
    town.fact("subscribed", "anna", ago(1), "rubric:2")
    [one] = town.entered("subscribed")
    assert (one.key, one.at, one.subject) == ("subscribed", ago(3), "form:3")
    assert town.entered("subscribed", ago(2)) == []


def test_a_registration_is_a_subscription_too(town: Town) -> None:
    town.fact("registered", "anna", ago(3))
    town.fact("subscribed", "anna", ago(2), "form:3")
    town.fact("registered", "boris", ago(1))
    assert [(one.name, one.at) for one in town.entered("subscribed")] == [("anna", ago(3)), ("boris", ago(1))]
    assert [one.name for one in town.entered("subscribed", lists=["rubric:*"])] == ["anna", "boris"]
    came = town.entered("subscribed", registrations=False)
    assert [(one.name, one.at) for one in came] == [("anna", ago(2))]


def test_only_the_wanted_lists_count(town: Town) -> None:
    town.fact("subscribed", "anna", ago(5), "form:3")
    town.fact("subscribed", "anna", ago(4), "rubric:1")
    town.fact("subscribed", "boris", ago(3), "FORM:3")
    town.fact("subscribed", "vera", ago(2), "form:33")

    def came(*lists: str) -> list[tuple[str, str]]:
        found = town.entered("subscribed", lists=list(lists), registrations=False)
        return [(one.name, one.subject) for one in found]

    assert came("form:*") == [("anna", "form:3"), ("vera", "form:33")]
    assert came("form:3") == [("anna", "form:3")]
    assert came("rubric:*", "form:33") == [("anna", "rubric:1"), ("vera", "form:33")]
    assert came("iblock:*") == []


def test_a_list_not_meant_does_not_come_first(town: Town) -> None:
    town.fact("subscribed", "anna", ago(9), "iblock:7")
    town.fact("subscribed", "anna", ago(4), "rubric:1")
    assert [one.at for one in town.entered("subscribed", lists=["rubric:*"])] == [ago(4)]


def test_who_waits_for_a_product_has_not_subscribed(town: Town) -> None:
    town.fact("subscribed", "anna", ago(3), "awaited:42")
    town.fact("subscribed", "boris", ago(9), "awaited:42")
    town.fact("subscribed", "boris", ago(2), "form:3")
    assert [(one.name, one.at) for one in town.entered("subscribed")] == [("boris", ago(2))]
    assert town.entered("subscribed", lists=["awaited:*", "awaited:42"]) == []


def test_asked_of_an_earlier_day_nobody_had_subscribed(town: Town) -> None:
    town.fact("subscribed", "anna", ago(3), "form:3")
    assert town.entered("subscribed", world=replace(MOSCOW, now=ago(4))) == []


def test_a_subscription_learnt_late_that_was_not_the_first_is_none(town: Town) -> None:
    town.fact("subscribed", "anna", ago(9), "form:3")
    before = town.learnt()
    town.fact("subscribed", "anna", ago(4), "rubric:1")
    town.fact("subscribed", "boris", ago(5), "rubric:1")
    span = Span(MOSCOW, LONG_AGO, NOW, learnt=before)
    assert [one.name for one in town.asked("subscribed", span)] == ["boris"]


def test_a_subscription_of_the_shop_itself_enters(town: Town) -> None:
    town.subscription("anna", ago(3))
    town.pour()
    assert [(one.name, one.subject, one.at) for one in town.entered("subscribed")] == [("anna", "form:3", ago(3))]


def test_a_pattern_has_its_star_at_the_end(town: Town) -> None:
    for wrong in ("*:3", "fo*m", "", "form:**"):
        with pytest.raises(Misconfigured, match="lists"):
            town.entered("subscribed", lists=[wrong])


def test_any_fact_can_begin_a_scenario(town: Town) -> None:
    town.fact("deal_created", "anna", ago(3), "d1")
    town.fact("deal_created", "anna", ago(2), "d2")
    town.fact("deal_closed", "anna", ago(1), "d1")
    came = town.entered("fact", what="deal_created")
    assert [(one.subject, one.at, one.key) for one in came] == [
        ("d1", ago(3), "shop/d1/2026-11-21 02:00:00.000000"),
        ("d2", ago(2), "shop/d2/2026-11-22 02:00:00.000000"),
    ]


def test_the_details_of_a_fact_are_compared_as_what_they_are(town: Town) -> None:
    town.fact("deal", "anna", ago(5), stage="won", sum=100, urgent=True)
    town.fact("deal", "boris", ago(4), stage="Won", sum=100.5, urgent=False)
    town.fact("deal", "vera", ago(3), stage="won", sum="100.00")
    town.fact("deal", "zoya", ago(2))

    def names(**details: object) -> list[str]:
        return [one.name for one in town.entered("fact", what="deal", details=details)]  # type: ignore[arg-type]

    assert names(stage="won") == ["anna", "vera"]
    assert names(stage="won", sum=100) == ["anna", "vera"]
    assert names(sum=100.5) == ["boris"]
    assert names(urgent=True) == ["anna"]
    assert names(urgent=False) == ["boris"]
    assert names(stage="lost") == []
    assert names() == ["anna", "boris", "vera", "zoya"]


def test_one_fact_told_of_two_persons_with_one_address_is_one_entry(town: Town) -> None:
    town.fact("deal", "anna", ago(3), "d1", person="1")
    town.fact("deal", "anna", ago(3), "d1", person="2")
    assert [one.entry.person for one in town.entered("fact", what="deal")] == ["1"]


def test_a_fact_that_is_not_named_is_refused(town: Town) -> None:
    for wrong in ({}, {"what": "Deal created"}, {"what": "deal", "details": {"a b": 1}}):
        with pytest.raises(Misconfigured, match=r"what|details"):
            town.entered("fact", **wrong)  # type: ignore[arg-type]


def test_a_fact_in_the_future_is_not_known(town: Town) -> None:
    town.fact("deal", "anna", NOW.replace(year=2027), "d1")
    assert town.entered("fact", until=NOW.replace(year=2028), what="deal") == []
