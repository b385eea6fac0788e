"""The map of communication: who got how many letters in the weeks past, and will in those to come; what falls together.

Every letter of that time is put into a SQLite database without a name, on disk: a million people take no memory.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from core import consent, mailings, postings, tables
from core.db import chunks
from core.errors import VestnikError
from core.journeys.content import Firing
from core.journeys.deciding import QUEUED, SKIPPED, sale
from core.journeys.notebook import micros, moment
from core.journeys.planning import Due, Planner, Waits, Window, addresses, plan
from core.journeys.scenarios import Scenario
from core.journeys.script import Played
from core.model import Status

_recipients, _postings, _ledger = tables.recipients, tables.postings, tables.ledger
WEEK = timedelta(days=7)
WORST = 10
_TABLE = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE letters (contact INTEGER, at INTEGER, week INTEGER, name TEXT, letter TEXT, kind TEXT, sale INTEGER);
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to somebody, sent or planned."""

    at: datetime
    letter: str
    planned: bool


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the map."""

    begin: datetime
    letters: int
    people: int
    by_count: Mapping[int, int]  # so many letters → people


@dataclass(frozen=True, slots=True)
class Worst:
    """One of those with most letters."""

    email: str
    letters: tuple[Letter, ...]


@dataclass
class Map:
    """What falls on whom."""

    now: datetime
    weeks: list[Week] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)  # scenario or issue → people
    both: Counter[tuple[str, str]] = field(default_factory=Counter)  # two of them → people who got both within a week
    worst: list[Worst] = field(default_factory=list)
    letters: int = 0
    service: int = 0
    sale: int = 0
    due: int = 0  # letters of scenarios that were, or will be, due
    skipped: Counter[str] = field(default_factory=Counter)  # template of the reason → of them left out


def draw(planner: Planner, cast: Sequence[Scenario], *, weeks: int) -> Map:
    """The map of so many weeks back, and as many ahead."""
    now, found = planner.now, Map(planner.now)
    with closing(sqlite3.connect("", isolation_level=None)) as base, planner.engine.connect() as connection:
        base.executescript(_TABLE)
        _put(base, now, _sent(connection, now - weeks * WEEK, now))
        _put(base, now, _planned(planner, cast, Window(now, now + weeks * WEEK), found))
        base.execute("CREATE INDEX letters_contact ON letters (contact, at)")
        found.weeks = list(_weeks(base, now))
        _overlaps(base, found)
        _totals(base, found)
        found.worst = _worst(base, planner)
        _left_out(connection, now - weeks * WEEK, now, found)
    return found


_Row = tuple[int, datetime, str, str, str, bool]  # contact, moment, scenario or issue, letter, kind, sale


def _put(base: sqlite3.Connection, now: datetime, rows: Iterable[_Row]) -> None:
    for part in chunks(rows, 1000):
        values = [
            (contact, micros(at), (at - now) // WEEK, name, letter, kind, sale)
            for contact, at, name, letter, kind, sale in part
        ]
        base.execute("BEGIN")
        base.executemany("INSERT INTO letters VALUES (?,?,?,?,?,?,?)", values)
        base.execute("COMMIT")


def _sent(connection: sa.Connection, begin: datetime, end: datetime) -> Iterator[_Row]:
    columns = (_recipients.c.contact_id, _recipients.c.sent_at, _postings.c.issue, _postings.c.kind, _postings.c.sale)
    query = (
        sa.select(*columns)
        .join_from(_recipients, _postings, _postings.c.id == _recipients.c.posting_id)
        .where(_recipients.c.status == Status.SENT.value, _recipients.c.sent_at > begin, _recipients.c.sent_at <= end)
    )
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield row.contact_id, row.sent_at, row.issue.partition("/")[0], row.issue, row.kind, bool(row.sale)


def _planned(planner: Planner, cast: Sequence[Scenario], window: Window, found: Map) -> Iterator[_Row]:
    for line in plan(planner, cast, window):
        if isinstance(line, Due):
            yield from _issued(planner, line.firing)
        elif not isinstance(line, Waits):
            yield from _of_scenario(line, found)


def _of_scenario(line: Played, found: Map) -> Iterator[_Row]:
    one = line.decision
    found.due += 1
    if one.outcome == SKIPPED:
        found.skipped[template_of(one.reason)] += 1
    elif one.outcome == QUEUED:
        code, kind = one.scenario.code, one.scenario.form.kind
        contact, letter = one.entry.contact_id, one.scenario.issue(one.step)
        yield contact, line.at, code, letter, kind, sale(one.scenario, one.step)


def _issued(planner: Planner, firing: Firing) -> Iterator[_Row]:
    """Everybody whom the issue reaches. One that cannot go out reaches nobody."""
    issue = firing.issue
    with planner.engine.connect() as connection:
        try:
            mailing = mailings.mailing(connection, issue.mailing)
            query = postings.recipients_of(connection, issue, mailing, at=firing.at, currency=planner.manners.currency)
        except VestnikError:
            return
        member = query.subquery("member")
        why = consent.reason(member.c.email, member.c.contact_id, mailing=mailing.code, basis=mailing.consent)
        reached = sa.select(member.c.contact_id).where(why.is_(None))
        for row in connection.execution_options(yield_per=1000).execute(reached):
            yield row.contact_id, firing.at, issue.code, issue.code, "issue", False


def template_of(reason: VestnikError | str) -> str:
    """What many reasons have in common: the template of the innermost."""
    while isinstance(reason, VestnikError) and isinstance(reason.values.get("reason"), VestnikError):
        reason = reason.values["reason"]
    return reason.template if isinstance(reason, VestnikError) else reason


def _left_out(connection: sa.Connection, begin: datetime, end: datetime, found: Map) -> None:
    """Why letters of scenarios did not go in the weeks past, and how many were due."""
    query = sa.select(_ledger.c.status, _ledger.c.reason).where(
        _ledger.c.decided_at > begin, _ledger.c.decided_at <= end, _ledger.c.status.in_((QUEUED, SKIPPED))
    )
    for row in connection.execution_options(yield_per=1000).execute(query):
        found.due += 1
        if row.status == SKIPPED:
            found.skipped[template_of(row.reason)] += 1


def _weeks(base: sqlite3.Connection, now: datetime) -> Iterator[Week]:
    rows = base.execute(
        "SELECT week, n, count(*) FROM (SELECT week, contact, count(*) AS n FROM letters GROUP BY week, contact)"
        " GROUP BY week, n ORDER BY week, n"
    )
    for week, some in groupby(rows, key=lambda row: row[0]):
        by_count = {n: people for _, n, people in some}
        letters = sum(n * people for n, people in by_count.items())
        yield Week(now + week * WEEK, letters, sum(by_count.values()), by_count)


def _overlaps(base: sqlite3.Connection, found: Map) -> None:
    """Contact by contact: which scenarios and issues fall within seven days of each other."""
    rows = base.execute("SELECT contact, at, name FROM letters ORDER BY contact, at")
    for _, some in groupby(rows, key=lambda row: row[0]):
        letters = [(at, name) for _, at, name in some]
        found.reached.update({name for _, name in letters})
        found.both.update(set(_pairs(letters)))


def _pairs(letters: Sequence[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    for number, (at, name) in enumerate(letters):
        for later, other in letters[number + 1 :]:
            if later - at > _WEEK_MICROS:
                break
            if other != name:
                yield (name, other) if name < other else (other, name)


_WEEK_MICROS = WEEK // timedelta(microseconds=1)


def _totals(base: sqlite3.Connection, found: Map) -> None:
    row = base.execute(
        "SELECT count(*), sum(kind = 'service'), sum(sale AND kind <> 'service') FROM letters"
    ).fetchone()
    found.letters, found.service, found.sale = (int(one or 0) for one in row)


def _worst(base: sqlite3.Connection, planner: Planner) -> list[Worst]:
    query = "SELECT contact FROM letters GROUP BY contact ORDER BY count(*) DESC, contact LIMIT ?"
    ids = [row[0] for row in base.execute(query, (WORST,))]
    emails = addresses(planner.engine, ids)
    return [Worst(emails.get(one, ""), tuple(_letters(base, one, planner.now))) for one in ids]


def _letters(base: sqlite3.Connection, contact: int, now: datetime) -> Iterator[Letter]:
    rows: Iterable[Any] = base.execute("SELECT at, letter FROM letters WHERE contact = ? ORDER BY at", (contact,))
    for at, letter in rows:
        yield Letter(moment(at), letter, planned=moment(at) > now)
