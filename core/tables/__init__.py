"""Every table of Vestnik: the mirror of the shops, the facts, the definitions, and what became of each letter."""

from __future__ import annotations

from core.tables.buying import buyers, rfm_scales, rhythm_counts, rhythm_pools, rhythms
from core.tables.columns import Address, Blob, Code, Digest, Id, Money, metadata
from core.tables.coupon import coupon_accounts, coupon_pool, coupons
from core.tables.definitions import group_members, group_snapshots, issues, mailings, recipient_groups
from core.tables.house import brand, keys, leases
from core.tables.mirror import (
    baskets,
    contacts,
    facts,
    order_lines,
    orders,
    people,
    products,
    refusals,
    source_reads,
    subscriptions,
    views,
)
from core.tables.outgoing import hits, postings, recipients, suppressions
from core.tables.scenario import ledger, scenario_looks, scenarios

__all__ = [
    "Address",
    "Blob",
    "Code",
    "Digest",
    "Id",
    "Money",
    "baskets",
    "brand",
    "buyers",
    "contacts",
    "coupon_accounts",
    "coupon_pool",
    "coupons",
    "facts",
    "group_members",
    "group_snapshots",
    "hits",
    "issues",
    "keys",
    "leases",
    "ledger",
    "mailings",
    "metadata",
    "order_lines",
    "orders",
    "people",
    "postings",
    "products",
    "recipient_groups",
    "recipients",
    "refusals",
    "rfm_scales",
    "rhythm_counts",
    "rhythm_pools",
    "rhythms",
    "scenario_looks",
    "scenarios",
    "source_reads",
    "subscriptions",
    "suppressions",
    "views",
]
