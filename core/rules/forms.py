"""What the forms of several words share: numbers between bounds, periods of time, lists of texts."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from core.errors import N_
from core.rules import Condition, Form, Leaf, Said, World


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(Said(N_("must be a number")))
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= Decimal(10) ** 14:
        raise ValueError(Said(N_("must be a number")))
    return number


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        raise ValueError(Said(N_("must be a day such as 2026-12-31")))
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(Said(N_("must be a day such as 2026-12-31"))) from None


def _texts(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _filled(value: list[str]) -> list[str]:
    if not all(value):
        raise ValueError(Said(N_("must not be empty")))
    return value


Number = Annotated[Decimal, BeforeValidator(_number)]
Days = Annotated[int, Field(strict=True, ge=0, le=36_500)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Day = Annotated[date, BeforeValidator(_day)]
Texts = Annotated[list[str], BeforeValidator(_texts), AfterValidator(_filled), Field(min_length=1, max_length=10_000)]
Yes = Literal[True]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit, written as the reader's language writes it."""

    value: Any
    unit: str

    def __str__(self) -> str:
        return f"{self.value} days" if self.unit == "days" else str(self.value)


class Bounds(Form):
    """Numbers between bounds; a word that counts takes these."""

    at_least: Number | None = Field(default=None, title=N_("At least"))
    more_than: Number | None = Field(default=None, title=N_("More than"))
    at_most: Number | None = Field(default=None, title=N_("At most"))
    less_than: Number | None = Field(default=None, title=N_("Less than"))
    equals: Number | None = Field(default=None, title=N_("Exactly"))

    LIMITS: ClassVar[tuple[str, ...]] = ("at_least", "more_than", "at_most", "less_than", "equals")

    def limits(self) -> dict[str, Decimal]:
        """The bounds that were given."""
        return {name: value for name in self.LIMITS if (value := getattr(self, name)) is not None}

    def takes(self, number: Decimal) -> bool:
        """Whether `number` lies between the bounds."""
        return all(_TAKES[name](number, limit) for name, limit in self.limits().items())

    def holds(self, column: sa.ColumnElement[Any]) -> Condition:
        """The condition that `column` lies between the bounds."""
        return sa.and_(sa.true(), *(_TAKES[name](column, limit) for name, limit in self.limits().items()))

    def wanted(self, unit: str) -> Said:
        """The bounds in words."""
        parts = [Said(_LIMITS_SAID[name], limit=Quantity(limit, unit)) for name, limit in self.limits().items()]
        return joined(parts)


_TAKES: Mapping[str, Any] = {
    "at_least": lambda number, limit: number >= limit,
    "more_than": lambda number, limit: number > limit,
    "at_most": lambda number, limit: number <= limit,
    "less_than": lambda number, limit: number < limit,
    "equals": lambda number, limit: number == limit,
}
_LIMITS_SAID = {
    "at_least": N_("at least {limit}"),
    "more_than": N_("more than {limit}"),
    "at_most": N_("at most {limit}"),
    "less_than": N_("less than {limit}"),
    "equals": N_("exactly {limit}"),
}


