"""Showing: a scenario's letters as they would go out, told step by step, and composed for real people who entered.

Nothing is sent and nothing is written: coupons are specimens, links are not tracked and unsubscribe nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import compose, groups, switching, tables
from core.address import normalised
from core.app import App
from core.compose import Addressee, Press, Publication
from core.coupon import CouponBlock
from core.errors import N_, Misconfigured, Refused, VestnikError
from core.journeys import Scenario, Step, book, printing
from core.journeys.looking import entry_of
from core.mailings import Issue, Mailing
from core.model import Letter
from core.rules.tree import present
from core.scenario import ENTRY, Entry, Span

YEAR = timedelta(days=365)
_people, _contacts = tables.people, tables.contacts
_READER = {"ru": "Анна", "en": "Anna"}
_SPANS = (timedelta(days=1), timedelta(days=7), timedelta(days=31), YEAR)
"""Who entered lately is looked for in ever longer spans: a year of a million people is read only if it must be."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One letter of a scenario before anything is sent."""

    scenario: Scenario
    step: Step
    mailing: Mailing
    press: Press

    @property
    def issue(self) -> Issue:
        return printing.issue_of(self.scenario, self.step, self.press, self.mailing)

    def publication(self, at: datetime) -> Publication:
        """The letter, untracked. Raises Misconfigured, Refused."""
        made = printing.published(self.press, self.scenario, self.step, self.mailing, at=at)
        return compose.untracked(made)


@dataclass(frozen=True, slots=True)
class Promise:
    """A coupon that a letter carries, as the letter says it."""

    percent: int | None
    label: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """One letter of the chain for people to read; `fault`: why it cannot go out."""

    step: Step
    letter: str
    subject: str
    preheader: str
    promises: tuple[Promise, ...] = ()
    fault: VestnikError | None = None


def draft(app: App, name: str) -> Draft:
    """The letter that ``registration/3d`` names, of a scenario that is on or off. Raises Misconfigured."""
    with app.engine.connect() as connection:
        scenario, step = book.named(connection, app.office.shelf, name)
    return draft_of(app, scenario, step)


def draft_of(app: App, scenario: Scenario, step: Step) -> Draft:
    """The letter of this step."""
    return Draft(scenario, step, switching.mailing_of(app, scenario), app.press)


def timeline(app: App, scenario: Scenario) -> list[Told]:
    """All letters of the scenario, those switched off too, in their order."""
    return [_told(app, scenario, step) for step in scenario.steps]


def _told(app: App, scenario: Scenario, step: Step) -> Told:
    letter = step.form.letter or scenario.issue(step)
    try:
        found = draft_of(app, scenario, step)
        publication = found.publication(app.clock())
    except VestnikError as error:
        return Told(step, letter, step.form.subject, step.form.preheader, fault=error)
    promises = tuple(dict.fromkeys(_promises(publication, found.press)))
    return Told(step, letter, *_headed(app, publication), promises)


def _headed(app: App, publication: Publication) -> tuple[str, str]:
    """The subject and the preheader as some reader sees them."""
    bare = replace(publication, html="", text="{{ preheader }}", blocks=(), groups=(), tracked=False)
    reader = Addressee(0, 0, "anna@example.org", {**compose.NOBODY, "name": _READER[publication.language]})
    [letter] = compose.compose(bare, [reader], key=app.key)
    return (letter.subject, letter.text) if isinstance(letter, Letter) else (publication.subject, "")


def _promises(publication: Publication, press: Press) -> list[Promise]:
    blocks = (one for one in publication.blocks if issubclass(press.blocks[one.code], CouponBlock))
    return [Promise(one.settings["percent"], one.settings["label"], one.settings["days"]) for one in blocks]


def addressee_of(app: App, found: Draft, email: str, *, at: datetime) -> Addressee:
    """The person with that address, about what they last entered the scenario with. Raises Misconfigured.

    Somebody who never entered gets the letter about nothing in particular.
    """
    address = normalised(email)
    with app.engine.connect() as connection:
        contact_id = connection.scalar(sa.select(_contacts.c.id).where(_contacts.c.email == address))
        people = _people_of(connection, [contact_id]) if contact_id else []
        if not people:
            template = N_("Nobody with the address {email} is in the mirror. Pull first: vestnik pull.")
            raise Misconfigured(template, email=address)
        entry = last_entry(app, connection, found, people[0]["contact_id"], at=at)
    return _addressee(entry, people)


