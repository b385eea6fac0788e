"""Details of orders, confirmation of addresses, all sections of products, when a source was last read whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Json, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("payments", Json(), nullable=True))
    op.add_column("orders", sa.Column("shipments", Json(), nullable=True))
    op.add_column("orders", sa.Column("coupons", Json(), nullable=True))
    op.add_column("orders", sa.Column("properties", Json(), nullable=True))
    op.add_column("people", sa.Column("confirmed", sa.Boolean(), server_default=sa.text("1"), nullable=False))
    op.add_column("products", sa.Column("sections", Json(), nullable=True))
    op.add_column("source_reads", sa.Column("swept_at", Moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("source_reads", "swept_at")
    op.drop_column("products", "sections")
    op.drop_column("people", "confirmed")
    op.drop_column("orders", "properties")
    op.drop_column("orders", "coupons")
    op.drop_column("orders", "shipments")
    op.drop_column("orders", "payments")
