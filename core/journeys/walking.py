"""Walking: one look at a scenario. Who became due since the last one is decided on, written down, and queued."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import groups
from core.compose import Press, Publication
from core.db import chunks
from core.errors import Misconfigured, Refused, VestnikError
from core.journeys import ledger, looking, printing
from core.journeys.deciding import DEFERRED, QUEUED, Decision, Manners, decided
from core.journeys.looking import Tick, moved
from core.journeys.scenarios import Scenario, Step
from core.model import Kind
from core.scenario import Entry

BATCH = 500


@dataclass(frozen=True, slots=True)
class Walker:
    """What a walk needs: the database, the press, the manners, and how to make facts fresh before letters go."""

    engine: sa.Engine
    press: Press
    manners: Manners
    freshen: Callable[[Collection[Kind]], None] = lambda _: None
    stopping: Callable[[], bool] = lambda: False


@dataclass
class Tally:
    """What a walk has done."""

    queued: int = 0
    deferred: int = 0
    skipped: int = 0

    def add(self, decisions: Iterable[Decision], queued: int) -> None:
        self.queued += queued
        for one in decisions:
            self.deferred += one.outcome == DEFERRED
            self.skipped += one.outcome not in (DEFERRED, QUEUED)


def walk(walker: Walker, scenario: Scenario, *, now: datetime, tick: Tick | None = None) -> Tally:
    """Decide on all that is due in `scenario` at `now`. Several scenarios walked at one moment share its `tick`.

    Raises what making the facts fresh raises: then the letters that are due are looked at again next time.
    """
    tally, fresh = Tally(), _Once(walker.freshen, kinds_of(scenario))
    if scenario.since is None:
        return tally
    tick = tick or Tick.at(walker.engine, walker.manners, now)
    now = tick.now
    with walker.engine.connect() as connection:
        sight = looking.sight(connection, scenario, tick)
    waiting = [step for step in scenario.chain if sight.put_off.get(step.code) or sight.spans(scenario, step, tick)]
    failed: dict[str, VestnikError] = {}
    for step in waiting:
        try:
            with walker.engine.connect() as connection:
                for batch in chunks(looking.found(connection, scenario, step, sight, tick), BATCH):
                    if walker.stopping():
                        return tally
                    _decide(walker, scenario, step, batch, fresh, tally, now=now)
        except (Misconfigured, Refused) as error:  # a letter that cannot be printed costs the others nothing
            failed[step.code] = error
    done = [step for step in scenario.chain if step in waiting or step.code not in sight.looks]
    looks = {step.code: sight.looked(scenario, step, tick) for step in done if step.code not in failed}
    if looks:
        looking.keep(walker.engine, scenario, looks)
    if failed:
        raise next(iter(failed.values()))
    return tally


def kinds_of(scenario: Scenario) -> frozenset[Kind]:
    """What must be fresh before its letters go: whoever has ordered or left meanwhile is not written to."""
    ends = {_TOLD_BY[end.fact] for end in (*scenario.form.goal, *scenario.form.stop) if end.fact in _TOLD_BY}
    always = {Kind.BASKETS, Kind.ORDERS, Kind.ORDER_CHANGES, Kind.OPT_OUTS}
    return frozenset({*scenario.anchor.kinds, *ends, *always})


_TOLD_BY: Mapping[str, Kind] = {
    "registered": Kind.PEOPLE,
    "logged_in": Kind.PEOPLE,
    "viewed": Kind.VIEWS,
    "subscribed": Kind.SUBSCRIPTIONS,
    "unsubscribed": Kind.SUBSCRIPTIONS,
}


class _Once:
    """Makes the facts fresh, once, and only if there is a letter to go."""

    def __init__(self, freshen: Callable[[Collection[Kind]], None], kinds: Collection[Kind]) -> None:
        self._freshen, self._kinds, self.done = freshen, kinds, False

    def __call__(self) -> None:
        self._freshen(self._kinds)
        self.done = True


def _decide(
    walker: Walker, scenario: Scenario, step: Step, batch: Sequence[Entry], fresh: _Once, tally: Tally, *, now: datetime
) -> None:
    """Decide on a batch, anew after the facts have been made fresh for it, and write it down."""
    wanted = [(step, entry) for entry in batch]
    decisions = _asked(walker, scenario, wanted, now)
    going = [one for one in decisions if one.outcome == QUEUED]
    if going and not fresh.done:
        fresh()
        fresh_ones = _refreshed(walker, scenario, [one.entry for one in going], now)
        wanted = [(step, fresh_ones.get((one.contact_id, one.key), one)) for one in batch]
        decisions = _asked(walker, scenario, wanted, now)
    publication = _publication(walker, scenario, step, now) if any(one.outcome == QUEUED for one in decisions) else None
    tally.add(decisions, ledger.write(walker.engine, scenario, step, decisions, publication, now=now))


def _asked(walker: Walker, scenario: Scenario, wanted: Sequence[tuple[Step, Entry]], now: datetime) -> list[Decision]:
    with walker.engine.connect() as connection:
        return decided(connection, scenario, wanted, walker.manners, now=now)


def _publication(walker: Walker, scenario: Scenario, step: Step, now: datetime) -> Publication:
    with walker.engine.connect() as connection:
        return printing.publish(connection, walker.press, scenario, step, at=now)


def _refreshed(
    walker: Walker, scenario: Scenario, entries: Sequence[Entry], now: datetime
) -> dict[tuple[int, str], Entry]:
    if not scenario.anchor.moves:
        return {}
    with walker.engine.connect() as connection:
        manners = walker.manners
        world = groups.world(connection, now=now, timezone=manners.timezone, currency=manners.currency)
        return {(one.contact_id, one.key): moved(connection, scenario, one, world) for one in entries}
