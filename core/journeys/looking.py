"""Looking: who must be decided on. Put off until now, due since the last look, learnt of late, or swept up.

Letters are due on whole minutes, so between two of them only new facts and letters that were put off are looked for.
Once an hour all that may still go is gone through, so that nothing is lost whatever the clocks did. Looking twice
changes nothing: what was decided before is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import groups, tables
from core.db import retried, upsert, writing
from core.journeys import calendar
from core.journeys.deciding import DEFERRED, Manners
from core.journeys.reading import known_zone
from core.journeys.scenarios import Scenario, Step
from core.rules import World
from core.scenario import ENTRY, Entry, Span

_looks, _facts, _ledger, _people = tables.scenario_looks, tables.facts, tables.ledger, tables.people

SWEEP = timedelta(hours=1)
LEARNT_LATE = 5000
"""So many facts back are looked at again: one that another process wrote may become visible after a later one."""
SLACK = timedelta(days=2)
"""So much longer than its step allows a letter is looked for: the arbiter and the polite hours take their time."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment at which scenarios are looked at, and what is asked once for all of them."""

    world: World
    newest: int  # id of the last fact
    zones: tuple[str, ...]  # of the people
    engine: sa.Engine

    @property
    def now(self) -> datetime:
        return self.world.now

    @classmethod
    def at(cls, engine: sa.Engine, manners: Manners, now: datetime) -> Tick:
        """The tick at `now`."""
        with engine.connect() as connection:
            world = groups.world(connection, now=now, timezone=manners.timezone, currency=manners.currency)
            newest = connection.scalar(sa.select(sa.func.max(_facts.c.id))) or 0
            return cls(world, newest, zones_of(connection, manners.timezone), engine)


def zones_of(connection: sa.Connection, own: str) -> tuple[str, ...]:
    """The time zones of the people and the site's `own`; leapt from one to the next through the index."""
    found, last = {own}, ""
    while True:
        query = sa.select(sa.func.min(_people.c.timezone)).where(_people.c.timezone > last)
        last = connection.scalar(query) or ""
        if not last:
            return tuple(sorted(found))
        if known_zone(last):
            found.add(last)


