"""A source that makes no coupons hands imported codes out, each exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from core import coupons, deliver
from core.coupons import making
from core.coupons.pool import Imported
from core.errors import Misconfigured, Unreachable
from tests.core.coupons.world import PRESS, CouponWorld


@pytest.fixture
def world(engine: sa.Engine) -> CouponWorld:
    """Five readers, and a shop without the gift."""
    world = CouponWorld(engine)
    world.source.gift = None
    world.people(5)
    world.promise()
    return world


def put_in(world: CouponWorld, *codes: str) -> Imported:
    return coupons.put_in(world.engine, codes, source="shop", rule="7", now=world.clock())


def some(count: int) -> list[str]:
    return [f"SL-{number:04}" for number in range(count)]


def test_each_letter_gets_a_code_of_the_pool(world: CouponWorld) -> None:
    put_in(world, *some(8))
    posting = world.open()
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}
    assert set(world.codes().values()) == set(some(5))
    assert (world.account().issued, world.account().free) == (5, 3)
    world.clock.on(days=4)
    assert world.end() == {"removed": 5}


def test_codes_that_differ_only_in_case_are_one(world: CouponWorld) -> None:
    done = put_in(world, "SL-abc", "sl-ABC", "", " SL-def ", "SL-кириллица", "A" * 33)
    assert (done.added, done.known) == (2, 1)
    assert [str(error).partition(":")[0] for error in done.bad] == ["line 5", "line 6"]
    assert put_in(world, "Sl-AbC").added == 0


def test_an_empty_pool_is_said_before_the_first_letter(world: CouponWorld) -> None:
    with pytest.raises(Misconfigured, match="pool for its rule 7 is empty"):
        coupons.check(world.mint, world.published(), shelf=PRESS.blocks, now=world.clock())


def test_letters_for_which_no_code_is_left_wait_for_more(world: CouponWorld) -> None:
    put_in(world, *some(3))
    coupons.check(world.mint, world.published(), shelf=PRESS.blocks, now=world.clock())
    posting = world.open()
    with pytest.raises(Unreachable, match="is empty"):
        world.send(posting)
    assert world.counts(posting) == {"sent": 3, "new": 2}
    put_in(world, *some(6))
    world.clock.on(seconds=61)
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}
    assert len(set(world.codes().values())) == 5


def test_four_workers_at_once_hand_no_code_out_twice(engine: sa.Engine) -> None:
    world = CouponWorld(engine)
    world.source.gift = None
    world.settings = world.settings.model_copy(update={"batch": 5})
    world.people(30)
    world.promise()
    put_in(world, *some(30))
    posting = world.open()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.send(posting), range(4)))
    assert world.counts(posting) == {"sent": 30}
    assert len(set(world.codes().values())) == 30


def test_a_crash_after_the_plan_costs_no_code(world: CouponWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def dying(*_: object) -> None:
        raise Killed

    put_in(world, *some(5))
    posting = world.open()
    monkeypatch.setattr(making, "handed_out", dying)
    with pytest.raises(Killed):
        world.send(posting)
    monkeypatch.undo()
    world.clock.on(seconds=world.settings.lease_seconds + 1)
    deliver.release_dead(world.engine, now=world.clock())
    world.send(posting)
    assert set(world.codes().values()) == set(some(5))
