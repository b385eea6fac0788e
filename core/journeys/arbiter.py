"""The arbiter: whether one more letter may go to somebody now, later, or never, by how often they were written to.

Pure: it knows the past of one contact and the rules, ``[frequency]`` of the settings. Letters of issues count as those
of scenarios do; service letters are exempt and are not counted. Who loses waits for the first moment at which nothing
stands in the way, if that is not too late; when the past has not changed, the letter may go at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from operator import attrgetter

from core.config import Caps, Frequency, Hours
from core.errors import N_, VestnikError
from core.journeys.calendar import local_day, next_day, next_polite, whole_minute
from core.journeys.past import Past, Written
from core.journeys.telling import moment

Rules = Frequency
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
REACTIONS = frozenset({"opened", "clicked", "ordered"})


@dataclass(frozen=True, slots=True)
class Wish:
    """A letter that would go to a contact now."""

    contact_id: int
    issue: str  # what the letter is called: "registration/3d"
    scenario: str
    step: str
    priority: int  # whoever asks puts the wishes in order; the arbiter takes each as it comes
    kind: str  # "marketing" or "service"
    sale: bool
    due_at: datetime
    until: datetime  # the latest moment at which it may still go


@dataclass(frozen=True, slots=True)
class Go:
    """It may go."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; at `until` nothing of what is known today will stand in the way."""

    until: datetime
    reason: VestnikError


@dataclass(frozen=True, slots=True)
class Never:
    """It may not go any more."""

    reason: VestnikError


def decide(
    wish: Wish,
    past: Past,
    now: datetime,
    rules: Rules,
    *,
    content_today: bool,
    zone: str,
    hours: Hours | None = None,
    site: str = "",
) -> Go | Later | Never:
    """Whether `wish` may go at `now`. Queued letters count as sent ones do, so the wish itself is not in `past`.

    `content_today`: an issue goes to the contact today, on the wall of `zone`. With `hours` it waits for polite ones,
    on the wall of `site` if they are meant there.
    """
    if wish.kind == "service":
        return Go()
    content_day = local_day(now, zone) if content_today else None
    clock = site if hours and hours.zone == "site" and site else zone
    case = _Case(past, _counted(past), rules, zone, hours, content_day, clock)
    sale = case.sale(wish, now) if wish.sale else None
    return Never(sale) if sale else _first_free(wish, case, now)


def may_issue(past: Past, now: datetime, rules: Rules, *, zone: str) -> VestnikError | None:
    """Why an issue that keeps the rules may not go to this contact now: the interval or a cap; None if it may."""
    case = _Case(past, _counted(past), rules, zone)
    bar = case.interval(now) or case.month(now) or case.week(now)
    return bar.reason if bar else None


def passive(past: Past, at: datetime, rules: Rules) -> bool:
    """Whether the contact was sent letters before `at` and did nothing: neither opened, clicked nor ordered."""
    return _Case(past, _counted(past), rules, "UTC").passive_until(at) is not None


def _counted(past: Past) -> list[Written]:
    return sorted((letter for letter in past.letters if letter.kind != "service"), key=attrgetter("at"))


def _first_free(wish: Wish, case: _Case, now: datetime) -> Go | Later | Never:
    """Each rule that stands in the way names a later moment; all are asked again there, until none does."""
    at, reason = now, None
    while at <= wish.until:
        bar = case.bar(at)
        if bar is None:
            return Later(at, reason) if reason else Go()
        at, reason = whole_minute(bar.until), bar.reason or reason or VestnikError(N_("polite hours"))
    if reason is None:
        return Never(VestnikError(N_("too late: could go until {moment}"), moment=moment(wish.until, case.zone)))
    template = N_("put off to {moment}, which is too late: {reason}")
    return Never(VestnikError(template, moment=moment(at, case.zone), reason=reason))


@dataclass(frozen=True, slots=True)
class _Bar:
    """What stands in the way of a letter, and until when."""

    until: datetime
    reason: VestnikError | None = None  # None: only the hour


