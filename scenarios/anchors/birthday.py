"""Whose birthday it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from core.anchoring import first_of_each, midnights, nothing, written
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules.forms import celebrated
from core.rules.tree import alive
from core.scenario import Anchor, Span
from core.tables import people


class Birthday(Anchor):
    """The day of birth begins, at midnight of the site; 29 February is celebrated on the 28th of common years.

    One entry a year, whatever becomes of the date in the profile. With an offset below zero the letter goes out before.
    """

    code = "birthday"
    title = N_("Birthday")
    kinds = frozenset({Kind.PEOPLE})

    def entries(self, settings: Settings, span: Span) -> sa.Select[Any]:
        years = list(_years(span))
        if not years or span.learnt is not None:
            return nothing()
        arms = [_born(year, days, span) for year, days in years]
        found = sa.union_all(*arms).subquery("born") if len(arms) > 1 else arms[0].subquery("born")
        return first_of_each(sa.select(found))


def _years(span: Span) -> Iterator[tuple[int, dict[int, datetime]]]:
    """Each year of the span with the birthdays in it: month * 100 + day → when it begins."""
    for year, days in groupby(midnights(span), key=lambda one: one[0].year):
        yield year, {month * 100 + one: at for day, at in days for month, one in celebrated(day)}


def _born(year: int, days: dict[int, datetime], span: Span) -> sa.Select[Any]:
    born = people.c.birthday_md
    return sa.select(
        people.c.contact_id,
        people.c.source,
        people.c.external_id.label("person"),
        sa.literal_column("''").label("subject"),
        sa.literal_column(f"'{year}'").label("key"),
        sa.case({day: written(at) for day, at in days.items()}, value=born).label("at"),
        people.c.id,
    ).where(born.in_(sorted(days)), *alive(span.world))