def last_entry(app: App, connection: sa.Connection, found: Draft, contact_id: int, *, at: datetime) -> Entry | None:
    """What this contact last entered the scenario with; None if they never did."""
    anchor, settings = found.scenario.anchor, found.scenario.settings
    back = YEAR * 10 if anchor.stands_on(settings) else YEAR  # days of the calendar are gone through one by one
    entries = _entries(app, connection, found, Span(_world(app, connection, at, contact_id), at - back, at + YEAR / 4))
    gone = [one for one in entries if one.at <= at]
    return max(gone or entries, key=lambda one: one.at, default=None)


def entrants(app: App, found: Draft, *, count: int, at: datetime) -> list[Addressee]:
    """Up to `count` people who entered the scenario within a year before `at`, the last ones first."""
    with app.engine.connect() as connection:
        entries: Sequence[Entry] = ()
        for span in _SPANS:
            entries = _entries(app, connection, found, Span(_world(app, connection, at), at - span, at), limit=count)
            if len(entries) >= count:
                break
        people = _people_of(connection, [one.contact_id for one in entries])
    return [
        _addressee(entry, mine)
        for entry in entries
        if (mine := [one for one in people if one["contact_id"] == entry.contact_id])
    ]


def anybody(app: App, *, count: int) -> list[Addressee]:
    """The first `count` people who can be written to."""
    with app.engine.connect() as connection:
        ids = sa.select(_people.c.contact_id).where(_people.c.contact_id.is_not(None), *present())
        people = _people_of(connection, list(connection.scalars(ids.order_by(_people.c.id).limit(count))))
    return [_addressee(None, [one]) for one in people]


def letters(app: App, found: Draft, addressees: Sequence[Addressee], *, at: datetime) -> list[Letter | Refused]:
    """Their letters, in their order. Raises Misconfigured or Refused when there is no such letter at all."""
    return written(app, found.publication(at), addressees, at=at)


def written(
    app: App, publication: Publication, addressees: Sequence[Addressee], *, at: datetime
) -> list[Letter | Refused]:
    """The letters of a publication; the unsubscribe links are nobody's: a look must not unsubscribe anybody."""
    with app.engine.connect() as connection:
        asked = compose.gathered(connection, publication, addressees, shelf=app.press.blocks, now=at)
    return list(compose.compose(publication, [replace(one, contact_id=0) for one in asked], key=app.key))


def _world(app: App, connection: sa.Connection, at: datetime, only: int | None = None) -> Any:
    site = app.config.site
    return replace(groups.world(connection, now=at, timezone=site.timezone, currency=site.currency), only=only)


def _entries(app: App, connection: sa.Connection, found: Draft, span: Span, *, limit: int | None = None) -> list[Entry]:
    asked = found.scenario.anchor.entries(found.scenario.settings, span).subquery("entry")
    query = sa.select(*(asked.c[name] for name in ENTRY)).order_by(asked.c.at.desc(), asked.c.key)
    return [entry_of(row) for row in connection.execute(query.limit(limit))]


def _people_of(connection: sa.Connection, contact_ids: Sequence[int]) -> Sequence[sa.RowMapping]:
    query = (
        sa.select(_people, _contacts.c.email.label("address"))
        .join(_contacts, _contacts.c.id == _people.c.contact_id)
        .where(_people.c.contact_id.in_(contact_ids))
        .order_by(_people.c.id)
    )
    return connection.execute(query).mappings().all()


def _addressee(entry: Entry | None, people: Sequence[sa.RowMapping]) -> Addressee:
    """The contact in the name of the person who entered; the oldest of those who share the address otherwise."""
    asked = (entry.source, entry.person) if entry else None
    person = next((one for one in people if (one["source"], one["external_id"]) == asked), people[0])
    found = Addressee(person["contact_id"], 0, person["address"], compose.person_values(person))
    return replace(found, subject=entry.subject, anchor=entry.key) if entry else found
