"""What comes back from letters: openings, clicks, answers. The first of each becomes a fact; raw ones are all kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from core import postings, signing, tables
from core.block import question_name
from core.compose import LETTER, LINK
from core.db import insert_ignoring, retried, writing
from core.errors import N_, Refused
from core.intake.rows import digest
from core.links import is_web
from core.postings import Posting

OPENED, CLICKED, BROWSER, ANSWERED = "opened", "clicked", "browser", "answered"
_hits, _facts, _recipients, _people = tables.hits, tables.facts, tables.recipients, tables.people
_LONGEST = 2000  # of a link that is kept
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asked: the browser or mail program by its own words, and whether it was a machine rather than the reader."""

    agent: str = ""
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One letter as it was sent: whose, and in which posting."""

    recipient_id: int
    posting_id: int
    contact_id: int
    person_id: int | None
    email: str


def letter(engine: sa.Engine, token: str, *, key: str) -> Sent:
    """The letter whose links bear `token`. Raises Refused for one that is forged, or of a letter no longer kept."""
    numbers = signing.stamped(key, LETTER, token)
    table = _recipients
    columns = (table.c.id, table.c.posting_id, table.c.contact_id, table.c.person_id, table.c.email)
    with engine.connect() as connection:
        row = connection.execute(sa.select(*columns).where(table.c.id == numbers[0])).first()
    if row is None:
        raise Refused(N_("This link is damaged or out of date."))
    return Sent(*row)


def opened(engine: sa.Engine, token: str, visit: Visit, *, key: str, now: datetime) -> None:
    """The pixel of a letter was fetched. Raises Refused."""
    sent = letter(engine, token, key=key)
    _tell(engine, sent, OPENED, visit, now=now)


def clicked(engine: sa.Engine, token: str, link: str, visit: Visit, *, key: str, now: datetime) -> str:
    """A link of a letter was followed; where it leads. Raises Refused.

    `link` is its number in the letter as published, or "." and the sealed address of one known only at composing.
    """
    sent = letter(engine, token, key=key)
    number, url = _target(engine, sent, link, key=key)
    _tell(engine, sent, CLICKED, visit, now=now, number=number, url=url)
    return url


def seen_in_browser(engine: sa.Engine, token: str, visit: Visit, *, key: str, now: datetime) -> tuple[Sent, Posting]:
    """The letter was asked for as a page. Raises Refused when it is no longer kept."""
    sent = letter(engine, token, key=key)
    posting = posting_of(str(engine.url), engine, sent.posting_id)
    _tell(engine, sent, BROWSER, visit, now=now)
    return sent, posting


@dataclass(frozen=True, slots=True)
class Survey:
    """A question of a letter, and the answer that the reader is about to give."""

    sent: Sent
    question: str
    answers: tuple[str, ...]
    chosen: int
    tracked: bool


def survey(engine: sa.Engine, token: str, name: str, answer: str, *, key: str) -> Survey:
    """The question called `name` of the letter whose links bear `token`. Raises Refused. Nothing is recorded."""
    sent = letter(engine, token, key=key)
    publication = posting_of(str(engine.url), engine, sent.posting_id).publication
    for placed in publication.blocks if publication else ():
        question, answers = str(placed.settings.get("question", "")), placed.settings.get("answers", ())
        if "answers" in placed.settings and question_name(question) == name and answer in map(str, range(len(answers))):
            assert publication is not None
            return Survey(sent, question, tuple(map(str, answers)), int(answer), publication.tracked)
    raise Refused(N_("This link is damaged or out of date."))


@retried
def answered(engine: sa.Engine, given: Survey, visit: Visit, *, now: datetime) -> None:
    """The reader pressed the button: the first answer to a question is the fact, later ones are only kept raw."""
    words = {"question": given.question, "answer": given.answers[given.chosen]}
    with writing(engine) as connection:
        _hit(connection, given.sent, ANSWERED, visit, now=now, number=given.chosen, url=given.question)
        _fact(connection, given.sent, ANSWERED, now=now, once=given.question, words=words)
        if given.tracked:  # whoever answers has opened the letter and followed a link of it
            _mark(connection, given.sent, CLICKED, now=now)
            _fact(connection, given.sent, OPENED, now=now)


def _target(engine: sa.Engine, sent: Sent, link: str, *, key: str) -> tuple[int | None, str]:
    if link.startswith("."):
        url = signing.unseal(key, LINK, link[1:])
        return None, _checked(url)
    publication = posting_of(str(engine.url), engine, sent.posting_id).publication
    if publication is None or not link.isascii() or not link.isdigit() or int(link) >= len(publication.links):
        raise Refused(N_("This link is damaged or out of date."))
    return int(link), _checked(publication.links[int(link)])


def _checked(url: str) -> str:
    """Only web links are tracked; whatever else a forger of our own hand might have sealed leads nowhere."""
    if not is_web(url) or any(character in url for character in "\r\n\0"):
        raise Refused(N_("This link is damaged or out of date."))
    return url


@lru_cache(maxsize=64)
def posting_of(url: str, engine: sa.Engine, posting_id: int) -> Posting:
    """The posting with its publication, which never changes once it is open; read once a process."""
    try:
        return postings.posting(engine, posting_id)
    except sa.exc.NoResultFound:
        raise Refused(N_("This link is damaged or out of date.")) from None


@retried
def _tell(
    engine: sa.Engine, sent: Sent, what: str, visit: Visit, *, now: datetime, number: int | None = None, url: str = ""
) -> None:
    """The hit as it was; and of a reader's first one, that the letter was opened or this link followed."""
    with writing(engine) as connection:
        _hit(connection, sent, what, visit, now=now, number=number, url=url)
        if visit.machine:
            return
        _mark(connection, sent, what, now=now)
        if what in {CLICKED, BROWSER}:
            _fact(connection, sent, OPENED, now=now)
        if what != BROWSER:
            _fact(connection, sent, what, now=now, once=url, words={"url": url} if url else {})


