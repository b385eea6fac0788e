"""Reading: the lives of a batch of contacts, in a handful of questions to our own database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import tables
from core.journeys.past import Happened, Known, Life, Past, Written
from core.journeys.scenarios import Scenario
from core.model import Status
from core.rules.tree import present
from core.scenario import Entry

_facts, _people, _contacts = tables.facts, tables.people, tables.contacts
_recipients, _postings, _ledger = tables.recipients, tables.postings, tables.ledger
_orders, _lines, _products = tables.orders, tables.order_lines, tables.products

REMEMBERED = timedelta(days=400)
"""So old letters are still looked at: longer than any cap, and than a year's pause."""
_ALWAYS = frozenset({"ordered", "cancelled", "restored"})  # the arbiter and each goal of orders ask for these
_OUT = (Status.NEW, Status.COMPOSED, Status.CLAIMED, Status.SENT, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Who:
    """To whom and in whose name a letter would go."""

    email: str
    person_id: int
    zone: str


@dataclass(frozen=True, slots=True)
class Case:
    """One entry with all that is known of its contact; `who` is None when nobody there is left to write to."""

    entry: Entry
    life: Life
    who: Who | None


def cases(
    connection: sa.Connection, scenario: Scenario, entries: Sequence[Entry], *, now: datetime, zone: str
) -> list[Case]:
    """`entries` with the lives of their contacts as known at `now`; `zone`: the site's, where a person has none."""
    ids = sorted({entry.contact_id for entry in entries})
    known = ledger_of(connection, scenario.code, ids)
    pasts = pasts_of(connection, ids, facts=wanted(scenario), now=now)
    people = _people_of(connection, ids)
    return [_case(entry, people.get(entry.contact_id, []), pasts, known, zone) for entry in entries]


def zones_of(connection: sa.Connection, entries: Sequence[Entry], *, zone: str) -> dict[Entry, str]:
    """The clock on the wall of each entry's contact; `zone`: the site's, where a person has none."""
    people = _people_of(connection, sorted({entry.contact_id for entry in entries}))
    return {one: _case(one, people.get(one.contact_id, []), {}, {}, zone).life.zone for one in entries}


def _case(
    entry: Entry,
    people: Sequence[sa.RowMapping],
    pasts: Mapping[int, Past],
    known: Mapping[int, tuple[Known, ...]],
    zone: str,
) -> Case:
    person = next((one for one in people if (one["source"], one["external_id"]) == (entry.source, entry.person)), None)
    person = person or next(iter(people), None)
    own = known_zone(person["timezone"]) if person else ""
    life = Life(pasts.get(entry.contact_id, Past()), known.get(entry.contact_id, ()), own or zone)
    return Case(entry, life, Who(person["address"], person["id"], life.zone) if person else None)


@lru_cache(maxsize=1000)
def known_zone(name: str) -> str:
    """`name` if it is a time zone, else "": a shop writes what it likes."""
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, OSError, KeyError):
        return ""


def wanted(scenario: Scenario) -> frozenset[str]:
    """The names of the facts that decide about the scenario."""
    named = {end.fact for end in (*scenario.form.goal, *scenario.form.stop)}
    return _ALWAYS | named | ({"bought"} if scenario.form.bought_stops else frozenset())


def pasts_of(
    connection: sa.Connection,
    contact_ids: Collection[int],
    *,
    facts: Collection[str],
    now: datetime,
    besides: Collection[int] = (),
) -> dict[int, Past]:
    """What these contacts did, of the `facts` that are asked for, and what was written to them, until `now`."""
    happened = _happened(connection, contact_ids, facts, now)
    written = letters_to(connection, contact_ids, now=now, besides=besides)
    return {
        one: Past(tuple(sorted(happened[one], key=lambda fact: fact.at)), tuple(written[one])) for one in contact_ids
    }


def _happened(
    connection: sa.Connection, contact_ids: Collection[int], facts: Collection[str], now: datetime
) -> dict[int, list[Happened]]:
    found: dict[int, list[Happened]] = defaultdict(list)
    query = sa.select(_facts.c.contact_id, _facts.c.what, _facts.c.at, _facts.c.subject).where(
        _facts.c.contact_id.in_(contact_ids), _facts.c.what.in_(sorted(facts)), _facts.c.at <= now
    )
    for row in connection.execute(query):
        found[row.contact_id].append(Happened(row.what, row.at, row.subject))
    if "bought" in facts:
        for contact_id, at, product in _bought(connection, contact_ids, now):
            found[contact_id].append(Happened("bought", at, product))
    return found


