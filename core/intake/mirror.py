"""One page of a source's rows written to the mirror: who is new, what changed, and the facts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import consent, tables
from core.address import domain_of, normalised
from core.consent import Leaving
from core.db import insert_ignoring, upsert
from core.errors import Refused
from core.intake import rows
from core.intake.changes import changes
from core.model import Kind, OptOut, Order, OrderChange, Record
from core.source import Bad

Row = dict[str, Any]
# What a row's values may raise on their way in: the database's no, a sum too long for Decimal, half a surrogate pair.
_BAD_ROW = (sa.exc.StatementError, ArithmeticError, ValueError, TypeError, AttributeError)


@dataclass(slots=True)
class Written:
    """What became of one page."""

    changed: int = 0
    bad: list[Bad] = field(default_factory=list)
    contacts: set[int] = field(default_factory=set)  # of whom may now be known what was not, see core.intake.addresses


@dataclass(frozen=True, slots=True)
class Intake:
    """Where and when rows are being written: one source, one moment, one transaction."""

    connection: sa.Connection
    source: str
    now: datetime


def write(intake: Intake, kind: Kind, records: Sequence[Record], *, sweep: bool) -> Written:
    """Mirror `records` of one kind. A row that cannot be written is reported and costs only itself.

    In a `sweep` (full read) unchanged rows are touched too, so that rows not met by its end are known to be gone.
    """
    try:
        with intake.connection.begin_nested():
            return _write(intake, kind, records, sweep=sweep)
    except _BAD_ROW as error:
        if isinstance(error, sa.exc.OperationalError):
            raise
        return _one_by_one(intake, kind, records, sweep=sweep)


def _one_by_one(intake: Intake, kind: Kind, records: Sequence[Record], *, sweep: bool) -> Written:
    written = Written()
    for record in records:
        try:
            with intake.connection.begin_nested():
                one = _write(intake, kind, [record], sweep=sweep)
        except _BAD_ROW as error:
            if isinstance(error, sa.exc.OperationalError):
                raise
            written.bad.append(Bad(record.external_id[:64], str(getattr(error, "orig", None) or error)[:500]))
            continue
        written.changed += one.changed
        written.bad += one.bad
        written.contacts |= one.contacts
    return written


def _write(intake: Intake, kind: Kind, records: Sequence[Record], *, sweep: bool) -> Written:
    if kind is Kind.ORDER_CHANGES:
        return _order_changes(intake, [record for record in records if isinstance(record, OrderChange)])
    if kind is Kind.OPT_OUTS:
        return _opt_outs(intake, [record for record in records if isinstance(record, OptOut)])
    written = Written()
    new = _rows(records, written)
    if kind is Kind.SUBSCRIPTIONS:
        new = _begun(intake, new)
    _add_contacts(intake, kind, new, written)
    marks = _known(intake, kind, list(new), "external_id", "digest", "contact_id", "gone_at")
    changed = [row for key, row in new.items() if _differs(marks.get(key), row)]
    altered = {row["external_id"] for row in changed}
    old = _known(intake, kind, sorted(altered & marks.keys()))
    _store(intake, kind, changed)
    if kind is Kind.ORDERS:
        _store_lines(intake, [record for record in records if isinstance(record, Order)], changed)
    if kind is Kind.PEOPLE:
        _follow_contacts(intake, old, changed)
    if sweep:
        _touch(intake, kind, [key for key in new if key not in altered])
    tell(intake, kind, old, changed)
    written.changed = len(changed)
    written.contacts = _touched(kind, [*old.values(), *(new.values() if sweep else changed)])
    return written


def _touched(kind: Kind, met: Iterable[Row]) -> set[int]:
    """Contacts whose address may have got or lost its person; of orders only guests' ones give an address a person."""
    if kind not in {Kind.PEOPLE, Kind.ORDERS, Kind.SUBSCRIPTIONS}:
        return set()
    guests = kind is Kind.ORDERS
    return {row["contact_id"] for row in met if row["contact_id"] and not (guests and row["person"])}


