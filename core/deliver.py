"""Deliver: a worker takes a batch of a posting's recipients, composes, claims, sends and records, row by row.

Every move repeats the old status and the lease in its WHERE, so doing it twice changes nothing:

    new ──take──► composed ──claim──► claimed ──record──► sent | failed | new (to be tried again) | unknown
     ▲               │ lease ran out      │ lease ran out
     └───────────────┘                    └──► unknown: only the relay knows
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import compose, consent, coupons, journeys, tables
from core.block import Block
from core.channel import Session
from core.compose import Addressee, NothingToShow, Publication
from core.config import Deliver
from core.coupons import Mint, Prepared
from core.db import chunks, retried, writing
from core.errors import VestnikError
from core.journeys import NOTHING, About, Office
from core.model import Letter, Outcome, PostingStatus, Status
from core.postings import Posting
from core.source import Source

_recipients, _people, _postings = tables.recipients, tables.people, tables.postings
_UNKNOWN = "the worker stopped while this letter was on the wire"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker needs: the database, the signing key, the settings, the clock, and whether to stop."""

    engine: sa.Engine
    key: str
    settings: Deliver
    clock: Callable[[], datetime]
    stopping: Callable[[], bool] = lambda: False
    blocks: Mapping[str, type[Block]] = field(default_factory=dict)
    sources: Callable[[], Mapping[str, Source]] = dict  # asked for only by letters with coupons
    coupon_cap: int = 0
    office: Office | None = None  # of scenarios: their letters are looked at once more before they go

    @property
    def mint(self) -> Mint:
        """What coupons are made with."""
        return Mint(self.engine, self.key, self.sources, self.coupon_cap)


@dataclass(frozen=True, slots=True)
class Mail:
    """A row of the batch with its composed letter."""

    id: int
    attempts: int
    letter: Letter


class RelayAway(Exception):
    """The relay does not take letters now; the batch was given back."""


def work(desk: Desk, posting: Posting, session: Session, *, progress: Callable[[int], None] = lambda _: None) -> None:
    """Send what is waiting in `posting` until nothing is, or until told to stop; `progress` gets letters done.

    Raises RelayAway when the relay cannot be reached, and a VestnikError when coupons of these letters cannot be made
    now: the letters stay waiting, no attempt is counted.
    """
    assert posting.publication is not None
    while not desk.stopping():
        lease = uuid.uuid4().hex
        rows = _take(desk, posting.id, lease)
        if not rows:
            return
        mails, prepared = _composed(desk, posting, posting.publication, rows, lease)
        _send(desk, mails, session, lease)
        progress(len(rows) - len(prepared.waiting))
        if prepared.why:
            raise prepared.why


def ready(engine: sa.Engine, posting_id: int, *, now: datetime) -> bool:
    """Whether a letter of the posting could be taken at this moment. The clock asks at every tick: no counting."""
    query = sa.select(_recipients.c.id).where(*_takeable(posting_id, now)).limit(1)
    with engine.connect() as connection:
        return connection.scalar(query) is not None


def at_work(engine: sa.Engine, posting_id: int) -> int:
    """How many batches of the posting are in workers' hands."""
    held = (Status.COMPOSED.value, Status.CLAIMED.value)
    query = sa.select(sa.func.count(_recipients.c.lease.distinct())).where(
        _recipients.c.posting_id == posting_id, _recipients.c.status.in_(held)
    )
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def _takeable(posting_id: int, now: datetime) -> list[sa.ColumnElement[bool]]:
    return [
        _recipients.c.posting_id == posting_id,
        _recipients.c.status == Status.NEW.value,
        sa.or_(_recipients.c.next_at.is_(None), _recipients.c.next_at <= now),
    ]


