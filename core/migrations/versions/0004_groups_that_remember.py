"""Groups that remember."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Json, Moment
from core.tables import Blob, Code, Id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "buyers",
        sa.Column("source", Code, nullable=False),
        sa.Column("contact_id", Id, autoincrement=False, nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("revenue", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("first_on_sale", sa.Boolean(), nullable=False),
        sa.Column("sale_orders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "contact_id", name=op.f("pk_buyers")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_buyers_contact_id", "buyers", ["contact_id"], unique=False)
    op.create_index("ix_buyers_source_last_at", "buyers", ["source", "last_at"], unique=False)
    op.create_table(
        "group_members",
        sa.Column("group", Code, nullable=False),
        sa.Column("contact_id", Id, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("group", "contact_id", name=op.f("pk_group_members")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "group_snapshots",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("group", Code, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("posting_id", Id, nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("include", Json(), nullable=False),
        sa.Column("exclude", Json(), nullable=True),
        sa.Column("members", Blob, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_snapshots")),
        sa.UniqueConstraint("group", "at", name=op.f("uq_group_snapshots_group_at")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rfm_scales",
        sa.Column("source", Code, nullable=False),
        sa.Column("recency", Json(), nullable=False),
        sa.Column("frequency", Json(), nullable=False),
        sa.Column("monetary", Json(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("counted_to", Moment(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_rfm_scales")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.add_column("mailings", sa.Column("consent", sa.String(length=16), server_default="any", nullable=False))
    op.add_column("order_lines", sa.Column("base_price", sa.Numeric(precision=18, scale=4), nullable=True))
    op.add_column("orders", sa.Column("offline", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.add_column("orders", sa.Column("written_at", Moment(), nullable=True))
    op.create_index("ix_orders_source_written_at", "orders", ["source", "written_at"], unique=False)
    covered = ["contact_id", "created_at", "cancelled_at", "currency", "total", "offline"]
    op.create_index("ix_orders_contact", "orders", covered, unique=False)
    op.drop_index("ix_orders_contact_id", table_name="orders")
    op.create_index("ix_order_lines_product_order_id", "order_lines", ["product", "order_id"], unique=False)
    op.drop_index("ix_order_lines_product", table_name="order_lines")
    op.add_column("recipient_groups", sa.Column("static", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.add_column("recipient_groups", sa.Column("frozen_at", Moment(), nullable=True))
    op.add_column("recipients", sa.Column("opened_at", Moment(), nullable=True))
    op.add_column("recipients", sa.Column("clicked_at", Moment(), nullable=True))
    op.create_index("ix_recipients_contact_id_sent_at", "recipients", ["contact_id", "sent_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_recipients_contact_id_sent_at", table_name="recipients")
    op.drop_column("recipients", "clicked_at")
    op.drop_column("recipients", "opened_at")
    op.drop_column("recipient_groups", "frozen_at")
    op.drop_column("recipient_groups", "static")
    op.create_index("ix_order_lines_product", "order_lines", ["product"], unique=False)
    op.drop_index("ix_order_lines_product_order_id", table_name="order_lines")
    op.create_index("ix_orders_contact_id", "orders", ["contact_id"], unique=False)
    op.drop_index("ix_orders_contact", table_name="orders")
    op.drop_index("ix_orders_source_written_at", table_name="orders")
    op.drop_column("orders", "written_at")
    op.drop_column("orders", "offline")
    op.drop_column("order_lines", "base_price")
    op.drop_column("mailings", "consent")
    op.drop_table("rfm_scales")
    op.drop_table("group_snapshots")
    op.drop_table("group_members")
    op.drop_index("ix_buyers_source_last_at", table_name="buyers")
    op.drop_index("ix_buyers_contact_id", table_name="buyers")
    op.drop_table("buyers")
