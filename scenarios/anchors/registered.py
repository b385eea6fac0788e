"""Who registered: the beginning of a welcome chain."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.anchoring import entries
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.scenario import Anchor, Span
from core.tables import facts


class Registered(Anchor):
    """Somebody registered in a shop. Two accounts with one address are two entries."""

    code = "registered"
    title = N_("Registration")
    kinds = frozenset({Kind.PEOPLE})
    facts = frozenset({"registered"})

    def entries(self, settings: Settings, span: Span) -> sa.Select[Any]:
        return entries(span, self.facts, key=(facts.c.source, facts.c.person))
