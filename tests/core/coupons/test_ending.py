"""Coupons end when their time is over, also after a long silence; used ones stay in the shop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest
import sqlalchemy as sa

from core import coupons, leases, postings, runs
from core.app import App
from core.clock import Clock
from core.config import Config
from core.coupons import ending
from core.errors import Unreachable
from core.model import CouponFate, CouponUse
from core.source import Ending
from core.testing import MemoryCoupons
from tests.core.coupons.world import PRESS, RULES, TWO_DAYS, CouponWorld
from tests.core.test_runs import Nudges
from tests.core.world import SITE


@pytest.fixture
def sent(world: CouponWorld) -> CouponWorld:
    """All five letters have gone out."""
    world.send(world.open())
    return world


def test_nothing_ends_on_the_last_day(sent: CouponWorld) -> None:
    sent.clock.now = datetime.fromisoformat("2026-11-26T23:59:59+03:00")
    assert not coupons.due(sent.engine, now=sent.clock())
    assert sent.end() == {}
    sent.clock.on(seconds=1)
    assert coupons.due(sent.engine, now=sent.clock())
    assert sent.end() == {"removed": 5}
    assert sent.gift.made == {}


def test_after_a_month_of_silence_all_end(sent: CouponWorld) -> None:
    sent.clock.on(days=30)
    assert sent.end() == {"removed": 5}
    assert sent.gift.made == {}
    assert sent.end() == {}


def test_a_used_coupon_stays_and_its_use_is_kept(sent: CouponWorld) -> None:
    code = sent.codes()["user1@shop.ru"]
    sent.gift.uses[code] = CouponUse(1, sent.clock(), ("1001",))
    sent.clock.on(days=4)
    assert sent.end() == {"removed": 4, "used": 1}
    assert [coupon.code for coupon in sent.gift.made.values()] == [code]
    [row] = [row for row in sent.rows() if row["code"] == code]
    assert (row["status"], row["used_at"], row["orders"]) == ("used", sent.gift.uses[code].last_at, ["1001"])


def test_some_are_switched_off_instead(world: CouponWorld) -> None:
    world.promise({**TWO_DAYS, "on_expiry": "deactivate"})
    world.send(world.open())
    world.clock.on(days=4)
    assert world.end() == {"removed": 5}
    assert len(world.gift.made) == len(world.gift.off) == 5


def test_a_coupon_without_an_end_is_left_alone(world: CouponWorld) -> None:
    world.promise({"code": "coupon", "discount": 7})
    world.send(world.open())
    world.clock.on(days=400)
    assert world.end() == {}


def test_more_than_a_batch_ends_in_batches(sent: CouponWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_AT_ONCE", 2)
    sent.clock.on(days=4)
    assert sent.end() == {"removed": 5}


def test_a_shop_that_is_away_is_asked_again_later(sent: CouponWorld) -> None:
    sent.gift.error = Unreachable("gone")
    sent.clock.on(days=4)
    assert sent.end() == {}
    assert str(sent.account().error) == "gone"
    assert not coupons.due(sent.engine, now=sent.clock()), "it is left alone for a while"
    sent.gift.error = None
    sent.clock.on(minutes=6)
    assert sent.end() == {"removed": 5}
    assert sent.account().error == ""


def test_a_source_taken_out_of_the_settings_stops_nothing(sent: CouponWorld) -> None:
    sent.sources.clear()
    sent.clock.on(days=4)
    assert sent.end() == {}
    assert "no source 'shop'" in str(sent.account().error)


class Killed(BaseException):
    """Stands for kill -9."""


class Dying(MemoryCoupons):
    """Ends the coupons, and takes our worker with it."""

    dying = True

    def expire(self, codes: Iterable[str], *, ending: Ending, now: datetime) -> dict[str, CouponFate]:
        found = super().expire(codes, ending=ending, now=now)
        if self.dying:
            raise Killed
        return found


@pytest.mark.parametrize("on_expiry", ["delete", "deactivate"])
def test_killed_before_it_is_written_down_the_end_is_the_same(engine: sa.Engine, on_expiry: str) -> None:
    world = CouponWorld(engine, gift=(gift := Dying(*RULES, source="shop")))
    world.people(5)
    world.promise({**TWO_DAYS, "on_expiry": on_expiry})
    world.send(world.open())
    gift.uses[world.codes()["user1@shop.ru"]] = CouponUse(1)
    world.clock.on(days=4)
    with pytest.raises(Killed):
        world.end()
    gift.dying = False
    assert world.end() == {"removed": 4, "used": 1}


@pytest.fixture
def app(world: CouponWorld) -> App:
    app = App(Config(site=SITE), world.clock)
    app.__dict__.update(engine=world.engine, sources=world.sources, channel=world.channel)
    return app


def test_the_clock_has_coupons_ended_and_audited_when_their_time_comes(world: CouponWorld, app: App) -> None:
    clock = Clock(app, nudges := Nudges())  # type: ignore[arg-type]

    def nudged() -> bool:
        nudges.sent.clear()
        assert clock.tick()
        return "tend_coupons" in [name for name, _ in nudges.sent]

    assert not nudged()
    world.send(world.open())
    assert nudged(), "a new rule is audited"
    runs.tend_coupons(app)
    assert not nudged()
    world.clock.on(days=4)
    assert nudged()
    runs.tend_coupons(app)
    assert world.states() == ["removed"] * 5
    assert not nudged()


def test_who_comes_second_leaves_the_coupons_to_the_first(world: CouponWorld, app: App) -> None:
    world.send(world.open())
    world.clock.on(days=4)
    leases.take(world.engine, "coupons", owner="another:1:x", now=world.clock(), seconds=60)
    runs.tend_coupons(app)
    assert world.states() == ["made"] * 5
    world.clock.on(seconds=61)
    runs.tend_coupons(app)
    assert world.states() == ["removed"] * 5


def test_a_posting_waits_for_a_rule_that_works(world: CouponWorld, app: App) -> None:
    world.promise({**TWO_DAYS, "discount": 8})
    app.__dict__["press"] = PRESS
    waiting = postings.by_hand(world.engine, world.issue(), now=world.clock())
    assert not runs.open_posting(app, waiting)
    assert "switched off" in str(postings.posting(world.engine, waiting).reason)
    world.promise()
    assert runs.open_posting(app, waiting)
    world.gift.error = Unreachable("gone")
    with pytest.raises(Unreachable):
        runs.send(app, waiting)
    assert "wait for their coupons" in str(postings.posting(world.engine, waiting).reason)
    world.gift.error = None
    world.clock.on(seconds=61)
    runs.send(app, waiting)
    assert world.counts(waiting) == {"sent": 5}
    assert postings.posting(world.engine, waiting).reason == ""
