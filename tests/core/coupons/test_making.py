"""A coupon is made once for a letter, before it goes out, and lives from then: whatever stops in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import compose, coupons, db, deliver, postings, tables
from core.channel import Session
from core.compose import Addressee
from core.coupon import SPECIMEN, valid_until
from core.coupons import batch, making
from core.errors import Misconfigured, Refused, Unreachable, VestnikError
from core.model import Coupon, CouponTerms, Letter, Outcome, PostingStatus
from core.testing import MemoryCoupons, MemorySource
from tests.core.coupons.world import PRESS, RULES, TWO_DAYS, CouponWorld

LAST_SECOND = datetime(2026, 11, 26, 20, 59, 59, tzinfo=UTC)  # of the 26th in Moscow


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


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


def test_nobody_who_left_gets_a_coupon(world: CouponWorld) -> None:
    posting = world.open()
    world.suppress("user4@shop.ru")
    world.send(posting)
    assert len(world.gift.terms) == 4


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
