"""The facts of a page written down, each once however often it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import tables
from core.bulk import insert_ignoring
from core.db import utc_text
from core.intake import rows
from core.intake.changes import changes
from core.intake.where import Intake
from core.model import Kind, OrderChange

Row = Mapping[str, Any]
Fact = tuple[Any, ...]
_COLUMNS = ("source", "what", "at", "seen_at", "person", "contact_id", "subject", "details", "digest")


def tell(intake: Intake, kind: Kind, old: Mapping[str, Row], changed: Sequence[Row]) -> None:
    """Write down the facts of `changed` rows; `old` are the same rows as they were, those that were there."""
    told = []
    for row in changed:
        person = row["external_id"] if kind is Kind.PEOPLE else row.get("person", "")
        for what, at, subject, details in changes(kind, old.get(row["external_id"]), row, now=intake.now):
            # two parcels of an order may leave in the same second, and two guests put themselves on a list
            key = row["external_id"] if kind is Kind.SUBSCRIPTIONS else details.get("shipment", "")
            told.append(_fact(intake, what, at, person, row.get("contact_id"), subject, details, key))
    insert_ignoring(intake.connection, tables.facts, _COLUMNS, told)


def tell_history(intake: Intake, records: Sequence[OrderChange]) -> int:
    """Write down what befell orders; how much of it was new."""
    known = _orders(intake, {record.order for record in records})
    told = []
    for record in records:
        person, contact_id = known.get(record.order, ("", None))
        details = dict(record.details)
        key = record.external_id  # two changes in one second are two facts
        told.append(_fact(intake, record.what, record.at, person, contact_id, record.order, details, key))
    before = intake.connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.facts.c.id), 0)))
    insert_ignoring(intake.connection, tables.facts, _COLUMNS, told)
    fresh = sa.select(sa.func.count()).where(tables.facts.c.id > before, tables.facts.c.source == intake.source)
    return intake.connection.scalar(fresh) or 0


def _orders(intake: Intake, wanted: set[str]) -> dict[str, tuple[str, int | None]]:
    """Order → whose it is."""
    orders = tables.orders
    query = sa.select(orders.c.external_id, orders.c.person, orders.c.contact_id).where(
        orders.c.source == intake.source
    )
    return {key: (person, contact) for key, person, contact in intake.asked(query, orders.c.external_id, wanted)}


def _fact(
    intake: Intake,
    what: str,
    at: datetime,
    person: str,
    contact_id: int | None,
    subject: str,
    details: Mapping[str, Any],
    key: str,
) -> Fact:
    moment = utc_text(at).replace(" ", "T").removesuffix(".000000") + "+00:00"  # what isoformat() says of a UTC moment
    digest = rows.digest((intake.source, what, moment, person, subject, key))
    return (intake.source, what, at, intake.now, person, contact_id, subject, details, digest)
