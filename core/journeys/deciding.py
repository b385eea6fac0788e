"""Deciding: what becomes of the letters due at one moment. The walk, the plan and the explanation all ask here.

Judging is pure; here it is given the lives of a batch, and what only the database can answer: who is in the groups that
a rule names, who has left, and to whom an issue goes on the same day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from core import consent, groups
from core.config import Frequency
from core.errors import N_, VestnikError
from core.journeys import reading
from core.journeys.arbiter import Later, Never, Wish, decide
from core.journeys.calendar import Hours
from core.journeys.content import issues_today
from core.journeys.ends import too_near
from core.journeys.judging import Bench, Send, Skip, Wait, judge
from core.journeys.past import Past, Written
from core.journeys.reading import Case
from core.journeys.scenarios import Scenario, Step
from core.rules import WHO, Tree, World, tree
from core.scenario import Entry

Said = VestnikError
QUEUED, DEFERRED, SKIPPED = "queued", "deferred", "skipped"


@dataclass(frozen=True, slots=True)
class Manners:
    """How letters are sent here: the site's clock and currency, polite hours, and how often one may be written to."""

    timezone: str
    currency: str = "RUB"
    hours: Hours = field(default_factory=Hours)
    frequency: Frequency = field(default_factory=Frequency)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one letter at a moment: queued, deferred `until`, or skipped, and why."""

    scenario: Scenario
    step: Step
    case: Case
    due_at: datetime  # by the timetable
    outcome: str
    reason: Said | str = ""
    until: datetime | None = None

    @property
    def entry(self) -> Entry:
        return self.case.entry


@dataclass(frozen=True)
class Asking:
    """What only the database can answer. A plan reads ahead for many moments, and knows what it has planned itself."""

    connection: sa.Connection
    manners: Manners

    def cases(self, scenario: Scenario, entries: Sequence[Entry], *, now: datetime) -> list[Case]:
        """The entries with the lives of their contacts as known at `now`."""
        return reading.cases(self.connection, scenario, entries, now=now, zone=self.manners.timezone)

    def withheld(self, scenario: Scenario, emails: Collection[str]) -> Mapping[str, str]:
        """Those of the addresses that have left what the scenario belongs to, and why."""
        service = scenario.form.kind == "service"
        return consent.withheld(self.connection, emails, mailing=scenario.form.mailing, service=service)

    def issues(self, contact_ids: Collection[int], *, now: datetime) -> Collection[int]:
        """Those of the contacts to whom an issue goes today."""
        return issues_today(self.connection, contact_ids, self.manners, now=now)


def decided(
    connection: sa.Connection,
    scenario: Scenario,
    wanted: Sequence[tuple[Step, Entry]],
    manners: Manners,
    *,
    now: datetime,
    asking: Asking | None = None,
) -> list[Decision]:
    """What becomes of each of the `wanted` letters at `now`; those that were decided before are left out."""
    steps = defaultdict(list)
    for step, entry in wanted:
        steps[entry].append(step)
    asking = asking or Asking(connection, manners)
    cases = asking.cases(scenario, list(steps), now=now)
    judged = [one for case in cases for one in _judged(scenario, steps[case.entry], case, manners, now)]
    asked = [one for one in judged if one.outcome == QUEUED]
    refused = _refused(asking, scenario, asked, now=now)
    busy = asking.issues([one.entry.contact_id for one in asked], now=now)
    return list(_arbitrated(judged, refused, busy, manners, now))


def _judged(
    scenario: Scenario, steps: Iterable[Step], case: Case, manners: Manners, now: datetime
) -> Iterable[Decision]:
    bench = Bench(now, manners.hours, manners.timezone)
    for step in steps:
        verdict = judge(scenario, step, case.entry, case.life, bench)
        if isinstance(verdict, Send):
            yield Decision(scenario, step, case, verdict.due_at, QUEUED)
        elif isinstance(verdict, Skip):
            yield Decision(scenario, step, case, verdict.due_at, SKIPPED, verdict.reason)
        elif isinstance(verdict, Wait) and (verdict.due_at <= now or case.life.row(step.code, case.entry.key)):
            yield Decision(scenario, step, case, verdict.due_at, DEFERRED, verdict.reason, verdict.until)


def _refused(
    asking: Asking, scenario: Scenario, asked: Sequence[Decision], *, now: datetime
) -> dict[tuple[str, int], Said | str]:
    """(step, contact) → why the database says no: nobody there, who has left, who is not in the group."""
    found: dict[tuple[str, int], Said | str] = {}
    for step, some in _by_step(asked).items():
        contacts = {one.entry.contact_id: one.case.who for one in some}
        emails = {who.email: contact for contact, who in contacts.items() if who}
        found |= {(step, contact): Said(N_("nobody there any more")) for contact, who in contacts.items() if not who}
        left = asking.withheld(scenario, emails)
        found |= {(step, emails[email]): reason for email, reason in left.items()}
        outside = _outside(asking.connection, scenario, some[0].step, list(contacts), asking.manners, now=now)
        for contact, why in outside.items():
            found.setdefault((step, contact), why)
    return found


def _by_step(decisions: Iterable[Decision]) -> Mapping[str, list[Decision]]:
    found: dict[str, list[Decision]] = defaultdict(list)
    for one in decisions:
        found[one.step.code].append(one)
    return found


def _outside(
    connection: sa.Connection, scenario: Scenario, step: Step, ids: list[int], manners: Manners, *, now: datetime
) -> dict[int, Said]:
    """Those who do not answer the rules of the scenario or the step, or are in no trial group."""
    trial = scenario.form.trial.group
    rules: list[tuple[Tree | None, Said]] = [
        ({"in_group": trial} if trial else None, Said(N_("not in the trial group {group}"), group=trial)),
        (scenario.form.where, Said(N_("not among those whom the scenario is for"))),
        (step.form.where, Said(N_("not among those whom this letter is for"))),
    ]
    asked = [(rule, reason) for rule, reason in rules if rule]
    if not asked:
        return {}
    world = groups.world(connection, now=now, timezone=manners.timezone, currency=manners.currency)
    found: dict[int, Said] = {}
    for rule, reason in asked:
        inside = answering(connection, rule, ids, world)
        found |= {one: reason for one in ids if one not in inside and one not in found}
    return found


def answering(connection: sa.Connection, rule: Tree, contact_ids: Collection[int], world: World) -> set[int]:
    """Those of the contacts who answer `rule`."""
    query = sa.select(WHO).where(WHO.in_(contact_ids), *tree.alive(world), tree.compiled(rule, world))
    return set(connection.scalars(query))


def _arbitrated(
    judged: Iterable[Decision],
    refused: Mapping[tuple[str, int], Said | str],
    busy: Collection[int],
    manners: Manners,
    now: datetime,
) -> Iterable[Decision]:
    """The judged with the arbiter's word; a letter that may go stands in the way of the next ones to the contact."""
    kept: dict[int, list[Decision]] = defaultdict(list)
    for one in judged:
        contact = one.entry.contact_id
        why = _why_not(one, refused, kept[contact])
        said = replace(one, outcome=SKIPPED, reason=why) if why else one
        if said.outcome == QUEUED:
            said = _heard(said, kept[contact], manners, now, content_today=contact in busy)
        if said.outcome != SKIPPED:
            kept[contact].append(said)
        yield said