def _begun(intake: Intake, new: dict[str, Row]) -> dict[str, Row]:
    """Without subscriptions that never were active: what was not begun cannot be left."""
    idle = [key for key, row in new.items() if not row["active"]]
    known = _known(intake, Kind.SUBSCRIPTIONS, idle, "external_id")
    return {key: row for key, row in new.items() if row["active"] or key in known}


def _rows(records: Sequence[Record], written: Written) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for record in records:
        try:
            found[record.external_id] = rows.row(record)
        except Refused as error:
            written.bad.append(Bad(record.external_id[:64] or "?", error))
    return found


def _add_contacts(intake: Intake, kind: Kind, new: Mapping[str, Row], written: Written) -> None:
    """Give each row its contact: by its own address, or by the person that it names."""
    if kind is Kind.PRODUCTS:
        return
    if kind in {Kind.PEOPLE, Kind.ORDERS, Kind.SUBSCRIPTIONS}:
        _contacts_by_address(intake, new, written)
    without = [row for row in new.values() if not row.get("contact_id")]
    if kind is Kind.SUBSCRIPTIONS:  # an address with a slip in it is not exchanged for another one
        without = [row for row in without if not row["email"].strip()]
    if kind is not Kind.PEOPLE:  # an order without an address that works belongs to whoever made it
        _contacts_by_person(intake, without)


def _contacts_by_address(intake: Intake, new: Mapping[str, Row], written: Written) -> None:
    addresses: dict[str, str] = {}
    for key, row in new.items():
        try:
            if row["email"].strip():
                addresses[key] = normalised(row["email"])
        except Refused as error:
            written.bad.append(Bad(key, error))
    ids = contact_ids(intake, set(addresses.values()))
    for key, row in new.items():
        row["contact_id"] = ids.get(addresses.get(key, ""))


def contact_ids(intake: Intake, emails: set[str]) -> dict[str, int]:
    """Normalised address → contact id; contacts not known yet are made."""
    ids = _contact_ids(intake, emails)
    missing = sorted(emails - ids.keys())
    insert_ignoring(
        intake.connection,
        tables.contacts,
        [{"email": email, "domain": domain_of(email), "created_at": intake.now} for email in missing],
    )
    return ids | _contact_ids(intake, set(missing))


def _contact_ids(intake: Intake, emails: set[str]) -> dict[str, int]:
    if not emails:
        return {}
    contacts = tables.contacts
    query = sa.select(contacts.c.email, contacts.c.id).where(contacts.c.email.in_(sorted(emails)))
    return {row.email: row.id for row in intake.connection.execute(query)}


def _contacts_by_person(intake: Intake, new: Sequence[Row]) -> None:
    people = tables.people
    names = sorted({row["person"] for row in new if row["person"]})
    query = sa.select(people.c.external_id, people.c.contact_id).where(
        people.c.source == intake.source, people.c.external_id.in_(names)
    )
    known = {row.external_id: row.contact_id for row in intake.connection.execute(query)} if names else {}
    for row in new:
        row["contact_id"] = known.get(row["person"])


def _known(intake: Intake, kind: Kind, keys: Sequence[str], *names: str) -> dict[str, Row]:
    """Rows of the mirror by their `keys`: whole ones, or of `names` the columns that the kind has."""
    if not keys:
        return {}
    table = rows.TABLES[kind]
    columns = [table.c[name] for name in names if name in table.c] or [*table.c]
    query = sa.select(*columns).where(table.c.source == intake.source, table.c.external_id.in_(keys))
    return {row["external_id"]: dict(row) for row in intake.connection.execute(query).mappings()}


def _differs(old: Row | None, new: Row) -> bool:
    if old is None or old["digest"] != new["digest"] or old.get("gone_at"):
        return True
    return bool("contact_id" in new and old["contact_id"] != new["contact_id"])


def _store(intake: Intake, kind: Kind, changed: Sequence[Row]) -> None:
    table = rows.TABLES[kind]
    extra: Row = {"source": intake.source, "seen_at": intake.now}
    if "gone_at" in table.c:
        extra["gone_at"] = None
    upsert(intake.connection, table, [{**extra, **row} for row in changed], key=("source", "external_id"))


