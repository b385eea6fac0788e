"""Figures: what became of the letters of each scenario lately, and the newest decisions on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import tables
from core.model import Status

_ledger, _recipients, _postings, _contacts = tables.ledger, tables.recipients, tables.postings, tables.contacts
LATELY = timedelta(days=30)
_ON_ITS_WAY = timedelta(days=7)  # so long a letter may stand in a posting before it goes


@dataclass(frozen=True, slots=True)
class Figures:
    """Letters of one scenario, or of one step: decisions of the last 30 days, and what has gone out in that time."""

    queued: int = 0
    sent: int = 0
    skipped: int = 0
    deferred: int = 0  # put off, and still waiting

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.queued + other.queued,
            self.sent + other.sent,
            self.skipped + other.skipped,
            self.deferred + other.deferred,
        )


def by_step(connection: sa.Connection, *, now: datetime) -> Mapping[str, Figures]:
    """The figures of each letter by its name, such as ``registration/3d``; those without any are left out."""
    since = now - LATELY
    found: dict[str, dict[str, int]] = defaultdict(dict)
    query = (
        sa.select(_ledger.c.scenario, _ledger.c.step, _ledger.c.status, sa.func.count())
        .where(_ledger.c.decided_at > since)
        .group_by(_ledger.c.scenario, _ledger.c.step, _ledger.c.status)
    )
    for scenario, step, status, count in connection.execute(query):
        found[f"{scenario}/{step}"][status] = count
    for issue, count in _sent(connection, since):
        found[issue]["sent"] = count
    return {issue: Figures(**counts) for issue, counts in found.items()}


def _sent(connection: sa.Connection, since: datetime) -> Iterator[tuple[str, int]]:
    query = (
        sa.select(_postings.c.issue, sa.func.count())
        .join_from(_postings, _recipients, _recipients.c.posting_id == _postings.c.id)
        .where(_postings.c.kind != "issue", _postings.c.firing_at > since - _ON_ITS_WAY)
        .where(_recipients.c.status == Status.SENT.value, _recipients.c.sent_at > since)
        .group_by(_postings.c.issue)
    )
    for row in connection.execute(query):
        yield row[0], row[1]


def by_scenario(connection: sa.Connection, *, now: datetime) -> Mapping[str, Figures]:
    """The figures of each scenario by its code; of one without any :class:`Figures` of noughts."""
    found: dict[str, Figures] = defaultdict(Figures)
    for issue, figures in by_step(connection, now=now).items():
        found[issue.partition("/")[0]] += figures
    return found


def newest(connection: sa.Connection, scenario: str, *, limit: int, offset: int = 0) -> list[sa.RowMapping]:
    """The newest decisions on the scenario's letters, with the address and, of those queued, what became of each."""
    page = (
        sa.select(_ledger)
        .where(_ledger.c.scenario == scenario)
        .order_by(_ledger.c.decided_at.desc(), _ledger.c.id.desc())
        .limit(limit)
        .offset(offset)
        .subquery("page")
    )
    letter = sa.and_(_recipients.c.contact_id == page.c.contact_id, _recipients.c.ledger_id == page.c.id)
    columns = (
        _contacts.c.email,
        _recipients.c.id.label("recipient_id"),
        _recipients.c.posting_id,
        _recipients.c.status.label("letter_status"),
    )
    query = (
        sa.select(page, *columns)
        .outerjoin(_contacts, _contacts.c.id == page.c.contact_id)
        .outerjoin(_recipients, letter)
        .order_by(page.c.decided_at.desc(), page.c.id.desc())
    )
    return list(connection.execute(query).mappings())


def count(connection: sa.Connection, scenario: str) -> int:
    """How many decisions there are on the scenario's letters."""
    query = sa.select(sa.func.count()).select_from(_ledger).where(_ledger.c.scenario == scenario)
    return connection.scalar(query) or 0
