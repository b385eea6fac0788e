"""Whose a row is: its contact by its own address, or by the person that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core import tables
from core.address import domain_of, normalised
from core.bulk import insert_ignoring
from core.errors import Refused
from core.intake.where import Intake
from core.model import Kind
from core.source import Bad

Row = dict[str, Any]
_BY_ADDRESS = frozenset({Kind.PEOPLE, Kind.ORDERS, Kind.SUBSCRIPTIONS})
_EMAILS = sa.select(tables.contacts.c.email, tables.contacts.c.id)


def add_contacts(intake: Intake, kind: Kind, new: Mapping[str, Row]) -> list[Bad]:
    """Give each row its contact; the addresses that are none."""
    if kind is Kind.PRODUCTS:
        return []
    bad = _by_address(intake, new) if kind in _BY_ADDRESS else []
    if kind is Kind.PEOPLE:
        return bad
    without = [row for row in new.values() if not row.get("contact_id")]
    if kind is Kind.SUBSCRIPTIONS:  # an address with a slip in it is not exchanged for another one
        without = [row for row in without if not row["email"].strip()]
    _by_person(intake, without)  # an order without an address that works belongs to whoever made it
    return bad


def _by_address(intake: Intake, new: Mapping[str, Row]) -> list[Bad]:
    addresses: dict[str, str] = {}
    bad = []
    for key, row in new.items():
        try:
            if row["email"].strip():
                addresses[key] = normalised(row["email"])
        except Refused as error:
            bad.append(Bad(key, error))
    ids = _contact_ids(intake, set(addresses.values()))
    for key, row in new.items():
        row["contact_id"] = ids.get(addresses.get(key, ""))
    return bad


def _contact_ids(intake: Intake, emails: set[str]) -> dict[str, int]:
    """Normalised address → contact id; contacts not known yet are made."""
    ids = _known_ids(intake, emails)
    if missing := sorted(emails - ids.keys()):
        made = [(email, domain_of(email), intake.now) for email in missing]
        insert_ignoring(intake.connection, tables.contacts, ("email", "domain", "created_at"), made)
        ids |= _known_ids(intake, missing)
    return ids


def _known_ids(intake: Intake, emails: set[str] | list[str]) -> dict[str, int]:
    return dict(intake.asked(_EMAILS, tables.contacts.c.email, emails))


def _by_person(intake: Intake, new: Sequence[Row]) -> None:
    people = tables.people
    names = {row["person"] for row in new if row["person"]}
    query = sa.select(people.c.external_id, people.c.contact_id).where(people.c.source == intake.source)
    known = dict(intake.asked(query, people.c.external_id, names))
    for row in new:
        row["contact_id"] = known.get(row["person"])


def follow(intake: Intake, old: Mapping[str, Row], changed: Sequence[Row]) -> None:
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
