"""Rhythms of buying."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Json, Moment
from core.tables import Code, Id

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rhythm_counts",
        sa.Column("source", Code, nullable=False),
        sa.Column("learnt_at", Moment(), nullable=True),
        sa.Column("counted_to", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_rhythm_counts")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rhythm_pools",
        sa.Column("source", Code, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", Code, nullable=False),
        sa.Column("buyers", sa.Integer(), nullable=False),
        sa.Column("clients", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("lately", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=True),
        sa.Column("median", sa.Integer(), nullable=True),
        sa.Column("high", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("source", "kind", "code", name=op.f("pk_rhythm_pools")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rhythms",
        sa.Column("contact_id", Id, autoincrement=False, nullable=False),
        sa.Column("source", Code, nullable=False),
        sa.Column("product", Code, nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("again_at", Moment(), nullable=True),
        sa.Column("section", Code, nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("interval_days", sa.Integer(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("evidence", Json(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "source", "product", "last_at", name=op.f("pk_rhythms")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_rhythms_next_at", "rhythms", ["next_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_rhythms_next_at", table_name="rhythms")
    op.drop_table("rhythms")
    op.drop_table("rhythm_pools")
    op.drop_table("rhythm_counts")
