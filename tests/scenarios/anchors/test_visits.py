"""Registrations, last logins, last signs of life."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Misconfigured
from core.model import Kind, Person
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago
from tests.scenarios.anchors.town import DAY, HOUR, LONG_AGO, Town


def test_who_registered_in_the_span_enters_once_for_each_account(town: Town) -> None:
    town.person("anna", registered_at=ago(3))
    town.source.rows[Kind.PEOPLE].append(Person("anna2", "anna@shop.ru", registered_at=ago(2)))
    town.person("boris", registered_at=ago(9))
    town.person("vera")
    town.pour()
    came = town.entered("registered", ago(5))
    assert [(one.name, one.entry.person, one.at, one.subject) for one in came] == [
        ("anna", "anna", ago(3), ""),
        ("anna", "anna2", ago(2), ""),
    ]
    assert [one.key for one in came] == ["shop/anna", "shop/anna2"]


def test_the_end_of_a_span_belongs_to_it_and_its_beginning_does_not(town: Town) -> None:
    town.fact("registered", "anna", ago(2))
    assert town.entered("registered", ago(2), ago(1)) == []
    assert [one.name for one in town.entered("registered", ago(3), ago(2))] == ["anna"]


def test_nobody_registers_without_an_address_or_in_the_future(town: Town) -> None:
    town.fact("registered", "", ago(1))
    town.fact("registered", "anna", NOW + HOUR)
    assert town.entered("registered", until=NOW + DAY) == []


def test_the_same_person_in_two_shops_has_two_keys(town: Town) -> None:
    town.fact("registered", "anna", ago(2), person="7")
    town.fact("registered", "anna", ago(1), person="7", source="other")
    assert [one.key for one in town.entered("registered")] == ["shop/7", "other/7"]


def test_persons_whose_ids_differ_in_capitals_only_are_two(town: Town) -> None:
    town.fact("registered", "anna", ago(2), person="a1")
    town.fact("registered", "anna", ago(1), person="A1")
    assert [one.key for one in town.entered("registered")] == ["shop/a1", "shop/A1"]


def test_the_last_login_is_that_after_which_there_was_none(town: Town) -> None:
    for days in (90, 60, 10):
        town.fact("logged_in", "anna", ago(days))
    town.fact("logged_in", "boris", ago(60))
    assert [(one.name, one.at) for one in town.entered("last_login")] == [("boris", ago(60)), ("anna", ago(10))]
    assert [one.name for one in town.entered("last_login", ago(61), ago(59))] == ["boris"]


def test_a_login_with_another_account_of_the_same_address_counts(town: Town) -> None:
    town.fact("logged_in", "anna", ago(60), person="1")
    town.fact("logged_in", "anna", ago(10), person="2", source="other")
    assert [one.at for one in town.entered("last_login")] == [ago(10)]


def test_a_return_begins_a_new_entry(town: Town) -> None:
    town.fact("logged_in", "anna", ago(60))
    [before] = town.entered("last_login")
    town.fact("logged_in", "anna", ago(10))
    [after] = town.entered("last_login")
    assert before.key != after.key


def test_two_logins_in_one_moment_are_one_entry(town: Town) -> None:
    town.fact("logged_in", "anna", ago(60), person="1")
    town.fact("logged_in", "anna", ago(60), person="2")
    assert [one.entry.person for one in town.entered("last_login")] == ["1"]


def test_who_never_logged_in_is_counted_from_the_registration(town: Town) -> None:
    town.fact("registered", "anna", ago(60))
    town.fact("registered", "boris", ago(60))
    town.fact("logged_in", "boris", ago(50))
    assert [(one.name, one.at) for one in town.entered("last_login")] == [("anna", ago(60)), ("boris", ago(50))]


def test_asked_of_an_earlier_day_the_login_since_is_not_known(town: Town) -> None:
    town.fact("logged_in", "anna", ago(60))
    town.fact("logged_in", "anna", ago(10))
    then = replace(MOSCOW, now=ago(20))
    assert [one.at for one in town.entered("last_login", world=then)] == [ago(60)]


def test_any_sign_of_life_puts_off_the_reactivation(town: Town) -> None:
    for name in ("anna", "boris", "vera"):
        town.fact("logged_in", name, ago(90))
    town.fact("viewed", "boris", ago(20), "42")
    town.fact("opened", "vera", ago(1))
    came = town.entered("last_activity")
    assert [(one.name, one.at, one.subject) for one in came] == [
        ("anna", ago(90), ""),
        ("boris", ago(20), ""),
        ("vera", ago(1), ""),
    ]


def test_what_counts_as_a_sign_of_life_can_be_chosen(town: Town) -> None:
    town.fact("ordered", "anna", ago(90), "o1")
    town.fact("viewed", "anna", ago(20), "42")
    town.fact("logged_in", "boris", ago(10))
    assert [one.at for one in town.entered("last_activity", of=["ordered"])] == [ago(90)]


def test_what_is_no_sign_of_life_does_not_put_it_off(town: Town) -> None:
    town.fact("logged_in", "anna", ago(90))
    for what in ("basket_emptied", "profile_changed", "shipped"):
        town.fact(what, "anna", ago(5))
    assert [one.at for one in town.entered("last_activity")] == [ago(90)]


@pytest.mark.parametrize("code", ["registered", "last_login", "last_activity"])
def test_facts_learnt_late_are_asked_alone(town: Town, code: str) -> None:
    town.fact("registered", "anna", ago(70))
    before = town.learnt()
    town.fact("registered", "boris", ago(80))  # of an earlier day, yet learnt after
    span = Span(MOSCOW, LONG_AGO, NOW, learnt=before)
    assert [one.name for one in town.asked(code, span)] == ["boris"]
    assert town.asked(code, replace(span, learnt=town.learnt())) == []


def test_an_empty_span_and_one_of_the_future_hold_nobody(town: Town) -> None:
    town.fact("logged_in", "anna", ago(1))
    assert town.entered("last_login", NOW, NOW) == []
    assert town.entered("last_login", NOW, NOW + timedelta(days=400)) == []


def test_a_sign_of_life_must_be_the_name_of_a_fact(town: Town) -> None:
    with pytest.raises(Misconfigured, match="of"):
        town.entered("last_activity", of=["Logged in"])
    with pytest.raises(Misconfigured, match="of"):
        town.entered("last_activity", of=[])
