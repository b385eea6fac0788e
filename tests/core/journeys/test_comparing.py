"""Two versions of a scenario side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.journeys import comparing, planning
from core.journeys.comparing import Change, Comparison
from core.journeys.planning import Planner, Window
from tests.scenarios.shop import Shop

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """Anna registers, a day later Boris."""
    shop = Shop(engine)
    shop.sells("1")
    shop.registers("anna")
    shop.pull()
    shop.waits(days=1)
    shop.registers("boris")
    shop.pull()
    return shop


def compared(shop: Shop, *changes: tuple[str, str], days: int = 3) -> tuple[tuple[int, int], dict[str, Change]]:
    """(letters by the old version, by the new), and what becomes of whom by changes of the file's text."""
    planner = Planner(shop.engine, shop.shelf, shop.manners, shop.now)
    text = shop.shelf.texts["registration"]
    old = comparing.version("registration", text, planner)
    for one, other in changes:
        assert one in text
        text = text.replace(one, other)
    with shop.engine.connect() as connection:
        active = planning.cast_of(connection, planner)
    casts = comparing.versions(active, old, comparing.version("registration", text, planner), planner)
    with Comparison(planner, *casts, Window(shop.now, shop.now + days * DAY), issues=True) as comparison:
        found = list(comparison.changes())
        assert sum(comparison.counts().values()) == len(found)
        return comparison.letters(), {one.email.partition("@")[0]: one for one in found}


def test_the_same_file_twice_changes_nothing(shop: Shop) -> None:
    assert compared(shop) == ((2, 2), {})


def test_a_later_letter_moves_for_some_and_is_lost_for_others(shop: Shop) -> None:
    letters, changes = compared(shop, ('after = "3 days"', 'after = "4 days"'))
    assert letters == (2, 1)
    assert {who: one.what for who, one in changes.items()} == {"anna": comparing.MOVES, "boris": comparing.LOSES}
    moved = changes["anna"]
    assert moved.before is not None
    assert moved.after is not None
    assert moved.after.at - moved.before.at == DAY


def test_a_sooner_letter_is_gained(shop: Shop) -> None:
    _, changes = compared(shop, ('after = "3 days"', 'after = "1 days"'), days=1)
    assert {who: one.what for who, one in changes.items()} == {"boris": comparing.GAINS}


def test_whoever_is_held_out_loses_the_letter_with_its_reason(shop: Shop) -> None:
    _, changes = compared(shop, ("priority = ", "holdout = 90\npriority = "))
    assert changes
    for one in changes.values():
        assert one.what == comparing.LOSES
        assert one.after is not None
        assert "held out" in str(one.after.reason)


def test_a_scenario_that_is_on_keeps_to_the_moment_since_when(shop: Shop) -> None:
    """Anna registered before it was switched on."""
    shop.runs("registration", past=HOUR)
    letters, changes = compared(shop, ('after = "3 days"', 'after = "2 days"'))
    assert letters == (1, 1)
    assert {who: one.what for who, one in changes.items()} == {"boris": comparing.MOVES}
