"""A coupon is made once for a letter, on the terms that the letter promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import compose, coupons
from core.compose import Addressee
from core.coupon import SPECIMEN, valid_until
from core.errors import Misconfigured
from core.model import Letter
from core.testing import MemorySource
from tests.core.coupons.world import LAST_SECOND, PRESS, TWO_DAYS, CouponWorld


def test_each_letter_has_a_coupon_of_its_own(world: CouponWorld) -> None:
    posting = world.open()
    world.send(posting)
    assert world.counts(posting) == {"sent": 5}
    codes = world.codes()
    assert len(set(codes.values())) == 5
    assert {row["code"] for row in world.rows()} == set(codes.values()) == set(world.gift.terms)
    assert world.states() == ["made"] * 5


def test_the_letter_names_the_last_day_and_the_shop_keeps_it_until_then(world: CouponWorld) -> None:
    world.send(world.open())
    letter = world.channel.letters[0]
    assert "Скидка 2 % по промокоду" in letter.text
    assert "Действует до 26 ноября 2026" in letter.text
    assert {coupon.valid_until for coupon in world.gift.made.values()} == {LAST_SECOND}
    assert {row["valid_until"] for row in world.rows()} == {LAST_SECOND}


@pytest.mark.parametrize(
    ("sent", "last_day"),
    [
        (datetime(2026, 11, 23, 21, 0, tzinfo=UTC), 26),  # midnight of the 24th in Moscow
        (datetime(2026, 11, 24, 20, 44, tzinfo=UTC), 26),
        (datetime(2026, 11, 24, 20, 46, tzinfo=UTC), 27),  # the batch may be sent on the 25th
    ],
)
def test_a_coupon_is_good_for_whole_days_after_the_letter(sent: datetime, last_day: int) -> None:
    until = valid_until(2, now=sent, timezone="Europe/Moscow")
    assert until is not None
    assert (until.day, until.hour, until.minute, until.second) == (last_day, 23, 59, 59)
    assert until >= sent + timedelta(days=2)


def test_a_thank_you_coupon_names_neither_percent_nor_term(world: CouponWorld) -> None:
    world.promise({"code": "coupon", "discount": "7"})
    world.send(world.open())
    text = world.channel.letters[0].text
    assert "Ваш промокод на скидку" in text
    assert "Действует" not in text
    assert "%" not in text
    assert {coupon.valid_until for coupon in world.gift.made.values()} == {None}


def test_the_letter_gives_the_words_and_the_shop_the_terms(world: CouponWorld) -> None:
    terms = {"discount": 7, "label": "Бесплатная доставка", "multi_use": True, "max_uses": 3, "prefix": "BDAY"}
    world.promise({"code": "coupon", **terms, "bind_to_user": True})
    world.send(world.open())
    assert "Бесплатная доставка" in world.channel.letters[0].text
    made = [one for one in world.gift.terms.values() if one.person == "3"]
    assert [(one.rule, one.multi_use, one.max_uses, one.prefix) for one in made] == [("7", True, 3, "BDAY")]
    assert made[0].description == "Vestnik: birthday, 24.11.2026"


def test_the_same_terms_twice_in_a_letter_are_one_coupon_others_another(world: CouponWorld) -> None:
    world.promise(TWO_DAYS, {**TWO_DAYS, "heading": "Не забудьте"}, {**TWO_DAYS, "days": 5})
    world.send(world.open())
    assert len(world.rows()) == 10


def test_nobody_who_left_gets_a_coupon(world: CouponWorld) -> None:
    posting = world.open()
    world.suppress("user4@shop.ru")
    world.send(posting)
    assert len(world.gift.terms) == 4


@pytest.mark.parametrize(
    ("promise", "sentence"),
    [
        ({**TWO_DAYS, "discount": 8}, "switched off"),
        ({**TWO_DAYS, "discount": 77}, "no discount rule 77"),
        ({**TWO_DAYS, "source": "ship"}, "no source 'ship'"),
    ],
)
def test_a_rule_that_would_do_nothing_is_said_before_the_first_letter(
    world: CouponWorld, promise: dict[str, Any], sentence: str
) -> None:
    world.promise(promise)
    with pytest.raises(Misconfigured, match=sentence):
        coupons.check(world.mint, world.published(), shelf=PRESS.blocks, now=world.clock())
    world.promise({**promise, "required": False})
    coupons.check(world.mint, world.published(), shelf=PRESS.blocks, now=world.clock())


def test_with_several_shops_a_coupon_says_whose_it_is(world: CouponWorld) -> None:
    world.sources["other"] = MemorySource("other")
    with pytest.raises(Misconfigured, match="whose it is"):
        coupons.check(world.mint, world.published(), shelf=PRESS.blocks, now=world.clock())
    world.promise({**TWO_DAYS, "source": "shop"})
    coupons.check(world.mint, world.published(), shelf=PRESS.blocks, now=world.clock())


def test_a_preview_shows_a_specimen_and_makes_nothing(world: CouponWorld) -> None:
    publication = world.published()
    someone = Addressee(0, 0, "user1@shop.ru", compose.NOBODY)
    with world.engine.connect() as connection:
        asked = compose.gathered(connection, publication, [someone], shelf=PRESS.blocks, now=world.clock())
    [letter] = compose.compose(publication, asked, key="key")
    assert isinstance(letter, Letter)
    assert SPECIMEN in letter.html
    assert "до 26 ноября" in letter.text
    assert world.rows() == []
    assert world.gift.made == {}


def test_the_letter_in_the_browser_shows_the_readers_own_code(world: CouponWorld) -> None:
    posting = world.open()
    world.send(posting)
    world.clock.on(days=9)
    world.end()
    row = world.recipients(posting)["user2"]
    addressee = Addressee(row["contact_id"], posting, row["email"], compose.NOBODY, recipient_id=row["id"])
    publication = world.published()
    with world.engine.connect() as connection:
        asked = compose.gathered(connection, publication, [addressee], shelf=PRESS.blocks, now=world.clock())
    [letter] = compose.compose(publication, asked, key="key")
    assert isinstance(letter, Letter)
    assert world.codes()["user2@shop.ru"] in letter.html


def test_the_next_posting_makes_new_coupons(world: CouponWorld) -> None:
    world.send(world.open())
    world.clock.on(minutes=5)
    world.channel.letters.clear()
    world.send(world.open(again=True))
    assert len(world.gift.made) == 10


def test_codes_are_not_logged(world: CouponWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    world.send(world.open())
    world.gift.made.clear()
    world.clock.on(days=1)
    world.audit()
    assert "5 issued" in caplog.text, "the audit did speak"
    assert not any(code in caplog.text for code in world.gift.terms)
