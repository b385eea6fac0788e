"""Leases: of two who want the same, one gets it; who dies loses it in time."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core import leases


def take(engine: sa.Engine, owner: str, now: datetime, name: str = "clock", seconds: float = 30) -> bool:
    return leases.take(engine, name, owner=owner, now=now, seconds=seconds)


def test_the_second_waits_until_the_first_is_done(engine: sa.Engine, now: datetime) -> None:
    assert take(engine, "first", now)
    assert not take(engine, "second", now)
    leases.free(engine, "clock", owner="first")
    assert take(engine, "second", now)
    assert not take(engine, "first", now)


def test_a_lease_that_ran_out_goes_to_the_next(engine: sa.Engine, now: datetime) -> None:
    take(engine, "first", now)
    assert not take(engine, "second", now + timedelta(seconds=30)), "not before it has run out"
    assert take(engine, "second", now + timedelta(seconds=31))
    assert not take(engine, "first", now + timedelta(seconds=32)), "who slept through it has lost it"


def test_renewed_in_time_it_is_kept(engine: sa.Engine, now: datetime) -> None:
    for minute in range(5):
        assert take(engine, "first", now + timedelta(seconds=20 * minute))
    assert not take(engine, "second", now + timedelta(seconds=109))
    assert take(engine, "second", now + timedelta(seconds=111))


def test_a_lease_may_be_made_shorter(engine: sa.Engine, now: datetime) -> None:
    take(engine, "first", now, seconds=3600)
    take(engine, "first", now, seconds=1)
    assert take(engine, "second", now + timedelta(seconds=2))


def test_nobody_frees_what_another_holds(engine: sa.Engine, now: datetime) -> None:
    take(engine, "first", now)
    leases.free(engine, "clock", owner="second")
    assert not take(engine, "second", now)


def test_freeing_twice_changes_nothing(engine: sa.Engine, now: datetime) -> None:
    take(engine, "first", now)
    leases.free(engine, "clock", owner="first")
    leases.free(engine, "clock", owner="first")
    assert take(engine, "first", now)


def test_each_name_is_a_lease_of_its_own(engine: sa.Engine, now: datetime) -> None:
    assert take(engine, "first", now, name="pull:shop")
    assert take(engine, "second", now, name="pull:Shop"), "names differ by every byte"
    assert take(engine, "second", now, name="clock")


def test_a_name_may_be_long(engine: sa.Engine, now: datetime) -> None:
    name = "pull:" + "магазин" * 20
    assert take(engine, "first", now, name=name)
    assert not take(engine, "second", now, name=name)
    assert take(engine, "second", now, name=name + "2")
    leases.free(engine, name, owner="first")
    assert take(engine, "second", now, name=name)


@pytest.mark.parametrize("held_before", [False, True])
def test_of_eight_at_once_one_gets_it(engine: sa.Engine, now: datetime, held_before: bool) -> None:
    if held_before:
        take(engine, "dead", now - timedelta(minutes=5))
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda number: take(engine, f"worker {number}", now), range(8))) == 1


def test_no_two_owners_share_a_name() -> None:
    assert len({leases.owner() for _ in range(100)}) == 100
    assert len(leases.owner()) <= 128


def test_leases_of_dead_processes_of_this_host_are_given_back(engine: sa.Engine, now: datetime) -> None:
    host = leases.owner().rsplit(":", 2)[0]
    with subprocess.Popen(["true"]) as ended, subprocess.Popen(["sleep", "60"]) as running:
        ended.wait()
        dead, alive = f"{host}:{ended.pid}:x", f"{host}:{running.pid}:x"
        for name, owner in (("a", dead), ("b", alive), ("c", f"elsewhere:{ended.pid}:x")):
            assert leases.take(engine, name, owner=owner, now=now, seconds=300)
        leases.free_dead(engine)
        assert [leases.take(engine, name, owner="me", now=now, seconds=1) for name in "abc"] == [True, False, False]
        running.kill()
