"""Rehearsing: the walk through the scenarios played from one moment to another, with nothing written and nothing sent.

The same anchors are asked, the same judging, groups, consent and arbiter decide; what is decided goes into a notebook
instead of the ledger, and stands in the way of what comes later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from core import groups, tables
from core.db import chunks
from core.errors import VestnikError
from core.journeys import calendar, content, reading
from core.journeys.content import Firing
from core.journeys.deciding import DEFERRED, QUEUED, SKIPPED, Decision, Manners, decided
from core.journeys.foreseeing import Foreseen
from core.journeys.looking import entries_due, entry_in, entry_of, zones_of
from core.journeys.notebook import Expected, Notebook
from core.journeys.scenarios import Scenario, Step
from core.journeys.script import MINUTE, Display, Played, Script, Shown, nothing_shown, slices
from core.journeys.walking import BATCH
from core.rules import World
from core.scenario import Entry, Span

_ledger, _facts = tables.ledger, tables.facts


class Rehearsal:
    """One script played."""

    def __init__(
        self,
        engine: sa.Engine,
        manners: Manners,
        script: Script,
        notebook: Notebook,
        *,
        display: Display = nothing_shown,
        progress: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        self._engine, self._manners, self._script, self._notebook = engine, manners, script, notebook
        self._display, self._progress = display, progress
        self._turned: list[tuple[int, Entry, VestnikError]] = []

    def play(self) -> Iterator[Played]:
        """Every decision in its order. Those to put a letter off may be followed by another one on the same letter."""
        with self._engine.connect() as connection, self._engine.connect() as stream:
            zones = zones_of(connection, self._manners.timezone)
            self._put_off(stream)
            self._overlooked(connection, stream, zones)
            for begin, end in self._days():
                self._find(connection, stream, zones, begin, end)
                foreseen = self._foreseen(connection, begin, end)
                while (minute := self._next(end)) is not None:
                    yield from self._look(foreseen, minute)
                self._progress(end)

    def firings(self, connection: sa.Connection, begin: datetime, until: datetime) -> list[Firing]:
        """The issues that go out in (begin, until], and those whose postings wait at the beginning."""
        if not self._script.issues:
            return []
        waiting = content.unopened(connection, self._script.begin) if begin == self._script.begin else []
        return [*waiting, *content.firings(connection, begin, until)]

    def _days(self) -> Iterator[tuple[datetime, datetime]]:
        """The script's time, cut at the midnights of the site."""
        begin = self._script.begin
        while begin < self._script.until:
            end = min(calendar.next_day(begin, self._manners.timezone), self._script.until)
            yield begin, end
            begin = end

    def _tick(self, at: datetime) -> datetime:
        """The first look at the clock at which `at` has come."""
        every, floor = self._script.every, self._floor(at)
        return max(floor if floor == at else floor + every, self._floor(self._script.begin) + every)

    def _floor(self, at: datetime) -> datetime:
        return at - (at - _EPOCH) % self._script.every

    def _next(self, end: datetime) -> datetime | None:
        expected = self._notebook.next_minute()
        minute = self._tick(expected) if expected else None
        return minute if minute is not None and minute <= end else None

    # -- finding who is to be decided on

    def _put_off(self, stream: sa.Connection) -> None:
        """What the ledger has put off comes due as it says."""
        script = self._script
        query = sa.select(_ledger).where(
            _ledger.c.status == DEFERRED,
            _ledger.c.due_at <= script.until,
            _ledger.c.decided_at <= script.knowledge.decided_by,
            _ledger.c.scenario.in_([one.code for one in script.cast.scenarios]),
        )
        places = {(scenario.code, step.code): place for place, scenario, step in self._steps()}
        for rows in chunks(stream.execution_options(yield_per=1000).execute(query).mappings(), 1000):
            by_place = defaultdict(list)
            for row in rows:
                place = places.get((row["scenario"], row["step"]))
                if place is not None:
                    by_place[place].append((self._tick(row["due_at"]), entry_in(row)))
            for place, entries in by_place.items():
                self._notebook.expect(place, entries, asked=script.begin)

    def _overlooked(self, connection: sa.Connection, stream: sa.Connection, zones: Sequence[str]) -> None:
        """What was due before the beginning, and the walk has not looked at."""
        for place, scenario, step in self._steps():
            if place in self._script.looks:
                span = (self._script.looks[place], self._script.begin)
                self._expect(connection, stream, place, (scenario, step), zones, span, asked=self._script.begin)

    def _find(
        self, connection: sa.Connection, stream: sa.Connection, zones: Sequence[str], begin: datetime, end: datetime
    ) -> None:
        for place, scenario, step in self._steps():
            for since, until, asked in slices(step, begin, end, self._script.present):
                self._expect(connection, stream, place, (scenario, step), zones, (since, until), asked=asked)

    def _steps(self) -> Iterator[tuple[int, Scenario, Step]]:
        for scenario in self._script.cast.scenarios:
            for place in self._script.cast.places(scenario):
                yield place, scenario, self._script.cast.at(place)[1]

    def _expect(
        self,
        connection: sa.Connection,
        stream: sa.Connection,
        place: int,
        which: tuple[Scenario, Step],
        zones: Sequence[str],
        span: tuple[datetime, datetime],
        *,
        asked: datetime,
    ) -> None:
        """Whose letter of one step is due in the span goes into the notebook, each at the minute of its look."""
        (scenario, step), (since, until) = which, span
        world = self._world(connection, asked)
        by = self._script.knowledge.decided_by
        found = entries_due(stream, scenario, step, world, since, until, zones=zones, decided_by=by)
        for part in chunks(found, BATCH):
            due = (
                (calendar.due_at(one.at, step.offset, zone), one) for one, zone in self._zoned(connection, step, part)
            )
            in_span = [(self._tick(at), one) for at, one in due if since < at <= until]
            self._notebook.expect(place, in_span, asked=asked)

    def _zoned(self, connection: sa.Connection, step: Step, entries: Sequence[Entry]) -> Iterable[tuple[Entry, str]]:
        zone = self._manners.timezone
        if not (step.offset.days or step.offset.months):  # hours are real time, whatever the wall shows
            return [(one, zone) for one in entries]
        return reading.zones_of(connection, entries, zone=zone).items()

    def _world(self, connection: sa.Connection, now: datetime) -> World:
        return groups.world(connection, now=now, timezone=self._manners.timezone, currency=self._manners.currency)

    def _foreseen(self, connection: sa.Connection, begin: datetime, end: datetime) -> Foreseen:
        script = self._script
        midnight = content.day_of(begin, self._manners.timezone)[1]
        return Foreseen(
            connection,
            self._manners,
            notebook=self._notebook,
            cast=script.cast,
            knowledge=script.knowledge,
            begin=self._tick(script.begin),
            horizon=end,
            firings=self.firings(connection, script.begin, midnight.astimezone(UTC) - MINUTE),
        )

    # -- deciding

    def _look(self, foreseen: Foreseen, minute: datetime) -> Iterator[Played]:
        """One look of the clock: step by step, as the walk goes."""
        for place in self._notebook.places(minute):
            while batch := self._notebook.put_off_until(place, minute, BATCH):
                yield from self._decide(foreseen, place, batch, minute)
            while batch := self._notebook.take(place, minute, BATCH):
                yield from self._decide(foreseen, place, batch, minute)
        for place, entry, reason in self._turned:
            self._notebook.skipped(place, entry, reason)
        self._turned.clear()

    def _decide(self, foreseen: Foreseen, place: int, batch: Sequence[Expected], minute: datetime) -> Iterator[Played]:
        scenario, step = self._script.cast.at(place)
        connection = foreseen.connection
        entries = self._as_of(connection, scenario, batch, minute)
        wanted = [(step, one) for one in entries]
        found = decided(connection, scenario, wanted, self._manners, now=minute, asking=foreseen)
        self._notebook.note(place, found, minute)
        named = {(one.entry.contact_id, one.entry.key) for one in found}
        for expected in batch:
            if (expected.entry.contact_id, expected.entry.key) not in named:
                self._notebook.drop(place, expected.entry)
        going = [one for one in found if one.outcome == QUEUED]
        shown = dict(zip((one.entry for one in going), self._display(connection, going, minute), strict=True))
        for one in found:
            yield self._played(place, one, minute, shown.get(one.entry, Shown()))

    def _played(self, place: int, one: Decision, minute: datetime, shown: Shown) -> Played:
        if shown.refused:  # found out when the letter is composed: until then it stands in the way of others
            self._turned.append((place, one.entry, shown.refused))
            return Played(replace(one, outcome=SKIPPED, reason=shown.refused), minute, shown)
        if shown.products:
            self._notebook.show(place, one.entry, [*(id for id, _ in shown.products if id), *shown.parents])
        return Played(one, minute, shown)

    def _as_of(
        self, connection: sa.Connection, scenario: Scenario, batch: Sequence[Expected], minute: datetime
    ) -> list[Entry]:
        """The entries as they stand at `minute`: in the past, facts may have come after they were found."""
        stale = [one for one in batch if one.asked < min(minute, self._script.present)]
        if not stale:
            return [one.entry for one in batch]
        since = min(one.asked for one in stale)
        query = (
            sa.select(_facts.c.contact_id)
            .distinct()
            .where(
                _facts.c.contact_id.in_({one.entry.contact_id for one in stale}),
                _facts.c.at > since,
                _facts.c.at <= minute,
            )
        )
        moved = set(connection.scalars(query))
        found = (
            self._anew(connection, scenario, one.entry, minute) if one.entry.contact_id in moved else one.entry
            for one in batch
        )
        return [one for one in found if one is not None]

    def _anew(self, connection: sa.Connection, scenario: Scenario, entry: Entry, minute: datetime) -> Entry | None:
        world = replace(self._world(connection, minute), only=entry.contact_id)
        span = Span(world, entry.at - timedelta(microseconds=1), max(minute, entry.at))
        rows = map(entry_of, connection.execute(scenario.anchor.entries(scenario.settings, span)))
        return next((one for one in rows if one.key == entry.key), None)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
