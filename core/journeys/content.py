"""Content: to whom an issue of a mailing goes on the same day, so that no scenario writes to them beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import groups, mailings, postings, schedule, tables
from core.errors import VestnikError
from core.mailings import Issue
from core.model import PostingStatus
from core.rules import WHO

if TYPE_CHECKING:
    from core.journeys.deciding import Manners

_postings, _recipients = tables.postings, tables.recipients


@dataclass(frozen=True, slots=True)
class Firing:
    """An issue that goes out at a moment."""

    issue: Issue
    at: datetime


def issues_today(
    connection: sa.Connection, contact_ids: Collection[int], manners: Manners, *, now: datetime
) -> set[int]:
    """Those of the contacts to whom an issue has gone, or will go, on the site's calendar day of `now`."""
    if not contact_ids or not manners.frequency.content_day:
        return set()
    start, end = day_of(now, manners.timezone)
    posted = reached(connection, fired(connection, start, end), contact_ids)
    return posted | _to_come(connection, contact_ids, manners, now, end)


def day_of(now: datetime, timezone: str) -> tuple[datetime, datetime]:
    """When the calendar day of `now` begins and ends in this zone."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    return (
        datetime.combine(today, time.min, tzinfo=zone),
        datetime.combine(today + timedelta(days=1), time.min, tzinfo=zone),
    )


def fired(connection: sa.Connection, start: datetime, end: datetime) -> list[int]:
    """The postings of issues that were fired from `start` until before `end`."""
    query = sa.select(_postings.c.id).where(
        _postings.c.kind == "issue", _postings.c.firing_at >= start, _postings.c.firing_at < end
    )
    return list(connection.scalars(query))


def reached(connection: sa.Connection, posting_ids: Sequence[int], contact_ids: Collection[int]) -> set[int]:
    """Those of the contacts to whom one of these postings has gone, or is about to go."""
    if not posting_ids:
        return set()
    query = sa.select(_recipients.c.contact_id).where(
        _recipients.c.contact_id.in_(contact_ids),
        _recipients.c.posting_id.in_(posting_ids),
        _recipients.c.status.not_in(("skipped", "failed")),
    )
    return set(connection.scalars(query))


def _to_come(
    connection: sa.Connection, contact_ids: Collection[int], manners: Manners, now: datetime, end: datetime
) -> set[int]:
    found: set[int] = set()
    for firing in (*unopened(connection, now), *(one for one in next_firings(connection, now) if one.at < end)):
        try:
            found |= members(connection, firing, contact_ids, manners)
        except VestnikError:  # an issue that cannot go out stands in nobody's way; its own posting says why
            continue
    return found


def unopened(connection: sa.Connection, now: datetime) -> list[Firing]:
    """The firings up to `now` whose recipients are not known yet: their postings wait."""
    query = sa.select(_postings.c.issue, _postings.c.firing_at).where(
        _postings.c.kind == "issue", _postings.c.status == PostingStatus.WAITING.value, _postings.c.firing_at <= now
    )
    rows = connection.execute(query).all()
    issues = {one.code: one for one in mailings.issues(connection)} if rows else {}
    return [Firing(issues[row.issue], row.firing_at) for row in rows if row.issue in issues]


def firings(connection: sa.Connection, after: datetime, until: datetime) -> list[Firing]:
    """What the schedules of the issues that are switched on fire in (after, until], in its order."""
    found: list[Firing] = []
    for issue in mailings.issues(connection):
        if not (issue.active and issue.schedule):
            continue
        try:
            line = schedule.parse(issue.schedule, issue.timezone)
        except VestnikError:  # a schedule that this version does not know; the clock says so
            continue
        begin = max(after, issue.scheduled_from)
        found += [Firing(issue, at) for at in line.firings(begin, until)] if begin < until else []
    return sorted(found, key=lambda one: (one.at, one.issue.code))


def next_firings(connection: sa.Connection, now: datetime) -> Iterator[Firing]:
    """The next firing of each issue that has a schedule."""
    for issue in mailings.issues(connection):
        if not (issue.active and issue.schedule):
            continue
        try:
            at = schedule.parse(issue.schedule, issue.timezone).next_after(max(now, issue.scheduled_from))
        except VestnikError:  # a schedule that this version does not know; the clock says so
            continue
        if at is not None:
            yield Firing(issue, at)


def members(connection: sa.Connection, firing: Firing, contact_ids: Collection[int], manners: Manners) -> set[int]:
    """Those of the contacts who are in the groups of the issue when it goes out."""
    issue, mailing = firing.issue, mailings.mailing(connection, firing.issue.mailing)
    include, exclude = postings.groups_of(connection, mailing)
    world = groups.world(connection, now=firing.at, timezone=issue.timezone, currency=manners.currency)
    where = groups.condition(include, world, without=exclude)
    return set(connection.scalars(sa.select(WHO).where(WHO.in_(contact_ids), *where)))
