"""What an admin defines: groups and what they remember, mailings, issues."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment
from core.tables.columns import Blob, Code, Id, ident, table

recipient_groups = table(
    "recipient_groups",
    ident(),
    sa.Column("code", Code, nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("include", Json, nullable=False),
    sa.Column("exclude", Json),
    sa.Column("static", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("frozen_at", Moment),  # when the list of a static group was made
    sa.Column("changed_at", Moment, nullable=False),
)

group_members = table(  # the frozen lists of static groups
    "group_members",
    sa.Column("group", Code, primary_key=True),
    sa.Column("contact_id", Id, primary_key=True, autoincrement=False),
)

group_snapshots = table(  # who was in a group at a moment: a compressed set of contact ids
    "group_snapshots",
    ident(),
    sa.Column("group", Code, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("posting_id", Id),  # the posting that asked; NULL: somebody asked by hand
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("include", Json, nullable=False),  # the rule as it was then
    sa.Column("exclude", Json),
    sa.Column("members", Blob, nullable=False),
    sa.UniqueConstraint("group", "at"),
)

mailings = table(
    "mailings",
    ident(),
    sa.Column("code", Code, nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("sender", sa.String(320), nullable=False),
    sa.Column("reply_to", sa.String(320), nullable=False),
    sa.Column("include_groups", Json, nullable=False),
    sa.Column("exclude_groups", Json, nullable=False),
    sa.Column("utm", Json, nullable=False),
    sa.Column("layout", Code, nullable=False),
    sa.Column("consent", sa.String(16), nullable=False, server_default="any"),  # what a contact must have agreed to
    sa.Column("track", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("capped", sa.Boolean, nullable=False, server_default=sa.false()),  # its issues keep [frequency], too
    sa.Column("changed_at", Moment, nullable=False),
)

issues = table(
    "issues",
    ident(),
    sa.Column("code", Code, nullable=False, unique=True),
    sa.Column("mailing", Code, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("letter", sa.String(255), nullable=False),
    sa.Column("subject", sa.String(500), nullable=False),
    sa.Column("preheader", sa.String(500), nullable=False),
    sa.Column("schedule", sa.String(255), nullable=False),  # "" = sent by hand only
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("catch_up_seconds", sa.Integer, nullable=False),
    sa.Column("max_age_seconds", sa.Integer, nullable=False),
    sa.Column("utm", Json, nullable=False),
    sa.Column("blocks", Json),  # the blocks after the letter's own text
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("scheduled_from", Moment, nullable=False),  # firings before this moment never happen
    sa.Column("changed_at", Moment, nullable=False),
)
