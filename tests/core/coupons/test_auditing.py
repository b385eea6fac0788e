"""Every coupon issued is active, used or removed; a difference is an alarm that names its code."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core import coupons, db, tables
from core.coupons import auditing
from core.errors import Unreachable
from core.model import CouponUse, Outcome
from core.testing import MemoryCoupons
from tests.core.coupons.world import TWO_DAYS, CouponWorld


@pytest.fixture
def sent(world: CouponWorld) -> CouponWorld:
    """All five letters have gone out."""
    world.send(world.open())
    return world


def sums_up(account: coupons.Account) -> bool:
    return account.issued == account.active + account.used + account.removed


def take_out(gift: MemoryCoupons, code: str) -> None:
    """What an admin of the shop does by hand."""
    gift.made = {key: coupon for key, coupon in gift.made.items() if coupon.code != code}


def test_issued_is_active_and_used_and_removed(sent: CouponWorld) -> None:
    sent.gift.uses[sent.codes()["user1@shop.ru"]] = CouponUse(1, sent.clock(), ("1001",))
    assert sent.audit() == []
    account = sent.account()
    assert (account.issued, account.active, account.used, account.removed) == (5, 4, 1, 0)
    sent.clock.on(days=4)
    sent.end()
    sent.audit()
    account = sent.account()
    assert (account.issued, account.active, account.used, account.removed) == (5, 0, 1, 4)
    assert sums_up(account)
    assert list(coupons.alarms(sent.engine)) == []


def test_a_coupon_that_somebody_took_out_is_an_alarm(sent: CouponWorld, caplog: pytest.LogCaptureFixture) -> None:
    code = sent.codes()["user2@shop.ru"]
    take_out(sent.gift, code)
    sent.audit()
    assert sent.account().differences == (code,)
    assert not sums_up(sent.account())
    assert [one.rule for one in coupons.alarms(sent.engine)] == ["7"]
    assert "1 issued, not used, and not in the shop" in caplog.text


def test_one_switched_off_by_hand_is_an_alarm_too(sent: CouponWorld) -> None:
    code = sent.codes()["user2@shop.ru"]
    sent.gift.off.add(code)
    sent.audit()
    assert sent.account().differences == (code,)
    sent.gift.off.clear()
    sent.clock.on(days=1)
    sent.audit()
    assert sums_up(sent.account()), "put back, it counts again"


def test_an_alarm_ends_with_the_coupons_time(sent: CouponWorld) -> None:
    take_out(sent.gift, sent.codes()["user2@shop.ru"])
    sent.audit()
    sent.clock.on(days=4)
    sent.end()
    sent.audit()
    assert (sent.account().removed, sent.account().differences) == (5, ())


def test_whoever_meant_to_may_say_so(sent: CouponWorld) -> None:
    take_out(sent.gift, sent.codes()["user2@shop.ru"])
    sent.audit()
    assert coupons.forgive(sent.engine, now=sent.clock()) == 1
    assert (sent.account().issued, sent.account().removed) == (5, 1)
    assert sums_up(sent.account())


def test_once_a_day_and_not_while_the_shop_is_away(sent: CouponWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    assert coupons.audit_due(sent.engine, now=sent.clock())

    def away(*_: object) -> None:
        raise Unreachable("gone")

    monkeypatch.setattr(sent.gift, "standing", away)
    assert [str(error) for error in sent.audit()] == ["gone"]
    assert not coupons.audit_due(sent.engine, now=sent.clock())
    monkeypatch.undo()
    sent.clock.on(minutes=5)
    assert sent.audit() == []
    assert not coupons.audit_due(sent.engine, now=sent.clock())
    sent.clock.on(days=1)
    assert coupons.audit_due(sent.engine, now=sent.clock())


def test_one_used_while_we_look_is_not_taken_for_lost(sent: CouponWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coupon for one order is switched off by its use."""
    code, standing = sent.codes()["user2@shop.ru"], sent.gift.standing

    def looked(codes: list[str]) -> set[str]:
        found = standing(codes)
        sent.gift.uses[code] = CouponUse(1)
        sent.gift.off.add(code)
        return found

    monkeypatch.setattr(sent.gift, "standing", looked)
    sent.audit()
    assert (sent.account().used, sent.account().differences) == (1, ())


def test_a_coupon_of_a_letter_that_failed_is_taken_out(world: CouponWorld) -> None:
    world.promise({"code": "coupon", "discount": 7})
    world.channel.answers = {"user3@shop.ru": Outcome("failed", "550 no such user")}
    world.send(world.open())
    world.audit()
    world.clock.on(seconds=1)
    assert world.end() == {"removed": 1}
    assert len(world.gift.made) == 4


@pytest.mark.parametrize("made", [True, False], ids=["made", "not made"])
def test_a_plan_that_nobody_carried_out_is_cleared_away(
    world: CouponWorld, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    """The worker was killed while it made them, and the letters then went without: their block asks for nothing."""
    world.promise({**TWO_DAYS, "required": False})
    monkeypatch.setattr("core.coupons.batch.settle", lambda *_, **__: None)
    if not made:
        monkeypatch.setattr(world.gift, "create", lambda *_, **__: (_ for _ in ()).throw(Unreachable("gone")))
    world.send(world.open())
    monkeypatch.undo()
    assert world.states() == ["planned"] * 5
    assert len(world.gift.made) == (5 if made else 0)
    world.audit()
    assert world.states() == ["planned"] * 5, "they are young: somebody may be at it"
    world.clock.on(days=1, seconds=1)
    world.audit()
    world.clock.on(seconds=1)
    world.end()
    assert world.gift.made == {}, "nothing stays behind in the shop"
    assert set(world.states()) <= {"removed"}
    assert sums_up(world.account())


def test_page_by_page(sent: CouponWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "_AT_ONCE", 2)
    for code in sent.codes().values():
        take_out(sent.gift, code)
    sent.audit()
    assert len(sent.account().differences) == 5


def test_rules_are_kept_apart(sent: CouponWorld) -> None:
    with db.writing(sent.engine) as connection:
        chosen = tables.coupons.c.code == sent.codes()["user0@shop.ru"]
        connection.execute(sa.update(tables.coupons).where(chosen).values(rule="9"))
    found = {one.rule: one.issued for one in coupons.accounts(sent.engine)}
    assert found == {"7": 4, "9": 1}
