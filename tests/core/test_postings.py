"""Postings: one a firing, made up for or skipped with a reason, its recipients frozen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from core import db, postings, tables
from core.model import PostingStatus
from tests.core.world import World


@pytest.fixture
def world(engine: sa.Engine) -> World:
    world = World(engine)
    world.people(5)
    world.clock.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # 15:00 in Moscow, the day before
    return world


def recent(world: World) -> list[postings.Posting]:
    return [posting for posting, _ in postings.recent(world.engine)]


def test_a_firing_that_is_due_becomes_one_posting(world: World) -> None:
    world.apply()
    assert postings.due(world.engine, now=world.clock()) == []
    world.clock.now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 05:00 in Moscow
    [first] = postings.due(world.engine, now=world.clock())
    assert postings.due(world.engine, now=world.clock()) == [first], "the second look finds the same"
    assert postings.posting(world.engine, first).firing_at == world.clock.now


def test_a_new_timetable_does_not_make_up_for_yesterday(world: World) -> None:
    world.clock.now = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    world.apply()
    assert postings.due(world.engine, now=world.clock()) == []
    world.clock.on(days=1)
    assert len(postings.due(world.engine, now=world.clock())) == 1


def test_a_firing_missed_while_down_is_made_up_for_within_the_limit(world: World) -> None:
    world.apply(catch_up="2h")
    world.clock.now = datetime(2026, 11, 24, 3, 59, tzinfo=UTC)
    assert len(postings.due(world.engine, now=world.clock())) == 1


def test_a_firing_missed_for_longer_is_skipped_with_its_reason(world: World) -> None:
    world.apply(catch_up="2h")
    world.clock.now = datetime(2026, 11, 24, 4, 1, tzinfo=UTC)
    assert postings.due(world.engine, now=world.clock()) == []
    [posting] = recent(world)
    assert (posting.status, posting.reason) == (PostingStatus.SKIPPED, "missed")


def test_a_week_of_downtime_is_made_up_for_once(world: World) -> None:
    world.apply(catch_up="30d")
    world.clock.on(days=7)
    assert len(postings.due(world.engine, now=world.clock())) == 1
    statuses = [posting.status for posting in recent(world)]
    assert statuses == [PostingStatus.WAITING] + [PostingStatus.SKIPPED] * 6


def test_a_posting_by_hand_does_not_swallow_a_firing_not_yet_seen(world: World) -> None:
    world.apply()
    world.clock.now = datetime(2026, 11, 24, 2, 0, 3, tzinfo=UTC)
    by_hand = postings.by_hand(world.engine, world.issue(), now=world.clock())
    waiting = postings.due(world.engine, now=world.clock())
    assert len(waiting) == 2, "the firing of 05:00:00, and the admin's own of three seconds later"
    assert by_hand in waiting


def test_a_clock_that_jumps_back_fires_nothing_twice(world: World) -> None:
    world.apply()
    world.clock.now = datetime(2026, 11, 24, 2, 0, 1, tzinfo=UTC)
    first = postings.due(world.engine, now=world.clock())
    world.clock.on(minutes=-30)
    postings.due(world.engine, now=world.clock())
    world.clock.on(minutes=31)
    assert postings.due(world.engine, now=world.clock()) == first


def test_one_schedule_that_is_not_understood_stops_no_other_issue(world: World) -> None:
    world.apply()
    with db.writing(world.engine) as connection:
        row = dict(connection.execute(sa.select(tables.issues)).mappings().one())
        row |= {"id": row["id"] + 1, "code": "a-bad-one", "schedule": "at tea time"}
        connection.execute(sa.insert(tables.issues).values(row))
    world.clock.now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert len(postings.due(world.engine, now=world.clock())) == 1


@pytest.mark.parametrize("change", [{"added": 1}, {"html": None}])
def test_a_publication_of_another_version_breaks_no_list_of_postings(world: World, change: dict[str, object]) -> None:
    world.apply()
    posting = world.open()
    with db.writing(world.engine) as connection:
        kept = {**connection.execute(sa.select(tables.postings.c.publication)).scalar_one(), **change}
        kept = {name: value for name, value in kept.items() if value is not None}
        connection.execute(sa.update(tables.postings).values(publication=kept))
    [found] = recent(world)
    assert found.id == posting
    assert (found.publication is None) is ("html" in change)


def test_an_issue_switched_off_does_not_fire(world: World) -> None:
    world.apply(active=False)
    world.clock.on(days=1)
    assert postings.due(world.engine, now=world.clock()) == []


def test_opening_freezes_the_recipients(world: World) -> None:
    world.apply()
    world.clock.now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    [waiting] = postings.due(world.engine, now=world.clock())
    world.open(waiting)
    world.people(9)
    world.open(waiting)
    assert world.counts(waiting) == {"new": 5}, "opened once, later people are not in"


def test_the_day_is_that_of_the_firing_not_of_the_opening(world: World) -> None:
    world.apply(schedule="50 23 * * *", catch_up="1h")
    world.people(3, birthday=date(1980, 11, 23))
    world.clock.now = datetime(2026, 11, 23, 21, 10, tzinfo=UTC)  # ten past midnight of the 24th in Moscow
    [waiting] = postings.due(world.engine, now=world.clock())
    world.open(waiting)
    assert world.counts(waiting) == {"new": 3}


def test_who_left_is_in_the_snapshot_as_skipped(world: World) -> None:
    world.apply()
    world.clock.now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    world.suppress("user1@shop.ru", mailing="greetings")
    world.suppress("user2@shop.ru")
    world.suppress("user3@shop.ru", mailing="other")
    posting = world.open()
    assert world.counts(posting) == {"new": 3, "skipped": 2}
    assert world.recipients(posting)["user1"]["reason"] == "unsubscribed"


def test_nobody_gets_an_issue_twice_on_a_day_because_an_admin_sent_it_too(world: World) -> None:
    world.apply()
    world.clock.now = datetime(2026, 11, 24, 1, 50, tzinfo=UTC)
    by_hand = world.open()
    world.send(by_hand)
    world.clock.on(minutes=10)
    [scheduled] = postings.due(world.engine, now=world.clock())
    world.open(scheduled)
    assert world.counts(scheduled) == {"skipped": 5}
    world.clock.on(minutes=10)
    assert world.counts(world.open(again=True)) == {"new": 5}, "unless told so"


def test_a_posting_without_recipients_is_done_at_once(world: World) -> None:
    world.apply()
    world.clock.now = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    posting = world.open()
    world.send(posting)
    assert postings.posting(world.engine, posting).status is PostingStatus.DONE
    assert world.channel.letters == []


def test_an_unfinished_posting_is_known(world: World) -> None:
    world.apply()
    assert postings.unfinished(world.engine, world.issue()) is None
    world.clock.now += timedelta(days=1)
    posting = world.open()
    assert postings.unfinished(world.engine, world.issue()) == posting
    world.send(posting)
    assert postings.unfinished(world.engine, world.issue()) is None
