"""What came back from letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Json, Moment
from core.tables import Id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hits",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("recipient_id", Id, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("link", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("agent", sa.String(length=255), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hits")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_hits_at"), "hits", ["at"], unique=False)
    op.create_index(op.f("ix_hits_recipient_id"), "hits", ["recipient_id"], unique=False)
    op.add_column("issues", sa.Column("blocks", Json(), nullable=True))
    op.add_column("mailings", sa.Column("track", sa.Boolean(), server_default=sa.text("1"), nullable=False))


def downgrade() -> None:
    op.drop_column("mailings", "track")
    op.drop_column("issues", "blocks")
    op.drop_index(op.f("ix_hits_recipient_id"), table_name="hits")
    op.drop_index(op.f("ix_hits_at"), table_name="hits")
    op.drop_table("hits")
