"""Switching: a scenario is switched on when all of it works, and its text is kept when it can be read.

All doors come here: what the command line refuses, the admin's pages refuse too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import coupons, definitions, groups, mailings, tables
from core.app import App
from core.db import chunks
from core.definitions.forms import File, MailingForm
from core.errors import N_, Misconfigured, VestnikError, together
from core.groups import preview
from core.i18n import translator
from core.journeys import Decision, Scenario, Step, book, deciding, looking, printing
from core.journeys.past import Past, Written
from core.journeys.reading import Case
from core.journeys.scenarios import read
from core.links import Utm
from core.mailings import Mailing
from core.rules import Group, Tree, World
from core.scenario import Entry

MAILINGS = {"scenarios": N_("Letters of scenarios"), "service": N_("Service letters")}
"""The mailings of scenarios, and what they are called when they are made with the first scenario that needs them."""
LONGEST_TEXT = 60_000  # bytes; a column of MySQL takes no more
BATCH = 500
_scenarios = tables.scenarios


@dataclass
class AtOnce:
    """What would become at once of the letters of one step, were the past asked for."""

    step: str
    go: int = 0
    later: int = 0  # put off: polite hours, the frequency
    never: int = 0  # the goal was reached, say

    def add(self, one: Decision) -> None:
        """Count this decision."""
        self.go += one.outcome == deciding.QUEUED
        self.later += one.outcome == deciding.DEFERRED
        self.never += one.outcome == deciding.SKIPPED


Going = dict[int, tuple[Written, ...]]
"""Letters that would be on their way: contact → letters."""


def find(app: App, code: str) -> Scenario:
    """The scenario named `code`. Raises Misconfigured with the known codes, or with what is wrong with it."""
    with app.engine.connect() as connection:
        return book.find(connection, app.office.shelf, code)


def mailing_of(app: App, scenario: Scenario) -> Mailing:
    """The mailing of the scenario's letters; those of :data:`MAILINGS` need not be there yet. Raises Misconfigured."""
    code = scenario.form.mailing
    try:
        with app.engine.connect() as connection:
            return mailings.mailing(connection, code)
    except Misconfigured:
        if code not in MAILINGS:
            raise
    row = MailingForm(name=_name(app, code)).columns(code, app.config.site)
    named = {name: row[name] for name in ("name", "sender", "reply_to", "layout", "consent", "track")}
    return Mailing(code=code, include_groups=(), exclude_groups=(), utm=Utm(), **named)


def _name(app: App, code: str) -> str:
    return translator(app.config.site.language)(MAILINGS[code])


def check(app: App, scenario: Scenario) -> None:
    """Raises Misconfigured with all that would keep the scenario's letters from going out."""
    found = list(faults(app, scenario))
    if found:
        template = N_("Scenario {code!r} cannot be on like that. {faults}")
        raise Misconfigured(template, code=scenario.code, faults=together(found))


def faults(app: App, scenario: Scenario) -> Iterator[VestnikError]:
    """All that would keep the scenario's letters from going out: its mailing, rules, letters, coupons and channels."""
    if not scenario.chain:
        yield VestnikError(N_("None of its letters is switched on."))
    yield from _rule_faults(app, scenario)
    try:
        mailing = mailing_of(app, scenario)
    except VestnikError as error:
        yield error
        return
    if not mailing.sender:
        template = N_('Mailing {code!r} has no From: set [site] sender, such as "Магазин <news@shop.ru>".')
        yield VestnikError(template, code=mailing.code)
    for step in scenario.chain:
        try:
            _check_step(app, scenario, step, mailing)
        except VestnikError as error:
            yield VestnikError(N_("Letter {letter}: {error}"), letter=scenario.issue(step), error=error)


def _check_step(app: App, scenario: Scenario, step: Step, mailing: Mailing) -> None:
    app.carrier(step.form.channel)
    press, now = app.press, app.clock()
    publication = printing.published(press, scenario, step, mailing, at=now)
    coupons.check(app.desk().mint, publication, shelf=press.blocks, now=now)


def _rule_faults(app: App, scenario: Scenario) -> Iterator[VestnikError]:
    trial = scenario.form.trial.group
    rules: list[Tree | None] = [{"in_group": trial} if trial else None, scenario.form.where]
    rules += [step.form.where for step in scenario.steps]
    asked = [Group("", "", rule) for rule in rules if rule]
    if not asked:
        return
    with app.engine.connect() as connection:
        world = _world(app, connection, app.clock())
        for rule in asked:
            try:
                preview.plan(connection, groups.counting([groups.checked(rule, world)], world))
            except VestnikError as error:
                yield error


def _world(app: App, connection: sa.Connection, now: datetime) -> World:
    site = app.config.site
    return groups.world(connection, now=now, timezone=site.timezone, currency=site.currency)


