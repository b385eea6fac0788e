"""Addresses that have no account: one row of people for each that a guest's order, a form or a list has made known.

So groups can write to them. A user of the same address in the same source takes the row's place, and gives it back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from core.bulk import among
from core.db import chunks, upsert
from core.intake import rows
from core.intake.facts import tell
from core.intake.where import ADDRESS, USER, Intake
from core.model import Kind, Person
from core.tables import contacts, orders, people, subscriptions


def settle(intake: Intake, touched: Collection[int], *, users: Collection[int] = ()) -> None:
    """Bring the address rows of these contacts to what is known of them now; doing it twice changes nothing.

    Those of them that are known to have an account need not be asked for it: `users`.
    """
    for part in chunks(sorted(touched), 500):
        others = set(part).difference(users)
        known = _known(intake, others - _of_kind(intake, others, USER))
        _keep(intake, known)
        _let_go(intake, _of_kind(intake, part, ADDRESS) - known.keys())


def gone(intake: Intake, kind: Kind, ids: Collection[int]) -> None:
    """Mark these rows of the mirror, which their source has no more, with what follows from it."""
    table = rows.TABLES[kind]
    lost = [dict(row._mapping) for row in intake.asked(sa.select(table), table.c.id, ids)]
    intake.connection.execute(sa.update(table).where(among(table.c.id, ids)).values(gone_at=intake.now))
    if kind is Kind.SUBSCRIPTIONS:
        left = [{**row, "active": False} for row in lost]
        tell(intake, kind, {row["external_id"]: row for row in lost}, left)
    if kind in {Kind.PEOPLE, Kind.SUBSCRIPTIONS}:
        settle(intake, {row["contact_id"] for row in lost if row["contact_id"]})


def _of_kind(intake: Intake, part: Collection[int], kind: str) -> set[int]:
    """Those with a row of this kind. A USER is one whose account is switched off, too: its owner has been heard."""
    there = sa.select(people.c.contact_id).where(intake.mine(people))
    chosen = there.where(people.c.kind == kind, people.c.gone_at.is_(None))
    return {contact for (contact,) in intake.asked(chosen, people.c.contact_id, part)}


def _known(intake: Intake, part: Collection[int]) -> dict[int, Person]:
    """Contact → who it is, as the last guest's order says, else a list that it is on."""
    if not part:
        return {}
    told: dict[int, dict[str, Any]] = {}
    for contact, name in intake.connection.execute(_listed(intake, part)):
        one = told.setdefault(contact, {})
        one["name"] = one.get("name") or name
    for contact, name, phone, site in intake.connection.execute(_ordered(intake, part)):
        one = told.setdefault(contact, {})
        one |= {"name": name or one.get("name", ""), "phone": phone, "site": site}
    emails = sa.select(contacts.c.id, contacts.c.email)
    return {
        contact: Person(f"address:{rows.digest(email).hex()}", email, kind=ADDRESS, **told[contact])
        for contact, email in intake.asked(emails, contacts.c.id, told)
    }


def _listed(intake: Intake, part: Collection[int]) -> sa.Select[Any]:
    on_list = sa.select(subscriptions.c.contact_id, subscriptions.c.name).where(
        intake.mine(subscriptions), among(subscriptions.c.contact_id, part)
    )
    # who waits for one product has asked for word of that product, not for letters
    letters = subscriptions.c.list.not_like("awaited:%")
    return on_list.where(letters, subscriptions.c.active, subscriptions.c.gone_at.is_(None)).order_by(
        subscriptions.c.id
    )


def _ordered(intake: Intake, part: Collection[int]) -> sa.Select[Any]:
    """The last order of each guest."""
    guests = sa.select(sa.func.max(orders.c.id)).where(
        intake.mine(orders), among(orders.c.contact_id, part), orders.c.person == ""
    )
    last = guests.group_by(orders.c.contact_id)
    return sa.select(orders.c.contact_id, orders.c.name, orders.c.phone, orders.c.site).where(orders.c.id.in_(last))


def _keep(intake: Intake, known: dict[int, Person]) -> None:
    wanted = [{**rows.row(person), "contact_id": contact} for contact, person in known.items()]
    there = sa.select(people.c.external_id, people.c.digest).where(
        people.c.source == intake.source, people.c.gone_at.is_(None)
    )
    unchanged = set(map(tuple, intake.asked(there, people.c.external_id, [row["external_id"] for row in wanted])))
    extra = {"source": intake.source, "seen_at": intake.now, "gone_at": None}
    changed = [{**extra, **row} for row in wanted if (row["external_id"], row["digest"]) not in unchanged]
    upsert(intake.connection, people, changed, key=("source", "external_id"))


def _let_go(intake: Intake, part: Collection[int]) -> None:
    if not part:
        return
    there = (intake.mine(people), people.c.kind == ADDRESS, people.c.gone_at.is_(None))
    lost = sa.update(people).where(among(people.c.contact_id, part), *there)
    intake.connection.execute(lost.values(gone_at=intake.now))