def _why_not(
    one: Decision, refused: Mapping[tuple[str, int], Said | str], kept: Sequence[Decision]
) -> Said | str | None:
    """The database says no; or another entry of the same contact has just gone in, and one is enough."""
    if one.outcome == SKIPPED:
        return None
    why = refused.get((one.step.code, one.entry.contact_id)) if one.outcome == QUEUED else None
    others = [other.entry.at for other in kept if other.entry.key != one.entry.key]
    return why or too_near(one.scenario, one.entry, others, one.case.life.zone)


def _heard(
    one: Decision, kept: Sequence[Decision], manners: Manners, now: datetime, *, content_today: bool
) -> Decision:
    """The letter after the arbiter has heard of it."""
    past = one.case.life.past
    beside = (as_written(other, now) for other in kept if other.outcome == QUEUED)
    said = decide(
        wish(one),
        Past(past.facts, (*past.letters, *beside)),
        now,
        manners.frequency,
        content_today=content_today,
        zone=one.case.life.zone,
        site=manners.timezone,
        hours=manners.hours if (one.step.form.hours or one.scenario.form.hours) == "polite" else None,
    )
    if isinstance(said, Later):
        return replace(one, outcome=DEFERRED, reason=said.reason, until=said.until)
    return replace(one, outcome=SKIPPED, reason=said.reason) if isinstance(said, Never) else one


def wish(one: Decision) -> Wish:
    """What the arbiter is asked for."""
    form = one.scenario.form
    return Wish(
        contact_id=one.entry.contact_id,
        issue=one.scenario.issue(one.step),
        scenario=one.scenario.code,
        step=one.step.code,
        priority=form.priority,
        kind=form.kind,
        sale=sale(one.scenario, one.step),
        due_at=one.due_at,
        until=max(one.due_at, one.scenario.on_at or one.due_at) + one.step.form.late,
    )


def sale(scenario: Scenario, step: Step) -> bool:
    """Whether the letter holds out a discount."""
    return scenario.form.sale if step.form.sale is None else step.form.sale


def as_written(one: Decision, now: datetime) -> Written:
    """The letter as those that come after it will find it."""
    return Written(
        issue=one.scenario.issue(one.step),
        at=now,
        kind=one.scenario.form.kind,
        sale=sale(one.scenario, one.step),
        scenario=one.scenario.code,
        step=one.step.code,
        key=one.entry.key,
        anchor_at=one.entry.at,
        gone=False,
    )