def at_once(app: App, scenario: Scenario, past: timedelta) -> list[AtOnce]:
    """What would become of the letters of the last `past`, were `scenario` switched on for them now; step by step.

    The same functions decide as in a walk; nothing is written.
    """
    now = app.clock()
    scenario = replace(scenario, active=True, on_at=now, since=now - past)
    going: Going = defaultdict(tuple)
    return [_counted(app, scenario, step, going, now=now) for step in scenario.chain]


def _counted(app: App, scenario: Scenario, step: Step, going: Going, *, now: datetime) -> AtOnce:
    """One step; its letters stand in the way of those of the next ones, as they would on their way."""
    found, manners = AtOnce(step.code), app.office.manners
    assert scenario.since is not None
    with app.engine.connect() as connection, app.engine.connect() as other:
        asking = _Ahead(other, manners, going)
        entries = looking.entries_due(connection, scenario, step, _world(app, connection, now), scenario.since, now)
        for batch in chunks(entries, BATCH):
            wanted = [(step, entry) for entry in batch]
            for one in deciding.decided(other, scenario, wanted, manners, now=now, asking=asking):
                found.add(one)
                if one.outcome == deciding.QUEUED:
                    going[one.entry.contact_id] += (deciding.as_written(one, now),)
    return found


@dataclass(frozen=True)
class _Ahead(deciding.Asking):
    """Knows beside the database which letters would be on their way."""

    going: Going

    def cases(self, scenario: Scenario, entries: Sequence[Entry], *, now: datetime) -> list[Case]:
        return [_with(case, self.going) for case in super().cases(scenario, entries, now=now)]


def _with(case: Case, going: Going) -> Case:
    past = case.life.past
    letters = (*past.letters, *going.get(case.entry.contact_id, ()))
    return replace(case, life=replace(case.life, past=Past(past.facts, letters)))


def on(app: App, code: str, *, past: timedelta = timedelta(0)) -> Scenario:
    """Check the scenario, make its mailing if need be, and switch it on. Raises Misconfigured with all faults."""
    scenario = find(app, code)
    check(app, scenario)
    _make_mailing(app, scenario.form.mailing)
    return book.switch_on(app.engine, app.office.shelf, code, now=app.clock(), past=past)


def _make_mailing(app: App, code: str) -> None:
    with app.engine.connect() as connection:
        known = connection.scalar(sa.select(tables.mailings.c.code).where(tables.mailings.c.code == code))
    if known is None:
        file = File.model_validate({"mailings": {code: {"name": _name(app, code)}}})
        definitions.apply(app.engine, file, app.press, sources=app.config.sources, now=app.clock())


def off(app: App, code: str) -> int:
    """Switch the scenario off; how many letters had been put off, and are dropped. Raises Misconfigured."""
    return book.switch_off(app.engine, app.office.shelf, code, now=app.clock())


def keep(app: App, code: str, text: str | None) -> Scenario:
    """Keep `text` as the edited copy of the scenario, or (None) go back to its file. Raises Misconfigured for faults.

    A scenario that is on must be able to go on with it.
    """
    shelf = app.office.shelf
    kept = text if text is not None else shelf.texts.get(code)
    if kept is not None:
        _check_length(code, kept)
        made = read(code, kept, shelf.anchors)
        if _is_on(app, code):
            check(app, made)
    return book.edit(app.engine, shelf, code, text, now=app.clock())


def _check_length(code: str, text: str) -> None:
    if len(text.encode("utf-8", "replace")) > LONGEST_TEXT:
        template = N_("Scenario {code!r}: its text is too long: {limit} bytes at most.")
        raise Misconfigured(template, code=code, limit=LONGEST_TEXT)


def undo(app: App, code: str) -> Scenario:
    """Take the last edit back; done again, it is there again. Raises Misconfigured when there was none."""
    shelf = app.office.shelf
    row = _row(app, code)
    if row is None or not undoable(app, code):
        find(app, code)
        raise Misconfigured(N_("Scenario {code!r} has not been edited: there is nothing to take back."), code=code)
    if row.active:
        text = row.before if row.before is not None else shelf.texts.get(code, "")
        check(app, read(code, text, shelf.anchors))
    return book.undo(app.engine, shelf, code, now=app.clock())


def undoable(app: App, code: str) -> bool:
    """Whether there is an edit to take back."""
    row = _row(app, code)
    return row is not None and row.edited != row.before


def _is_on(app: App, code: str) -> bool:
    row = _row(app, code)
    return bool(row and row.active)


def _row(app: App, code: str) -> sa.Row[tuple[object, ...]] | None:
    with app.engine.connect() as connection:
        return connection.execute(sa.select(_scenarios).where(_scenarios.c.code == code)).first()