@retried
def _take(desk: Desk, posting_id: int, lease: str) -> list[sa.RowMapping]:
    """new → composed for a batch; another worker may have been faster, then try the next ones."""
    now = desk.clock()
    while True:
        with writing(desk.engine) as connection:
            wanted = sa.select(_recipients.c.id).where(*_takeable(posting_id, now)).limit(desk.settings.batch)
            ids = list(connection.scalars(wanted))
            if not ids:
                return []
            connection.execute(
                sa.update(_recipients)
                .where(_recipients.c.id.in_(ids), _recipients.c.status == Status.NEW.value)
                .values(status=Status.COMPOSED.value, lease=lease, lease_until=_until(desk, now))
            )
            query = sa.select(_recipients).where(_recipients.c.lease == lease).order_by(_recipients.c.id)
            rows = list(connection.execute(query).mappings())
        if rows:
            return rows


def _until(desk: Desk, now: datetime) -> datetime:
    return now + timedelta(seconds=desk.settings.lease_seconds)


def _composed(
    desk: Desk, posting: Posting, publication: Publication, rows: Sequence[sa.RowMapping], lease: str
) -> tuple[list[Mail], Prepared]:
    """Letters of the batch; those who left meanwhile are skipped, a letter that cannot be composed fails alone.

    Coupons are made for those who stay. A letter whose coupon cannot be made yet is put off.
    """
    with desk.engine.connect() as connection:
        gone = _gone(connection, desk, posting, publication, rows)
        people = _people_of(connection, rows)
        kept = [row for row in rows if row["id"] not in gone]
        abouts = journeys.abouts(connection, [row["ledger_id"] for row in kept])
    addressees = [_addressee(row, posting.id, people, abouts) for row in kept]
    prepared = coupons.prepare(
        desk.mint, publication, addressees, shelf=desk.blocks, anchor=posting.firing_at, now=desk.clock()
    )
    held = prepared.waiting | prepared.refused.keys()
    kept = [row for row in kept if row["id"] not in held]
    addressees = [one for one in addressees if one.recipient_id not in held]
    with desk.engine.connect() as connection:
        addressees = compose.gathered(connection, publication, addressees, shelf=desk.blocks, now=desk.clock())
    gone |= {row_id: (Status.SKIPPED, reason) for row_id, reason in prepared.refused.items()}
    mails = []
    for row, letter in zip(kept, compose.compose(publication, addressees, key=desk.key), strict=True):
        if isinstance(letter, Letter):
            mails.append(Mail(row["id"], row["attempts"], letter))
        else:
            gone[row["id"]] = (Status.SKIPPED if isinstance(letter, NothingToShow) else Status.FAILED, letter)
    _settle(desk, gone, lease)
    journeys.note(desk.engine, rows, gone, addressees, now=desk.clock())
    _put_off(desk, prepared.waiting, lease)
    return mails, prepared


def _gone(
    connection: sa.Connection,
    desk: Desk,
    posting: Posting,
    publication: Publication,
    rows: Sequence[sa.RowMapping],
) -> dict[int, tuple[Status, str | VestnikError]]:
    """Those who left meanwhile, and those for whom the scenario is over: recipient → why no letter goes."""
    service = posting.kind == "service"
    emails = [row["email"] for row in rows]
    left = consent.withheld(connection, emails, mailing=publication.mailing, service=service)
    over = _over(connection, desk, posting, publication, rows)
    reasons = {**over, **{row["id"]: left[row["email"]] for row in rows if row["email"] in left}}
    return {row_id: (Status.SKIPPED, reason) for row_id, reason in reasons.items()}


def _over(
    connection: sa.Connection,
    desk: Desk,
    posting: Posting,
    publication: Publication,
    rows: Sequence[sa.RowMapping],
) -> Mapping[int, str | VestnikError]:
    """What scenarios and the rules of frequency say against these letters."""
    if desk.office is None:
        return {}
    if posting.kind == "issue":
        return journeys.too_often(connection, desk.office, publication.mailing, rows, now=desk.clock())
    return journeys.over(connection, desk.office, posting.issue, rows, now=desk.clock())


