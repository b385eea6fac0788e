"""The second opinion on groups: a rule answered for one person in plain Python, from what the words promise.

It is slow and knows no SQL. Each word is one function from (person, value as written) to yes or no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.rules import Group, Scale, Tree
from tests.core.rules.second_opinion.facts import Life, Somebody


@dataclass(frozen=True)
class Asked:
    """A life looked at from a moment; `ids`: the contacts' numbers by address, which only a random sample needs."""

    life: Life
    now: datetime
    timezone: str = "Europe/Moscow"
    currency: str = "RUB"
    scales: Sequence[Scale] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.day(self.now)

    def day(self, moment: datetime) -> date:
        """The day of `moment` by the calendar of the world's zone."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def at(self, now: datetime) -> Asked:
        return replace(self, now=now)


Answer = Callable[[Asked, Somebody, Any], bool]
ANSWERS: dict[str, Answer] = {}


def answers(code: str) -> Callable[[Answer], Answer]:
    """Declare the second opinion on the word `code`."""

    def declare(answer: Answer) -> Answer:
        ANSWERS[code] = answer
        return answer

    return declare


def members(asked: Asked, group: Group, without: Sequence[Group] = ()) -> set[str]:
    """The addresses in `group`, and in none of `without`."""
    found = _taken(asked, group)
    for other in without:
        found -= _taken(asked, other)
    return found


def _taken(asked: Asked, group: Group) -> set[str]:
    """Whoever answers the rule, unless somebody with the same address is excluded; of a static group its list."""
    if group.static:
        return whom(asked, lambda one: one.email in asked.life.frozen.get(group.code, ()))
    found = whom(asked, lambda one: holds(asked, one, group.include))
    exclude = group.exclude
    return found - whom(asked, lambda one: holds(asked, one, exclude)) if exclude else found


def whom(asked: Asked, answer: Callable[[Somebody], bool]) -> set[str]:
    """The addresses of those alive who answer."""
    return {one.email for one in asked.life.somebody if one.alive and one.email and answer(one)}


def holds(asked: Asked, one: Somebody, tree: Tree) -> bool:
    """Whether the rule is true of this person: all of its entries."""
    return all(_entry(asked, one, code, value) for code, value in tree.items())


def _entry(asked: Asked, one: Somebody, code: str, value: Any) -> bool:
    if code == "not":
        return not holds(asked, one, value)
    if code in {"all", "any", "none"}:
        found = [holds(asked, one, branch) for branch in value]
        return {"all": all(found), "any": any(found), "none": not any(found)}[code]
    return ANSWERS[code](asked, one, value)


# ---- what many words share ----


def several(value: Any) -> list[str]:
    """One or a list, as texts."""
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def written(value: Any, short: str) -> dict[str, Any]:
    """The value as a table: what is written without one fills `short`."""
    return dict(value) if isinstance(value, Mapping) else {short: value}


_LIMITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda number, limit: number >= limit,
    "more_than": lambda number, limit: number > limit,
    "at_most": lambda number, limit: number <= limit,
    "less_than": lambda number, limit: number < limit,
    "equals": lambda number, limit: number == limit,
}


def limited(value: Mapping[str, Any]) -> bool:
    """Whether `value` has bounds."""
    return any(value.get(name) is not None for name in _LIMITS)


def between(number: Any, value: Mapping[str, Any]) -> bool:
    """Whether `number` lies between the bounds in `value`."""
    given = {name: value[name] for name in _LIMITS if value.get(name) is not None}
    return all(_LIMITS[name](Decimal(number), Decimal(str(limit))) for name, limit in given.items())


def so_many(number: int, value: Mapping[str, Any]) -> bool:
    """As :func:`between`; without bounds it must be one at least."""
    return between(number, value) if limited(value) else number >= 1


def kopecks(number: Decimal) -> Decimal:
    """Two digits after the point, as money and days are shown."""
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)


def during(asked: Asked, moment: datetime | None, value: Mapping[str, Any]) -> bool:
    """Whether `moment` lies in the period that `value` gives; a moment not known lies in none."""
    spans: Mapping[str, Callable[[datetime, Any], bool]] = {
        "within_days": lambda at, days: asked.now - timedelta(days=days) <= at <= asked.now,
        "more_than_days": lambda at, days: at <= asked.now - timedelta(days=days),
        "next_days": lambda at, days: asked.now <= at <= asked.now + timedelta(days=days),
        "after": lambda at, day: asked.day(at) >= date.fromisoformat(day),
        "before": lambda at, day: asked.day(at) < date.fromisoformat(day),
    }
    given = {name: value[name] for name in spans if value.get(name) is not None}
    return not given or (moment is not None and all(spans[name](moment, limit) for name, limit in given.items()))


def lies(asked: Asked, moment: datetime | None, value: Mapping[str, Any]) -> bool:
    """A word about one moment: never, a period, an anniversary."""
    if value.get("never"):
        return moment is None
    if moment is None or not during(asked, moment, value):
        return False
    ahead = value.get("anniversary_in_days")
    return ahead is None or comes_round(asked.day(moment), asked.today + timedelta(days=ahead))


def comes_round(born: date, day: date) -> bool:
    """Whether `day` is the anniversary of a day of an earlier year."""
    return born.year < day.year and celebrated(born, day)


def celebrated(born: date, day: date) -> bool:
    """Whether `day` is the day of the year of `born`; 29 February is celebrated on the 28th of common years."""
    if (born.month, born.day) == (2, 29) and not _leap(day.year):
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
