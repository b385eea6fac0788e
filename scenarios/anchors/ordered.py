"""Who ordered: any order, the first one, those of a till."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import entries
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules import Condition
from core.rules.orders import standing
from core.scenario import Anchor, Span
from core.tables import facts, orders


class OrderedSettings(Settings):
    first: bool = Field(default=False, strict=True, title=N_("Only the first order"))
    offline: bool | None = Field(default=None, strict=True, title=N_("Not made on the site (false: on the site)"))


class Ordered(Anchor):
    """An order was made. One that was cancelled since is an entry still: goals and stops look after that.

    The first one is that before which there was none, or only cancelled ones.
    """

    code = "ordered"
    title = N_("Order")
    Settings = OrderedSettings
    kinds = frozenset({Kind.ORDERS})
    facts = frozenset({"ordered"})

    def entries(self, settings: OrderedSettings, span: Span) -> sa.Select[Any]:
        asked: list[Condition] = []
        if settings.offline is not None:
            asked.append(_offline() if settings.offline else sa.not_(_offline()))
        if settings.first:
            asked.append(sa.not_(_earlier_order(span)))
        return entries(span, self.facts, *asked, key=(facts.c.source, facts.c.subject))


def _offline() -> Condition:
    own = (orders.c.source == facts.c.source, orders.c.external_id == facts.c.subject)
    return sa.select(sa.literal(1)).where(*own, orders.c.offline).correlate(facts).exists()


def _earlier_order(span: Span) -> Condition:
    """The contact has an order from before, not cancelled; of two in one moment the one is before the other."""
    moment, order = orders.c.created_at, sa.tuple_(orders.c.source, orders.c.external_id)
    sooner = sa.or_(moment < facts.c.at, order < sa.tuple_(facts.c.source, facts.c.subject))
    whose = (orders.c.contact_id == facts.c.contact_id, moment <= facts.c.at)
    return sa.select(sa.literal(1)).where(*whose, *standing(span.world), sooner).correlate(facts).exists()