@dataclass(frozen=True, slots=True)
class _Case:
    """One contact before the arbiter: `letters` are those that count, the oldest first."""

    past: Past
    letters: Sequence[Written]
    rules: Rules
    zone: str
    hours: Hours | None = None
    content_day: date | None = None  # on which an issue goes to them
    clock: str = ""  # the zone whose hours are kept

    def bar(self, at: datetime) -> _Bar | None:
        """The first rule that forbids a letter at `at`."""
        return (
            self.interval(at) or self.month(at) or self.week(at) or self._day(at) or self._content(at) or self._hour(at)
        )

    def interval(self, at: datetime) -> _Bar | None:
        free = self.letters[-1].at + self.rules.min_interval if self.letters else at
        if free <= at:
            return None
        template = N_("too soon after letter {letter} of {moment}: at least {hours} h between letters")
        return _Bar(free, self._said(template, self.letters[-1], hours=f"{self.rules.min_interval / _HOUR:g}"))

    def week(self, at: datetime) -> _Bar | None:
        return self._rolling(at, WEEK)

    def month(self, at: datetime) -> _Bar | None:
        return self._rolling(at, MONTH)

    def sale(self, wish: Wish, at: datetime) -> VestnikError | None:
        """A discount again within so many letters, not so long ago that it is forgotten.

        The other letters of its own chain do not count: three discounts in a row are what the chain was made for.
        """
        near = self.letters[-(self.rules.sale_of - 1) :] if self.rules.sale_of > 1 else ()
        days = self.rules.sale_days
        told = (letter for letter in reversed(near) if not days or at - letter.at < timedelta(days=days))
        last = next((letter for letter in told if letter.sale and not _of_its_chain(letter, wish)), None)
        template = N_("only one letter of {of} may hold out a discount, and {letter} of {moment} did")
        return self._said(template, last, of=self.rules.sale_of) if last else None

    def passive_until(self, at: datetime) -> datetime | None:
        """When somebody passive at `at` is no longer counted as such, should nothing more happen; None: is active."""
        span = timedelta(days=self.rules.passive_days)
        sent = [letter.at for letter in self.letters if letter.gone and at - span < letter.at <= at]
        if len(sent) < self.rules.passive_letters or self._reacted_after(at - span):
            return None
        return sent[-self.rules.passive_letters] + span

    def _reacted_after(self, since: datetime) -> bool:
        of_letters = (at for letter in self.past.letters for at in (letter.opened_at, letter.clicked_at) if at)
        of_facts = (fact.at for fact in self.past.facts if fact.what in REACTIONS)
        return any(at > since for at in chain(of_letters, of_facts))

    def _rolling(self, at: datetime, span: timedelta) -> _Bar | None:
        """So many letters in any seven or thirty days; fewer to those who do not react."""
        passive_until = self.passive_until(at)
        cap = _cap(self.rules.active if passive_until is None else self.rules.passive, span)
        near = [letter for letter in self.letters if letter.at > at - span]
        if not cap or len(near) < cap:
            return None
        free, days = near[-cap].at + span, span.days
        if passive_until is None:
            template = N_("at most {cap} letters in {days} days: {letter} of {moment} still counts")
            return _Bar(free, self._said(template, near[-cap], cap=cap, days=days))
        template = N_("at most {cap} letters in {days} days without a reaction: {letter} of {moment} still counts")
        return _Bar(min(free, passive_until), self._said(template, near[-cap], cap=cap, days=days))

    def _day(self, at: datetime) -> _Bar | None:
        cap = (self.rules.active if self.passive_until(at) is None else self.rules.passive).day
        today = local_day(at, self.zone)
        near = [letter for letter in self.letters if local_day(letter.at, self.zone) == today] if cap else []
        if len(near) < cap or not near:
            return None
        template = N_("at most {cap} letters a day: there is {letter} of {moment}")
        return _Bar(next_day(at, self.zone), self._said(template, near[-1], cap=cap))

    def _content(self, at: datetime) -> _Bar | None:
        if not self.rules.content_day or self.content_day != local_day(at, self.zone):
            return None
        return _Bar(next_day(at, self.zone), VestnikError(N_("an issue goes to them on the same day")))

    def _hour(self, at: datetime) -> _Bar | None:
        opening = next_polite(at, self.hours, self.clock or self.zone) if self.hours else at
        return _Bar(opening) if opening > at else None

    def _said(self, template: str, letter: Written, **values: object) -> VestnikError:
        return VestnikError(template, letter=letter.issue, moment=moment(letter.at, self.zone), **values)


def _of_its_chain(letter: Written, wish: Wish) -> bool:
    return letter.scenario == wish.scenario and letter.step != wish.step


_HOUR = timedelta(hours=1)


def _cap(caps: Caps, span: timedelta) -> int:
    return caps.week if span == WEEK else caps.month
