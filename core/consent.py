"""Consent: who has left, and the signed link by which one leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import signing, tables
from core.db import chunks, insert_ignoring, retried, writing
from core.errors import N_, Refused

EVERYTHING = ""
NOBODY = 0
"""The contact of a test letter's or preview's link: it leaves nothing."""
_PURPOSE = "leave"
UNSUBSCRIBED = "unsubscribed"
_left, _contacts, _mailings = tables.suppressions, tables.contacts, tables.mailings


@dataclass(frozen=True, slots=True)
class Left:
    """Who leaves which mailing."""

    email: str  # "" in a test letter: nobody
    mailing: str
    mailing_name: str


def token(key: str, *, contact_id: int, mailing: str) -> str:
    """The signed token by which this contact can leave this mailing."""
    return signing.seal(key, _PURPOSE, f"{contact_id}:{mailing}")


def read_token(engine: sa.Engine, token: str, *, now: datetime) -> Left:
    """Whom and what `token` stands for. Raises Refused for a bad token or a contact no longer known."""
    number, _, mailing = signing.unseal(signing.secret(engine, now=now), _PURPOSE, token).partition(":")
    contact_id = int(number)
    with engine.connect() as connection:
        email = connection.scalar(sa.select(_contacts.c.email).where(_contacts.c.id == contact_id))
        name = connection.scalar(sa.select(_mailings.c.name).where(_mailings.c.code == mailing))
    if email is None and contact_id != NOBODY:
        raise Refused(N_("This link is damaged or out of date."))
    return Left(email=email or "", mailing=mailing, mailing_name=name or mailing)


@retried
def leave(engine: sa.Engine, *, token: str, now: datetime, everything: bool = False) -> Left:
    """The holder of `token` leaves its mailing, or `everything`; doing it twice changes nothing."""
    left = read_token(engine, token, now=now)
    if left.email:
        mailing = EVERYTHING if everything else left.mailing
        with writing(engine) as connection:
            suppress(connection, left.email, mailing=mailing, reason=UNSUBSCRIBED, source="link", now=now)
    return left


def come_back(engine: sa.Engine, *, token: str, now: datetime, everything: bool = False) -> Left:
    """The holder of `token` takes back having left its mailing, or `everything`.

    Only that one: whoever complained, or whose address bounced, is written to no more, and so is who left the other.
    """
    left = read_token(engine, token, now=now)
    mailing = EVERYTHING if everything else left.mailing
    with writing(engine) as connection:
        connection.execute(
            sa.delete(_left).where(
                _left.c.email == left.email, _left.c.mailing == mailing, _left.c.reason == UNSUBSCRIBED
            )
        )
    return left


def standing(engine: sa.Engine, left: Left) -> dict[str, str]:
    """What the address has left of this mailing and EVERYTHING: mailing → reason."""
    query = sa.select(_left.c.mailing, _left.c.reason).where(
        _left.c.email == left.email, _left.c.mailing.in_((left.mailing, EVERYTHING))
    )
    with engine.connect() as connection:
        return {row.mailing: row.reason for row in connection.execute(query)}


def suppress(
    connection: sa.Connection, email: str, *, mailing: str = EVERYTHING, reason: str, source: str, now: datetime
) -> None:
    """Write nobody at `email` any more: this mailing, or everything. The first reason stays."""
    row = {"email": email, "mailing": mailing, "reason": reason, "source": source, "at": now}
    insert_ignoring(connection, _left, [row])


@dataclass(frozen=True, slots=True)
class Leaving:
    """One address that left a mailing, or EVERYTHING, for a reason, at a moment."""

    email: str  # normalised
    mailing: str
    reason: str
    at: datetime


def suppress_all(connection: sa.Connection, leavings: Iterable[Leaving], *, source: str) -> int:
    """As :func:`suppress` for many; how many of them had not left before."""
    wanted: dict[tuple[str, str], Leaving] = {}
    for leaving in leavings:
        wanted.setdefault((leaving.email, leaving.mailing), leaving)
    for part in chunks(sorted({email for email, _ in wanted}), 500):
        query = sa.select(_left.c.email, _left.c.mailing).where(_left.c.email.in_(part))
        for known in connection.execute(query):
            wanted.pop((known.email, known.mailing), None)
    rows = [
        {"email": one.email, "mailing": one.mailing, "reason": one.reason[:255], "source": source, "at": one.at}
        for one in wanted.values()
    ]
    insert_ignoring(connection, _left, rows)
    return len(rows)


ANY, AGREED, LIST = "any", "agreed", "list"
"""What a mailing asks of a contact: nothing; a confirmed account or a list that it is on; such a list."""
NO_CONSENT = "no consent"


_OPTED_OUT = (UNSUBSCRIBED, "imported")
"""Reasons that keep marketing away from an address, but not word of its own orders."""


def withheld(
    connection: sa.Connection, emails: Iterable[str], *, mailing: str, service: bool = False
) -> dict[str, str]:
    """Those of `emails` to whom `mailing` must not go, with the reason: they left, or never gave what it asks.

    A `service` mailing reaches those, too, who want no marketing; not those who left it by name, complained, or bounce.
    """
    emails = list(emails)
    if service:
        return _beyond_service(connection, emails, mailing)
    basis = connection.scalar(sa.select(_mailings.c.consent).where(_mailings.c.code == mailing)) or ANY
    found = dict.fromkeys(_without_consent(connection, emails, basis), NO_CONSENT)
    return found | suppressed(connection, emails, mailing=mailing)


def _beyond_service(connection: sa.Connection, emails: Sequence[str], mailing: str) -> dict[str, str]:
    wide = sa.and_(_left.c.mailing == EVERYTHING, _left.c.reason.not_in(_OPTED_OUT))
    found: dict[str, str] = {}
    for part in chunks(emails, 500):
        query = sa.select(_left.c.email, _left.c.reason).where(
            _left.c.email.in_(part), sa.or_(wide, _left.c.mailing == mailing)
        )
        found.update({row.email: row.reason for row in connection.execute(query)})
    return found


def _without_consent(connection: sa.Connection, emails: Sequence[str], basis: str) -> set[str]:
    if basis == ANY:
        return set()
    given: set[str] = set()
    for part in chunks(emails, 500):
        query = sa.select(_contacts.c.email).where(_contacts.c.email.in_(part), consented(_contacts.c.id, basis))
        given.update(connection.scalars(query))
    return set(emails) - given


def consented(contact_id: sa.ColumnElement[int], basis: str) -> sa.ColumnElement[bool]:
    """The condition that this contact gave the consent `basis`."""
    if basis == ANY:
        return sa.true()
    # EXISTS for each contact: as IN, MariaDB makes a list of all accounts first, 13 seconds of a million instead of 4
    people, lists = tables.people.alias("accounts"), tables.subscriptions.alias("on_lists")
    # who waits for one product has asked for word of that product, not for letters
    letters = (lists.c.active, lists.c.gone_at.is_(None), lists.c.list.not_like("awaited:%"))
    listed = sa.exists().where(lists.c.contact_id == contact_id, *letters)
    there = (people.c.kind == "user", people.c.confirmed, people.c.active, people.c.gone_at.is_(None))
    return listed if basis == LIST else sa.or_(listed, sa.exists().where(people.c.contact_id == contact_id, *there))


def reason(email: sa.ColumnElement[str], contact_id: sa.ColumnElement[int], *, mailing: str, basis: str) -> Any:
    """As :func:`withheld` for a whole SELECT: the reason, NULL for whom the mailing may go to."""
    left = sa.select(sa.func.min(_left.c.reason)).where(
        _left.c.email == email, _left.c.mailing.in_((mailing, EVERYTHING))
    )
    lacking = sa.case((sa.not_(consented(contact_id, basis)), NO_CONSENT))
    return sa.func.coalesce(left.correlate(email.table).scalar_subquery(), lacking)


def suppressed(connection: sa.Connection, emails: Iterable[str], *, mailing: str) -> dict[str, str]:
    """Those of `emails` who left `mailing` or everything, with the reason."""
    found: dict[str, str] = {}
    for part in chunks(emails, 500):
        query = sa.select(_left.c.email, _left.c.reason).where(
            _left.c.email.in_(part), _left.c.mailing.in_((mailing, EVERYTHING))
        )
        found.update({row.email: row.reason for row in connection.execute(query)})
    return found
