"""Deliver: every letter once; a crash anywhere loses none and doubles none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import db, deliver, postings, tables
from core.channel import Session
from core.config import Deliver
from core.deliver import RelayAway
from core.model import Letter, Outcome, PostingStatus
from core.testing import MemoryChannel
from tests.core.world import World


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


@pytest.fixture
def world(engine: sa.Engine) -> World:
    world = World(engine)
    world.people(25)
    world.apply()
    return world


@pytest.fixture
def posting(world: World) -> int:
    return world.open()


def received(world: World) -> Counter[str]:
    return Counter(letter.to for letter in world.channel.letters)


def test_everybody_gets_one_letter(world: World, posting: int) -> None:
    world.send(posting)
    assert world.counts(posting) == {"sent": 25}
    assert received(world) == Counter(f"user{number}@shop.ru" for number in range(25))
    row = world.recipients(posting)["user7"]
    assert row["sent_at"] == world.clock.now
    assert row["reason"] == "250 ok"
    assert row["message_id"] == next(one.message_id for one in world.channel.letters if one.to == "user7@shop.ru")
    assert postings.posting(world.engine, posting).status is PostingStatus.DONE


def test_sending_again_sends_nothing(world: World, posting: int) -> None:
    world.send(posting)
    world.send(posting)
    assert len(world.channel.letters) == 25


def test_a_refused_address_fails_alone(world: World, posting: int) -> None:
    world.channel.answers = {"user3@shop.ru": Outcome("failed", "550 5.1.1 no such user")}
    world.send(posting)
    assert world.counts(posting) == {"sent": 24, "failed": 1}
    assert world.recipients(posting)["user3"]["reason"] == "550 5.1.1 no such user"


def test_a_letter_put_off_is_tried_again_later_and_given_up_at_last(world: World, posting: int) -> None:
    world.channel.answers = {"user3@shop.ru": Outcome("retry", "451 greylisted")}
    world.send(posting)
    assert world.counts(posting) == {"sent": 24, "new": 1}
    world.send(posting)
    assert world.recipients(posting)["user3"]["attempts"] == 1, "not before its time"
    for _ in range(world.settings.attempts - 1):
        world.clock.on(hours=1)
        world.send(posting)
    assert world.recipients(posting)["user3"]["status"] == "failed"
    assert postings.posting(world.engine, posting).status is PostingStatus.DONE


def test_a_letter_put_off_goes_out_when_the_relay_takes_it(world: World, posting: int) -> None:
    world.channel.answers = {"user3@shop.ru": Outcome("retry", "451 greylisted")}
    world.send(posting)
    world.channel.answers = {}
    world.clock.on(seconds=61)
    world.send(posting)
    assert world.counts(posting) == {"sent": 25}


def test_a_relay_that_is_away_costs_no_attempt(world: World, posting: int) -> None:
    world.channel.answers = {"user12@shop.ru": Outcome("retry", "connection refused", reached=False)}
    with pytest.raises(deliver.RelayAway, match="refused"):
        world.send(posting)
    assert set(world.counts(posting)) == {"sent", "new"}
    assert all(
        row["attempts"] == 0 and row["lease"] is None
        for row in world.recipients(posting).values()
        if row["status"] == "new"
    )
    world.channel.answers = {}
    world.clock.on(seconds=16)
    world.send(posting)
    assert world.counts(posting) == {"sent": 25}
    assert max(received(world).values()) == 1


def test_a_letter_at_which_the_relay_always_breaks_off_does_not_stop_the_others(world: World, posting: int) -> None:
    world.channel.answers = {"user0@shop.ru": Outcome("retry", "connection unexpectedly closed", reached=False)}
    with pytest.raises(deliver.RelayAway):
        world.send(posting)
    world.send(posting)
    assert world.counts(posting) == {"sent": 24, "new": 1}
    assert world.recipients(posting)["user0"]["reason"] == "connection unexpectedly closed"


def test_who_leaves_while_it_goes_out_gets_no_letter(world: World, posting: int) -> None:
    world.suppress("user24@shop.ru")
    world.send(posting)
    assert world.counts(posting) == {"sent": 24, "skipped": 1}
    assert "user24@shop.ru" not in received(world)


def test_a_letter_that_cannot_be_composed_fails_alone(world: World) -> None:
    world.apply(subject="{{ name }} {{ 1 / (person.external | default(0) | int) }}")
    posting = world.open()
    with db.writing(world.engine) as connection:
        connection.execute(sa.update(tables.people).where(tables.people.c.external_id == "3").values(attributes={}))
    world.send(posting)
    assert world.counts(posting) == {"failed": 25}
    assert "user3@shop.ru" in str(world.recipients(posting)["user3"]["reason"])


def test_told_to_stop_it_gives_the_rest_back(world: World, posting: int) -> None:
    world.send(posting, stopping=lambda: len(world.channel.letters) >= 7)
    assert world.counts(posting) == {"sent": 7, "new": 18}
    world.send(posting)
    assert received(world) == Counter(f"user{number}@shop.ru" for number in range(25))


class DyingChannel(MemoryChannel):
    """Dies at a chosen letter: before or after the relay has taken it."""

    def __init__(self, die_at: int, *, taken: bool) -> None:
        super().__init__()
        self.die_at, self.taken = die_at, taken

    @contextmanager
    def open(self) -> Iterator[Session]:
        yield _DyingSession(self)


class _DyingSession(Session):
    def __init__(self, channel: DyingChannel) -> None:
        self.channel = channel

    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        for letter in letters:
            dying = len(self.channel.letters) == self.channel.die_at
            if not dying or self.channel.taken:
                self.channel.letters.append(letter)
            if dying:
                raise Killed
            yield Outcome("sent", "250")


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("die_at", [0, 3, 10, 24])
def test_a_crash_anywhere_loses_none_and_doubles_none(engine: sa.Engine, window: int, taken: bool, die_at: int) -> None:
    channel = DyingChannel(die_at, taken=taken)
    world = World(engine, channel=channel, settings=Deliver(batch=10, window=window))
    world.people(25)
    world.apply()
    posting = world.open()
    with pytest.raises(Killed):
        world.send(posting)
    world.channel = MemoryChannel()
    world.send(posting)  # another worker goes on with what nobody holds
    assert deliver.release_dead(engine, now=world.clock()) == (0, 0), "the lease has not run out yet"
    world.clock.on(seconds=world.settings.lease_seconds + 1)
    back, unknown = deliver.release_dead(engine, now=world.clock())
    world.send(posting)
    assert 1 <= unknown <= window
    assert back < world.settings.batch
    assert world.counts(posting) == {"sent": 25 - unknown, "unknown": unknown}
    both = received(world) + Counter(letter.to for letter in channel.letters)
    assert max(both.values()) == 1
    missing = {f"user{number}@shop.ru" for number in range(25)} - both.keys()
    assert missing <= {row["email"] for row in world.recipients(posting).values() if row["status"] == "unknown"}
    assert postings.posting(engine, posting).status is PostingStatus.DONE


def test_a_worker_that_slept_through_its_lease_sends_nothing_more(world: World, posting: int) -> None:
    class Sleeping(MemoryChannel):
        @contextmanager
        def open(self) -> Iterator[Session]:
            yield Sleeper()

    class Sleeper(Session):
        def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
            for letter in letters:
                world.channel.letters.append(letter)
                if len(world.channel.letters) == 3:
                    world.clock.on(seconds=3600)
                    deliver.release_dead(world.engine, now=world.clock())
                yield Outcome("sent", "250 after a long sleep")

    with Sleeping().open() as session:
        deliver.work(world.desk(), postings.posting(world.engine, posting), session)
    assert received(world) == Counter(f"user{number}@shop.ru" for number in range(25))
    assert world.counts(posting) == {"sent": 25}, "the letter it slept on is settled by its late answer"


def test_a_late_no_opens_a_posting_that_was_closed_already(engine: sa.Engine) -> None:
    world = World(engine)
    world.people(1)
    world.apply()
    posting = world.open()

    class Sleeper(Session):
        def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
            world.clock.on(seconds=3600)
            deliver.release_dead(engine, now=world.clock())
            assert postings.finish(engine, posting, now=world.clock())
            yield from (Outcome("retry", "451 after a long sleep") for _ in letters)

    deliver.work(world.desk(), postings.posting(engine, posting), Sleeper())
    assert world.counts(posting) == {"new": 1}
    assert postings.posting(engine, posting).status is PostingStatus.OPEN, "or the letter would wait for ever"


def test_a_filter_that_breaks_costs_its_letter_and_not_the_batch(world: World) -> None:
    world.apply(subject="{{ name }} {{ name | truncate(-5) if name == 'Имя3' }}")
    posting = world.open()
    world.send(posting)
    assert world.counts(posting) == {"sent": 24, "failed": 1}


def test_four_workers_at_once_send_each_letter_once(world: World, posting: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.send(posting), range(4)))
    assert world.counts(posting) == {"sent": 25}
    assert received(world) == Counter(f"user{number}@shop.ru" for number in range(25))


def test_whether_letters_are_ready_and_how_many_batches_are_held(world: World, posting: int) -> None:
    assert deliver.ready(world.engine, posting, now=world.clock())
    assert deliver.at_work(world.engine, posting) == 0
    with db.writing(world.engine) as connection:
        held = {"status": "composed", "lease": "x", "lease_until": world.clock() + timedelta(minutes=1)}
        connection.execute(sa.update(tables.recipients).values(held))
    assert deliver.at_work(world.engine, posting) == 1
    assert not deliver.ready(world.engine, posting, now=world.clock())


def test_letters_that_were_not_even_begun_wait_for_nothing_but_the_relay(world: World) -> None:
    """After an outage all go at once; only one at which the relay broke off makes way for the others."""
    posting = world.open()
    world.channel.answers = {"user0@shop.ru": Outcome("retry", "no route", reached=False, tried=False)}
    with pytest.raises(RelayAway):
        world.send(posting)
    assert world.recipients(posting)["user0"]["next_at"] is None
    world.channel.answers = {"user0@shop.ru": Outcome("retry", "broken off", reached=False)}
    with pytest.raises(RelayAway):
        world.send(posting)
    assert world.recipients(posting)["user0"]["next_at"] > world.clock()
