"""The script of a rehearsal: who plays, from when until when, what is known before, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.errors import VestnikError
from core.journeys.deciding import Decision
from core.journeys.foreseeing import Cast, Knowledge
from core.journeys.scenarios import Step

MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a letter that goes shows its reader: the terms of its coupons, and products (id, name)."""

    coupons: tuple[Mapping[str, object], ...] = ()
    products: tuple[tuple[str, str], ...] = ()
    parents: tuple[str, ...] = ()  # the products that these are offers of
    refused: VestnikError | None = None  # why it does not go after all: nothing to show


@dataclass(frozen=True, slots=True)
class Played:
    """One decision of a rehearsal, the minute at which it fell, and what its letter shows."""

    decision: Decision
    at: datetime
    shown: Shown = field(default_factory=Shown)


Display = Callable[[sa.Connection, Sequence[Decision], datetime], Sequence[Shown]]


def nothing_shown(connection: sa.Connection, going: Sequence[Decision], now: datetime) -> Sequence[Shown]:
    """The display of those who do not ask what letters show."""
    return [Shown()] * len(going)


@dataclass(frozen=True, slots=True)
class Script:
    """What is rehearsed: a cast, from one moment to another; and what is known before."""

    cast: Cast
    begin: datetime
    until: datetime
    present: datetime  # the moment of the asking: no facts are later
    knowledge: Knowledge
    looks: Mapping[int, datetime] = field(default_factory=dict)  # place → until when the walk has looked
    every: timedelta = MINUTE  # how often the clock looks
    issues: bool = True  # issues that are due take part


def slices(
    step: Step, begin: datetime, end: datetime, present: datetime
) -> Iterator[tuple[datetime, datetime, datetime]]:
    """(since, until, asked): in which parts to look for entries of a step, and as of when.

    In the future nothing happens, so a day is one part. In the past an entry may be gone an hour later: as of the
    part's beginning all of them are known whose letter is due in it, if the part is no longer than the step's offset.
    """
    offset = step.offset
    length = timedelta(minutes=offset.minutes) if offset.minutes else timedelta(days=offset.days + 28 * offset.months)
    while begin < min(end, present):
        until = min(begin + min(max(length, _HOUR), _DAY), end, present)
        yield begin, until, begin if length >= _HOUR else until
        begin = until
    if begin < end:
        yield begin, end, end
