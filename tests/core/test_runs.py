"""The order of the corridor: a posting opens in time, or says why it did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import compose, db, definitions, postings, runs, tables
from core.app import App
from core.clock import Clock
from core.config import Config
from core.definitions.forms import File
from core.errors import Unreachable
from core.model import Kind, OptOut, PostingStatus
from core.testing import MemorySource
from tests.core.world import PRESS, SITE, World


class Nudges:
    """Keeps what the clock would have the workers do."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return _Actor(name, self.sent)

    def nudge_delivery(self, posting_id: int) -> None:
        self.sent.append(("deliver", posting_id))


class _Actor:
    def __init__(self, name: str, sent: list[tuple[str, Any]]) -> None:
        self.name, self.kept = name, sent

    def send(self, value: Any = None) -> None:
        self.kept.append((self.name, value))


@pytest.fixture
def world(engine: sa.Engine) -> World:
    world = World(engine)
    world.clock.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    world.people(3)
    world.apply(catch_up="2h")
    world.clock.now = datetime(2026, 11, 24, 2, 0, 1, tzinfo=UTC)
    return world


@pytest.fixture
def app(world: World) -> App:
    app = App(Config(site=SITE), world.clock)
    app.__dict__.update(engine=world.engine, sources={"shop": world.source}, channel=world.channel)
    return app


def test_a_posting_written_before_a_crash_does_not_open_past_its_limit(world: World, app: App) -> None:
    [waiting] = postings.due(world.engine, now=world.clock())
    world.clock.on(hours=30)
    assert not runs.open_posting(app, waiting)
    posting = postings.posting(world.engine, waiting)
    assert (posting.status, posting.reason) == (PostingStatus.SKIPPED, "missed")
    assert world.counts(waiting) == {}


def test_within_its_limit_it_opens(world: World, app: App) -> None:
    [waiting] = postings.due(world.engine, now=world.clock())
    world.clock.on(minutes=119)
    assert runs.open_posting(app, waiting)
    assert world.counts(waiting) == {"new": 3}


