"""Postings: an issue's firing becomes one posting, and the posting a frozen snapshot of its recipients."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import consent, groups, mailings, schedule, tables
from core.compose import Publication
from core.db import insert_ignoring, retried, writing
from core.errors import VestnikError
from core.groups import Group, snapshots
from core.mailings import Issue, Mailing
from core.model import PostingStatus, Status
from core.rules import World

_postings, _recipients = tables.postings, tables.recipients
log = logging.getLogger("vestnik.postings")


@dataclass(frozen=True, slots=True)
class Posting:
    """One run of an issue."""

    id: int
    issue: str
    firing_at: datetime
    status: PostingStatus
    reason: str | VestnikError
    by_hand: bool
    opened_at: datetime | None
    finished_at: datetime | None
    publication: Publication | None  # None too when another version of Vestnik kept what this one cannot read
    kind: str = "issue"  # or of a scenario: "marketing", "service"
    channel: str = "email"


def due(engine: sa.Engine, *, now: datetime) -> list[int]:
    """Write a waiting posting for every firing that is due, a skipped one for those missed; ids of all that wait."""
    with engine.connect() as connection:
        issues = [issue for issue in mailings.issues(connection) if issue.active and issue.schedule]
    for issue in issues:
        try:
            _fire(engine, issue, now=now)
        except VestnikError as error:  # a schedule that this version or its time zones no longer know
            log.error("issue %s: %s", issue.code, error)
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(_postings.c.id).where(_postings.c.status == PostingStatus.WAITING)))


@retried
def _fire(engine: sa.Engine, issue: Issue, *, now: datetime) -> None:
    firings = schedule.due(
        schedule.parse(issue.schedule, issue.timezone),
        last=_last_firing(engine, issue),
        now=now,
        catch_up=issue.catch_up,
    )
    rows = [_row(issue.code, at, PostingStatus.WAITING, "", now) for at in firings.fire]
    rows += [_row(issue.code, at, PostingStatus.SKIPPED, "missed", now) for at in firings.missed]
    if rows:
        with writing(engine) as connection:
            insert_ignoring(connection, _postings, rows)


def _last_firing(engine: sa.Engine, issue: Issue) -> datetime:
    """After which moment firings count: the last one seen, or when the schedule was switched on.

    A posting by hand is no firing of the schedule: one that is a second later must not hide it.
    """
    query = sa.select(sa.func.max(_postings.c.firing_at)).where(
        _postings.c.issue == issue.code, sa.not_(_postings.c.by_hand)
    )
    with engine.connect() as connection:
        last = connection.scalar(query)
    return max(issue.scheduled_from, last) if last else issue.scheduled_from


def _row(
    issue: str, firing_at: datetime, status: PostingStatus, reason: str | VestnikError, now: datetime
) -> dict[str, Any]:
    return {
        "issue": issue,
        "firing_at": firing_at,
        "status": status.value,
        "reason": reason,
        "by_hand": False,
        "created_at": now,
        "finished_at": now if status is PostingStatus.SKIPPED else None,
    }


def by_hand(engine: sa.Engine, issue: Issue, *, now: datetime) -> int:
    """A waiting posting of `issue` fired at `now` by an admin; its id."""
    row = {**_row(issue.code, now, PostingStatus.WAITING, "", now), "by_hand": True}
    with writing(engine) as connection:
        made = connection.execute(sa.insert(_postings).values(row))
        return int(made.inserted_primary_key[0])  # type: ignore[index]


def unfinished(engine: sa.Engine, issue: Issue) -> int | None:
    """The posting of `issue` that has begun or waits and is not done; the newest."""
    states = (PostingStatus.WAITING.value, PostingStatus.OPEN.value)
    query = sa.select(sa.func.max(_postings.c.id)).where(
        _postings.c.issue == issue.code, _postings.c.status.in_(states)
    )
    with engine.connect() as connection:
        found: int | None = connection.scalar(query)
    return found


def posting(engine: sa.Engine, posting_id: int) -> Posting:
    """The posting with this id."""
    with engine.connect() as connection:
        return _posting(connection.execute(sa.select(_postings).where(_postings.c.id == posting_id)).one())


def _posting(row: sa.Row[Any]) -> Posting:
    publication = Publication.from_json(row.publication) if row.publication else None
    return Posting(
        id=row.id,
        issue=row.issue,
        firing_at=row.firing_at,
        status=PostingStatus(row.status),
        reason=row.reason,
        by_hand=row.by_hand,
        opened_at=row.opened_at,
        finished_at=row.finished_at,
        publication=publication,
        kind=row.kind,
        channel=row.channel,
    )


def opened(engine: sa.Engine) -> list[int]:
    """Ids of the postings whose letters are going out."""
    with engine.connect() as connection:
        query = sa.select(_postings.c.id).where(_postings.c.status == PostingStatus.OPEN).order_by(_postings.c.id)
        return list(connection.scalars(query))


def wait(engine: sa.Engine, posting_id: int, reason: str | VestnikError) -> None:
    """The posting cannot open yet; the reason is shown to the admin."""
    _move(engine, posting_id, PostingStatus.WAITING, {"reason": reason})


def complain(engine: sa.Engine, posting_id: int, reason: str | VestnikError) -> None:
    """Why the letters of an open posting do not go out at this moment; "" when they do."""
    _move(engine, posting_id, PostingStatus.OPEN, {"reason": reason})


def skip(engine: sa.Engine, posting_id: int, reason: str | VestnikError, *, now: datetime) -> None:
    """The posting will not happen, for a stated reason."""
    values = {"status": PostingStatus.SKIPPED.value, "reason": reason, "finished_at": now}
    _move(engine, posting_id, PostingStatus.WAITING, values)


@retried
def _move(engine: sa.Engine, posting_id: int, old: PostingStatus, values: Mapping[str, Any]) -> bool:
    with writing(engine) as connection:
        statement = sa.update(_postings).where(_postings.c.id == posting_id, _postings.c.status == old.value)
        return connection.execute(statement.values(**values)).rowcount > 0


def recipients_of(
    connection: sa.Connection, issue: Issue, mailing: Mailing, *, at: datetime, currency: str
) -> sa.Select[Any]:
    """One SELECT of the contacts whom `issue` would go to, were it fired `at` that moment (consent not yet asked)."""
    include, exclude = groups_of(connection, mailing)
    return groups.members(include, _world(connection, issue, at=at, currency=currency), without=exclude)


def _world(connection: sa.Connection, issue: Issue, *, at: datetime, currency: str) -> World:
    return groups.world(connection, now=at, timezone=issue.timezone, currency=currency)


def groups_of(connection: sa.Connection, mailing: Mailing) -> tuple[list[Group], list[Group]]:
    """The groups that `mailing` goes to, and those that it leaves out."""
    include = [groups.find(connection, code) for code in mailing.include_groups]
    return include, [groups.find(connection, code) for code in mailing.exclude_groups]


@retried
def open_posting(
    engine: sa.Engine,
    waiting: Posting,
    publication: Publication,
    *,
    now: datetime,
    currency: str = "RUB",
    again: bool = False,
) -> int:
    """Freeze the recipients of `waiting` and open it in one commit; how many they are (0 too if it was open already).

    Whoever has left the mailing is in the snapshot as ``skipped``, so that the admin sees why; so is, unless `again`,
    whoever got this issue on the same day by another posting where one of the two was started by hand. `currency`: in
    which the groups sum orders up.
    """
    with writing(engine) as connection:
        moved = connection.execute(
            sa.update(_postings)
            .where(_postings.c.id == waiting.id, _postings.c.status == PostingStatus.WAITING.value)
            .values(
                status=PostingStatus.OPEN.value,
                opened_at=now,
                publication=publication.as_json(),
                mailing=publication.mailing,
                reason="",
            )
        )
        if moved.rowcount == 0:
            return 0
        issue = mailings.issue(connection, waiting.issue)
        mailing = mailings.mailing(connection, issue.mailing)
        others = [] if again else _same_day(connection, waiting, issue)
        query = recipients_of(connection, issue, mailing, at=waiting.firing_at, currency=currency)
        frozen = _freeze(connection, waiting.id, mailing, query, others=others)
        _remember(connection, waiting, issue, mailing, currency=currency)
        return frozen


def _same_day(connection: sa.Connection, waiting: Posting, issue: Issue) -> list[int]:
    """Postings of the issue on the same calendar day that stand beside `waiting`, one of the two being by hand."""
    zone = ZoneInfo(issue.timezone)
    day = waiting.firing_at.astimezone(zone).date()
    start = datetime.combine(day, time.min, tzinfo=zone)
    query = sa.select(_postings.c.id).where(
        _postings.c.issue == issue.code,
        _postings.c.id != waiting.id,
        _postings.c.firing_at >= start,
        _postings.c.firing_at < datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone),
        sa.true() if waiting.by_hand else _postings.c.by_hand,
    )
    return list(connection.scalars(query))


def _freeze(
    connection: sa.Connection, posting_id: int, mailing: Mailing, query: sa.Select[Any], *, others: Sequence[int]
) -> int:
    """The snapshot, in one statement that the database does alone: a million recipients take no memory here."""
    member = query.subquery("member")
    email, contact_id = member.c.email, member.c.contact_id
    withheld = consent.reason(email, contact_id, mailing=mailing.code, basis=mailing.consent)
    reason = sa.func.coalesce(withheld, _already(contact_id, others))
    columns = {
        "posting_id": sa.literal(posting_id),
        "contact_id": contact_id,
        "person_id": member.c.person_id,
        "email": email,
        "status": sa.case((reason.is_(None), Status.NEW.value), else_=Status.SKIPPED.value),
        "reason": sa.func.coalesce(reason, ""),
        "message_id": sa.literal(""),
        "attempts": sa.literal(0),
    }
    statement = sa.insert(_recipients).from_select(list(columns), sa.select(*columns.values()).select_from(member))
    return connection.execute(statement).rowcount


def _already(contact_id: sa.ColumnElement[int], others: Sequence[int]) -> sa.ColumnElement[Any]:
    """The reason why a contact who has, or may have, a letter of one of the `others` gets none now."""
    had = sa.select(_recipients.c.contact_id).where(
        _recipients.c.posting_id.in_(others),
        _recipients.c.status.not_in((Status.SKIPPED.value, Status.FAILED.value)),
    )
    return sa.case((contact_id.in_(had), "already sent today")) if others else sa.null()


def _remember(connection: sa.Connection, waiting: Posting, issue: Issue, mailing: Mailing, *, currency: str) -> None:
    """Keep who was in each group of the mailing, so that two postings can be compared."""
    include, exclude = groups_of(connection, mailing)
    world = _world(connection, issue, at=waiting.firing_at, currency=currency)
    for group in include:
        if len(include) == 1 and not exclude:  # whoever is in the posting is in the group, and the other way round
            query = sa.select(_recipients.c.contact_id).where(_recipients.c.posting_id == waiting.id)
            ids: Iterable[int] = connection.scalars(query.execution_options(yield_per=10_000))
        else:
            ids = snapshots.asked(connection, group, world)
        snapshots.keep(connection, group, ids, at=waiting.firing_at, posting_id=waiting.id)


def counts(engine: sa.Engine, posting_id: int) -> dict[str, int]:
    """How many recipients stand where: status → count."""
    query = (
        sa.select(_recipients.c.status, sa.func.count())
        .where(_recipients.c.posting_id == posting_id)
        .group_by(_recipients.c.status)
    )
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def standing(
    connection: sa.Connection, publication: Publication, *, kind: str, sale: bool, channel: str, now: datetime
) -> int:
    """The open posting for letters of a scenario's step that read as `publication` does; locked until the commit.

    One that was finished is opened again; another text, as on another day, makes another posting.
    """
    edition = hashlib.sha256(json.dumps(publication.as_json(), sort_keys=True, default=str).encode()).hexdigest()[:32]
    same = (_postings.c.issue == publication.issue, _postings.c.edition == edition, _postings.c.channel == channel)
    query = sa.select(_postings.c.id, _postings.c.status).where(*same).order_by(_postings.c.id.desc()).limit(1)
    found = connection.execute(query.with_for_update()).first()
    if found is None:
        row = {**_row(publication.issue, now, PostingStatus.OPEN, "", now), "opened_at": now, "edition": edition}
        of_it = {"mailing": publication.mailing, "kind": kind, "sale": sale, "channel": channel}
        made = connection.execute(sa.insert(_postings).values(**row, **of_it, publication=publication.as_json()))
        return int(made.inserted_primary_key[0])  # type: ignore[index]
    if found.status != PostingStatus.OPEN:
        values = {"status": PostingStatus.OPEN.value, "finished_at": None}
        connection.execute(sa.update(_postings).where(_postings.c.id == found.id).values(values))
    return int(found.id)


@retried
def finish(engine: sa.Engine, posting_id: int, *, now: datetime) -> bool:
    """Close the posting when no letter of it is waiting or under way; True if this call closed it."""
    under_way = (Status.NEW.value, Status.COMPOSED.value, Status.CLAIMED.value)
    one = sa.select(_recipients.c.id).where(_recipients.c.posting_id == posting_id, _recipients.c.status.in_(under_way))
    with engine.connect() as connection:
        if connection.scalar(one.limit(1)) is not None:
            return False
    with writing(engine) as connection:
        # locked, and looked at once more: a scenario may be adding letters to it at this moment
        connection.execute(sa.select(_postings.c.id).where(_postings.c.id == posting_id).with_for_update())
        if connection.scalar(one.limit(1)) is not None:
            return False
        done = {"status": PostingStatus.DONE.value, "finished_at": now}
        open_one = (_postings.c.id == posting_id, _postings.c.status == PostingStatus.OPEN.value)
        return connection.execute(sa.update(_postings).where(*open_one).values(done)).rowcount > 0


def recent(engine: sa.Engine, *, limit: int = 50, kinds: Collection[str] = ()) -> list[tuple[Posting, dict[str, int]]]:
    """The newest postings with their counts, newest first; of these `kinds` only, if any are given."""
    query = sa.select(_postings).order_by(_postings.c.firing_at.desc(), _postings.c.id.desc()).limit(limit)
    if kinds:
        query = query.where(_postings.c.kind.in_(kinds))
    with engine.connect() as connection:
        found = [_posting(row) for row in connection.execute(query)]
    return [(one, counts(engine, one.id)) for one in found]
