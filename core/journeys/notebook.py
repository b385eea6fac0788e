"""The notebook of a rehearsal: what is expected and what was decided, kept on disk: a million letters take no memory.

It is to a plan what the ledger is to the walk: a SQLite database without a name, gone when the plan is done.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from core.errors import VestnikError, packed, unpacked
from core.journeys.deciding import DEFERRED, QUEUED, SKIPPED, Decision
from core.scenario import Entry

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_ENTRY = "contact, source, person, subject, key, anchor_at"
_WITHOUT_REASON = f"place, {_ENTRY}, first_due, due, at, status, '', shown"  # reading them takes a tenth of all time
_TABLES = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE expected (id INTEGER PRIMARY KEY, minute INTEGER, place INTEGER, {_ENTRY}, asked INTEGER);
CREATE INDEX expected_minute ON expected (minute, place);
CREATE INDEX expected_place ON expected (place, minute);
CREATE TABLE decided (
    place INTEGER, {_ENTRY}, first_due INTEGER, due INTEGER, at INTEGER, status TEXT, reason TEXT, shown TEXT,
    PRIMARY KEY (contact, place, key)
) WITHOUT ROWID;
CREATE INDEX decided_due ON decided (due, place) WHERE status = 'deferred';
"""


@dataclass(frozen=True, slots=True)
class Expected:
    """An entry whose letter is to be decided on; `asked`: the facts until then were looked at when it was found."""

    entry: Entry
    asked: datetime


@dataclass(frozen=True, slots=True)
class Noted:
    """A decision as the notebook keeps it; `place` is that of its step in the rehearsal."""

    place: int
    entry: Entry
    first_due_at: datetime
    due_at: datetime
    at: datetime
    status: str
    reason: VestnikError | str
    shown: tuple[str, ...]


