"""Whatever stops between a letter taken and a letter sent, it has one coupon and keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import compose, coupons, deliver, postings
from core.channel import Session
from core.compose import Addressee
from core.coupons import batch, making
from core.errors import Unreachable
from core.model import Letter, Outcome
from tests.core.coupons.world import LAST_SECOND, PRESS, CouponWorld


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


class Dying:
    """Dies at one of the steps between a row taken and a letter sent."""

    def __init__(self, world: CouponWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.patch = world, monkeypatch

    def before_planning(self) -> None:
        self._breaks(making, "planned", before=True)

    def after_planning(self) -> None:
        self._breaks(making, "planned", before=False)

    def once_the_shop_has_made_three(self) -> None:
        self._breaks(self.world.gift, "create", before=False, after=3)

    def before_the_codes_are_written_down(self) -> None:
        self._breaks(batch, "settle", before=True)

    def after_the_codes_are_written_down(self) -> None:
        self._breaks(batch, "settle", before=False)

    def when_composing(self) -> None:
        self._breaks(compose, "gathered", before=False)

    def before_claiming(self) -> None:
        self._breaks(deliver, "_record_and_claim", before=True)

    def _breaks(self, where: Any, name: str, *, before: bool, after: int = 1) -> None:
        work, calls = getattr(where, name), iter(range(1, 1000))

        def dying(*args: Any, **kwargs: Any) -> Any:
            if before:
                raise Killed
            found = work(*args, **kwargs)
            if next(calls) == after:
                raise Killed
            return found

        self.patch.setattr(where, name, dying)


STEPS = [name for name in vars(Dying) if not name.startswith("_")]


@pytest.mark.parametrize("step", STEPS)
def test_killed_between_two_steps_no_second_coupon_is_made(
    world: CouponWorld, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    posting = world.open()
    getattr(Dying(world, monkeypatch), step)()
    with pytest.raises(Killed):
        world.send(posting)
    monkeypatch.undo()
    begun = {coupon.code for coupon in world.gift.made.values()}
    world.clock.on(seconds=world.settings.lease_seconds + 1)
    deliver.release_dead(world.engine, now=world.clock())
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}
    assert begun <= set(world.codes().values()) == set(world.gift.terms)
    assert world.states() == ["made"] * 5


def test_a_letter_put_off_for_days_keeps_its_code_and_gets_its_full_time(world: CouponWorld) -> None:
    posting = world.open()
    world.channel.answers = {"user3@shop.ru": Outcome("retry", "451 greylisted")}
    world.send(posting)
    [before] = [row["code"] for row in world.rows() if row["recipient_id"] == world.recipients(posting)["user3"]["id"]]
    world.channel.answers = {}
    world.clock.on(days=3)
    assert world.end() == {"removed": 4}, "the coupon of a letter on its way is not ended"
    world.send(posting)
    assert world.codes()["user3@shop.ru"] == before
    assert "до 29 ноября" in world.channel.letters[-1].text
    [coupon] = [coupon for coupon in world.gift.made.values() if coupon.code == before]
    assert coupon.valid_until == LAST_SECOND + timedelta(days=3)


def test_a_coupon_made_before_a_crash_on_another_day_gets_its_full_time(
    world: CouponWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting = world.open()
    Dying(world, monkeypatch).before_the_codes_are_written_down()
    with pytest.raises(Killed):
        world.send(posting)
    monkeypatch.undo()
    world.clock.on(days=1)
    deliver.release_dead(world.engine, now=world.clock())
    world.send(posting)
    assert {coupon.valid_until for coupon in world.gift.made.values()} == {LAST_SECOND + timedelta(days=1)}
    assert set(world.codes().values()) == set(world.gift.terms)


def test_a_batch_that_waits_for_the_relay_makes_nothing_again(world: CouponWorld) -> None:
    posting = world.open()
    world.channel.answers = {
        f"user{n}@shop.ru": Outcome("retry", "no route", reached=False, tried=False) for n in range(5)
    }
    with pytest.raises(deliver.RelayAway):
        world.send(posting)
    made = dict(world.gift.made)
    world.gift.error = Unreachable("the shop went away too")
    world.channel.answers = {}
    world.clock.on(hours=1)
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}
    assert world.gift.made == made


def test_four_workers_at_once_make_each_coupon_once(engine: sa.Engine) -> None:
    world = CouponWorld(engine)
    world.people(25)
    world.promise()
    posting = world.open()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.send(posting), range(4)))
    assert world.counts(posting) == {"sent": 25}
    assert len(set(world.codes().values())) == len(world.gift.terms) == 25


def test_two_workers_with_the_same_letters_make_the_same_coupons(world: CouponWorld) -> None:
    """One slept through its lease, the other took its letters over: both are at it now."""
    posting = postings.posting(world.engine, world.open())
    assert posting.publication is not None
    addressees = [
        Addressee(row["contact_id"], posting.id, row["email"], compose.NOBODY, recipient_id=row["id"])
        for row in world.recipients(posting.id).values()
    ]

    def prepare(_: int) -> coupons.Prepared:
        assert posting.publication is not None
        return coupons.prepare(
            world.mint,
            posting.publication,
            addressees,
            shelf=PRESS.blocks,
            anchor=posting.firing_at,
            now=world.clock(),
        )

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(prepare, range(2))) == [coupons.Prepared(), coupons.Prepared()]
    assert world.states() == ["made"] * 5
    assert {row["code"] for row in world.rows()} <= set(world.gift.terms)


class Sleeper(Session):
    def __init__(self, world: CouponWorld) -> None:
        self.world = world

    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        for letter in letters:
            self.world.channel.letters.append(letter)
            yield Outcome("unknown", "no answer")


def test_a_letter_of_which_nobody_knows_keeps_its_coupon(world: CouponWorld) -> None:
    posting = world.open()
    with pytest.raises(deliver.RelayAway):
        world.work(posting, Sleeper(world))
    assert world.counts(posting)["unknown"] == 1
    world.clock.on(days=1)
    world.audit()
    assert world.end() == {}
