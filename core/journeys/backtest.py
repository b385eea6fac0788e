"""The backtest: a scenario played over the past, as if it had been on; nobody was really written to.

So it also tells how many reach the goal of themselves: the letter can only be worth what it adds to that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import tables
from core.compose import Press
from core.db import chunks
from core.errors import VestnikError
from core.journeys import ends, showing
from core.journeys.anyway import Anyway, Firsts, follow, smallest_holdout
from core.journeys.deciding import DEFERRED, QUEUED, SKIPPED, Decision
from core.journeys.foreseeing import Cast, Knowledge
from core.journeys.notebook import Notebook
from core.journeys.planning import Planner, Window
from core.journeys.rehearsing import Rehearsal
from core.journeys.scenarios import Scenario
from core.journeys.script import Played, Script

_orders = tables.orders
EVERY = timedelta(hours=1)
"""How often the clock looks: a year to the minute would take an hour, and a day's figures would be the same."""
_NOTHING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Day:
    """One day of the past."""

    going: int = 0
    skipped: int = 0
    reached: int = 0  # of the skipped: had reached the goal already


@dataclass(frozen=True, slots=True)
class Coupons:
    """The coupons that one letter would have given away."""

    letter: str
    percent: int | None
    given: int


@dataclass
class Backtest:
    """What a scenario would have done."""

    scenario: Scenario
    window: Window
    days: dict[date, Day] = field(default_factory=dict)
    letters: Counter[str] = field(default_factory=Counter)  # step → letters
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # (step, template) → letters left out
    put_off: int = 0
    own: int = 0  # collisions at the arbiter with letters of the scenario itself
    others: int = 0  # with letters that really went out, or issues
    anyway: Anyway = field(default_factory=Anyway)
    coupons: list[Coupons] = field(default_factory=list)
    average: Decimal | None = None  # of an order in that time
    unprintable: VestnikError | None = None

    @property
    def going(self) -> int:
        return sum(self.letters.values())

    @property
    def left_out(self) -> int:
        return sum(one.skipped for one in self.days.values())

    @property
    def had_bought(self) -> int:
        """Letters that were not needed any more when their time came."""
        return sum(one.reached for one in self.days.values())

    @property
    def cost(self) -> Decimal | None:
        """Of all coupons, were each used once for an average order."""
        if self.average is None:
            return None
        each = (one.given * Decimal(one.percent or 0) / 100 * self.average for one in self.coupons)
        return sum(each, Decimal(0)).quantize(Decimal("0.01"))

    def holdout(self) -> int | None:
        """The smallest share to hold out, in percent, that shows a fifth more or less of those who reach the goal."""
        return smallest_holdout(self.anyway.entered, self.anyway.rate)


def backtest(planner: Planner, scenario: Scenario, window: Window, press: Press) -> Backtest:
    """Play `scenario` over the window, which lies in the past, day by day."""
    played = replace(scenario, active=True, on_at=None, since=window.begin)
    found, first = Backtest(played, window), Firsts()
    with Notebook() as notebook, planner.engine.connect() as connection:
        rehearsal = _rehearsal(planner, played, window, notebook)
        for part in chunks(rehearsal.play(), 500):
            for one in part:
                _count(found, one, planner.manners.timezone)
            follow(connection, found.anyway, first.of(part), played, planner.now)
        found.put_off = sum(1 for _ in notebook.waiting())
        found.average = _average_order(connection, window, planner.manners.currency)
        _price(connection, found, press, planner.now)
    return found


def _rehearsal(planner: Planner, scenario: Scenario, window: Window, notebook: Notebook) -> Rehearsal:
    script = Script(
        cast=Cast((scenario,)),
        begin=window.begin,
        until=window.until,
        present=planner.now,
        knowledge=Knowledge(decided_by=_NOTHING, written_by=window.until),
        every=EVERY,
        issues=False,  # those that really went out are in the way already
    )
    return Rehearsal(planner.engine, planner.manners, script, notebook, progress=planner.progress)


def _count(found: Backtest, one: Played, timezone: str) -> None:
    decision = one.decision
    day = found.days.setdefault(one.at.astimezone(ZoneInfo(timezone)).date(), Day())
    if decision.outcome == QUEUED:
        day.going += 1
        found.letters[decision.step.code] += 1
    elif decision.outcome == SKIPPED:
        day.skipped += 1
        day.reached += _template(decision.reason) == ends.REACHED
        found.reasons[decision.step.code, _template(decision.reason)] += 1
    _collision(found, decision)


def _template(reason: VestnikError | str) -> str:
    return reason.template if isinstance(reason, VestnikError) else reason


def _collision(found: Backtest, decision: Decision) -> None:
    """Another letter stood in the way: what the arbiter says names it."""
    reason = decision.reason
    while isinstance(reason, VestnikError) and isinstance(reason.values.get("reason"), VestnikError):
        reason = reason.values["reason"]
    if not isinstance(reason, VestnikError) or "moment" not in reason.values or decision.outcome not in _STOPPED:
        return
    letter = str(reason.values.get("letter", ""))
    mine = letter.startswith(f"{found.scenario.code}/")
    found.own += mine
    found.others += bool(letter) and not mine


_STOPPED = (DEFERRED, SKIPPED)


def _average_order(connection: sa.Connection, window: Window, currency: str) -> Decimal | None:
    query = sa.select(sa.func.avg(_orders.c.total)).where(
        _orders.c.created_at > window.begin,
        _orders.c.created_at <= window.until,
        _orders.c.cancelled_at.is_(None),
        _orders.c.currency == currency,
    )
    found = connection.scalar(query)
    return None if found is None else Decimal(str(found)).quantize(Decimal("0.01"))


def _price(connection: sa.Connection, found: Backtest, press: Press, now: datetime) -> None:
    """The coupons of the letters, as they are published today."""
    for step in found.scenario.chain:
        try:
            terms = showing.offers(connection, press, found.scenario, step, now=now)
        except VestnikError as error:
            found.unprintable = error
            continue
        issue, given = found.scenario.issue(step), found.letters[step.code]
        found.coupons += [Coupons(issue, one.percent, given) for one in terms if given]


def months(days: Mapping[date, Day]) -> dict[date, list[tuple[date, Day]]]:
    """The days by the first of their months, those without a letter too."""
    found: dict[date, list[tuple[date, Day]]] = {}
    if days:
        day = min(days)
        while day <= max(days):
            found.setdefault(day.replace(day=1), []).append((day, days.get(day, Day())))
            day += timedelta(days=1)
    return found