def _addressee(
    row: sa.RowMapping, posting_id: int, people: Mapping[int, Mapping[str, Any]], abouts: Mapping[int, About]
) -> Addressee:
    person, about = people.get(row["person_id"], compose.NOBODY), abouts.get(row["ledger_id"], NOTHING)
    return Addressee(
        row["contact_id"],
        posting_id,
        row["email"],
        person,
        recipient_id=row["id"],
        subject=about.subject,
        anchor=about.anchor,
        ledger_id=row["ledger_id"],
    )


def _people_of(connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> dict[int, dict[str, Any]]:
    ids = [row["person_id"] for row in rows if row["person_id"]]
    found = connection.execute(sa.select(_people).where(_people.c.id.in_(ids))).mappings()
    return {row["id"]: compose.person_values(row) for row in found}


@retried
def _settle(desk: Desk, gone: Mapping[int, tuple[Status, str | VestnikError]], lease: str) -> None:
    if not gone:
        return
    with writing(desk.engine) as connection:
        for row_id, (status, reason) in gone.items():
            connection.execute(
                sa.update(_recipients)
                .where(_recipients.c.id == row_id, _recipients.c.lease == lease)
                .values(status=status.value, reason=reason, lease=None, lease_until=None)
            )


@retried
def _put_off(desk: Desk, row_ids: Collection[int], lease: str) -> None:
    """composed → new, a little later: letters that can go must not stand behind those that cannot."""
    if not row_ids:
        return
    later = desk.clock() + timedelta(seconds=desk.settings.retry_seconds)
    with writing(desk.engine) as connection:
        connection.execute(
            sa.update(_recipients)
            .where(_recipients.c.id.in_(row_ids), _recipients.c.lease == lease)
            .values(status=Status.NEW.value, lease=None, lease_until=None, next_at=later)
        )


def _send(desk: Desk, mails: Sequence[Mail], session: Session, lease: str) -> None:
    recorded: list[tuple[Mail, Outcome]] = []
    for window in chunks(mails, desk.settings.window):
        held = _record_and_claim(desk, recorded, [] if desk.stopping() else window, lease)
        sending = [mail for mail in window if mail.id in held]
        recorded = list(zip(sending, session.send([mail.letter for mail in sending]), strict=True))
        if any(_stops(outcome) for _, outcome in recorded):
            break
    _record_and_claim(desk, recorded, [], lease)
    _give_back(desk, lease)
    away = next((outcome for _, outcome in recorded if _stops(outcome)), None)
    if away:
        raise RelayAway(away.reply)


def _stops(outcome: Outcome) -> bool:
    """A relay that is away, or hangs once it has the letter: going on would make letter after letter unknown."""
    return not outcome.reached or outcome.result == "unknown"


@retried
def _record_and_claim(
    desk: Desk, recorded: Sequence[tuple[Mail, Outcome]], window: Sequence[Mail], lease: str
) -> set[int]:
    """The last window's outcomes and the next window's claim in one commit; ids of `window` that we still hold."""
    now = desk.clock()
    with writing(desk.engine) as connection:
        for mail, outcome in recorded:
            _record(connection, desk, mail, outcome, lease, now)
        ids = [mail.id for mail in window]
        if not ids:
            return set()
        mine = (_recipients.c.lease == lease) & (_recipients.c.lease_until >= now)
        connection.execute(
            sa.update(_recipients)
            .where(_recipients.c.id.in_(ids), mine, _recipients.c.status == Status.COMPOSED.value)
            .values(status=Status.CLAIMED.value)
        )
        connection.execute(sa.update(_recipients).where(mine).values(lease_until=_until(desk, now)))
        claimed = sa.select(_recipients.c.id).where(
            _recipients.c.lease == lease, _recipients.c.status == Status.CLAIMED.value
        )
        return set(connection.scalars(claimed)) & set(ids)


def _record(connection: sa.Connection, desk: Desk, mail: Mail, outcome: Outcome, lease: str, now: datetime) -> None:
    """claimed → what the relay said. A row that meanwhile became `unknown` is settled too: now we know."""
    connection.execute(
        sa.update(_recipients)
        .where(
            _recipients.c.id == mail.id,
            _recipients.c.lease == lease,
            _recipients.c.status.in_((Status.CLAIMED.value, Status.UNKNOWN.value)),
        )
        .values(**_after(desk, mail, outcome, now), message_id=mail.letter.message_id)
    )
    if outcome.result == "retry":
        _reopen(connection, mail)


def _reopen(connection: sa.Connection, mail: Mail) -> None:
    """A late answer can give an `unknown` letter back when its posting was closed already: it is waited for again."""
    waits = sa.select(_recipients.c.posting_id).where(
        _recipients.c.id == mail.id, _recipients.c.status == Status.NEW.value
    )
    connection.execute(
        sa.update(_postings)
        .where(_postings.c.id == waits.scalar_subquery(), _postings.c.status == PostingStatus.DONE.value)
        .values(status=PostingStatus.OPEN.value, finished_at=None)
    )


def _after(desk: Desk, mail: Mail, outcome: Outcome, now: datetime) -> dict[str, Any]:
    settled: dict[str, Any] = {"reason": outcome.reply, "lease": None, "lease_until": None}
    if outcome.result == "sent":
        return {**settled, "status": Status.SENT.value, "sent_at": now, "attempts": mail.attempts + 1}
    if outcome.result == "unknown":
        return {**settled, "status": Status.UNKNOWN.value, "attempts": mail.attempts + 1}
    if outcome.result == "retry":
        attempts = mail.attempts + (1 if outcome.reached else 0)
        if attempts < desk.settings.attempts:
            return {
                **settled,
                "status": Status.NEW.value,
                "attempts": attempts,
                "next_at": _next(desk, attempts, outcome, now),
            }
    return {**settled, "status": Status.FAILED.value, "attempts": mail.attempts + 1}


def _next(desk: Desk, attempts: int, outcome: Outcome, now: datetime) -> datetime | None:
    """Each refusal doubles the wait; a letter at which the relay always breaks off must not stand before all others."""
    if not outcome.tried:
        return None
    times = 2 ** (attempts - 1) if outcome.reached else 0.25
    return now + timedelta(seconds=desk.settings.retry_seconds * times)


@retried
def _give_back(desk: Desk, lease: str) -> None:
    """composed → new for what was not claimed (told to stop, or the relay went away)."""
    with writing(desk.engine) as connection:
        connection.execute(
            sa.update(_recipients)
            .where(_recipients.c.lease == lease, _recipients.c.status == Status.COMPOSED.value)
            .values(status=Status.NEW.value, lease=None, lease_until=None)
        )


@retried
def release_dead(engine: sa.Engine, *, now: datetime) -> tuple[int, int]:
    """Rows whose worker is gone (its lease ran out): (given back, become unknown)."""
    dead = _recipients.c.lease_until < now
    held = (Status.COMPOSED.value, Status.CLAIMED.value)
    with engine.connect() as connection:  # looked for first: an UPDATE by that index would lock rows of living workers
        ids = list(connection.scalars(sa.select(_recipients.c.id).where(_recipients.c.status.in_(held), dead)))
    back = lost = 0
    for part in chunks(ids, 500):
        with writing(engine) as connection:
            chosen = sa.update(_recipients).where(_recipients.c.id.in_(part), dead)
            given_back = {"status": Status.NEW.value, "lease": None, "lease_until": None}
            composed = chosen.where(_recipients.c.status == Status.COMPOSED.value).values(given_back)
            back += connection.execute(composed).rowcount
            # the lease stays: if the worker wakes up after all, it may still say what happened
            unknown = {"status": Status.UNKNOWN.value, "reason": _UNKNOWN, "lease_until": None}
            claimed = chosen.where(_recipients.c.status == Status.CLAIMED.value).values(unknown)
            lost += connection.execute(claimed).rowcount
    return back, lost