class Bounded(Bounds):
    """Numbers between bounds, of which at least one must be given."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.limits():
            raise ValueError(Said(N_("must say how much: at_least, more_than, at_most, less_than or equals")))
        return self


class Period(Form):
    """A span of time that a moment lies in."""

    within_days: Days | None = Field(default=None, title=N_("In the last N days"))
    more_than_days: Days | None = Field(default=None, title=N_("More than N days ago"))
    next_days: Days | None = Field(default=None, title=N_("In the next N days"))
    after: Day | None = Field(default=None, title=N_("From the day"))
    before: Day | None = Field(default=None, title=N_("Before the day"))

    SPANS: ClassVar[tuple[str, ...]] = ("within_days", "more_than_days", "next_days", "after", "before")

    def spans(self) -> dict[str, Any]:
        """What was given of the period."""
        return {name: value for name in self.SPANS if (value := getattr(self, name)) is not None}

    def during(self, column: sa.ColumnElement[Any], world: World) -> list[Condition]:
        """The conditions that the moment in `column` lies in the period; none when no period was given."""
        return [_SPANS[name](column, world, value) for name, value in self.spans().items()]

    def when(self) -> Said:
        """The period in words: "in the last 90 days"; empty when none was given."""
        return joined(self.whens())

    def whens(self) -> list[Said]:
        """The pieces of the period in words."""
        units = {"after": "date", "before": "date"}
        return [
            Said(_SPANS_SAID[name], limit=Quantity(value, units.get(name, "days")))
            for name, value in self.spans().items()
        ]


def joined(parts: Sequence[Said]) -> Said:
    """Several pieces of a sentence as one, with commas between."""
    fields = {f"part{number}": part for number, part in enumerate(parts)}
    return Said(", ".join(f"{{{name}}}" for name in fields), **fields) if len(parts) != 1 else parts[0]


def midnight(day: date, world: World) -> datetime:
    """The start of `day` in the world's zone."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(world.timezone))


def _within(column: sa.ColumnElement[Any], world: World, days: int) -> Condition:
    return column.between(world.now - timedelta(days=days), world.now)


def _next(column: sa.ColumnElement[Any], world: World, days: int) -> Condition:
    return column.between(world.now, world.now + timedelta(days=days))


_SPANS: Mapping[str, Any] = {
    "within_days": _within,
    "more_than_days": lambda column, world, days: column <= world.now - timedelta(days=days),
    "next_days": _next,
    "after": lambda column, world, day: column >= midnight(day, world),
    "before": lambda column, world, day: column < midnight(day, world),
}
_SPANS_SAID = {
    "within_days": N_("in the last {limit}"),
    "more_than_days": N_("more than {limit} ago"),
    "next_days": N_("in the next {limit}"),
    "after": N_("from {limit} on"),
    "before": N_("before {limit}"),
}


class Moments(Period):
    """A period for a word about one moment; that moment may also be wanting, or come round every year."""

    never: Yes | None = Field(default=None, title=N_("Never"))
    anniversary_in_days: Days | None = Field(default=None, title=N_("The anniversary is in N days (0: today)"))

    @model_validator(mode="after")
    def _something(self) -> Self:
        given = self.model_fields_set & {*Moments.model_fields}
        if not given or (self.never and len(given) > 1):
            raise ValueError(Said(N_("must name a period, or never alone")))
        return self

    def leaf(self, column: sa.ColumnElement[Any], world: World) -> Leaf:
        """The word "the moment in `column` lies there"."""
        if self.never:
            return Leaf(column.is_(None), Said(N_("never")), column, "moment")
        parts, said = self.during(column, world), [self.when()] if self.spans() else []
        if self.anniversary_in_days is not None:
            day = world.today + timedelta(days=self.anniversary_in_days)
            parts.append(anniversary(column, day, world))
            said.append(Said(N_("anniversary on {day}"), day=Quantity(day, "date")))
        return Leaf(sa.and_(*parts), joined(said), column, "moment")


def anniversary(column: sa.ColumnElement[Any], day: date, world: World) -> Condition:
    """The moment in `column` was on the same day of an earlier year: one range a year, so an index can be used."""
    past = [
        date(year, month, one)
        for year in range(day.year - _YEARS, day.year)
        for month, one in celebrated(day)
        if month != 2 or one != 29 or calendar.isleap(year)
    ]
    return sa.or_(
        sa.false(),
        *(sa.and_(column >= midnight(one, world), column < midnight(one + timedelta(days=1), world)) for one in past),
    )


_YEARS = 60


def celebrated(day: date) -> list[tuple[int, int]]:
    """Which (month, day) are celebrated on `day`: in common years 28 February is also for the 29th."""
    own = (day.month, day.day)
    return [own, (2, 29)] if own == (2, 28) and not calendar.isleap(day.year) else [own]