def _bought(
    connection: sa.Connection, contact_ids: Collection[int], now: datetime
) -> Iterable[tuple[int, datetime, str]]:
    """(contact, moment, product) of the lines of orders that stand, also under the product that an offer is of."""
    query = (
        sa.select(_orders.c.contact_id, _orders.c.created_at, _lines.c.product, _products.c.parent)
        .join_from(_orders, _lines, _lines.c.order_id == _orders.c.id)
        .outerjoin(
            _products,
            sa.and_(_products.c.source == _orders.c.source, _products.c.external_id == _lines.c.product),
        )
        .where(_orders.c.contact_id.in_(contact_ids), _orders.c.created_at <= now)
        .where(sa.or_(_orders.c.cancelled_at.is_(None), _orders.c.cancelled_at > now))
    )
    for contact_id, at, product, parent in connection.execute(query):
        yield contact_id, at, product
        if parent:
            yield contact_id, at, parent


def letters_to(
    connection: sa.Connection, contact_ids: Collection[int], *, now: datetime, besides: Collection[int] = ()
) -> dict[int, list[Written]]:
    """The letters of the last 400 days to these contacts, gone or on their way, the oldest first.

    `besides`: recipients whose own letters are not meant.
    """
    moment = sa.func.coalesce(
        _recipients.c.sent_at, _ledger.c.decided_at, _postings.c.firing_at, type_=_recipients.c.sent_at.type
    )
    columns = (
        *(_recipients.c.contact_id, _recipients.c.opened_at, _recipients.c.clicked_at, _recipients.c.sent_at),
        *(_postings.c.issue, _postings.c.kind, _postings.c.sale, moment.label("moment")),
        *(_ledger.c.scenario, _ledger.c.step, _ledger.c.anchor, _ledger.c.anchor_at, _ledger.c.shown),
    )
    query = (
        sa.select(*columns)
        .join_from(_recipients, _postings, _postings.c.id == _recipients.c.posting_id)
        .outerjoin(_ledger, _ledger.c.id == _recipients.c.ledger_id)
        .where(_recipients.c.contact_id.in_(contact_ids), _recipients.c.status.in_([one.value for one in _OUT]))
        .where(sa.or_(_recipients.c.sent_at.is_(None), _recipients.c.sent_at > now - REMEMBERED))
        .where(_recipients.c.id.not_in(besides))
    )
    found: dict[int, list[Written]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        if row["moment"] <= now:
            found[row["contact_id"]].append(_written(row, now))
    for letters in found.values():
        letters.sort(key=lambda one: one.at)
    return found


def _written(row: sa.RowMapping, now: datetime) -> Written:
    return Written(
        issue=row["issue"],
        at=row["moment"],
        kind=row["kind"],
        sale=bool(row["sale"]),
        scenario=row["scenario"] or "",
        step=row["step"] or "",
        key=row["anchor"] or "",
        anchor_at=row["anchor_at"],
        gone=row["sent_at"] is not None,
        opened_at=_until(row["opened_at"], now),
        clicked_at=_until(row["clicked_at"], now),
        shown=tuple(row["shown"] or ()),
    )


def _until(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at <= now else None


def ledger_of(connection: sa.Connection, scenario: str, contact_ids: Collection[int]) -> dict[int, tuple[Known, ...]]:
    """What the ledger says of the scenario's letters to these contacts."""
    query = sa.select(_ledger).where(_ledger.c.contact_id.in_(contact_ids), _ledger.c.scenario == scenario)
    found: dict[int, list[Known]] = defaultdict(list)
    for row in connection.execute(query):
        known = Known(row.step, row.anchor, row.anchor_at, row.status, row.due_at, row.id, row.decided_at)
        found[row.contact_id].append(known)
    return {contact_id: tuple(rows) for contact_id, rows in found.items()}


def _people_of(connection: sa.Connection, contact_ids: Collection[int]) -> dict[int, list[Any]]:
    """The living people of each contact, the oldest first, with the contact's address."""
    columns = (_people.c.id, _people.c.contact_id, _people.c.source, _people.c.external_id, _people.c.timezone)
    query = (
        sa.select(*columns, _contacts.c.email.label("address"))
        .join_from(_people, _contacts, _contacts.c.id == _people.c.contact_id)
        .where(_people.c.contact_id.in_(contact_ids), *present())
        .order_by(_people.c.id)
    )
    found: dict[int, list[sa.RowMapping]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["contact_id"]].append(row)
    return found
