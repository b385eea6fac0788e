"""Who has not been seen for long: the last login or the last sign of life, after which nothing was heard of them."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import entries, since
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.scenario import Anchor, Span
from core.tables import facts

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
"""The name of a fact."""


class LastLogin(Anchor):
    """A contact's last login, with whichever of their accounts; a registration is a login.

    Whoever comes back leaves this entry and begins a new one.
    """

    code = "last_login"
    title = N_("Last login")
    kinds = frozenset({Kind.PEOPLE})
    facts = frozenset({"logged_in", "registered"})

    def entries(self, settings: Settings, span: Span) -> sa.Select[Any]:
        return _last(span, self.facts)


class LastActivitySettings(Settings):
    of: list[Name] = Field(
        default=["ordered", "logged_in", "viewed", "opened", "clicked", "registered", "subscribed"],
        min_length=1,
        max_length=30,
        title=N_("What counts as a sign of life (names of facts)"),
    )


class LastActivity(Anchor):
    """The last sign of life of a contact: an order, a login, a look at a product, an opened letter …

    Whoever shows a new one leaves this entry and begins a new one.
    """

    code = "last_activity"
    title = N_("Last sign of life")
    Settings = LastActivitySettings
    kinds = frozenset({Kind.PEOPLE, Kind.ORDERS, Kind.VIEWS, Kind.SUBSCRIPTIONS})
    facts = frozenset(LastActivitySettings().of)

    def stands_on(self, settings: LastActivitySettings) -> frozenset[str]:
        return frozenset(settings.of)

    def entries(self, settings: LastActivitySettings, span: Span) -> sa.Select[Any]:
        return _last(span, self.stands_on(settings))


def _last(span: Span, names: frozenset[str]) -> sa.Select[Any]:
    """The facts of these names after which the contact had none, as known at now."""
    nothing_since = sa.not_(since(span, names=names))
    return entries(span, names, nothing_since, key=(facts.c.at,), subject=sa.literal_column("''"))
