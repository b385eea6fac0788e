"""Explaining: what became, or would become, of each scenario's letters for one contact, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import groups, tables
from core.errors import N_, VestnikError
from core.journeys import calendar, telling
from core.journeys.deciding import DEFERRED, QUEUED, SKIPPED, Manners, decided
from core.journeys.looking import entry_in, entry_of
from core.journeys.past import Happened
from core.journeys.planning import as_if_on
from core.journeys.reading import zones_of
from core.journeys.scenarios import Scenario, Step
from core.rules import World
from core.scenario import Entry, Span

_facts, _ledger, _contacts = tables.facts, tables.ledger, tables.contacts
_recipients = tables.recipients
YEAR, AHEAD = timedelta(days=365), timedelta(days=60)
"""Entries of so long ago are told, and those that are to come so soon."""
OFF = "off"
_PUT_OFF = 10  # times: then it is told as put off
Said = VestnikError


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a letter that was queued."""

    status: str
    reason: VestnikError | str
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One letter of a chain: decided already, or as it would be decided as things stand."""

    step: Step
    due_at: datetime
    outcome: str  # QUEUED, DEFERRED, SKIPPED, or OFF: the step is switched off
    at: datetime  # when it was decided, or would be
    decided: bool
    reason: VestnikError | str = ""
    until: datetime | None = None  # put off until then
    fate: Fate | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry into a scenario with all its letters."""

    entry: Entry
    letters: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """One scenario for one contact: its entries, the newest first, or why there is none."""

    scenario: Scenario
    entries: tuple[Entered, ...]
    missing: VestnikError | None = None


def contact_of(connection: sa.Connection, email: str) -> int | None:
    """The contact with this (normalised) address."""
    found: int | None = connection.scalar(sa.select(_contacts.c.id).where(_contacts.c.email == email))
    return found


def scenarios_of(
    connection: sa.Connection, scenarios: Sequence[Scenario], manners: Manners, contact_id: int, *, now: datetime
) -> Iterator[Explained]:
    """Each of the `scenarios` for one contact. One that is off is told as if it had been on for long."""
    world = groups.world(connection, now=now, timezone=manners.timezone, currency=manners.currency)
    narrow = replace(world, only=contact_id)
    for scenario in scenarios:
        played = scenario if scenario.active else as_if_on(scenario, now)
        rows = _rows(connection, scenario, contact_id)
        entries = _entries(connection, played, narrow, rows)
        told = tuple(_entered(connection, played, one, manners, rows, now) for one in entries)
        yield Explained(scenario, told, None if told else _missing(connection, scenario, contact_id, narrow))


def _rows(connection: sa.Connection, scenario: Scenario, contact_id: int) -> dict[tuple[str, str], sa.RowMapping]:
    query = sa.select(_ledger).where(_ledger.c.contact_id == contact_id, _ledger.c.scenario == scenario.code)
    return {(row["step"], row["anchor"]): row for row in connection.execute(query).mappings()}


def _entries(
    connection: sa.Connection, scenario: Scenario, world: World, rows: Mapping[tuple[str, str], sa.RowMapping]
) -> list[Entry]:
    """Those of the anchor today, and those that only the ledger still knows: a basket may be gone since."""
    span = Span(world, world.now - YEAR, world.now + AHEAD)
    found = {
        one.key: one for one in map(entry_of, connection.execute(scenario.anchor.entries(scenario.settings, span)))
    }
    for row in rows.values():
        if row["anchor_at"] > world.now - YEAR:
            found.setdefault(row["anchor"], entry_in(row))
    return sorted(found.values(), key=lambda one: one.at, reverse=True)


def _entered(
    connection: sa.Connection,
    scenario: Scenario,
    entry: Entry,
    manners: Manners,
    rows: Mapping[tuple[str, str], sa.RowMapping],
    now: datetime,
) -> Entered:
    zone = zones_of(connection, [entry], zone=manners.timezone)[entry]
    letters = []
    for step in scenario.steps:
        row = rows.get((step.code, entry.key))
        due_at = calendar.due_at(entry.at, step.offset, zone)
        if row is not None:
            letters.append(_decided(connection, step, row))
        elif not step.form.active:
            letters.append(Told(step, due_at, OFF, due_at, decided=False))
        else:
            letters.append(_foretold(connection, scenario, step, entry, manners, max(now, due_at), due_at))
    return Entered(entry, tuple(letters))


def _decided(connection: sa.Connection, step: Step, row: sa.RowMapping) -> Told:
    until = row["due_at"] if row["status"] == DEFERRED else None
    fate = _fate(connection, row) if row["status"] == QUEUED else None
    at, first = row["decided_at"], row["first_due_at"]
    return Told(step, first, row["status"], at, decided=True, reason=row["reason"], until=until, fate=fate)


def _fate(connection: sa.Connection, row: sa.RowMapping) -> Fate | None:
    query = sa.select(_recipients).where(
        _recipients.c.contact_id == row["contact_id"], _recipients.c.ledger_id == row["id"]
    )
    found = connection.execute(query).mappings().first()
    if found is None:
        return None
    return Fate(found["status"], found["reason"], found["sent_at"], found["opened_at"], found["clicked_at"])


def _foretold(
    connection: sa.Connection,
    scenario: Scenario,
    step: Step,
    entry: Entry,
    manners: Manners,
    at: datetime,
    due_at: datetime,
) -> Told:
    """What would be decided then, or when it is next looked at after being put off, were nothing to happen before."""
    found = Told(step, due_at, SKIPPED, at, decided=False, reason=Said(N_("what it is about has changed since")))
    for _ in range(_PUT_OFF):
        for one in decided(connection, scenario, [(step, entry)], manners, now=at):
            found = Told(step, due_at, one.outcome, at, decided=False, reason=one.reason, until=one.until)
        if found.outcome != DEFERRED or found.until is None or found.until <= at:
            break
        at = found.until
    return found


def _missing(connection: sa.Connection, scenario: Scenario, contact_id: int, world: World) -> VestnikError:
    """Why a contact has not entered in the last year: what the anchor stands on is not there, or is not enough."""
    names = sorted(scenario.anchor.stands_on(scenario.settings))
    settings = ", ".join(f"{name} = {value}" for name, value in scenario.form.anchor.settings.items()) or "–"
    if not names:
        template = N_("no day of theirs for “{anchor}” ({settings})")
        return Said(template, anchor=Said(scenario.anchor.title), settings=settings)
    query = sa.select(_facts.c.what, _facts.c.at).where(
        _facts.c.contact_id == contact_id, _facts.c.what.in_(names), _facts.c.at <= world.now
    )
    last = connection.execute(query.order_by(_facts.c.at.desc()).limit(1)).first()
    if last is None:
        told = [Said(telling.FACTS[name]) if name in telling.FACTS else name for name in names]
        fields = {f"fact{number}": one for number, one in enumerate(told)}
        return Said(N_("no such fact: {facts}"), facts=Said(", ".join(f"{{{name}}}" for name in fields), **fields))
    fact = telling.told(Happened(last.what, last.at), world.timezone)
    if last.at <= world.now - YEAR:
        return Said(N_("the last such fact is more than a year old: {fact}"), fact=fact)
    template = N_("there was: {fact}; but not as “{anchor}” wants it ({settings})")
    return Said(template, fact=fact, anchor=Said(scenario.anchor.title), settings=settings)
