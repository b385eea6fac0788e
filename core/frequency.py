"""How often and when people may be written to: the sections ``[hours]`` and ``[frequency]`` of the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core import schedule
from core.errors import N_, Misconfigured, VestnikError


def _read(reader: Callable[[str], Any], kind: type, said: str) -> BeforeValidator:
    """A text that `reader` understands becomes its value, of `kind`; another is refused by what is `said`."""

    def value(given: Any) -> Any:
        try:
            return given if isinstance(given, kind) else reader(str(given))
        except Misconfigured:
            raise ValueError(VestnikError(said)) from None

    return BeforeValidator(value)


def _year_at_most(text: str) -> timedelta:
    if (length := schedule.duration(text)) > timedelta(days=365):
        raise Misconfigured("")
    return length


_Moment = Annotated[time, _read(schedule.clock, time, N_("must be a time from 00:00 to 24:00"))]
_Weekdays = Annotated[
    frozenset[int],
    _read(schedule.weekdays, frozenset, N_("must be days of the week, such as mon-sun or mon,wed,fri")),
    Field(min_length=1),
]
_Length = Annotated[
    timedelta, _read(_year_at_most, timedelta, N_("must be a length of time up to 365 days, such as 20h, 30m or 2d"))
]


class _Part(BaseModel):
    """A part of the settings: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hours(_Part):
    """When letters of scenarios may go; an `end` before the `start` is on the next day, the same is a whole day."""

    start: _Moment = time(9)
    end: _Moment = time(21)
    weekdays: _Weekdays = frozenset(range(1, 8))  # on which the hours start
    zone: Literal["contact", "site"] = "contact"  # on whose clock; a contact without one has the site's


class Caps(_Part):
    """Letters to one person at most; 0: no limit."""

    day: int = Field(default=1, ge=0)  # of the calendar
    week: int = Field(default=3, ge=0)  # any seven days
    month: int = Field(default=8, ge=0)  # any thirty days


class PassiveCaps(Caps):
    week: int = Field(default=1, ge=0)
    month: int = Field(default=2, ge=0)


class Frequency(_Part):
    """How often one person is written to; service letters are exempt and not counted."""

    min_interval: _Length = timedelta(hours=20)  # between two letters
    active: Caps = Caps()
    passive: PassiveCaps = PassiveCaps()
    passive_days: int = Field(default=90, ge=0, le=3650)  # so long without a reaction makes one passive; 0: nobody
    passive_letters: int = Field(default=3, ge=1)  # if there were so many letters in that time
    sale_of: int = Field(default=4, ge=0)  # one letter of so many may hold out a discount; 0: all
    sale_days: int = Field(default=60, ge=0, le=3650)  # an older one does not count; 0: it always does
    content_day: bool = True  # no letters of scenarios on the day of an issue