class Notebook:
    """What a rehearsal expects and has decided, by the places of the steps: the order in which they are walked."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._base.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._base.close()

    def expect(self, place: int, entries: Iterable[tuple[datetime, Entry]], *, asked: datetime) -> None:
        """Each of these is to be decided on at its minute."""
        rows = ((micros(minute), place, *_columns(entry), micros(asked)) for minute, entry in entries)
        self._base.execute("BEGIN")
        self._base.executemany(
            f"INSERT INTO expected (minute, place, {_ENTRY}, asked) VALUES (?,?,?,?,?,?,?,?,?)",  # noqa: S608
            rows,
        )
        self._base.execute("COMMIT")

    def next_minute(self) -> datetime | None:
        """When something is next to be decided on."""
        row = self._base.execute(
            "SELECT min(minute) FROM (SELECT min(minute) AS minute FROM expected"
            " UNION ALL SELECT min(due) FROM decided WHERE status = 'deferred')"
        ).fetchone()
        return None if row[0] is None else moment(row[0])

    def places(self, minute: datetime) -> list[int]:
        """The steps that have letters to be decided on by `minute`, in their order."""
        rows = self._base.execute(
            "SELECT place FROM expected WHERE minute <= ?1"
            " UNION SELECT place FROM decided WHERE status = 'deferred' AND due <= ?1 ORDER BY place",
            (micros(minute),),
        )
        return [row[0] for row in rows]

    def put_off_until(self, place: int, minute: datetime, count: int) -> list[Expected]:
        """Some letters of the step that were put off until `minute`: ask until there are none."""
        query = f"SELECT {_ENTRY}, at FROM decided WHERE status = 'deferred' AND due <= ? AND place = ? LIMIT ?"  # noqa: S608
        rows = self._base.execute(query, (micros(minute), place, count))
        return [Expected(_entry(row), moment(row[-1])) for row in rows]

    def take(self, place: int, minute: datetime, count: int) -> list[Expected]:
        """The next letters of the step that are expected by `minute`; they are expected no more."""
        query = f"SELECT {_ENTRY}, asked, id FROM expected WHERE minute <= ? AND place = ? ORDER BY id LIMIT ?"  # noqa: S608
        rows = self._base.execute(query, (micros(minute), place, count)).fetchall()
        self._base.execute("BEGIN")
        self._base.executemany("DELETE FROM expected WHERE id = ?", [(row[-1],) for row in rows])
        self._base.execute("COMMIT")
        return [Expected(_entry(row), moment(row[-2])) for row in rows]

    def ahead(self, places: Sequence[int], count: int) -> list[Entry]:
        """Entries that some steps expect next."""
        query = f"SELECT {_ENTRY} FROM expected WHERE place = ? ORDER BY minute LIMIT ?"  # noqa: S608
        rows = [row for place in places for row in self._base.execute(query, (place, count // len(places) + 1))]
        return [_entry(row) for row in rows]

    def note(self, place: int, decisions: Sequence[Decision], now: datetime) -> None:
        """Keep what was decided at `now`, over what was decided before."""
        rows = [(place, *_columns(one.entry), *_decision(one, now)) for one in decisions]
        self._base.execute("BEGIN")
        self._base.executemany("INSERT OR REPLACE INTO decided VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        self._base.execute("COMMIT")

    def drop(self, place: int, entry: Entry) -> None:
        """The letter was put off, and its entry is none any more."""
        self._base.execute(
            "UPDATE decided SET status = 'gone' WHERE contact = ? AND place = ? AND key = ? AND status = 'deferred'",
            (entry.contact_id, place, entry.key),
        )

    def skipped(self, place: int, entry: Entry, reason: VestnikError | str) -> None:
        """The letter was to go, and does not."""
        self._base.execute(
            "UPDATE decided SET status = ?, reason = ? WHERE contact = ? AND place = ? AND key = ?",
            (SKIPPED, _packed(reason), entry.contact_id, place, entry.key),
        )

    def show(self, place: int, entry: Entry, products: Collection[str]) -> None:
        """Which products the letter shows."""
        self._base.execute(
            "UPDATE decided SET shown = ? WHERE contact = ? AND place = ? AND key = ?",
            (json.dumps(sorted(products)), entry.contact_id, place, entry.key),
        )

    def of(self, contact_ids: Collection[int]) -> dict[int, list[Noted]]:
        """What was decided for these contacts, without the reasons."""
        found: dict[int, list[Noted]] = defaultdict(list)
        marks = ",".join("?" * len(contact_ids))
        query = f"SELECT {_WITHOUT_REASON} FROM decided WHERE contact IN ({marks})"  # noqa: S608 - marks alone
        for row in self._base.execute(query, list(contact_ids)):
            found[row[1]].append(_noted(row))
        return found

    def waiting(self) -> Iterator[Noted]:
        """The letters that are still put off."""
        query = "SELECT * FROM decided WHERE status = 'deferred' ORDER BY due, place, contact"
        return map(_noted, self._base.execute(query))

    def everything(self) -> Iterator[Noted]:
        """All decisions, contact by contact."""
        return map(_noted, self._base.execute("SELECT * FROM decided WHERE status <> 'gone' ORDER BY contact"))


def micros(at: datetime) -> int:
    """A moment as a number: what SQLite compares fastest."""
    return (at - _EPOCH) // _MICROSECOND


def moment(number: int) -> datetime:
    """The moment that :func:`micros` made a number of."""
    return _EPOCH + number * _MICROSECOND


def _columns(entry: Entry) -> tuple[Any, ...]:
    return entry.contact_id, entry.source, entry.person, entry.subject, entry.key, micros(entry.at)


def _decision(one: Decision, now: datetime) -> tuple[Any, ...]:
    due = one.until or one.due_at
    return micros(one.due_at), micros(due), micros(now), one.outcome, _packed(one.reason), None


def _entry(row: Sequence[Any]) -> Entry:
    contact_id, source, person, subject, key, at = row[:6]
    return Entry(contact_id, source, person, subject, key, moment(at))


def _noted(row: Sequence[Any]) -> Noted:
    first_due, due, at, status, reason, shown = row[7:]
    moments = (moment(first_due), moment(due), moment(at))
    return Noted(
        row[0], _entry(row[1:7]), *moments, status, unpacked(reason), tuple(json.loads(shown)) if shown else ()
    )


def _packed(reason: VestnikError | str) -> str:
    return packed(reason) if isinstance(reason, VestnikError) else str(reason)


__all__ = ["DEFERRED", "QUEUED", "SKIPPED", "Expected", "Notebook", "Noted", "micros", "moment"]