def _hit(
    connection: sa.Connection, sent: Sent, what: str, visit: Visit, *, now: datetime, number: int | None, url: str
) -> None:
    hit = {"recipient_id": sent.recipient_id, "what": what, "link": number, "url": url[:_LONGEST], "at": now}
    connection.execute(sa.insert(_hits).values({**hit, "agent": visit.agent[:255], "machine": visit.machine}))


def _mark(connection: sa.Connection, sent: Sent, what: str, *, now: datetime) -> None:
    """The first opening and the first click of the recipient's row; whoever follows a link has opened the letter."""
    columns = ("opened_at", "clicked_at") if what == CLICKED else ("opened_at",)
    for name in columns:
        column = _recipients.c[name]
        mine = sa.update(_recipients).where(_recipients.c.id == sent.recipient_id, column.is_(None))
        connection.execute(mine.values({name: now}))


def _fact(
    connection: sa.Connection, sent: Sent, what: str, *, now: datetime, once: str = "", words: Mapping[str, str] = _NONE
) -> None:
    """Once a letter, of clicks once a link, of answers once a question; `words` are kept with it."""
    person = connection.execute(sa.select(_people).where(_people.c.id == sent.person_id)).mappings().first()
    issue = connection.scalar(sa.select(tables.postings.c.issue).where(tables.postings.c.id == sent.posting_id))
    row = {
        "source": person["source"] if person else "",
        "what": what,
        "at": now,
        "seen_at": now,
        "person": person["external_id"] if person else "",
        "contact_id": sent.contact_id,
        "subject": issue or "",
        "details": {"posting": sent.posting_id, "recipient": sent.recipient_id, **words},
        "digest": digest((what, sent.recipient_id, once)),
    }
    insert_ignoring(connection, _facts, [row])
