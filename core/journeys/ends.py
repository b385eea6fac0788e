"""Ends: what takes a letter of a chain from somebody for good: the goal, a stop, an entry before, what they bought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.errors import N_, VestnikError
from core.journeys import telling, trial
from core.journeys.forms import End
from core.journeys.past import Happened, Known, Life, Past, Written
from core.journeys.scenarios import ONCE, Scenario, Step
from core.scenario import Entry

Said = VestnikError
REACHED = N_("the goal is reached: {fact}")


def ended(scenario: Scenario, step: Step, entry: Entry, life: Life, now: datetime) -> Said | None:
    """Why the chain is over for this entry, or was never for this contact; None if it goes on."""
    return (
        _reached(scenario, entry, life, now)
        or _entered_before(scenario, entry, life)
        or _drawn(scenario, entry)
        or _bought(scenario, step, entry, life, now)
    )


def _reached(scenario: Scenario, entry: Entry, life: Life, now: datetime) -> Said | None:
    goal = goal_of(scenario, entry, life.past, now)
    if goal:
        return Said(REACHED, fact=telling.told(goal, life.zone))
    stop = _first(scenario.form.stop, entry, life.past, now)
    return Said(N_("it is over: {fact}"), fact=telling.told(stop, life.zone)) if stop else None


def goal_of(scenario: Scenario, entry: Entry, past: Past, now: datetime) -> Happened | None:
    """The fact by which the entry had reached the goal at `now`."""
    return _first(scenario.form.goal, entry, past, now)


def _first(ends: Sequence[End], entry: Entry, past: Past, now: datetime) -> Happened | None:
    """The first fact that ends the chain."""
    known = (fact for fact in past.facts if fact.at <= now)
    return next((fact for fact in known if any(_is(end, fact, entry, past, now) for end in ends)), None)


def _is(end: End, fact: Happened, entry: Entry, past: Past, now: datetime) -> bool:
    if fact.what != end.fact or (fact.at <= entry.at and not end.ever):
        return False
    if end.same and fact.subject != entry.subject:
        return False
    return not (fact.what == "ordered" and _called_off(fact, past, now))


def _called_off(order: Happened, past: Past, now: datetime) -> bool:
    """An order that was cancelled, and not taken up again, reaches no goal."""
    turns = [one for one in past.facts if one.subject == order.subject and one.what in {"cancelled", "restored"}]
    last = max((one for one in turns if one.at <= now), key=lambda one: one.at, default=None)
    return last is not None and last.what == "cancelled"


def _entered_before(scenario: Scenario, entry: Entry, life: Life) -> Said | None:
    """The contact was written to after another entry, or is about to be after an earlier one."""
    mine = (entry.at, entry.key)
    others = (one for one in life.known if one.key != entry.key)
    return too_near(
        scenario,
        entry,
        [one.anchor_at for one in others if one.status == "queued" or _waits_before(one, mine)],
        life.zone,
    )


def _waits_before(one: Known, mine: tuple[datetime, str]) -> bool:
    """Of two that were put off, as after an edit of the scenario, only the later gives way."""
    return one.status == "deferred" and (one.anchor_at, one.key) < mine


def too_near(scenario: Scenario, entry: Entry, others: Iterable[datetime], zone: str) -> Said | None:
    """Why an entry does not count beside the `others` of its contact; None if it may."""
    if scenario.again is None:
        return None
    near = [at for at in others if scenario.again == ONCE or abs(entry.at - at) < scenario.again]
    return Said(N_("was in this scenario before, on {day}"), day=telling.day(max(near), zone)) if near else None


def _drawn(scenario: Scenario, entry: Entry) -> Said | None:
    """The lot decided: held out for comparison, or not yet in the trial."""
    form = scenario.form
    if trial.held_out(scenario.code, entry.contact_id, form.holdout):
        return Said(N_("held out for comparison ({percent} %)"), percent=form.holdout)
    if not trial.in_trial(scenario.code, entry.contact_id, form.trial.percent):
        return Said(N_("not in the trial ({percent} %)"), percent=form.trial.percent)
    return None


def _bought(scenario: Scenario, step: Step, entry: Entry, life: Life, now: datetime) -> Said | None:
    """A product that the letter before showed was bought since: it is not to be advertised again."""
    letter = letter_of(scenario, scenario.before(step), entry, life.past) if scenario.form.bought_stops else None
    if letter is None:
        return None
    goods = {fact.subject for fact in life.past.facts if fact.what == "bought" and letter.at < fact.at <= now}
    product = next((product for product in letter.shown if product in goods), None)
    return Said(N_("bought product {product}, which the last letter showed"), product=product) if product else None


def letter_of(scenario: Scenario, codes: Sequence[str], entry: Entry, past: Past) -> Written | None:
    """The letter of this entry that went out by the first of the steps `codes` that has any."""
    mine = (one for one in past.letters if one.scenario == scenario.code and one.key == entry.key and one.gone)
    gone = {one.step: one for one in mine}
    return next((gone[code] for code in codes if code in gone), None)
