"""Anyway: how many reach a scenario's goal with no letter at all; a letter is worth only what it adds to that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from statistics import median

import sqlalchemy as sa

from core.journeys import ends, reading
from core.journeys.deciding import QUEUED
from core.journeys.scenarios import Scenario
from core.journeys.script import Played

WITHIN = timedelta(days=30)
_POWER = 2.8  # standard errors: a difference is then found four times out of five, at the usual five percent
_WORTH = 0.2  # of the rate: a smaller difference is seldom worth a letter
_SHARES = (5, 10, 15, 20, 30, 40, 50)


@dataclass
class Anyway:
    """Those who would have got a first letter, and got none: how many reached the goal, and after how many days."""

    entered: int = 0
    reached: int = 0
    days: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.reached / self.entered if self.entered else 0.0

    @property
    def median_days(self) -> float | None:
        return median(self.days) if self.days else None


def smallest_holdout(people: int, rate: float) -> int | None:
    """Of so many people, of whom `rate` reach the goal; None when no share is enough, or nothing is known."""
    if not people or not 0 < rate < 1:
        return None
    for share in _SHARES:
        held = people * share / 100
        error = sqrt(rate * (1 - rate) * (1 / held + 1 / (people - held)))
        if _POWER * error <= _WORTH * rate:
            return share
    return None


class Firsts:
    """The first letter of each entry. What is remembered of an entry is its hash."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def of(self, part: Sequence[Played]) -> Iterator[Played]:
        for one in part:
            name = hash((one.decision.entry.contact_id, one.decision.entry.key))
            if one.decision.outcome == QUEUED and name not in self._seen:
                self._seen.add(name)
                yield one


def follow(
    connection: sa.Connection, anyway: Anyway, firsts: Iterable[Played], scenario: Scenario, now: datetime
) -> None:
    """Who reached the goal in the days after the letter that was not sent; only those whose days are over count."""
    followed = [one for one in firsts if one.at + WITHIN <= now]
    if not followed:
        return
    ids = {one.decision.entry.contact_id for one in followed}
    until = max(one.at for one in followed) + WITHIN
    pasts = reading.pasts_of(connection, ids, facts=reading.wanted(scenario), now=until)
    for one in followed:
        entry = one.decision.entry
        fact = ends.goal_of(scenario, entry, pasts[entry.contact_id], one.at + WITHIN)
        anyway.entered += 1
        if fact is not None:
            anyway.reached += 1
            anyway.days.append((fact.at - one.at) / timedelta(days=1))
