"""Foreseeing: what a rehearsal answers from memory, for hundreds of letters ahead, with its own decisions laid over.

The walk asks the database at each moment. A plan of a day would ask the same of the same people a thousand times, and
the database knows nothing of what it has planned: its notebook does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from core import consent, mailings
from core.errors import VestnikError
from core.journeys import content, reading
from core.journeys.arbiter import may_issue
from core.journeys.content import Firing
from core.journeys.deciding import QUEUED, Asking, sale
from core.journeys.notebook import Notebook, Noted
from core.journeys.past import Known, Life, Past, Written
from core.journeys.reading import Case
from core.journeys.scenarios import Scenario, Step
from core.scenario import Entry

READ_AHEAD = 500
_REMEMBERED = 5000
"""So many entries are kept at once: what a rehearsal takes of memory."""


@dataclass(frozen=True)
class Cast:
    """The scenarios of a rehearsal, in the order in which they are walked; each step has its place in it."""

    scenarios: tuple[Scenario, ...]

    @cached_property
    def codes(self) -> dict[str, int]:
        """The scenarios' codes, numbered."""
        return {one.code: number for number, one in enumerate(self.scenarios)}

    def places(self, scenario: Scenario) -> list[int]:
        """The places of the scenario's steps."""
        first = self.codes[scenario.code] * _STEPS
        return list(range(first, first + len(scenario.chain)))

    def at(self, place: int) -> tuple[Scenario, Step]:
        """The scenario and the step at this place."""
        scenario = self.scenarios[place // _STEPS]
        return scenario, scenario.chain[place % _STEPS]


_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How much of what the database holds counts; what is later is rehearsed anew, or not known."""

    decided_by: datetime  # of the ledger of the cast's scenarios, and their letters
    written_by: datetime  # of all other letters


@dataclass(frozen=True)
class Foreseen(Asking):
    """The answers for one stretch of a rehearsal, whose end is the `horizon`."""

    notebook: Notebook
    cast: Cast
    knowledge: Knowledge
    begin: datetime  # the first look of the clock
    horizon: datetime
    firings: Sequence[Firing] = ()  # issues that are foreseen, until the end of the stretch
    lives: dict[tuple[str, int, str], Case] = field(default_factory=dict)
    gets: dict[int, Mapping[int, bool]] = field(default_factory=dict)  # contact → firing's number → it reaches them
    went: dict[tuple[int, int], bool] = field(default_factory=dict)  # contact, firing → it has gone to them
    capped: dict[str, bool] = field(default_factory=dict)  # mailing → its issues keep the frequency
    fired: dict[datetime, list[int]] = field(default_factory=dict)  # day → postings of issues
    left: dict[tuple[str, str], str | None] = field(default_factory=dict)  # scenario, address → why none reaches it

    def cases(self, scenario: Scenario, entries: Sequence[Entry], *, now: datetime) -> list[Case]:
        if len(self.lives) > _REMEMBERED:
            for kept in (self.lives, self.gets, self.left, self.went):
                kept.clear()
        missing = [one for one in entries if _name(scenario, one) not in self.lives]
        if missing:
            self._read(scenario, missing)
        noted = self.notebook.of({one.contact_id for one in entries})
        return [self._laid_over(scenario, one, noted.get(one.contact_id, []), now) for one in entries]

    def withheld(self, scenario: Scenario, emails: Collection[str]) -> Mapping[str, str]:
        # whoever is asked about was read a moment ago, with their life
        return {email: why for email in emails if (why := self.left[scenario.code, email])}

    def issues(self, contact_ids: Collection[int], *, now: datetime) -> Collection[int]:
        if not self.manners.frequency.content_day or not contact_ids:
            return ()
        start, end = content.day_of(now, self.manners.timezone)
        today = [number for number, one in enumerate(self.firings) if start <= one.at < end]
        found = {one for one in contact_ids if any(self._reached(one, number, now) for number in today)}
        if start not in self.fired:
            self.fired[start] = content.fired(self.connection, start, end)
        return found | content.reached(self.connection, self.fired[start], contact_ids)

    def _reached(self, contact_id: int, number: int, now: datetime) -> bool:
        """Before an issue goes out, all in its groups count; then those whom it reached."""
        gets = self.gets.get(contact_id, {})
        gone = self.went.get((contact_id, number), True)
        return number in gets and (self.firings[number].at > now or (gets[number] and gone))

    def _read(self, scenario: Scenario, missing: Sequence[Entry]) -> None:
        """Read the lives of those asked for, and of those whom the same scenario expects next."""
        ahead = self.notebook.ahead(self.cast.places(scenario), max(READ_AHEAD - len(missing), 1))
        wanted = {_name(scenario, one): one for one in (*ahead, *missing)}
        zone = self.manners.timezone
        cases = reading.cases(self.connection, scenario, list(wanted.values()), now=self.horizon, zone=zone)
        emails = {one.who.email for one in cases if one.who}
        left = super().withheld(scenario, emails)
        self.left.update({(scenario.code, email): left.get(email) for email in emails})
        self.lives.update({_name(scenario, one.entry): one for one in cases})
        self._foresee_issues(cases)

    def _foresee_issues(self, cases: Sequence[Case]) -> None:
        contacts = {one.entry.contact_id: one.who.email for one in cases if one.who}
        fresh = {contact: email for contact, email in contacts.items() if contact not in self.gets}
        gets: dict[int, dict[int, bool]] = {contact: {} for contact in fresh}
        for number, firing in enumerate(self.firings if fresh else ()):
            try:
                inside = content.members(self.connection, firing, list(fresh), self.manners)
            except VestnikError:  # an issue that cannot go out stands in nobody's way
                continue
            emails = {fresh[one] for one in inside}
            left = consent.withheld(self.connection, emails, mailing=firing.issue.mailing) if inside else {}
            for one in inside:
                gets[one][number] = fresh[one] not in left
        self.gets.update(gets)

    def _laid_over(self, scenario: Scenario, entry: Entry, noted: Sequence[Noted], now: datetime) -> Case:
        """The life of the entry's contact as it will be at `now`: with the letters and decisions of the rehearsal."""
        case = self.lives[_name(scenario, entry)]
        facts = tuple(one for one in case.life.past.facts if one.at <= now)
        letters = [*self._real(case.life.past.letters, now), *self._planned(noted, now)]
        past = self._with_issues(Past(facts, tuple(letters)), entry.contact_id, now)
        known = tuple(self._known(scenario, case.life.known, noted))
        return Case(entry, Life(past, known, case.life.zone), case.who)

    def _real(self, letters: Iterable[Written], now: datetime) -> Iterable[Written]:
        for one in letters:
            mine = one.scenario in self.cast.codes
            known_by = self.knowledge.decided_by if mine else self.knowledge.written_by
            if one.at <= min(now, known_by):
                yield replace(one, opened_at=_until(one.opened_at, now), clicked_at=_until(one.clicked_at, now))

    def _planned(self, noted: Iterable[Noted], now: datetime) -> Iterable[Written]:
        for one in noted:
            if one.status == QUEUED:
                scenario, step = self.cast.at(one.place)
                yield Written(
                    issue=scenario.issue(step),
                    at=one.at,
                    kind=scenario.form.kind,
                    sale=sale(scenario, step),
                    scenario=scenario.code,
                    step=step.code,
                    key=one.entry.key,
                    anchor_at=one.entry.at,
                    gone=one.at < now,
                    shown=one.shown,
                )

    def _with_issues(self, past: Past, contact_id: int, now: datetime) -> Past:
        """`past` with the issues that have gone out meanwhile: those of a capped mailing only if they might."""
        letters, zone = sorted(past.letters, key=lambda one: one.at), self.manners.timezone
        for number, reached in self.gets.get(contact_id, {}).items():
            firing = self.firings[number]
            at = max(firing.at, self.begin)
            if not reached or at > now:
                continue
            before = Past(past.facts, tuple(one for one in letters if one.at <= at))
            went = not self._capped(firing) or may_issue(before, at, self.manners.frequency, zone=zone) is None
            self.went[contact_id, number] = went
            if went:
                letters.append(Written(issue=firing.issue.code, at=at, kind="issue", gone=at < now))
                letters.sort(key=lambda one: one.at)
        return Past(past.facts, tuple(letters))

    def _capped(self, firing: Firing) -> bool:
        code = firing.issue.mailing
        if code not in self.capped:
            self.capped[code] = mailings.mailing(self.connection, code).capped
        return self.capped[code]

    def _known(self, scenario: Scenario, known: Iterable[Known], noted: Iterable[Noted]) -> Iterable[Known]:
        mine = {(self.cast.at(one.place)[1].code, one.entry.key): one for one in noted if self._of(one, scenario)}
        for row in known:
            stands = row.decided_at is None or row.decided_at <= self.knowledge.decided_by
            if stands and (row.step, row.key) not in mine:
                yield row
        for (step, key), one in mine.items():
            if one.status != "gone":
                yield Known(step, key, one.entry.at, one.status, one.due_at, decided_at=one.at)

    def _of(self, one: Noted, scenario: Scenario) -> bool:
        return self.cast.at(one.place)[0].code == scenario.code


def _name(scenario: Scenario, entry: Entry) -> tuple[str, int, str]:
    return scenario.code, entry.contact_id, entry.key


def _until(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at <= now else None