@dataclass(frozen=True, slots=True)
class Look:
    """How far a step has been looked at."""

    looked_to: datetime
    learnt_to: int
    swept_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at a scenario has to go through, by step."""

    looks: Mapping[str, Look]
    put_off: Mapping[str, Sequence[Entry]]

    def spans(self, scenario: Scenario, step: Step, tick: Tick) -> list[tuple[datetime, int | None]]:
        """(since, learnt): which dues are looked for."""
        look, now = self.look(scenario, step, tick), tick.now
        late = now - step.form.late - SLACK
        spans: list[tuple[datetime, int | None]] = []
        if _minute(now) > _minute(look.looked_to):
            spans.append((look.looked_to, None))
        if tick.newest > look.learnt_to:
            spans.append((late, max(0, look.learnt_to - LEARNT_LATE)))
        if self.sweeping(look, now):
            spans.append((late, None))
        return spans

    def look(self, scenario: Scenario, step: Step, tick: Tick) -> Look:
        """How far the step was looked at; of a step that was added later, all until now."""
        if step.code in self.looks:
            return self.looks[step.code]
        if self.looks:
            return Look(tick.now, tick.newest, tick.now)
        return Look(scenario.since or tick.now, tick.newest, None)

    def looked(self, scenario: Scenario, step: Step, tick: Tick) -> Look:
        """How far it is looked at after this tick."""
        look = self.look(scenario, step, tick)
        return Look(tick.now, tick.newest, tick.now if self.sweeping(look, tick.now) else look.swept_at)

    @staticmethod
    def sweeping(look: Look, now: datetime) -> bool:
        return look.swept_at is None or now - look.swept_at >= SWEEP


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def sight(connection: sa.Connection, scenario: Scenario, tick: Tick) -> Sight:
    """How far the scenario was looked at, and whom its letters were put off for until now."""
    rows = connection.execute(sa.select(_looks).where(_looks.c.scenario == scenario.code))
    looks = {row.step: Look(row.looked_to, row.learnt_to, row.swept_at) for row in rows}
    query = sa.select(_ledger).where(
        _ledger.c.status == DEFERRED, _ledger.c.due_at <= tick.now, _ledger.c.scenario == scenario.code
    )
    put_off: dict[str, list[Entry]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        put_off[row["step"]].append(moved(connection, scenario, entry_in(row), tick.world))
    return Sight(looks, put_off)


def found(connection: sa.Connection, scenario: Scenario, step: Step, sight: Sight, tick: Tick) -> Iterator[Entry]:
    """The entries that must be decided on, each once, streamed."""
    seen: set[tuple[int, str]] = set()
    for entry in _each(connection, scenario, step, sight, tick):
        if (entry.contact_id, entry.key) not in seen:
            seen.add((entry.contact_id, entry.key))
            yield entry


def _each(connection: sa.Connection, scenario: Scenario, step: Step, sight: Sight, tick: Tick) -> Iterator[Entry]:
    yield from sight.put_off.get(step.code, ())
    for since, learnt in sight.spans(scenario, step, tick):
        if learnt is None or _news(connection, scenario, learnt):
            yield from entries_due(
                connection, scenario, step, tick.world, since, tick.now, learnt=learnt, zones=tick.zones
            )


def entries_due(
    connection: sa.Connection,
    scenario: Scenario,
    step: Step,
    world: World,
    since: datetime,
    until: datetime,
    *,
    learnt: int | None = None,
    zones: Collection[str] | None = None,
    decided_by: datetime | None = None,
) -> Iterator[Entry]:
    """The entries whose letter of `step` became due in (since, until], streamed, but for those decided before.

    `zones`: those of the contacts, where they are known; `decided_by`: what was decided later counts as undecided.
    """
    after, last = calendar.anchors_due(step.offset, since, until, zones)
    if scenario.since is not None:
        after = max(after, scenario.since - timedelta(microseconds=1))
    if last <= after:
        return
    asked = scenario.anchor.entries(scenario.settings, Span(world, after, last, learnt)).subquery("entry")
    decided_before = sa.exists().where(
        _ledger.c.scenario == scenario.code,
        _ledger.c.step == step.code,
        _ledger.c.contact_id == asked.c.contact_id,
        _ledger.c.anchor == asked.c.key,
        sa.true() if decided_by is None else _ledger.c.decided_at <= decided_by,
    )
    query = sa.select(*(asked.c[name] for name in ENTRY)).where(sa.not_(decided_before))
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield entry_of(row)


def entry_of(row: sa.Row[tuple[object, ...]]) -> Entry:
    """A row of an anchor's SELECT."""
    return Entry(*(getattr(row, name) for name in ENTRY))


def _news(connection: sa.Connection, scenario: Scenario, learnt: int) -> bool:
    """Whether any fact that the anchor stands on was learnt since."""
    names = sorted(scenario.anchor.stands_on(scenario.settings))
    query = sa.select(_facts.c.id).where(_facts.c.id > learnt, _facts.c.what.in_(names)).limit(1)
    return bool(names) and connection.scalar(query) is not None


def entry_in(row: Mapping[str, Any] | sa.RowMapping) -> Entry:
    """The entry of a row of the ledger."""
    return Entry(
        row["contact_id"],
        row["source"],
        row["person"],
        row["subject"],
        row["anchor"],
        row["anchor_at"],
    )


def moved(connection: sa.Connection, scenario: Scenario, entry: Entry, world: World) -> Entry:
    """`entry` with its moment as it is now: a basket may have been changed since."""
    if not scenario.anchor.moves:
        return entry
    span = Span(replace(world, only=entry.contact_id), entry.at - timedelta(microseconds=1), world.now)
    rows = map(entry_of, connection.execute(scenario.anchor.entries(scenario.settings, span)))
    return next((one for one in rows if one.key == entry.key), entry)


@retried
def keep(engine: sa.Engine, scenario: Scenario, looks: Mapping[str, Look]) -> None:
    """Remember how far the steps of the scenario have been looked at."""
    rows = [
        {
            "scenario": scenario.code,
            "step": step,
            "looked_to": look.looked_to,
            "learnt_to": look.learnt_to,
            "swept_at": look.swept_at,
        }
        for step, look in looks.items()
    ]
    with writing(engine) as connection:
        upsert(connection, _looks, rows, key=("scenario", "step"))
