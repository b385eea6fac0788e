"""Words about our own letters: got, opened, clicked in, and the silence after them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core import groups
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, SECOND, Shop, ago


def test_only_letters_that_left_the_house_were_received(shop: Shop) -> None:
    shop.people("two", "one", "failed", "new", "future", "none")
    shop.letter("two", ago(30))
    shop.letter("two", ago(31))
    shop.letter("one", ago(30) - SECOND)
    shop.letter("failed", ago(1), status="failed")
    shop.letter("new", None, status="new")
    shop.letter("future", NOW + SECOND)
    nobody = ["failed", "future", "new", "none"]
    assert shop.whom({"received": {}}) == ["one", "two"]
    assert shop.whom({"received": {"at_least": 2}}) == ["two"]
    assert shop.whom({"received": {"within_days": 30}}) == ["two"]
    assert shop.whom({"received": {"at_most": 0}}) == nobody
    assert shop.values({"received": {}}) == {"two": 2, "one": 1, **dict.fromkeys(nobody, 0)}


def test_people_who_share_an_address_got_its_letters_both(shop: Shop) -> None:
    shop.person("one", email="home@shop.ru")
    shop.person("two", email="HOME@shop.ru")
    shop.letter("home", ago(1), opened_at=NOW)
    assert shop.whom({"opened": {}}) == ["home"]
    assert shop.values({"opened": {}}) == {"home": 1, "HOME": 1}


def test_a_letter_counts_as_opened_in_the_period_in_which_it_was_opened(shop: Shop) -> None:
    shop.people("lately", "earlier", "future", "clicked", "none")
    shop.letter("lately", ago(100), opened_at=ago(90))
    shop.letter("earlier", ago(100), opened_at=ago(90) - SECOND)
    shop.letter("future", ago(1), opened_at=NOW + SECOND)
    shop.letter("clicked", ago(1), clicked_at=NOW)
    shop.letter("none", ago(1))
    assert shop.whom({"opened": {"within_days": 90}}) == ["clicked", "lately"], "a click opens it too"
    assert shop.whom({"opened": {}}) == ["clicked", "earlier", "lately"]
    assert shop.whom({"opened": {}}, world=replace(MOSCOW, now=ago(90) - SECOND)) == ["earlier"]
    assert shop.whom({"clicked": {}}) == ["clicked"]
    assert shop.whom({"clicked": {"at_most": 0}}) == ["earlier", "future", "lately", "none"]
    assert shop.values({"clicked": {}}) == {"lately": 0, "earlier": 0, "future": 0, "clicked": 1, "none": 0}


def test_letters_of_a_mailing_or_of_an_issue(shop: Shop) -> None:
    shop.people("may", "june", "sale")
    for issue, mailing in (("may", "news"), ("june", "news"), ("sale", "sales")):
        shop.issue(issue, mailing)
        shop.letter(issue, ago(3), issue=issue, opened_at=ago(2), clicked_at=ago(1))
    shop.letter("sale", ago(3), issue="may")
    assert shop.whom({"clicked": {"mailing": "news"}}) == ["june", "may"]
    assert shop.whom({"opened": {"issue": ["june", "sale"]}}) == ["june", "sale"]
    assert shop.whom({"received": {"mailing": "news", "issue": "may"}}) == ["may", "sale"]
    assert shop.whom({"received": {"mailing": "sales", "issue": "may"}}) == []
    assert shop.whom({"no_reaction": {"letters": 1, "mailing": "news"}}) == ["sale"]
    assert shop.whom({"open_rate": {"at_least": 100, "of_letters": 1, "mailing": "news"}}) == ["june", "may"]


def test_no_reaction_to_the_letters_of_some_days(shop: Shop) -> None:
    shop.people("silent", "old", "opened", "clicked", "reacted_before", "none")
    shop.letter("silent", ago(60))
    shop.letter("old", ago(60) - SECOND)
    shop.letter("opened", ago(60), opened_at=NOW)
    shop.letter("opened", ago(10))
    shop.letter("clicked", ago(10), clicked_at=NOW)
    shop.letter("reacted_before", ago(61), opened_at=ago(61))
    shop.letter("reacted_before", ago(1), opened_at=NOW + SECOND)
    assert shop.whom({"no_reaction": {"days": 60}}) == ["reacted_before", "silent"]
    found = {"silent": 0, "old": None, "opened": 1, "clicked": 1, "reacted_before": 0, "none": None}
    assert shop.values({"no_reaction": {"days": 60}}) == found


def test_no_reaction_to_so_many_last_letters(shop: Shop) -> None:
    shop.people("three", "two", "broken", "again", "none")
    for days in (3, 2, 1):
        shop.letter("three", ago(days))
        shop.letter("broken", ago(days), opened_at=NOW if days == 2 else None)
        shop.letter("again", ago(days))
    for days in (2, 1):
        shop.letter("two", ago(days))
    shop.letter("two", NOW + SECOND)
    shop.letter("again", ago(4), clicked_at=ago(3))
    assert shop.whom({"no_reaction": {"letters": 3}}) == ["again", "three"]
    assert shop.whom({"no_reaction": {"letters": 1}}) == ["again", "broken", "three", "two"]
    assert shop.whom({"no_reaction": {"letters": 4}}) == []
    assert shop.values({"no_reaction": {"letters": 3}}) == {"three": 3, "two": 2, "broken": 1, "again": 3, "none": 0}


def test_the_share_of_letters_opened(shop: Shop) -> None:
    shop.people("third", "few", "none")
    for days in (3, 2, 1):
        shop.letter("third", ago(days), opened_at=NOW if days == 1 else None)
    shop.letter("few", ago(1), opened_at=NOW)
    assert shop.values({"open_rate": {"at_least": 0}}) == {"third": Decimal("33.33"), "few": None, "none": None}
    assert shop.whom({"open_rate": {"equals": 33.33}}) == ["third"]
    assert shop.whom({"open_rate": {"less_than": 33.33}}) == [], "who got no letters opened no share of them"
    assert shop.whom({"open_rate": {"at_least": 33, "of_letters": 1}}) == ["few", "third"]
    assert shop.whom({"open_rate": {"at_least": 50, "of_letters": 2, "within_days": 2}}) == ["third"]
    assert shop.whom({"open_rate": {"at_most": 0, "of_letters": 1, "more_than_days": 2}}) == ["third"]


def test_an_explanation_says_which_letters(shop: Shop) -> None:
    assert shop.told({"received": {}}) == "Letters received, must be at least 1"
    assert shop.told({"clicked": {"within_days": 90, "mailing": "news"}}) == (
        "Letters clicked in: in the last 90 days, mailing news, must be at least 1"
    )
    assert shop.told({"no_reaction": {"days": 60}}) == ("Reactions to letters: in the last 60 days, must be exactly 0")
    assert shop.told({"no_reaction": {"letters": 5}}) == "Letters in a row without a reaction, must be at least 5"
    assert shop.told({"open_rate": {"at_least": 30}}) == (
        "Share of letters opened: of 3 letters at least, must be at least 30"
    )


@pytest.mark.parametrize(
    "tree",
    [
        {"received": True},
        {"opened": {"never": True}},
        {"clicked": {"mailing": ""}},
        {"no_reaction": {}},
        {"no_reaction": {"days": 5, "letters": 5}},
        {"no_reaction": {"letters": 0}},
        {"open_rate": {}},
        {"open_rate": {"of_letters": 5}},
        {"open_rate": {"at_least": 5, "of_letters": 0}},
    ],
)
def test_a_value_not_understood_is_refused(tree: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=next(iter(tree))):
        groups.checked(Group("g", "g", tree), MOSCOW)


def test_our_own_letters_need_nothing_of_a_source() -> None:
    assert groups.kinds([Group("g", "g", {"no_reaction": {"letters": 5}})]) == {Kind.PEOPLE}