def test_whatever_keeps_a_posting_from_opening_is_said(world: World, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("colour")

    [waiting] = postings.due(world.engine, now=world.clock())
    monkeypatch.setattr(compose.inlining, "inlined", broken)
    assert not runs.open_posting(app, waiting)
    assert "colour" in str(postings.posting(world.engine, waiting).reason)
    monkeypatch.undo()
    assert runs.open_posting(app, waiting), "and it opens once it can"


def test_a_posting_opened_by_another_version_still_goes_out(world: World, app: App) -> None:
    posting = world.open()
    with db.writing(world.engine) as connection:
        connection.execute(sa.update(tables.postings).values(publication={"issue": "birthday"}))
    runs.send(app, posting)
    assert world.counts(posting) == {"sent": 3}
    assert "днём рождения" in world.channel.letters[0].subject


def test_a_letter_made_up_for_after_midnight_bears_the_day_of_its_firing(world: World, app: App) -> None:
    world.apply(schedule="50 23 * * *", catch_up="2h", subject="{{ day }}", utm={"term": "{date}"})
    world.clock.now = datetime(2026, 11, 24, 21, 10, tzinfo=UTC)  # ten past midnight of the 25th in Moscow
    [waiting] = postings.due(world.engine, now=world.clock())[-1:]
    assert runs.open_posting(app, waiting)
    runs.send(app, waiting)
    assert {letter.subject for letter in world.channel.letters} == {"2026-11-24"}


def test_a_source_that_cannot_be_made_stops_neither_firings_nor_letters(world: World, app: App) -> None:
    app.__dict__.pop("sources")
    app.config = Config(site=SITE, sources={"shop": {}})
    nudges = Nudges()
    begun = world.open()
    assert Clock(app, nudges).tick()  # type: ignore[arg-type]
    names = [name for name, _ in nudges.sent]
    assert "open_posting" in names
    assert ("deliver", begun) in nudges.sent


def test_a_lost_nudge_is_sent_again_at_the_next_tick(world: World, app: App) -> None:
    nudges = Nudges()
    clock = Clock(app, nudges)  # type: ignore[arg-type]
    clock.tick()
    world.clock.on(seconds=timedelta(seconds=5).total_seconds())
    clock.tick()
    assert [name for name, _ in nudges.sent].count("open_posting") == 2


def test_sources_are_read_whole_once_a_night(world: World, app: App) -> None:
    clock = Clock(app, nudges := Nudges())  # type: ignore[arg-type]

    def asked(hour: int, minute: int, day: int = 24) -> list[str]:
        world.clock.now = datetime(2026, 11, day, hour - 3, minute, tzinfo=UTC)  # Moscow's clock
        nudges.sent.clear()
        clock.tick()
        return [name for name, _ in nudges.sent if name in {"pull", "sweep"}]

    world.clock.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    runs.pull(app, world.source)
    assert asked(12, 1) == [], "fresh"
    assert asked(12, 30) == ["pull"]
    assert asked(3 + 0, 29, day=25) == ["sweep"], "half past two has come"
    world.source.rows[Kind.PEOPLE] = world.source.rows[Kind.PEOPLE][:2]
    runs.sweep(app, world.source)
    with app.engine.connect() as connection:
        people = tables.people
        gone = connection.scalar(sa.select(sa.func.count()).where(people.c.gone_at.is_not(None)))
    assert gone == 1, "only a whole read sees who is gone"
    assert asked(3, 31, day=25) == []
    read: list[Any] = []
    pull, world.source.pull = world.source.pull, lambda *asked: read.append(asked) or pull(*asked)  # type: ignore
    runs.sweep(app, world.source)
    assert read == [], "a message that comes twice reads once"


def test_a_night_missed_is_not_made_up_for_by_day(world: World, app: App) -> None:
    runs.pull(app, world.source)
    world.clock.now = datetime(2026, 11, 25, 2, 29, tzinfo=UTC)  # 5:29 in Moscow, one minute before the window ends
    assert runs.sweep_due(app, world.source)
    world.clock.on(minutes=2)
    assert not runs.sweep_due(app, world.source)
    app.config = app.config.model_copy(update={"clock": app.config.clock.model_copy(update={"sweep": ""})})
    world.clock.now = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
    assert not runs.sweep_due(app, world.source)


def test_whoever_left_since_the_last_pull_is_not_written_to(world: World, app: App) -> None:
    world.source.rows[Kind.OPT_OUTS] = [OptOut("1", "user1@shop.ru", "imported")]
    [waiting] = postings.due(world.engine, now=world.clock())
    assert runs.open_posting(app, waiting)
    runs.send(app, waiting)
    found = {name: (row["status"], row["reason"]) for name, row in world.recipients(waiting).items()}
    assert found["user1"] == ("skipped", "imported")


def test_whoever_left_another_shop_is_not_written_to_either(world: World, app: App) -> None:
    other = MemorySource("other")
    other.rows[Kind.OPT_OUTS] = [OptOut("1", "user1@shop.ru", "imported")]
    app.sources["other"] = other
    group = {"groups": {"birthday": {"include": {"birthday": "today", "in_source": "shop"}}}}
    definitions.apply(world.engine, File.model_validate(group), PRESS, sources=["shop", "other"], now=world.clock())
    [waiting] = postings.due(world.engine, now=world.clock())
    assert runs.open_posting(app, waiting)
    runs.send(app, waiting)
    found = {name: row["status"] for name, row in world.recipients(waiting).items()}
    assert found == {"user0": "sent", "user1": "skipped", "user2": "sent"}


def test_another_shop_may_be_away_once_it_has_said_who_left(world: World, app: App) -> None:
    app.sources["other"] = other = MemorySource("other")
    group = {"groups": {"birthday": {"include": {"birthday": "today", "in_source": "shop"}}}}
    definitions.apply(world.engine, File.model_validate(group), PRESS, sources=["shop", "other"], now=world.clock())
    [waiting] = postings.due(world.engine, now=world.clock())
    other.error = Unreachable("no route")
    assert not runs.open_posting(app, waiting), "nobody knows yet who left it"
    other.error = None
    runs.pull(app, other)
    world.clock.on(hours=1)
    other.error = Unreachable("no route")
    assert runs.open_posting(app, waiting)
