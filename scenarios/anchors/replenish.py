"""Who will soon have used up what they buy again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import Column, named, nothing
from core.errors import N_
from core.goods.anchored import OfGoods, at_hand, is_of
from core.model import Kind
from core.rules import Condition
from core.rules.in_order import InOrder
from core.scenario import Anchor, Span
from core.tables import products, rhythm_pools, rhythms

_clients, _others = rhythm_pools.alias("clients"), rhythm_pools.alias("others")
_NOBODY: Column = sa.literal_column("''")


class ReplenishSettings(OfGoods):
    min_orders: int = Field(default=2, strict=True, ge=1, le=100, title=N_("Bought by the contact N times at least"))
    min_evidence: int = Field(
        default=20, strict=True, ge=0, title=N_("Or bought again by N others at least (0: only the contact counts)")
    )
    min_share: int = Field(
        default=10, strict=True, ge=0, le=100, title=N_("And by N percent of those others who bought it")
    )
    most_days: int = Field(default=365, strict=True, ge=1, le=3650, title=N_("Lasts N days at most"))


class Replenish(Anchor):
    """The day on which a contact wants a product again, by what is learnt of them and of others: `vestnik rhythms`.

    Who buys it before leaves this entry. Each night learns anew, and the day may move.
    """

    code = "replenish"
    title = N_("Time to buy it again")
    Settings = ReplenishSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS})
    moves = True

    def entries(self, settings: ReplenishSettings, span: Span) -> sa.Select[Any]:
        if span.learnt is not None:
            return nothing()
        row = rhythms.c
        key = named(row.source, row.product, row.last_at).label("key")
        person, subject = _NOBODY.label("person"), row.product.label("subject")
        query = sa.select(row.contact_id, row.source, person, subject, key, row.next_at.label("at"))
        asked = (*_due(span), row.interval_days <= settings.most_days, _trusted(settings))
        return query.select_from(_whole()).where(*asked, at_hand(span), *settings.meant())

    def about(self, settings: ReplenishSettings) -> Mapping[str, Any]:
        """The block shows what was bought at any time: when it is used up is known here."""
        return {"replenish": {"days": 1}}


def _whole() -> sa.FromClause:
    """The rhythms first: what is due is little, and the rest is looked up."""
    row = rhythms.c
    found: sa.FromClause = InOrder(rhythms, products, is_of(products, row.source, row.product))
    for pool, kind, code in ((_clients, "product", row.product), (_others, "section", row.section)):
        found = found.outerjoin(pool, sa.and_(pool.c.source == row.source, pool.c.kind == kind, pool.c.code == code))
    return found


def _due(span: Span) -> list[Condition]:
    """The last purchase as known at the span's now ends in the span."""
    row, only = rhythms.c, span.world.only
    again = sa.or_(row.again_at.is_(None), row.again_at > span.now)
    due = [row.next_at > span.since, row.next_at <= span.until, row.last_at <= span.now, again]
    return due if only is None else [*due, row.contact_id == only]


def _trusted(settings: ReplenishSettings) -> Condition:
    own = rhythms.c.orders >= settings.min_orders
    if not settings.min_evidence:
        return own
    enough = sa.or_(_clients.c.clients >= settings.min_evidence, _others.c.clients >= settings.min_evidence)
    share = sa.func.coalesce(_clients.c.share, _others.c.share, 0) >= settings.min_share
    return sa.or_(own, sa.and_(sa.func.coalesce(enough, sa.false()), share))
