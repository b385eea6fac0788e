"""Who became a great customer: the order by which their sum reached a mark."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import entries
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules import Condition, World
from core.rules.days import DaysBetween
from core.rules.forms import Number
from core.scenario import Anchor, Span
from core.tables import facts, orders

_THIS, _EARLIER = orders.alias("this"), orders.alias("earlier")


class VipSettings(Settings):
    sum: Number = Field(default=Decimal(100_000), gt=0, title=N_("Sum that is reached"))
    days: int = Field(default=365, strict=True, ge=1, le=3650, title=N_("In the last N days"))


class Vip(Anchor):
    """The order by which what a contact ordered in so many days reached the sum; without it they were below.

    Cancelled orders and those in another currency than the site's are left out.
    """

    code = "vip"
    title = N_("Sum of orders reached")
    Settings = VipSettings
    kinds = frozenset({Kind.ORDERS})
    facts = frozenset({"ordered"})

    def entries(self, settings: VipSettings, span: Span) -> sa.Select[Any]:
        reached = _reached_by(settings, span.world)
        return entries(span, self.facts, reached, key=(facts.c.source, facts.c.subject))


def _reached_by(settings: VipSettings, world: World) -> Condition:
    """The order of the fact made the sum full."""
    before = _sum_before(settings, world)
    full = sa.func.round(before + _THIS.c.total, 4, type_=orders.c.total.type) >= settings.sum
    own = (_THIS.c.source == facts.c.source, _THIS.c.external_id == facts.c.subject)
    query = sa.select(sa.literal(1)).where(*own, _THIS.c.contact_id == facts.c.contact_id, *_counts(_THIS, world))
    return query.where(before < settings.sum, full).correlate(facts).exists()


def _sum_before(settings: VipSettings, world: World) -> sa.ColumnElement[Any]:
    """What the contact had ordered in the days before that order."""
    total = sa.func.round(sa.func.coalesce(sa.func.sum(_EARLIER.c.total), 0), 4, type_=orders.c.total.type)
    moment, until = _EARLIER.c.created_at, _THIS.c.created_at
    sooner = sa.or_(moment < until, _EARLIER.c.id < _THIS.c.id)
    query = sa.select(total).where(_EARLIER.c.contact_id == _THIS.c.contact_id, moment <= until, sooner)
    recent = DaysBetween(moment, until) < settings.days
    return query.where(recent, *_counts(_EARLIER, world)).correlate(_THIS).scalar_subquery()


def _counts(table: sa.FromClause, world: World) -> tuple[Condition, ...]:
    """The order is in the site's currency, had been made, and not been cancelled."""
    cancelled = table.c.cancelled_at
    made = table.c.created_at <= world.now
    return table.c.currency == world.currency, made, sa.or_(cancelled.is_(None), cancelled > world.now)
