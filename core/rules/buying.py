"""Words about what a person bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.errors import N_
from core.model import Kind
from core.rules import Condition, World, bad, word
from core.rules.periods import PERIOD_KEYS, period
from core.tables import contacts, orders


@word("ordered", title=N_("Has ordered"), example={"within_days": 90, "at_least": 2}, kinds=[Kind.ORDERS])
def ordered(world: World, value: Any) -> Condition:
    """``true``/``false``, or a period of days with ``at_least`` orders (1 by default); cancelled ones do not count."""
    if isinstance(value, bool):
        bought = _orders().exists()
        return bought if value else sa.not_(bought)
    if not isinstance(value, Mapping) or "never" in value or not value.keys() <= PERIOD_KEYS | {"at_least"}:
        raise bad("ordered", value)
    at_least = value.get("at_least", 1)
    if isinstance(at_least, bool) or not isinstance(at_least, int) or at_least < 1:
        raise bad("ordered", value)
    when = {key: limit for key, limit in value.items() if key != "at_least"}
    chosen = _orders()
    if when:
        chosen = chosen.where(period("ordered", orders.c.created_at, world, when))
    if at_least == 1:
        return chosen.exists()
    return chosen.with_only_columns(sa.func.count()).scalar_subquery() >= at_least


def _orders() -> sa.Select[Any]:
    """Orders of the contact: guests' orders count too, because an order carries its own address."""
    return sa.select(orders.c.id).where(orders.c.contact_id == contacts.c.id, orders.c.cancelled_at.is_(None))
