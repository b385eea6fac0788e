"""A posting, its recipients, and each one's letter as it was or would be composed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from starlette.responses import Response

from core import compose, consent, journeys, postings, signing, tables
from core.compose import Addressee
from core.errors import Refused
from core.i18n import message
from core.model import Letter, Status
from core.postings import Posting
from core.web import letters, troubles
from core.web.pages import Door, House, PageNumber, Pager, RowId

router = APIRouter(prefix="/postings/{posting_id}")
_recipients, _people = tables.recipients, tables.people


def _posting(house: House, posting_id: RowId) -> Posting:
    try:
        return postings.posting(house.engine, posting_id)
    except sa.exc.NoResultFound:
        raise troubles.no_page() from None


def _recipient(house: House, posting_id: RowId, recipient_id: RowId) -> sa.RowMapping:
    query = sa.select(_recipients).where(_recipients.c.id == recipient_id, _recipients.c.posting_id == posting_id)
    with house.engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise troubles.no_page()
    return row


Found = Annotated[Posting, Depends(_posting)]
Recipient = Annotated[sa.RowMapping, Depends(_recipient)]


@router.get("")
def show_posting(house: House, posting: Found, page: PageNumber = 1, status: Status | Literal[""] = "") -> Response:
    counts = postings.counts(house.engine, posting.id)
    total = counts.get(status, 0) if status else sum(counts.values())
    pager = Pager(page, total, query={"status": status} if status else {})
    rows = _rows(house.engine, posting.id, status, pager)
    return house.page("posting.html", posting=posting, counts=counts, rows=rows, pager=pager, chosen=status)


def _rows(engine: sa.Engine, posting_id: int, status: str, pager: Pager) -> Sequence[sa.RowMapping]:
    query = sa.select(_recipients).where(_recipients.c.posting_id == posting_id)
    if status:
        query = query.where(_recipients.c.status == status)
    # by contact, not by id: the unique key (posting, contact) is in that order, so a page needs no sorting
    query = query.order_by(_recipients.c.contact_id).limit(pager.per_page).offset(pager.offset)
    with engine.connect() as connection:
        return connection.execute(query).mappings().all()


@router.get("/recipients/{recipient_id}")
def show_recipient(house: House, posting: Found, recipient: Recipient) -> Response:
    try:
        letter, fault = _letter(house, posting, recipient), ""
    except Refused as error:
        letter, fault = None, message(error, house.config.site.language)
    heads = _headers(letter) if letter else []
    return house.page("recipient.html", posting=posting, recipient=recipient, letter=letter, heads=heads, fault=fault)


@router.get("/recipients/{recipient_id}/html")
def show_html(house: House, posting: Found, recipient: Recipient) -> Response:
    try:
        return letters.framed(_letter(house, posting, recipient).html, house.config.site)
    except Refused:
        raise troubles.no_page() from None


def _letter(house: Door, posting: Posting, recipient: sa.RowMapping) -> Letter:
    """The letter by the door that sends them all, except that its unsubscribe link is nobody's."""
    if posting.publication is None:
        raise troubles.no_page()
    key, now = signing.secret(house.engine, now=house.now()), house.now()
    publication = compose.untracked(posting.publication)
    with house.engine.connect() as connection:
        addressee = _addressee(connection, house, posting, recipient)
        asked = compose.gathered(connection, publication, [addressee], shelf=house.press.blocks, now=now)
    asked = [replace(one, contact_id=consent.NOBODY) for one in asked]
    [letter] = compose.compose(publication, asked, key=key)
    if isinstance(letter, Refused):
        raise letter
    return replace(letter, message_id=recipient["message_id"])


def _addressee(connection: sa.Connection, house: Door, posting: Posting, recipient: sa.RowMapping) -> Addressee:
    """Without the recipient's row: a coupon is a specimen. A scenario's letter is about what it was about."""
    ledger_id, person = recipient["ledger_id"], _person(house.engine, recipient["person_id"])
    about = journeys.abouts(connection, [ledger_id]).get(ledger_id, journeys.NOTHING)
    found = Addressee(recipient["contact_id"], posting.id, recipient["email"], person)
    return replace(found, subject=about.subject, anchor=about.anchor)


def _person(engine: sa.Engine, person_id: int | None) -> dict[str, Any]:
    with engine.connect() as connection:
        row = connection.execute(sa.select(_people).where(_people.c.id == person_id)).mappings().first()
    return compose.person_values(row) if row else dict(compose.NOBODY)


def _headers(letter: Letter) -> list[tuple[str, str]]:
    """The headers as the letter's own page shows them; the Message-ID is known once the letter has gone."""
    named = {
        "From": letter.sender,
        "To": f"{letter.to_name} <{letter.to}>".strip(),
        "Subject": letter.subject,
        "Message-ID": letter.message_id,
    }
    return [(name, value) for name, value in {**named, **letter.headers}.items() if value]
