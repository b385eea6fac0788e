"""Brand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Json, Moment
from core.tables import Id

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("kept", Json(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    op.drop_table("brand")
