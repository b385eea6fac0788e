"""One page of a source's rows written to the mirror: who is new, what changed, and the facts of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from core import consent, tables
from core.address import normalised
from core.bulk import among, insert, upsert
from core.consent import Leaving
from core.db import chunks
from core.errors import Refused
from core.intake import rows
from core.intake.contacts import add_contacts, follow
from core.intake.facts import tell, tell_history
from core.intake.where import USER, Intake
from core.model import Kind, OptOut, Order, OrderChange, Record
from core.source import Bad

Row = dict[str, Any]
Mark = tuple[bytes, int | None, bool]
# What a row's values may raise on their way in: the database's no, a sum too long for Decimal, half a surrogate pair.
_BAD_ROW = (sa.exc.StatementError, ArithmeticError, ValueError, TypeError, AttributeError)


@dataclass(slots=True)
class Written:
    """What became of one page."""

    changed: int = 0
    bad: list[Bad] = field(default_factory=list)
    contacts: set[int] = field(default_factory=set)  # of whom may now be known what was not, see core.intake.addresses
    users: set[int] = field(default_factory=set)  # those of them of whom the page says that they have an account


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
        return Written(tell_history(intake, [record for record in records if isinstance(record, OrderChange)]))
    if kind is Kind.OPT_OUTS:
        return _opt_outs(intake, [record for record in records if isinstance(record, OptOut)])
    written = Written()
    new = _rows(records, written)
    if kind is Kind.SUBSCRIPTIONS:
        new = _begun(intake, new)
    written.bad += add_contacts(intake, kind, new)
    marks = _marks(intake, kind, list(new))
    changed = [row for key, row in new.items() if _differs(marks.get(key), row)]
    altered = {row["external_id"] for row in changed}
    old = _known(intake, kind, altered & marks.keys())
    _store(intake, kind, changed)
    if kind is Kind.ORDERS:
        _store_lines(intake, [record for record in records if isinstance(record, Order)], old, altered)
    if kind is Kind.PEOPLE:
        follow(intake, old, changed)
    if sweep:
        _touch(intake, kind, [key for key in new if key not in altered])
    tell(intake, kind, old, changed)
    written.changed = len(changed)
    met = new.values() if sweep else changed
    written.contacts = _touched(kind, [*old.values(), *met])
    written.users = {row["contact_id"] for row in met if kind is Kind.PEOPLE and row["kind"] == USER}
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
    known = _marks(intake, Kind.SUBSCRIPTIONS, idle)
    return {key: row for key, row in new.items() if row["active"] or key in known}


def _rows(records: Sequence[Record], written: Written) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for record in records:
        try:
            found[record.external_id] = rows.row(record)
        except Refused as error:
            written.bad.append(Bad(record.external_id[:64] or "?", error))
    return found


def _marks(intake: Intake, kind: Kind, keys: Collection[str]) -> dict[str, Mark]:
    """What tells whether a row of the mirror is still as it was: its digest, its contact, whether it was lost."""
    table = rows.TABLES[kind]
    contact = table.c.contact_id if "contact_id" in table.c else sa.null()
    gone = table.c.gone_at.is_not(None) if "gone_at" in table.c else sa.false()
    query = sa.select(table.c.external_id, table.c.digest, contact, gone).where(table.c.source == intake.source)
    return {key: (digest, whose, lost) for key, digest, whose, lost in intake.asked(query, table.c.external_id, keys)}


def _known(intake: Intake, kind: Kind, keys: Collection[str]) -> dict[str, Row]:
    """Rows of the mirror by their `keys`."""
    table = rows.TABLES[kind]
    query = sa.select(table).where(table.c.source == intake.source)
    return {row.external_id: dict(row._mapping) for row in intake.asked(query, table.c.external_id, keys)}


def _differs(mark: Mark | None, new: Row) -> bool:
    if mark is None:
        return True
    digest, contact, gone = mark
    return bool(digest != new["digest"] or gone or ("contact_id" in new and contact != new["contact_id"]))


def _store(intake: Intake, kind: Kind, changed: Sequence[Row]) -> None:
    if not changed:
        return
    table = rows.TABLES[kind]
    extra: Row = {"source": intake.source, "seen_at": intake.now}
    if "gone_at" in table.c:
        extra["gone_at"] = None
    if "written_at" in table.c:
        extra["written_at"] = intake.now
    names, added = tuple(changed[0]), tuple(extra.values())
    stored = [values + added for values in map(itemgetter(*names), changed)]
    upsert(intake.connection, table, (*names, *extra), stored, key=("source", "external_id"))


def _store_lines(intake: Intake, records: Sequence[Order], old: Mapping[str, Row], altered: Collection[str]) -> None:
    """The lines of the `altered` orders, whole."""
    orders, lines = tables.orders, tables.order_lines
    if before := [row["id"] for row in old.values()]:
        intake.connection.execute(sa.delete(lines).where(among(lines.c.order_id, before)))
    query = sa.select(orders.c.external_id, orders.c.id).where(orders.c.source == intake.source)
    ids = dict(intake.asked(query, orders.c.external_id, altered))
    last = {order.external_id: order for order in records if order.external_id in ids}
    values = [line for key, order in last.items() for line in rows.order_lines(order, ids[key])]
    insert(intake.connection, lines, rows.LINE_COLUMNS, values)


def _touch(intake: Intake, kind: Kind, keys: Sequence[str]) -> None:
    table = rows.TABLES[kind]
    for part in chunks(keys, 900):
        chosen = (table.c.source == intake.source, among(table.c.external_id, part))
        intake.connection.execute(sa.update(table).where(*chosen).values(seen_at=intake.now))


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
