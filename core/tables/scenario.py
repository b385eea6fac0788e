"""Scenarios: which are on, how far each step has been looked at, and the ledger of what was decided for whom."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment, Reason
from core.tables.columns import Address, Code, Id, ident, table

scenarios = table(
    "scenarios",
    sa.Column("code", Code, primary_key=True),
    sa.Column("edited", sa.Text),  # the TOML as an admin changed it; NULL: as it is in the file
    sa.Column("before", sa.Text),  # what stood there before the last change; NULL: the file
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("on_at", Moment),  # when it was switched on
    sa.Column("since", Moment),  # anchors before this moment never enter
    sa.Column("changed_at", Moment, nullable=False),
)

scenario_looks = table(  # how far a step has been looked at
    "scenario_looks",
    sa.Column("scenario", Code, primary_key=True),
    sa.Column("step", Code, primary_key=True),
    sa.Column("looked_to", Moment, nullable=False),  # what was due until then is in the ledger
    sa.Column("learnt_to", Id, nullable=False),  # facts up to this id have been looked at
    sa.Column("swept_at", Moment),  # when all that may still go was last gone through
)

ledger = table(  # one row a letter that was due: made once, whatever happens twice
    "ledger",
    ident(),
    sa.Column("scenario", Code, nullable=False),
    sa.Column("step", Code, nullable=False),
    sa.Column("contact_id", Id, nullable=False),
    sa.Column("anchor", Address, nullable=False),  # the entry's key
    sa.Column("anchor_at", Moment, nullable=False),
    sa.Column("source", Code, nullable=False),
    sa.Column("person", Code, nullable=False),
    sa.Column("subject", Code, nullable=False),
    sa.Column("first_due_at", Moment, nullable=False),  # when it was due by the scenario's timetable
    sa.Column("due_at", Moment, nullable=False),  # when it is to be looked at (again)
    sa.Column("status", sa.String(16), nullable=False),  # "deferred", "queued" or "skipped"
    sa.Column("reason", Reason(500), nullable=False),
    sa.Column("shown", Json),  # products that its letter showed
    sa.Column("decided_at", Moment, nullable=False),
    sa.UniqueConstraint("scenario", "step", "contact_id", "anchor"),
    sa.Index("ix_ledger_contact_id_scenario", "contact_id", "scenario"),
    sa.Index("ix_ledger_status_due_at", "status", "due_at"),
    sa.Index("ix_ledger_scenario_decided_at", "scenario", "decided_at"),
)
