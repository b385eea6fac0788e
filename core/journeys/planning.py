"""Planning: every letter that would go in a time to come, to the minute, or why it would not. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from core import consent, mailings, postings, tables
from core.db import chunks
from core.errors import VestnikError
from core.journeys import book
from core.journeys.book import Shelf
from core.journeys.content import Firing
from core.journeys.deciding import DEFERRED, Manners
from core.journeys.foreseeing import Cast, Knowledge
from core.journeys.looking import SLACK
from core.journeys.notebook import Notebook, Noted
from core.journeys.rehearsing import Rehearsal
from core.journeys.scenarios import Scenario
from core.journeys.script import Display, Played, Script, nothing_shown

_looks, _contacts = tables.scenario_looks, tables.contacts
LONG_AGO = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Planner:
    """What plans are made with."""

    engine: sa.Engine
    shelf: Shelf
    manners: Manners
    now: datetime
    display: Display = nothing_shown
    progress: Callable[[datetime], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Window:
    """A plan is of the letters in (begin, until]."""

    begin: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """An issue that goes out in the window: in its groups, of them reached, and why not the others."""

    firing: Firing
    members: int = 0
    reached: int = 0
    withheld: Mapping[str, int] | None = None
    reason: VestnikError | None = None  # why it would not go out at all
    capped: bool = False  # it keeps the frequency, so that it reaches fewer


@dataclass(frozen=True, slots=True)
class Waits:
    """A letter that is still put off when the window ends."""

    scenario: Scenario
    step: str
    email: str
    noted: Noted


Line = Played | Due | Waits


def plan(planner: Planner, cast: Sequence[Scenario], window: Window, *, issues: bool = True) -> Iterator[Line]:
    """What becomes of every letter of the `cast` that is due in the window, minute by minute; the last word on each.

    A window that lies ahead is played from now on; one that is past, with what was known at each of its minutes.
    """
    with Notebook() as notebook:
        rehearsal = rehearse(planner, cast, window, notebook, issues=issues)
        with planner.engine.connect() as connection:
            firings = rehearsal.firings(connection, window.begin, window.until)
        for line in _in_order(planner, rehearsal, firings):
            if _moment(line) > window.begin and not _only_put_off(line):
                yield line
        for part in chunks(notebook.waiting(), 500):
            emails = addresses(planner.engine, {one.entry.contact_id for one in part})
            for noted in part:
                scenario, step = Cast(tuple(cast)).at(noted.place)
                yield Waits(scenario, step.code, emails.get(noted.entry.contact_id, ""), noted)


def addresses(engine: sa.Engine, contact_ids: Collection[int]) -> dict[int, str]:
    """The addresses of these contacts."""
    query = sa.select(_contacts.c.id, _contacts.c.email).where(_contacts.c.id.in_(contact_ids))
    with engine.connect() as connection:
        return {row.id: row.email for row in connection.execute(query)}


def rehearse(
    planner: Planner, cast: Sequence[Scenario], window: Window, notebook: Notebook, *, issues: bool = True
) -> Rehearsal:
    """The rehearsal of the window, from now on if it lies ahead."""
    begin = min(window.begin, planner.now)
    with planner.engine.connect() as connection:
        script = Script(
            cast=Cast(tuple(cast)),
            begin=begin,
            until=window.until,
            present=planner.now,
            knowledge=Knowledge(decided_by=begin, written_by=begin),
            looks=_looked(connection, Cast(tuple(cast)), begin),
            issues=issues,
        )
    return Rehearsal(
        planner.engine, planner.manners, script, notebook, display=planner.display, progress=planner.progress
    )


def cast_of(connection: sa.Connection, planner: Planner, *, code: str = "") -> list[Scenario]:
    """The scenarios that are switched on; also the one named `code`, as if it had been on for long.

    Raises Misconfigured when there is none of that name.
    """
    active = book.active(connection, planner.shelf)
    if not code or code in {one.code for one in active}:
        return active
    return in_order([*active, as_if_on(book.find(connection, planner.shelf, code), planner.now)])


def in_order(cast: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios as the walk takes them."""
    return sorted(cast, key=lambda one: (-one.form.priority, one.code))


def as_if_on(scenario: Scenario, now: datetime) -> Scenario:
    """A scenario that is switched off, as if it had been on for long."""
    return replace(scenario, active=True, on_at=None, since=now - LONG_AGO)


def _looked(connection: sa.Connection, cast: Cast, begin: datetime) -> dict[int, datetime]:
    """How far the walk has looked at each step. Of a scenario that is not really on, nothing is made up for."""
    rows = connection.execute(sa.select(_looks.c.scenario, _looks.c.step, _looks.c.looked_to))
    looks = {(row.scenario, row.step): row.looked_to for row in rows}
    found = {}
    for scenario in cast.scenarios:
        if scenario.on_at is None or scenario.since is None:
            continue
        for place in cast.places(scenario):
            step = cast.at(place)[1]
            to = looks.get((scenario.code, step.code), scenario.since)
            found[place] = min(to, begin - step.form.late - SLACK)
    return found


def _in_order(planner: Planner, rehearsal: Rehearsal, firings: Sequence[Firing]) -> Iterator[Played | Due]:
    """The letters, and each issue where its time comes."""
    coming = list(firings)
    for played in rehearsal.play():
        while coming and coming[0].at <= played.at:
            yield due(planner, coming.pop(0))
        yield played
    for firing in coming:
        yield due(planner, firing)


def due(planner: Planner, firing: Firing) -> Due:
    """Whom the issue reaches."""
    try:
        with planner.engine.connect() as connection:
            counts = _reach(connection, firing, planner.manners)
            capped = mailings.mailing(connection, firing.issue.mailing).capped
    except VestnikError as error:
        return Due(firing, reason=error)
    reached = counts.pop("", 0)
    return Due(firing, reached + sum(counts.values()), reached, counts, capped=capped)


def _reach(connection: sa.Connection, firing: Firing, manners: Manners) -> dict[str, int]:
    issue, mailing = firing.issue, mailings.mailing(connection, firing.issue.mailing)
    query = postings.recipients_of(connection, issue, mailing, at=firing.at, currency=manners.currency)
    member = query.subquery("member")
    why = consent.reason(member.c.email, member.c.contact_id, mailing=mailing.code, basis=mailing.consent)
    each = sa.select(sa.func.coalesce(why, "").label("why")).select_from(member).subquery("each")
    rows = connection.execute(sa.select(each.c.why, sa.func.count()).group_by(each.c.why))
    return {row[0]: row[1] for row in rows}


def _moment(line: Played | Due) -> datetime:
    return line.firing.at if isinstance(line, Due) else line.at


def _only_put_off(line: Played | Due) -> bool:
    return isinstance(line, Played) and line.decision.outcome == DEFERRED


def day_end(now: datetime, timezone: str) -> datetime:
    """The last minute of the day on the wall of `timezone`."""
    from core.journeys.calendar import next_day

    return next_day(now, timezone).astimezone(UTC) - timedelta(minutes=1)
