"""Addresses that have no account: one row of people for each that a guest's order, a form or a list has made known.

So groups can write to them. A user of the same address in the same source takes the row's place, and gives it back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from core.db import chunks, upsert
from core.intake import rows
from core.intake.mirror import Intake, tell
from core.model import Kind, Person
from core.tables import contacts, orders, people, subscriptions

ADDRESS, USER = "address", "user"


def settle(intake: Intake, touched: Collection[int]) -> None:
    """Bring the address rows of these contacts to what is known of them now; doing it twice changes nothing."""
    for part in chunks(sorted(touched), 500):
        known = _known(intake, set(part) - _users(intake, part))
        _keep(intake, known)
        _let_go(intake, [contact for contact in part if contact not in known])


def gone(intake: Intake, kind: Kind, ids: Collection[int]) -> None:
    """Mark these rows of the mirror, which their source has no more, with what follows from it."""
    table = rows.TABLES[kind]
    chosen = sa.select(table).where(table.c.id.in_(ids))
    lost = [dict(row) for row in intake.connection.execute(chosen).mappings()]
    intake.connection.execute(sa.update(table).where(table.c.id.in_(ids)).values(gone_at=intake.now))
    if kind is Kind.SUBSCRIPTIONS:
        left = [{**row, "active": False} for row in lost]
        tell(intake, kind, {row["external_id"]: row for row in lost}, left)
    if kind in {Kind.PEOPLE, Kind.SUBSCRIPTIONS}:
        settle(intake, {row["contact_id"] for row in lost if row["contact_id"]})


def _users(intake: Intake, part: Collection[int]) -> set[int]:
    """Those who have an account, even one that is switched off: its owner has been heard."""
    there = sa.select(people.c.contact_id).where(people.c.source == intake.source, people.c.contact_id.in_(part))
    return set(intake.connection.scalars(there.where(people.c.kind == USER, people.c.gone_at.is_(None))))


def _known(intake: Intake, part: Collection[int]) -> dict[int, Person]:
    """Contact → who it is, as the last guest's order says, else a list that it is on."""
    if not part:
        return {}
    told: dict[int, dict[str, Any]] = {}
    for row in intake.connection.execute(_listed(intake, part)).mappings():
        one = told.setdefault(row["contact_id"], {})
        one["name"] = one.get("name") or row["name"]
    for row in intake.connection.execute(_ordered(intake, part)).mappings():
        one = told.setdefault(row["contact_id"], {})
        one |= {"name": row["name"] or one.get("name", ""), "phone": row["phone"], "site": row["site"]}
    emails = sa.select(contacts.c.id, contacts.c.email).where(contacts.c.id.in_(told))
    return {
        row.id: Person(f"address:{rows.digest(row.email).hex()}", row.email, kind=ADDRESS, **told[row.id])
        for row in intake.connection.execute(emails)
    }


def _listed(intake: Intake, part: Collection[int]) -> sa.Select[Any]:
    on_list = sa.select(subscriptions.c.contact_id, subscriptions.c.name).where(
        subscriptions.c.source == intake.source, subscriptions.c.contact_id.in_(part)
    )
    # who waits for one product has asked for word of that product, not for letters
    letters = subscriptions.c.list.not_like("awaited:%")
    return on_list.where(letters, subscriptions.c.active, subscriptions.c.gone_at.is_(None)).order_by(
        subscriptions.c.id
    )


def _ordered(intake: Intake, part: Collection[int]) -> sa.Select[Any]:
    """The last order of each guest."""
    guests = sa.select(sa.func.max(orders.c.id)).where(
        orders.c.source == intake.source, orders.c.contact_id.in_(part), orders.c.person == ""
    )
    last = guests.group_by(orders.c.contact_id)
    return sa.select(orders.c.contact_id, orders.c.name, orders.c.phone, orders.c.site).where(orders.c.id.in_(last))


def _keep(intake: Intake, known: dict[int, Person]) -> None:
    wanted = [{**rows.row(person), "contact_id": contact} for contact, person in known.items()]
    there = sa.select(people.c.external_id, people.c.digest).where(
        people.c.source == intake.source,
        people.c.external_id.in_([row["external_id"] for row in wanted]),
        people.c.gone_at.is_(None),
    )
    unchanged = {tuple(row) for row in intake.connection.execute(there)} if wanted else set()
    extra = {"source": intake.source, "seen_at": intake.now, "gone_at": None}
    changed = [{**extra, **row} for row in wanted if (row["external_id"], row["digest"]) not in unchanged]
    upsert(intake.connection, people, changed, key=("source", "external_id"))


def _let_go(intake: Intake, part: Collection[int]) -> None:
    if not part:
        return
    mine = (people.c.source == intake.source, people.c.kind == ADDRESS, people.c.gone_at.is_(None))
    intake.connection.execute(sa.update(people).where(people.c.contact_id.in_(part), *mine).values(gone_at=intake.now))
