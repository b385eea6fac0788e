"""Lots: shares are as large as they say, stay who they are, and do not hang together."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from core.journeys.trial import bucket, held_out, in_trial

CONTACTS = range(1, 100_001)


def chi_square(pairs: Counter[tuple[bool, bool]]) -> float:
    """How far two yes-or-no lots are from knowing nothing of each other; one degree of freedom."""
    total = sum(pairs.values())
    expected = {
        (one, other): sum(n for (a, _), n in pairs.items() if a == one)
        * sum(n for (_, b), n in pairs.items() if b == other)
        for one, other in ((x, y) for x in (True, False) for y in (True, False))
    }
    return sum((pairs[cell] - product / total) ** 2 / (product / total) for cell, product in expected.items())


LIKELY = (
    10.83  # a chi-square larger than this comes once in a thousand; the lots are fixed, so it never comes by chance
)


def test_a_lot_is_the_same_for_ever() -> None:
    assert [bucket("registration", contact, "holdout") for contact in (1, 2, 3, 1_000_000)] == [8861, 1420, 5363, 1751]
    assert [bucket("registration", contact, "trial") for contact in (1, 2, 3, 1_000_000)] == [5360, 7240, 1241, 8134]


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 100])
def test_a_share_is_as_large_as_it_says(percent: int) -> None:
    for lot in (held_out, in_trial):
        found = sum(lot("registration", contact, percent) for contact in CONTACTS) / len(CONTACTS) * 100
        assert abs(found - percent) < 0.4
        assert percent not in (0, 100) or found == percent, "nobody, or all"


def test_a_hundredth_of_a_percent_is_still_somebody() -> None:
    assert 0 < sum(held_out("registration", contact, 0.01) for contact in CONTACTS) < 30


def test_the_lots_are_spread_evenly() -> None:
    tenths = Counter(bucket("registration", contact, "trial") // 1000 for contact in CONTACTS)
    assert sorted(tenths) == list(range(10))
    assert sum((count - 10_000) ** 2 / 10_000 for count in tenths.values()) < 27.88, "nine degrees of freedom"


def test_whoever_is_in_stays_in_when_the_share_grows() -> None:
    for contact in range(1000):
        for lot in (held_out, in_trial):
            drawn = [lot("basket", contact, percent) for percent in range(0, 101, 5)]
            assert drawn == sorted(drawn)


def test_each_scenario_draws_anew() -> None:
    for one, other in combinations(["registration", "basket", "birthday"], 2):
        pairs = Counter((held_out(one, contact, 10), held_out(other, contact, 10)) for contact in CONTACTS)
        assert chi_square(pairs) < LIKELY


def test_the_hold_out_and_the_trial_know_nothing_of_each_other() -> None:
    pairs = Counter((held_out("basket", contact, 10), in_trial("basket", contact, 20)) for contact in CONTACTS)
    assert chi_square(pairs) < LIKELY


def test_lots_that_hang_together_would_be_noticed() -> None:
    pairs = Counter((held_out("basket", contact, 10), held_out("basket", contact, 11)) for contact in CONTACTS)
    assert chi_square(pairs) > 1000


def test_a_name_is_not_glued_to_a_number() -> None:
    assert (
        len({bucket(name, contact, "trial") for name, contact in (("a1", 1), ("a", 11), ("a11", 1), ("a1", 11))}) == 4
    )
