"""Coupons: each one of each letter, the accounts of their rules, and codes made elsewhere."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment, Reason
from core.tables.columns import Address, Code, Id, ident, table

coupons = table(  # one coupon of one letter: planned → made → used | removed | lost
    "coupons",
    ident(),
    sa.Column("key", Address, nullable=False, unique=True),  # issue, anchor, contact, offer: what names it for ever
    sa.Column("source", Code, nullable=False),
    sa.Column("rule", Code, nullable=False),
    sa.Column("recipient_id", Id, nullable=False),
    sa.Column("offer", sa.String(16), nullable=False),  # which of the letter's coupons, see core.coupon
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("code", Code),
    sa.Column("valid_until", Moment),  # NULL: no end
    sa.Column("ending", sa.String(16), nullable=False),
    sa.Column("terms", Json, nullable=False),  # what the source is asked for beside rule, key and end
    sa.Column("pooled", sa.Boolean, nullable=False),  # handed out of `coupon_pool`
    sa.Column("made_at", Moment),
    sa.Column("used_at", Moment),
    sa.Column("orders", Json),  # external ids of the orders it was used in
    sa.Column("changed_at", Moment, nullable=False),
    sa.Index("ix_coupons_recipient_id_offer", "recipient_id", "offer"),
    sa.Index("ix_coupons_source_rule_status", "source", "rule", "status"),
    sa.Index("ix_coupons_status_valid_until", "status", "valid_until"),
)

coupon_accounts = table(  # one row a rule: locked while coupons of it are planned; how its last audit went
    "coupon_accounts",
    sa.Column("source", Code, primary_key=True),
    sa.Column("rule", Code, primary_key=True),
    sa.Column("audited_at", Moment),
    sa.Column("failed_at", Moment),  # when its source could not be asked
    sa.Column("error", Reason()),
)

coupon_pool = table(  # codes made elsewhere, for sources that cannot make any
    "coupon_pool",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("rule", Code, nullable=False),
    sa.Column("code", Code, nullable=False),
    sa.Column("folded", Code, nullable=False),  # the code without regard to case
    sa.Column("coupon_id", Id, unique=True),  # whose it is; NULL: free
    sa.Column("imported_at", Moment, nullable=False),
    sa.UniqueConstraint("source", "folded"),
    sa.Index("ix_coupon_pool_source_rule_coupon_id", "source", "rule", "coupon_id"),
)
