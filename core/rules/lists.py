"""Words about the lists of a shop that an address is on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.errors import N_
from core.model import Kind
from core.rules import Condition, World, word
from core.rules.periods import texts
from core.tables import contacts, subscriptions


@word("in_list", title=N_("Is on a list"), example="rubric:2", kinds=[Kind.SUBSCRIPTIONS])
def in_list(world: World, value: Any) -> Condition:
    """One list or several: of a form ("form:3"), infoblock ("iblock:7"), rubric ("rubric:2"), contacts ("sender:5")."""
    there = sa.select(subscriptions.c.id).where(
        subscriptions.c.contact_id == contacts.c.id,
        subscriptions.c.list.in_(texts("in_list", value)),
        subscriptions.c.active,
        subscriptions.c.gone_at.is_(None),
    )
    return there.exists()
