"""Consent: who has left, and the signed link by which one leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import signing, tables
from core.db import chunks, insert_ignoring, writing
from core.errors import N_, Refused

EVERYTHING = ""
_PURPOSE = "leave"
_left, _contacts, _mailings = tables.suppressions, tables.contacts, tables.mailings


@dataclass(frozen=True, slots=True)
class Left:
    """Who leaves which mailing."""

    email: str
    mailing: str
    mailing_name: str


def token(key: str, *, contact_id: int, mailing: str) -> str:
    """The signed token by which this contact can leave this mailing."""
    return signing.sign(key, _PURPOSE, [contact_id, mailing])


def read_token(engine: sa.Engine, token: str, *, now: datetime) -> Left:
    """Whom and what `token` stands for. Raises Refused for a bad token or a contact no longer known."""
    value = signing.read(signing.secret(engine, now=now), _PURPOSE, token)
    with engine.connect() as connection:
        email = connection.scalar(sa.select(_contacts.c.email).where(_contacts.c.id == value[0]))
        name = connection.scalar(sa.select(_mailings.c.name).where(_mailings.c.code == value[1]))
    if email is None:
        raise Refused(N_("This link is damaged or out of date."))
    return Left(email=email, mailing=value[1], mailing_name=name or value[1])


def leave(engine: sa.Engine, *, token: str, now: datetime) -> Left:
    """The holder of `token` leaves its mailing; doing it twice changes nothing."""
    left = read_token(engine, token, now=now)
    with writing(engine) as connection:
        suppress(connection, left.email, mailing=left.mailing, reason="unsubscribed", source="link", now=now)
    return left


def suppress(
    connection: sa.Connection, email: str, *, mailing: str = EVERYTHING, reason: str, source: str, now: datetime
) -> None:
    """Write nobody at `email` any more: this mailing, or everything. The first reason stays."""
    row = {"email": email, "mailing": mailing, "reason": reason, "source": source, "at": now}
    insert_ignoring(connection, _left, [row])


def suppressed(connection: sa.Connection, emails: Iterable[str], *, mailing: str) -> dict[str, str]:
    """Those of `emails` who left `mailing` or everything, with the reason."""
    found: dict[str, str] = {}
    for part in chunks(emails, 500):
        query = sa.select(_left.c.email, _left.c.reason).where(
            _left.c.email.in_(part), _left.c.mailing.in_((mailing, EVERYTHING))
        )
        found.update({row.email: row.reason for row in connection.execute(query)})
    return found
