"""Reaching: whether each issue reaches one contact, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import consent, groups, mailings, postings, tables
from core.errors import VestnikError
from core.groups.explain import Explanation
from core.groups.explain import explain as explained
from core.journeys import content
from core.journeys.content import Firing
from core.journeys.deciding import Manners
from core.mailings import Issue

_recipients, _postings = tables.recipients, tables.postings


@dataclass(frozen=True, slots=True)
class IssueExplained:
    """One issue for one contact: in its groups or not, and who has left what."""

    issue: Issue
    inside: bool
    groups: tuple[tuple[str, tuple[Explanation, ...]], ...]  # those it goes to, each explained
    excluded: tuple[tuple[str, tuple[Explanation, ...]], ...]
    left: str  # why it does not reach them though they are in; "" when it does
    next_at: datetime | None
    sent_at: datetime | None  # the last time
    fault: VestnikError | None = None


def issues_of(
    connection: sa.Connection, manners: Manners, contact_id: int, email: str, *, now: datetime
) -> Iterator[IssueExplained]:
    """Each issue for one contact, as if it went out at `now`."""
    for issue in mailings.issues(connection):
        try:
            yield _issue(connection, issue, manners, contact_id, email, now)
        except VestnikError as error:
            yield IssueExplained(issue, False, (), (), "", None, None, error)


def _issue(
    connection: sa.Connection, issue: Issue, manners: Manners, contact_id: int, email: str, now: datetime
) -> IssueExplained:
    mailing = mailings.mailing(connection, issue.mailing)
    world = groups.world(connection, now=now, timezone=issue.timezone, currency=manners.currency)
    include, exclude = postings.groups_of(connection, mailing)
    sides = [
        tuple((one.name, tuple(explained(connection, one, world, email=email))) for one in side)
        for side in (include, exclude)
    ]
    left = consent.withheld(connection, [email], mailing=mailing.code)
    coming = next((one.at for one in content.next_firings(connection, now) if one.issue.code == issue.code), None)
    return IssueExplained(
        issue,
        inside=contact_id in content.members(connection, Firing(issue, now), [contact_id], manners),
        groups=sides[0],
        excluded=sides[1],
        left=left.get(email, ""),
        next_at=coming,
        sent_at=_last_sent(connection, issue, contact_id),
    )


def _last_sent(connection: sa.Connection, issue: Issue, contact_id: int) -> datetime | None:
    query = (
        sa.select(_recipients.c.sent_at)
        .join_from(_recipients, _postings, _postings.c.id == _recipients.c.posting_id)
        .where(_recipients.c.contact_id == contact_id, _postings.c.issue == issue.code)
        .where(_recipients.c.sent_at.is_not(None))
        .order_by(_recipients.c.sent_at.desc())
        .limit(1)
    )
    found: datetime | None = connection.scalar(query)
    return found
