"""Letters that are only looked at: as a person would get one now, sent to nobody and written down nowhere."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import compose, groups, mailings, postings, runs, showing, tables
from core.address import normalised
from core.app import App
from core.compose import Addressee, Publication
from core.errors import N_, Misconfigured, Refused
from core.mailings import Issue, Mailing
from core.model import Letter

_people, _contacts = tables.people, tables.contacts


def issue_of(app: App, code: str) -> tuple[Issue, Mailing]:
    """The issue named `code`, or the scenario's letter, and its mailing. Raises Misconfigured with the known codes."""
    if "/" in code:  # of a scenario: registration/3d
        draft = showing.draft(app, code)
        return draft.issue, draft.mailing
    with app.engine.connect() as connection:
        issue = mailings.issue(connection, code)
        return issue, mailings.mailing(connection, issue.mailing)


def specimen(app: App, issue: Issue, mailing: Mailing, *, email: str, at: datetime) -> Letter:
    """The letter of the person with that address, untracked; coupons are specimens.

    Raises Misconfigured for an unknown address, Refused for a letter that cannot be composed.
    """
    if "/" in issue.code:
        draft = showing.draft(app, issue.code)
        return _composed(app, draft.publication(at), showing.addressee_of(app, draft, email, at=at), at=at)
    address = normalised(email)
    query = sa.select(_people).join(_contacts, _contacts.c.id == _people.c.contact_id)
    with app.engine.connect() as connection:
        found = connection.execute(query.where(_contacts.c.email == address).order_by(_people.c.id).limit(1))
        row = found.mappings().first()
    if row is None:
        template = N_("Nobody with the address {email} is in the mirror. Pull first: vestnik pull.")
        raise Misconfigured(template, email=address)
    return _composed(app, published(app, issue, mailing, at=at), _addressee(row, address), at=at)


def _composed(app: App, publication: Publication, addressee: Addressee, *, at: datetime) -> Letter:
    [letter] = showing.written(app, publication, [addressee], at=at)
    if isinstance(letter, Refused):
        raise letter
    return letter


def published(app: App, issue: Issue, mailing: Mailing, *, at: datetime) -> Publication:
    """The letter, untracked. Raises Misconfigured, Refused."""
    if "/" in issue.code:
        return showing.draft(app, issue.code).publication(at)
    return compose.untracked(runs.publish(app, issue, mailing, at=at))


def channel_of(app: App, code: str) -> str:
    """How the letter leaves: by e-mail, or as the step of the scenario says."""
    return showing.draft(app, code).step.form.channel if "/" in code else "email"


def members(app: App, issue: Issue, mailing: Mailing, *, count: int, at: datetime) -> list[Addressee]:
    """The first `count` of those whom the groups of `mailing` name; of those who entered the scenario lately."""
    if "/" in issue.code:
        return showing.entrants(app, showing.draft(app, issue.code), count=count, at=at)
    with app.engine.connect() as connection:
        query = postings.recipients_of(connection, issue, mailing, at=at, currency=app.config.site.currency)
        found = {member.person_id: member.email for member in groups.read(connection, query.limit(count))}
        rows = connection.execute(sa.select(_people).where(_people.c.id.in_(found))).mappings().all()
    return [_addressee(row, found[row["id"]]) for row in rows]


def _addressee(row: sa.RowMapping, email: str) -> Addressee:
    return Addressee(row["contact_id"], 0, email, compose.person_values(row))
