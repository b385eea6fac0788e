"""Intake: a source is read from where it was left, its rows go to the mirror, and what changed becomes facts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import leases, tables
from core.db import chunks, retried, upsert, writing
from core.errors import N_, Busy, VestnikError
from core.intake import addresses
from core.intake.garbage import seldom_collecting
from core.intake.mirror import write
from core.intake.rows import TABLES
from core.intake.where import USER, Intake
from core.model import Kind
from core.source import Bad, Page, Source

_reads = tables.source_reads
log = logging.getLogger("vestnik.intake")
LEASE_SECONDS = 300
_RENEWED = timedelta(seconds=LEASE_SECONDS / 10)  # so often; a commit with each page would be one of three


@dataclass(slots=True)
class KindReport:
    """What a pull of one kind did, in rows."""

    kind: Kind
    read: int = 0
    changed: int = 0
    refused: int = 0
    gone: int = 0
    total: int | None = None
    bad: list[Bad] = field(default_factory=list)  # the first hundred
    error: VestnikError | None = None


Progress = Callable[[KindReport], None]


def pull(
    engine: sa.Engine,
    source: Source,
    *,
    clock: Callable[[], datetime],
    full: bool = False,
    kinds: Iterable[Kind] = tuple(Kind),
    progress: Progress = lambda _: None,
) -> list[KindReport]:
    """Read what is new in `source` (all of it when `full` or never read before); one report a kind.

    A kind that fails keeps what it had read (the cursor is kept with each page) and the next kinds go on; its report
    carries the error. Raises Busy when another process is reading this source.
    """
    name, holder = f"pull:{source.name}", leases.owner()
    if not leases.take(engine, name, owner=holder, now=clock(), seconds=LEASE_SECONDS):
        raise Busy(N_("Source {source!r} is being pulled by another process at this moment."), source=source.name)
    try:
        wanted = [kind for kind in kinds if kind in source.capabilities]
        with seldom_collecting:
            return [_pull_kind(engine, source, kind, clock, full, progress, holder) for kind in wanted]
    finally:
        leases.free(engine, name, owner=holder)


def _pull_kind(
    engine: sa.Engine,
    source: Source,
    kind: Kind,
    clock: Callable[[], datetime],
    full: bool,
    progress: Progress,
    holder: str,
) -> KindReport:
    report = KindReport(kind)
    started = renewed = clock()
    cursor, sweep = _start(engine, source.name, kind, now=started, full=full)
    try:
        for page in source.pull(kind, cursor):
            _take_page(engine, source.name, report, page, now=clock(), sweep=sweep is not None)
            renewed = _renewed(engine, source.name, holder, last=renewed, now=clock())
            progress(report)
        _finish(engine, source.name, report, now=clock(), sweep=sweep, started=started)
    except VestnikError as error:
        report.error = error
    except sa.exc.DBAPIError:  # our own database; a source says Unreachable of its own
        raise
    except Exception as error:  # an answer that the source did not expect costs this kind, and is said
        log.exception("source %s, %s", source.name, kind.value)
        said = f"{type(error).__name__}: {error}"[:500]
        report.error = VestnikError(N_("Source {source!r}, {kind}: {error}"), source=source.name, kind=kind, error=said)
    if report.error:
        _failed(engine, source.name, kind, report.error, now=clock())
    progress(report)
    return report


def _renewed(engine: sa.Engine, source: str, holder: str, *, last: datetime, now: datetime) -> datetime:
    """When the lease was taken last: now, if it is time."""
    if now - last < _RENEWED:
        return last
    leases.take(engine, f"pull:{source}", owner=holder, now=now, seconds=LEASE_SECONDS)
    return now


def _start(
    engine: sa.Engine, source: str, kind: Kind, *, now: datetime, full: bool
) -> tuple[dict[str, Any] | None, datetime | None]:
    """The cursor to go on from, and when the full read under way began (None: an incremental one)."""
    with engine.connect() as connection:
        row = connection.execute(sa.select(_reads).where(_reads.c.source == source, _reads.c.kind == kind)).first()
    if row is not None and row.cursor is not None and not full:
        return row.cursor, row.sweep_started_at
    _note(engine, source, kind, cursor=None, sweep_started_at=now)
    return None, now


@retried
def _take_page(engine: sa.Engine, source: str, report: KindReport, page: Page, *, now: datetime, sweep: bool) -> None:
    """One page and its cursor in one commit: a crash loses neither and doubles neither."""
    with writing(engine) as connection:
        intake = Intake(connection, source, now)
        written = write(intake, report.kind, page.records, sweep=sweep)
        addresses.settle(intake, written.contacts, users=written.users)
        bad = [*page.bad, *written.bad]
        _refuse(connection, source, report.kind, bad, now=now)
        upsert(
            connection,
            _reads,
            [{"source": source, "kind": report.kind.value, "cursor": dict(page.cursor)}],
            key=("source", "kind"),
        )
    report.read += len(page.records) + len(page.bad)
    report.changed += written.changed
    report.refused += len(bad)
    report.total = page.total if page.total is not None else report.total
    report.bad += bad[: 100 - len(report.bad)]


def _refuse(connection: sa.Connection, source: str, kind: Kind, bad: Iterable[Bad], *, now: datetime) -> None:
    rows = [
        {"source": source, "kind": kind.value, "external_id": one.external_id[:64], "reason": one.reason, "at": now}
        for one in bad
    ]
    upsert(connection, tables.refusals, rows, key=("source", "kind", "external_id"))


def _finish(
    engine: sa.Engine, source: str, report: KindReport, *, now: datetime, sweep: datetime | None, started: datetime
) -> None:
    if sweep is not None:
        report.gone = _mark_gone(engine, source, report.kind, since=sweep, now=now)
        _forget_refusals(engine, source, report.kind, since=sweep)
    swept: dict[str, Any] = {} if sweep is None else {"swept_at": sweep}
    _note(engine, source, report.kind, sweep_started_at=None, pulled_at=started, error=None, failed_at=None, **swept)


def _mark_gone(engine: sa.Engine, source: str, kind: Kind, *, since: datetime, now: datetime) -> int:
    """Rows that a full read did not meet are gone from the shop; they stay in the mirror, marked.

    Orders are left alone: Bitrix moves old ones to its archive, and they still were bought.
    """
    table = TABLES.get(kind)
    if table is None or kind is Kind.ORDERS or "gone_at" not in table.c:
        return 0
    stale = sa.select(table.c.id).where(table.c.source == source, table.c.seen_at < since, table.c.gone_at.is_(None))
    if kind is Kind.PEOPLE:  # the others are known by orders and lists, whatever people the source has
        stale = stale.where(table.c.kind == USER)
    with engine.connect() as connection:
        ids = list(connection.scalars(stale))
    for part in chunks(ids, 500):
        _lose(engine, source, kind, part, now=now)
    return len(ids)


@retried
def _lose(engine: sa.Engine, source: str, kind: Kind, ids: list[int], *, now: datetime) -> None:
    with writing(engine) as connection:
        addresses.gone(Intake(connection, source, now), kind, ids)


def _forget_refusals(engine: sa.Engine, source: str, kind: Kind, *, since: datetime) -> None:
    """A full read met every row: what it did not refuse again has been mended or is gone."""
    table = tables.refusals
    with writing(engine) as connection:
        connection.execute(sa.delete(table).where(table.c.source == source, table.c.kind == kind, table.c.at < since))


def _failed(engine: sa.Engine, source: str, kind: Kind, error: VestnikError, *, now: datetime) -> None:
    _note(engine, source, kind, error=error, failed_at=now)


@retried
def _note(engine: sa.Engine, source: str, kind: Kind, **values: Any) -> None:
    with writing(engine) as connection:
        row = {"source": source, "kind": kind.value, **values}
        upsert(connection, _reads, [row], key=("source", "kind"))


def due(engine: sa.Engine, source: Source, *, now: datetime, every: timedelta, retry: timedelta) -> bool:
    """Whether the clock should pull `source` now: `every` so often, and not sooner than `retry` after a failure."""
    if _failed_lately(engine, source, now=now, retry=retry):
        return False
    return age_seconds(engine, source, now=now) > every.total_seconds()


def sweep_due(engine: sa.Engine, source: Source, *, since: datetime, now: datetime, retry: timedelta) -> bool:
    """Whether some kind of `source` has not been read whole since that moment (nor failed just now)."""
    if _failed_lately(engine, source, now=now, retry=retry):
        return False
    query = sa.select(_reads.c.kind, _reads.c.swept_at).where(_reads.c.source == source.name)
    with engine.connect() as connection:
        swept = {row.kind: row.swept_at for row in connection.execute(query)}
    return any((at := swept.get(kind)) is None or at < since for kind in source.capabilities)


def _failed_lately(engine: sa.Engine, source: Source, *, now: datetime, retry: timedelta) -> bool:
    query = sa.select(sa.func.max(_reads.c.failed_at)).where(_reads.c.source == source.name)
    with engine.connect() as connection:
        failed_at = connection.scalar(query)
    return failed_at is not None and now - failed_at < retry


def age_seconds(engine: sa.Engine, source: Source, *, now: datetime, kinds: Collection[Kind] = tuple(Kind)) -> float:
    """How old the mirror of `source` is: since the oldest of these kinds was read; infinite when one never was."""
    query = sa.select(_reads.c.kind, _reads.c.pulled_at).where(_reads.c.source == source.name)
    with engine.connect() as connection:
        pulled = {row.kind: row.pulled_at for row in connection.execute(query)}
    moments = [pulled.get(kind) for kind in source.capabilities if kind in kinds]
    return max((float("inf") if at is None else (now - at).total_seconds() for at in moments), default=0.0)
