"""Days of the calendar that everybody has: New Year, the shop's own birthday."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BeforeValidator, Field

from core.anchoring import midnights, nothing, written
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules import Said, World
from core.rules.forms import celebrated
from core.rules.tree import alive
from core.scenario import Anchor, Span
from core.tables import people

_LEAP_YEAR = 2024


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text if len(text) > 5 else f"{_LEAP_YEAR}-{text}").isoformat().endswith(text):
            return text
    except ValueError:
        pass
    raise ValueError(Said(N_("must be a day such as 12-31 or 2026-12-31")))


def _text(value: Any) -> Any:
    """TOML has days of its own."""
    return value.isoformat() if type(value) is date else value


Day = Annotated[str, BeforeValidator(_text), AfterValidator(_day)]


class CalendarSettings(Settings):
    dates: list[Day] = Field(min_length=1, max_length=100, title=N_("Days: 12-31 (each year) or 2026-12-31"))


class Calendar(Anchor):
    """One of the days begins, at midnight of the site, for every contact with an active account.

    29 February is the 28th in common years.
    """

    code = "calendar"
    title = N_("Day of the calendar")
    Settings = CalendarSettings
    kinds = frozenset({Kind.PEOPLE})

    def entries(self, settings: CalendarSettings, span: Span) -> sa.Select[Any]:
        days = list(_days(settings, span))
        if not days or span.learnt is not None:
            return nothing()
        if len(days) == 1:
            return _everybody(span.world, *_columns(*days[0]))
        dates = sa.union_all(*(sa.select(*_columns(*one)) for one in days)).subquery("days")
        each = people.join(dates, sa.true())
        return _everybody(span.world, dates.c.key, dates.c.at).select_from(each)


def _days(settings: CalendarSettings, span: Span) -> Iterator[tuple[date, datetime]]:
    for day, at in midnights(span):
        names = {day.isoformat(), *(f"{month:02}-{one:02}" for month, one in celebrated(day))}
        if names.intersection(settings.dates):
            yield day, at


def _columns(day: date, at: datetime) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    return sa.literal_column(f"'{day.isoformat()}'").label("key"), written(at).label("at")


def _everybody(world: World, key: sa.ColumnElement[Any], at: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Every contact with the first of their people. By a look-up of each, so that the rows come as they are read."""
    blank: sa.ColumnElement[Any] = sa.literal_column("''")
    columns = (people.c.contact_id, people.c.source, people.c.external_id.label("person"), blank.label("subject"))
    return sa.select(*columns, key, at).where(*alive(world), sa.not_(_has_earlier()))


def _has_earlier() -> sa.ColumnElement[bool]:
    """The contact has another active person, known before this one."""
    other = people.alias("other")
    same = (other.c.contact_id == people.c.contact_id, other.c.id < people.c.id)
    found = sa.select(sa.literal(1)).where(*same, other.c.active, other.c.gone_at.is_(None))
    return found.correlate(people).exists()
