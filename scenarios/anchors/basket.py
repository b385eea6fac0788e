"""Who left a basket: its last change, as long as nothing else became of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import OTHER, entries, same_subject, since
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules.forms import Number
from core.rules.json_columns import JsonNumber
from core.scenario import Anchor, Span
from core.tables import facts

_NEVER: sa.ColumnElement[Any] = sa.literal_column("''")


class BasketSettings(Settings):
    min_total: Number = Field(default=Decimal(0), ge=0, title=N_("Of a total from"))


class Basket(Anchor):
    """The last change of a basket that is not empty.

    A basket that is changed again stays one entry, whose moment moves. What is put into it after an order, or after it
    was emptied, is a new entry. Visitors without an address have none.
    """

    code = "basket"
    title = N_("Basket left behind")
    Settings = BasketSettings
    kinds = frozenset({Kind.BASKETS, Kind.ORDERS})
    facts = frozenset({"basket_changed"})
    moves = True

    def entries(self, settings: BasketSettings, span: Span) -> sa.Select[Any]:
        last = sa.not_(since(span, same_subject(), names=self.facts))
        enough = JsonNumber(facts.c.details, "$.total") >= settings.min_total if settings.min_total else sa.true()
        key = (facts.c.source, facts.c.subject, _begun())
        return entries(span, self.facts, last, enough, key=key)


def _begun() -> sa.ColumnElement[Any]:
    """When the basket last ended before, by an order or by being emptied: what came after is another one."""
    ended = sa.or_(OTHER.c.what == "ordered", OTHER.c.subject == facts.c.subject)
    endings = sa.select(sa.cast(sa.func.max(OTHER.c.at), sa.String(64))).where(
        OTHER.c.contact_id == facts.c.contact_id,
        OTHER.c.what.in_(("ordered", "basket_emptied")),
        OTHER.c.at <= facts.c.at,
        OTHER.c.source == facts.c.source,
        ended,
    )
    return sa.func.coalesce(endings.correlate(facts).scalar_subquery(), _NEVER)
