"""Judging: whether one letter of a scenario is due for one entry at a moment, and if not, why not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.errors import N_, VestnikError
from core.journeys import calendar, telling
from core.journeys.calendar import Hours
from core.journeys.ends import ended, letter_of
from core.journeys.past import Life, Past, Written
from core.journeys.scenarios import Scenario, Step
from core.scenario import Entry

Said = VestnikError


@dataclass(frozen=True, slots=True)
class Send:
    """The letter is due; it was by its timetable at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: it is to be looked at again at `until`."""

    due_at: datetime
    until: datetime
    reason: Said


@dataclass(frozen=True, slots=True)
class Skip:
    """This letter never goes out for this entry."""

    due_at: datetime
    reason: Said


Verdict = Send | Wait | Skip


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging is done with: the moment, and the polite hours of the site."""

    now: datetime
    hours: Hours = field(default_factory=Hours)
    zone: str = "Europe/Moscow"  # the site's own

    def opening(self, life: Life) -> datetime:
        """The moment itself if it is a polite hour for this contact, else when those next begin."""
        return calendar.next_polite(self.now, self.hours, life.zone if self.hours.zone == "contact" else self.zone)


def judge(scenario: Scenario, step: Step, entry: Entry, life: Life, bench: Bench) -> Verdict | None:
    """What becomes of this letter at the bench's moment; None when the ledger says that it was decided."""
    row = life.row(step.code, entry.key)
    if row is not None and row.status != "deferred":
        return None
    due_at = calendar.due_at(entry.at, step.offset, life.zone)
    until = max(due_at, row.due_at) if row else due_at
    if until > bench.now:
        return Wait(due_at, until, Said(N_("not due yet")))
    if scenario.since is None or entry.at < scenario.since:
        return Skip(due_at, Said(N_("began before the scenario was switched on")))
    over = ended(scenario, step, entry, life, bench.now)
    if over:
        return Skip(due_at, over)
    return _reacted(scenario, step, entry, life, due_at, bench) or _in_time(scenario, step, entry, life, due_at, bench)


def still(scenario: Scenario, step: Step, entry: Entry, life: Life, now: datetime) -> Said | None:
    """Asked once more just before the letter goes: why it must not any more; None if it may."""
    if calendar.due_at(entry.at, step.offset, life.zone) > now:
        return Said(N_("what it is about has changed since"))
    return ended(scenario, step, entry, life, now)


def _reacted(
    scenario: Scenario, step: Step, entry: Entry, life: Life, due_at: datetime, bench: Bench
) -> Verdict | None:
    """What the reader did with an earlier letter of the chain, when the step asks for it."""
    unless = step.form.unless
    if unless is None:
        return None
    letter = letter_of(scenario, [unless.to] if unless.to else scenario.before(step), entry, life.past)
    if letter is None:
        return None
    end = letter.at + unless.within if unless.within is not None else bench.now
    for what in unless.reacted:
        at = _reaction(what, letter, life.past)
        if at is not None and at <= min(end, bench.now):
            values = {"letter": letter.step, "what": Said(telling.REACTIONS[what])}
            return Skip(due_at, Said(N_("reacted to letter {letter}: {what}"), **values))
    if end > bench.now:
        until = calendar.whole_minute(end)
        return Wait(due_at, until, Said(N_("waits for a reaction to letter {letter}"), letter=letter.step))
    return None


def _reaction(what: str, letter: Written, past: Past) -> datetime | None:
    """When the reader did `what` after this letter."""
    if what == "ordered":
        return next((one.at for one in past.facts if one.what == "ordered" and one.at > letter.at), None)
    if what == "clicked":
        return letter.clicked_at
    return min((one for one in (letter.opened_at, letter.clicked_at) if one), default=None)


def _in_time(scenario: Scenario, step: Step, entry: Entry, life: Life, due_at: datetime, bench: Bench) -> Verdict:
    """Whether it comes too late, another letter of the chain stands for it, or it is night."""
    begun = scenario.on_at is not None and due_at < scenario.on_at  # the past was asked for when it was switched on
    if not begun and bench.now - due_at > step.form.late:
        return Skip(due_at, Said(N_("too late: was due {moment}"), moment=telling.moment(due_at, life.zone)))
    later = _stands_for(scenario, step, entry, life, bench)
    if later:
        return Skip(due_at, Said(N_("letter {letter} of the chain is due already"), letter=later))
    if (step.form.hours or scenario.form.hours) == "polite":
        opening = bench.opening(life)
        if opening > bench.now:
            return Wait(due_at, opening, Said(N_("polite hours")))
    return Send(due_at)


def _stands_for(scenario: Scenario, step: Step, entry: Entry, life: Life, bench: Bench) -> str:
    """A later letter that is due as well, after a stop or an old anchor: two at once would be one too many."""
    later = scenario.after(step)
    return next(
        (
            one.code
            for one in later
            if one.form.channel == step.form.channel
            and not (one.form.unless or one.form.where)
            and life.row(one.code, entry.key) is None
            and calendar.due_at(entry.at, one.offset, life.zone) <= bench.now
        ),
        "",
    )
