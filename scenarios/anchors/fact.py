"""Any dated fact: what a CRM tells of its deals, or what a site's own source tells."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from core.anchoring import detail, entries
from core.errors import N_
from core.plugin import Settings
from core.rules import Condition
from core.rules.json_columns import JsonNumber
from core.scenario import Anchor, Span
from core.tables import facts

Member = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Value = StrictStr | StrictBool | StrictInt | StrictFloat


class FactSettings(Settings):
    what: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", title=N_("Name of the fact"))
    details: dict[Member, Value] = Field(default={}, max_length=20, title=N_("With these details"))


class Fact(Anchor):
    """A fact of that name was told: ``deal_created``, ``deal_stage_changed``, or one of a site's own source."""

    code = "fact"
    title = N_("Fact")
    Settings = FactSettings

    def stands_on(self, settings: FactSettings) -> frozenset[str]:
        return frozenset({settings.what})

    def entries(self, settings: FactSettings, span: Span) -> sa.Select[Any]:
        asked = [_equals(name, value) for name, value in settings.details.items()]
        key = (facts.c.source, facts.c.subject, facts.c.at)
        return entries(span, self.stands_on(settings), *asked, key=key)


def _equals(name: str, value: Value) -> Condition:
    if isinstance(value, bool):  # SQLite says 1 of what MySQL calls true
        return detail(name).in_(("true", "1") if value else ("false", "0"))
    if isinstance(value, int | float):
        return JsonNumber(facts.c.details, f"$.{name}") == value
    return detail(name) == value