def _store_lines(intake: Intake, records: Sequence[Order], changed: Sequence[Row]) -> None:
    wanted = {row["external_id"] for row in changed}
    table = tables.orders
    query = sa.select(table.c.external_id, table.c.id).where(
        table.c.source == intake.source, table.c.external_id.in_(sorted(wanted))
    )
    ids = {row.external_id: row.id for row in intake.connection.execute(query)} if wanted else {}
    lines = [
        line
        for order in records
        if order.external_id in ids
        for line in rows.order_lines(order, ids[order.external_id])
    ]
    if ids:
        intake.connection.execute(
            sa.delete(tables.order_lines).where(tables.order_lines.c.order_id.in_(sorted(ids.values())))
        )
    if lines:
        intake.connection.execute(sa.insert(tables.order_lines), lines)


def _follow_contacts(intake: Intake, old: Mapping[str, Row], changed: Sequence[Row]) -> None:
    """When a person's address changed, their baskets and views follow to the new contact."""
    for row in changed:
        before = old.get(row["external_id"])
        if before is None or before["contact_id"] == row["contact_id"]:
            continue
        for table in (tables.baskets, tables.views):
            intake.connection.execute(
                sa.update(table)
                .where(table.c.source == intake.source, table.c.person == row["external_id"])
                .values(contact_id=row["contact_id"])
            )


def _touch(intake: Intake, kind: Kind, keys: Sequence[str]) -> None:
    if not keys:
        return
    table = rows.TABLES[kind]
    intake.connection.execute(
        sa.update(table)
        .where(table.c.source == intake.source, table.c.external_id.in_(keys))
        .values(seen_at=intake.now)
    )


def tell(intake: Intake, kind: Kind, old: Mapping[str, Row], changed: Sequence[Row]) -> None:
    """Write down the facts of `changed` rows; `old` are the same rows as they were, those that were there."""
    told = []
    for row in changed:
        person = row["external_id"] if kind is Kind.PEOPLE else row.get("person", "")
        for what, at, subject, details in changes(kind, old.get(row["external_id"]), row, now=intake.now):
            # two parcels of an order may leave in the same second, and two guests put themselves on a list
            key = row["external_id"] if kind is Kind.SUBSCRIPTIONS else details.get("shipment", "")
            told.append(_fact(intake, what, at, person, row.get("contact_id"), subject, details, key))
    insert_ignoring(intake.connection, tables.facts, told)


def _fact(
    intake: Intake,
    what: str,
    at: datetime,
    person: str,
    contact_id: int | None,
    subject: str,
    details: Row,
    key: str = "",
) -> Row:
    return {
        "source": intake.source,
        "what": what,
        "at": at,
        "seen_at": intake.now,
        "person": person,
        "contact_id": contact_id,
        "subject": subject,
        "details": details,
        "digest": rows.digest((intake.source, what, at.isoformat(), person, subject, key)),
    }


def _order_changes(intake: Intake, records: Sequence[OrderChange]) -> Written:
    orders = tables.orders
    wanted = sorted({record.order for record in records})
    query = sa.select(orders.c.external_id, orders.c.person, orders.c.contact_id).where(
        orders.c.source == intake.source, orders.c.external_id.in_(wanted)
    )
    known = {row.external_id: row for row in intake.connection.execute(query)} if wanted else {}
    told = []
    for record in records:
        order = known.get(record.order)
        person, contact_id = (order.person, order.contact_id) if order else ("", None)
        details = dict(record.details)
        key = record.external_id  # two changes in one second are two facts
        told.append(_fact(intake, record.what, record.at, person, contact_id, record.order, details, key))
    before = intake.connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.facts.c.id), 0)))
    insert_ignoring(intake.connection, tables.facts, told)
    fresh = sa.select(sa.func.count()).where(tables.facts.c.id > before, tables.facts.c.source == intake.source)
    return Written(changed=intake.connection.scalar(fresh) or 0)


def _opt_outs(intake: Intake, records: Sequence[OptOut]) -> Written:
    written, leavings = Written(), []
    for record in records:
        try:
            email = normalised(record.email)
        except Refused as error:
            written.bad.append(Bad(record.external_id[:64] or "?", error))
            continue
        leavings.append(Leaving(email, record.mailing, record.reason, record.at or intake.now))
    written.changed = consent.suppress_all(intake.connection, leavings, source=intake.source)
    return written
