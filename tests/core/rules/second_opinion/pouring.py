"""A life of the second opinion brought into the mirror: read twice, so that something can go away in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import buyers, consent, db, intake, tables
from core.model import Kind
from core.tables import metadata
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.rules.second_opinion.facts import Letter, Life, Shop

_FIRST = NOW - timedelta(hours=1)


def pour(engine: sa.Engine, life: Life) -> dict[str, int]:
    """Read the shops, write our letters and those who left; address → contact."""
    for shop in life.shops:
        source = MemorySource(shop.name)
        _read(engine, source, shop, clock=_FIRST)
        _read(engine, source, _later(shop), clock=NOW)
        _tell_offline(engine, shop)
        buyers.rebuild(engine, shop.name, now=NOW)
    with db.writing(engine) as connection:
        known = {email: number for number, email in connection.execute(sa.select(tables.contacts.c.id, _EMAIL))}
        _post(connection, life, known)
        for left in life.leavings:
            row = {"mailing": left.mailing, "reason": left.reason, "source": "test"}
            consent.suppress(connection, left.email, now=left.at, **row)
        rows = [{"group": group, "contact_id": known[one]} for group, some in life.frozen.items() for one in some]
        if rows:
            connection.execute(sa.insert(tables.group_members), rows)
    return known


_EMAIL = tables.contacts.c.email


def _read(engine: sa.Engine, source: MemorySource, shop: Shop, *, clock: datetime) -> None:
    source.rows |= {
        Kind.PEOPLE: list(shop.people),
        Kind.PRODUCTS: list(shop.products),
        Kind.BASKETS: list(shop.baskets),
        Kind.ORDERS: list(shop.orders),
        Kind.VIEWS: list(shop.views),
        Kind.SUBSCRIPTIONS: list(shop.subscriptions),
    }
    for report in intake.pull(engine, source, clock=lambda: clock, full=True):
        assert report.error is None, report.error


def _later(shop: Shop) -> Shop:
    """The shop without what went, its lists as they were left."""
    return replace(
        shop,
        people=[one for one in shop.people if one.external_id not in shop.gone],
        baskets=[one for one in shop.baskets if one.external_id not in shop.gone],
        subscriptions=[
            replace(one, active=one.external_id not in shop.left)
            for one in shop.subscriptions
            if one.external_id not in shop.gone
        ],
    )


def _tell_offline(engine: sa.Engine, shop: Shop) -> None:
    """Where an order was made, which intake does not mirror yet."""
    table, offline = tables.orders, [one.external_id for one in shop.orders if one.offline]
    with db.writing(engine) as connection:
        chosen = (table.c.source == shop.name, table.c.external_id.in_(offline))
        connection.execute(sa.update(table).where(*chosen).values(offline=True))


def _post(connection: sa.Connection, life: Life, known: Mapping[str, int]) -> None:
    texts = dict.fromkeys(("name", "letter", "subject", "preheader", "schedule", "timezone"), "")
    numbers = {"catch_up_seconds": 0, "max_age_seconds": 0, "utm": {}, "active": True}
    moments = {"scheduled_from": NOW, "changed_at": NOW}
    for code, mailing in {one.issue: one.mailing for one in life.letters}.items():
        row = {"code": code, "mailing": mailing, **texts, **numbers, **moments}
        connection.execute(sa.insert(tables.issues).values(**row))
    for number, letter in enumerate(life.letters):
        row = {"issue": letter.issue, "firing_at": NOW + timedelta(seconds=number), "status": "done", "reason": ""}
        posting = connection.execute(sa.insert(tables.postings).values(**row, by_hand=True, created_at=NOW))
        connection.execute(sa.insert(tables.recipients).values(_recipient(letter, posting, known[letter.email])))


def _recipient(letter: Letter, posting: sa.CursorResult[tuple[int]], contact: int) -> dict[str, object]:
    return {
        "posting_id": posting.inserted_primary_key[0],  # type: ignore[index]
        "contact_id": contact,
        "email": letter.email,
        "status": letter.status,
        "reason": "",
        "message_id": "",
        "attempts": 1,
        "sent_at": letter.sent_at,
        "opened_at": letter.opened_at,
        "clicked_at": letter.clicked_at,
    }


def empty(engine: sa.Engine) -> None:
    """Nothing is known any more."""
    with db.writing(engine) as connection:
        for table in metadata.sorted_tables:
            connection.execute(sa.delete(table))
