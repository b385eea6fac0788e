"""A coupon that cannot be made now holds its letter back, and no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import sqlalchemy as sa

from core import db, deliver, postings, tables
from core.errors import Refused, Unreachable, VestnikError
from core.model import Coupon, CouponTerms, PostingStatus
from core.testing import MemoryCoupons
from tests.core.coupons.world import RULES, TWO_DAYS, CouponWorld


def test_while_the_shop_is_away_letters_wait_and_the_posting_says_why(world: CouponWorld) -> None:
    posting = world.open()
    world.gift.error = Unreachable("Source 'shop' does not answer.")
    with pytest.raises(Unreachable, match=r"wait for their coupons. Source 'shop' does not answer"):
        world.send(posting)
    assert world.counts(posting) == {"new": 5}
    assert {row["attempts"] for row in world.recipients(posting).values()} == {0}
    assert not deliver.ready(world.engine, posting, now=world.clock()), "they make way for letters that can go"
    assert postings.posting(world.engine, posting).status is PostingStatus.OPEN
    world.gift.error = None
    world.clock.on(seconds=61)
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}


class Tiring(MemoryCoupons):
    """Makes so many coupons, then does not answer."""

    left = 2

    def create(self, terms: CouponTerms, *, secret: str, now: datetime) -> Coupon:
        if not self.left:
            raise Unreachable("gone")
        self.left -= 1
        return super().create(terms, secret=secret, now=now)


def test_letters_whose_coupon_was_made_go_when_the_shop_goes_away(engine: sa.Engine) -> None:
    world = CouponWorld(engine, gift=Tiring(*RULES, source="shop"))
    world.people(5)
    world.promise()
    posting = world.open()
    with pytest.raises(Unreachable):
        world.send(posting)
    assert world.counts(posting) == {"sent": 2, "new": 3}


def test_a_letter_that_may_go_without_does_not_wait_for_the_shop(world: CouponWorld) -> None:
    world.promise({**TWO_DAYS, "required": False})
    posting = world.open()
    world.gift.error = Unreachable("gone")
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}
    assert "промокод" not in world.channel.letters[0].text


class Choosy(MemoryCoupons):
    """Makes no coupon for person 3."""

    def create(self, terms: CouponTerms, *, secret: str, now: datetime) -> Coupon:
        if terms.person == "3":
            raise Refused("{person!r} is no user of the shop", person=terms.person)
        return super().create(terms, secret=secret, now=now)


def test_a_coupon_that_cannot_be_made_holds_back_its_letter_alone(engine: sa.Engine) -> None:
    world = CouponWorld(engine, gift=Choosy(*RULES, source="shop"))
    world.people(5)
    world.promise({**TWO_DAYS, "bind_to_user": True})
    posting = world.open()
    world.send(posting)
    assert world.counts(posting) == {"sent": 4, "skipped": 1}
    assert str(world.recipients(posting)["user3"]["reason"]) == "'3' is no user of the shop"
    assert world.states() == ["made"] * 4, "nothing was issued"


def test_a_coupon_for_its_user_alone_needs_a_user_of_that_shop(world: CouponWorld) -> None:
    with db.writing(world.engine) as connection:
        moved = sa.update(tables.people).where(tables.people.c.external_id == "3").values(source="other")
        connection.execute(moved)
    world.promise({**TWO_DAYS, "bind_to_user": True})
    posting = world.open()
    world.send(posting)
    assert world.counts(posting) == {"sent": 4, "skipped": 1}
    assert "no user of shop" in str(world.recipients(posting)["user3"]["reason"])


def test_past_the_cap_letters_wait_until_coupons_are_over(world: CouponWorld) -> None:
    world.cap = 3
    posting = world.open()
    with pytest.raises(VestnikError, match="has 3 coupons outstanding"):
        world.send(posting)
    assert world.counts(posting) == {"sent": 3, "new": 2}
    world.clock.on(days=3)
    assert world.end() == {"removed": 3}
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}


def test_two_workers_do_not_overdraw_the_cap(engine: sa.Engine) -> None:
    world = CouponWorld(engine, cap=8)
    world.people(20)
    world.promise()
    world.settings = world.settings.model_copy(update={"batch": 5})
    posting = world.open()

    def send(_: int) -> None:
        with pytest.raises(VestnikError):
            world.send(posting)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(send, range(3)))
    assert len(world.rows()) == len(world.gift.made) == 8
    assert world.counts(posting) == {"sent": 8, "new": 12}
