"""The ledger: each decision written once, together with the recipients of the letters that may go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import postings, tables
from core.compose import Publication
from core.db import insert_ignoring, retried, writing
from core.errors import VestnikError
from core.journeys.deciding import DEFERRED, QUEUED, SKIPPED, Decision, sale
from core.journeys.scenarios import Scenario, Step
from core.model import Status

_ledger, _recipients = tables.ledger, tables.recipients


@retried
def write(
    engine: sa.Engine,
    scenario: Scenario,
    step: Step,
    decisions: Sequence[Decision],
    publication: Publication | None,
    *,
    now: datetime,
) -> int:
    """Write the decisions on one step's letters in one commit; how many letters were queued by this call.

    Whatever another clock has decided before stays as it is: the key is unique, and a row that was put off is moved
    only from there. `publication` is the letter of those that are queued.
    """
    with writing(engine) as connection:
        insert_ignoring(connection, _ledger, [_row(one, now) for one in decisions if _known(one) is None])
        for one in decisions:
            if _known(one) is not None:
                _move(connection, one, now)
        queued = [one for one in decisions if one.outcome == QUEUED]
        if not queued or publication is None:
            return 0
        posting_id = postings.standing(
            connection,
            publication,
            kind=scenario.form.kind,
            sale=sale(scenario, step),
            channel=step.form.channel,
            now=now,
        )
        return _enlist(connection, queued, posting_id)


def _known(one: Decision) -> int | None:
    """The id of the row that put this letter off before."""
    row = one.case.life.row(one.step.code, one.entry.key)
    return row.ledger_id if row else None


def _row(one: Decision, now: datetime) -> dict[str, Any]:
    entry = one.entry
    return {
        "scenario": one.scenario.code,
        "step": one.step.code,
        "contact_id": entry.contact_id,
        "anchor": entry.key,
        "source": entry.source,
        "person": entry.person,
        "subject": entry.subject,
        **_decision(one, now),
    }


def _decision(one: Decision, now: datetime) -> dict[str, Any]:
    return {
        "anchor_at": one.entry.at,
        "first_due_at": one.due_at,
        "due_at": one.until or one.due_at,
        "status": one.outcome,
        "reason": one.reason,
        "decided_at": now,
    }


def _move(connection: sa.Connection, one: Decision, now: datetime) -> None:
    """deferred → queued, skipped, or deferred anew."""
    row = sa.update(_ledger).where(_ledger.c.id == _known(one), _ledger.c.status == DEFERRED)
    connection.execute(row.values(_decision(one, now)))


def _enlist(connection: sa.Connection, queued: Sequence[Decision], posting_id: int) -> int:
    """Recipients of the queued letters that have none yet: two clocks that decided alike make one letter."""
    first = queued[0]
    cases = {(one.entry.contact_id, one.entry.key): one.case for one in queued}
    listed = sa.exists().where(
        _recipients.c.contact_id == _ledger.c.contact_id, _recipients.c.ledger_id == _ledger.c.id
    )
    query = sa.select(_ledger.c.id, _ledger.c.contact_id, _ledger.c.anchor).where(
        _ledger.c.scenario == first.scenario.code,
        _ledger.c.step == first.step.code,
        _ledger.c.contact_id.in_({one.entry.contact_id for one in queued}),
        _ledger.c.status == QUEUED,
        sa.not_(listed),
    )
    rows = [
        _recipient(row, cases[row.contact_id, row.anchor].who, posting_id)
        for row in connection.execute(query)
        if (row.contact_id, row.anchor) in cases
    ]
    insert_ignoring(connection, _recipients, rows)
    return len(rows)


def _recipient(row: Any, who: Any, posting_id: int) -> dict[str, Any]:
    return {
        "posting_id": posting_id,
        "contact_id": row.contact_id,
        "person_id": who.person_id,
        "email": who.email,
        "status": Status.NEW.value,
        "reason": "",
        "message_id": "",
        "attempts": 0,
        "ledger_id": row.id,
    }


def rows_of(connection: sa.Connection, ledger_ids: Collection[int]) -> dict[int, sa.RowMapping]:
    """The rows with these ids."""
    query = sa.select(_ledger).where(_ledger.c.id.in_(ledger_ids))
    return {row["id"]: row for row in connection.execute(query).mappings()}


def show(connection: sa.Connection, ledger_id: int, products: Sequence[str]) -> None:
    """Remember which products the letter of this row showed."""
    connection.execute(sa.update(_ledger).where(_ledger.c.id == ledger_id).values(shown=list(products)))


def skipped(connection: sa.Connection, ledger_id: int, reason: VestnikError | str, *, now: datetime) -> None:
    """The letter of this row was queued and, asked once more, does not go."""
    row = sa.update(_ledger).where(_ledger.c.id == ledger_id, _ledger.c.status == QUEUED)
    connection.execute(row.values(status=SKIPPED, reason=reason, decided_at=now))
