"""What became of an order: its changes of status, and the day on which it was done."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import OTHER, before, detail, entries, same_subject
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules import Condition
from core.rules.forms import Texts
from core.scenario import Anchor, Span
from core.tables import facts


class StatusChangedSettings(Settings):
    to: Texts | None = Field(default=None, title=N_("To one of the statuses (empty: any)"))
    not_to: Texts | None = Field(default=None, title=N_("Not to these statuses"))


class StatusChanged(Anchor):
    """An order got another status; each change is an entry. The status that an order is made with is no change."""

    code = "status_changed"
    title = N_("Change of an order's status")
    Settings = StatusChangedSettings
    kinds = frozenset({Kind.ORDERS, Kind.ORDER_CHANGES})
    facts = frozenset({"status_changed"})

    def entries(self, settings: StatusChangedSettings, span: Span) -> sa.Select[Any]:
        new, old = detail("status"), detail("old")
        asked: list[Condition] = [sa.func.coalesce(old, "") != new]
        if settings.to is not None:
            asked.append(new.in_(settings.to))
        if settings.not_to is not None:
            asked.append(new.not_in(settings.not_to))
        return entries(span, self.facts, *asked, key=(facts.c.source, facts.c.subject, facts.c.at, new))


class OrderFinalSettings(Settings):
    statuses: Texts = Field(default=["F"], title=N_("Statuses of an order that is done"))


class OrderFinal(Anchor):
    """An order reached one of the statuses for the first time: it was delivered, handed over, done."""

    code = "order_final"
    title = N_("Order is done")
    Settings = OrderFinalSettings
    kinds = frozenset({Kind.ORDERS, Kind.ORDER_CHANGES})
    facts = frozenset({"status_changed"})

    def entries(self, settings: OrderFinalSettings, span: Span) -> sa.Select[Any]:
        done_before = before(same_subject(), detail("status", OTHER).in_(settings.statuses), names=self.facts)
        reached = detail("status").in_(settings.statuses)
        return entries(span, self.facts, reached, sa.not_(done_before), key=(facts.c.source, facts.c.subject))
