"""Who gave their address: to a list, to a form, or by registering."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import OTHER, before, entries
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules import Condition
from core.scenario import Anchor, Span
from core.tables import facts

Pattern = Annotated[str, Field(pattern=r"^[^*]+\*?$|^\*$", max_length=64)]


class SubscribedSettings(Settings):
    lists: list[Pattern] = Field(
        default=["*"], min_length=1, max_length=100, title=N_("Lists: form:3, rubric:* (all of that kind), * (any)")
    )
    registrations: bool = Field(default=True, strict=True, title=N_("A registration counts too"))


class Subscribed(Anchor):
    """An address was given for the first time. One entry for ever, so that two lists at once are one welcome.

    Who waits for a product (lists ``awaited:…``) has not subscribed to anything.
    """

    code = "subscribed"
    title = N_("Subscription")
    Settings = SubscribedSettings
    kinds = frozenset({Kind.PEOPLE, Kind.SUBSCRIPTIONS})
    facts = frozenset({"subscribed", "registered"})

    def stands_on(self, settings: SubscribedSettings) -> frozenset[str]:
        return self.facts if settings.registrations else frozenset({"subscribed"})

    def entries(self, settings: SubscribedSettings, span: Span) -> sa.Select[Any]:
        names = self.stands_on(settings)
        first = sa.not_(before(_meant(settings, OTHER), names=names))
        return entries(span, names, _meant(settings, facts), first, key=(sa.literal_column("'subscribed'"),))


def _meant(settings: SubscribedSettings, table: sa.FromClause) -> Condition:
    listed = sa.or_(*(_matches(table.c.subject, pattern) for pattern in settings.lists))
    listed = sa.and_(listed, sa.not_(_matches(table.c.subject, "awaited:*")))
    return sa.or_(table.c.what == "registered", listed)


def _matches(column: sa.ColumnElement[Any], pattern: str) -> Condition:
    """Compared by its first letters: SQLite's LIKE does not see the difference between "form" and "FORM"."""
    start = pattern.removesuffix("*")
    return sa.func.substr(column, 1, len(start)) == start if pattern.endswith("*") else column == pattern
