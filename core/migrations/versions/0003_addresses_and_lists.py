"""People without an account, and the lists that addresses are on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Moment
from core.tables import Code, Digest, Id

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("source", Code, nullable=False),
        sa.Column("external_id", Code, nullable=False),
        sa.Column("contact_id", Id, nullable=True),
        sa.Column("list", Code, nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("person", Code, nullable=False),
        sa.Column("at", Moment(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("gone_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_subscriptions_source_external_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_subscriptions_contact_id"), "subscriptions", ["contact_id"], unique=False)
    op.create_index(op.f("ix_subscriptions_list"), "subscriptions", ["list"], unique=False)
    op.add_column("people", sa.Column("kind", sa.String(length=16), server_default="user", nullable=False))


def downgrade() -> None:
    op.drop_column("people", "kind")
    op.drop_index(op.f("ix_subscriptions_list"), table_name="subscriptions")
    op.drop_index(op.f("ix_subscriptions_contact_id"), table_name="subscriptions")
    op.drop_table("subscriptions")
