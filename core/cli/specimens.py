"""Letters that are only looked at: as a person would get one now, sent to nobody and written down nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from core import compose, groups, mailings, postings, runs, tables
from core.address import normalised
from core.app import App
from core.compose import Addressee, Publication
from core.errors import N_, Misconfigured, Refused
from core.mailings import Issue, Mailing
from core.model import Letter

_people, _contacts = tables.people, tables.contacts


def issue_of(app: App, code: str) -> tuple[Issue, Mailing]:
    """The issue named `code` and its mailing. Raises Misconfigured with the known codes."""
    with app.engine.connect() as connection:
        issue = mailings.issue(connection, code)
        return issue, mailings.mailing(connection, issue.mailing)


def specimen(app: App, issue: Issue, mailing: Mailing, *, email: str, at: datetime) -> Letter:
    """The letter of the person with that address, untracked; coupons are specimens.

    Raises Misconfigured for an unknown address, Refused for a letter that cannot be composed.
    """
    address = normalised(email)
    query = sa.select(_people).join(_contacts, _contacts.c.id == _people.c.contact_id)
    with app.engine.connect() as connection:
        found = connection.execute(query.where(_contacts.c.email == address).order_by(_people.c.id).limit(1))
        row = found.mappings().first()
    if row is None:
        template = N_("Nobody with the address {email} is in the mirror. Pull first: vestnik pull.")
        raise Misconfigured(template, email=address)
    publication = compose.untracked(runs.publish(app, issue, mailing, at=at))
    [letter] = written(app, publication, [_addressee(row, address)], at=at)
    if isinstance(letter, Refused):
        raise letter
    return letter


def members(app: App, issue: Issue, mailing: Mailing, *, count: int, at: datetime) -> list[Addressee]:
    """The first `count` of those whom the groups of `mailing` name."""
    with app.engine.connect() as connection:
        query = postings.recipients_of(connection, issue, mailing, at=at, currency=app.config.site.currency)
        found = {member.person_id: member.email for member in groups.read(connection, query.limit(count))}
        rows = connection.execute(sa.select(_people).where(_people.c.id.in_(found))).mappings().all()
    return [_addressee(row, found[row["id"]]) for row in rows]


def written(
    app: App, publication: Publication, addressees: Sequence[Addressee], *, at: datetime
) -> list[Letter | Refused]:
    """Their letters, in their order; the unsubscribe links are nobody's: a look must not unsubscribe anybody."""
    with app.engine.connect() as connection:
        asked = compose.gathered(connection, publication, addressees, shelf=app.press.blocks, now=at)
    return list(compose.compose(publication, [replace(one, contact_id=0) for one in asked], key=app.key))


def _addressee(row: sa.RowMapping, email: str) -> Addressee:
    return Addressee(row["contact_id"], 0, email, compose.person_values(row))
