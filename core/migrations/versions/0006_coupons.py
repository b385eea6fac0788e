"""Coupons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Json, Moment
from core.tables import Address, Code, Id

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupon_accounts",
        sa.Column("source", Code, nullable=False),
        sa.Column("rule", Code, nullable=False),
        sa.Column("audited_at", Moment(), nullable=True),
        sa.Column("failed_at", Moment(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "rule", name=op.f("pk_coupon_accounts")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "coupon_pool",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("source", Code, nullable=False),
        sa.Column("rule", Code, nullable=False),
        sa.Column("code", Code, nullable=False),
        sa.Column("folded", Code, nullable=False),
        sa.Column("coupon_id", Id, nullable=True),
        sa.Column("imported_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_pool")),
        sa.UniqueConstraint("coupon_id", name=op.f("uq_coupon_pool_coupon_id")),
        sa.UniqueConstraint("source", "folded", name=op.f("uq_coupon_pool_source_folded")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_coupon_pool_source_rule_coupon_id", "coupon_pool", ["source", "rule", "coupon_id"], unique=False
    )
    op.create_table(
        "coupons",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("key", Address, nullable=False),
        sa.Column("source", Code, nullable=False),
        sa.Column("rule", Code, nullable=False),
        sa.Column("recipient_id", Id, nullable=False),
        sa.Column("offer", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", Code, nullable=True),
        sa.Column("valid_until", Moment(), nullable=True),
        sa.Column("ending", sa.String(length=16), nullable=False),
        sa.Column("terms", Json(), nullable=False),
        sa.Column("pooled", sa.Boolean(), nullable=False),
        sa.Column("made_at", Moment(), nullable=True),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("orders", Json(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("key", name=op.f("uq_coupons_key")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_coupons_recipient_id_offer", "coupons", ["recipient_id", "offer"], unique=False)
    op.create_index("ix_coupons_source_rule_status", "coupons", ["source", "rule", "status"], unique=False)
    op.create_index("ix_coupons_status_valid_until", "coupons", ["status", "valid_until"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_coupons_status_valid_until", table_name="coupons")
    op.drop_index("ix_coupons_source_rule_status", table_name="coupons")
    op.drop_index("ix_coupons_recipient_id_offer", table_name="coupons")
    op.drop_table("coupons")
    op.drop_index("ix_coupon_pool_source_rule_coupon_id", table_name="coupon_pool")
    op.drop_table("coupon_pool")
    op.drop_table("coupon_accounts")
