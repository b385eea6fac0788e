"""What each contact bought in each source, kept up as orders come in: the ground of RFM and of cohorts.

A contact is always counted from all its orders at once, so counting twice changes nothing, and whatever was missed is
mended by the next count. Cancelled orders do not count; of revenue only orders in the site's currency do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from core import tables
from core.buyers import cuts
from core.db import chunks, retried, writing
from core.rules import Condition

_buyers, _orders, _lines, _facts = tables.buyers, tables.orders, tables.order_lines, tables.facts

OVERLAP = timedelta(minutes=5)
"""An order bears a moment before its page was committed: one that took so long to commit is still found."""
AT_A_TIME = 1000
"""Contacts counted in one transaction."""
MOVED = "order_moved"
"""The fact that an order has got another contact; its detail ``from`` is the one that the order left."""


def refresh(engine: sa.Engine, source: str, *, now: datetime, currency: str = "RUB") -> int:
    """Count anew every contact of whom orders were written since the last time; all of them the first time.

    Once a day the cut-offs follow. The answer is how many contacts were counted.
    """
    since = cuts.counted_to(engine, source)
    if since is None:
        return rebuild(engine, source, now=now, currency=currency)
    found = touched(engine, source, since=since - OVERLAP)
    for part in chunks(found, AT_A_TIME):
        _count(engine, source, currency, (_orders.c.contact_id.in_(part), _buyers.c.contact_id.in_(part)))
    cuts.daily(engine, source, now=now)
    cuts.counted(engine, source, now=now)
    return len(found)


def rebuild(engine: sa.Engine, source: str, *, now: datetime, currency: str = "RUB") -> int:
    """Count every contact anew, and the cut-offs; the answer is how many contacts were looked at.

    In ranges of contacts, each committed: after a crash the rest is as it was, and the next count begins anew.
    """
    cuts.begin(engine, source, now=now)
    looked_at = 0
    for first, last, size in ranges(engine):
        chosen = (_orders.c.contact_id.between(first, last), _buyers.c.contact_id.between(first, last))
        _count(engine, source, currency, chosen)
        looked_at += size
    cuts.compute(engine, source, now=now)
    cuts.counted(engine, source, now=now)
    return looked_at


def touched(engine: sa.Engine, source: str, *, since: datetime) -> list[int]:
    """The contacts who since have a new or altered order, or have lost one to another contact."""
    lately = (_orders.c.source == source, _orders.c.written_at >= since, _orders.c.contact_id.is_not(None))
    written = sa.select(_orders.c.contact_id).distinct().where(*lately)
    moved = sa.select(_facts.c.details).where(_facts.c.source == source, _facts.c.what == MOVED, _facts.c.at >= since)
    with engine.connect() as connection:
        left = {details["from"] for details in connection.scalars(moved)}
        return sorted(left.union(connection.scalars(written)))


def ranges(engine: sa.Engine) -> Iterator[tuple[int, int, int]]:
    """All contacts in ranges of ids: the first, the last, how many."""
    ids, first = tables.contacts.c.id, 0
    while True:
        part = sa.select(ids).where(ids >= first).order_by(ids).limit(AT_A_TIME).subquery()
        with engine.connect() as connection:
            last, size = connection.execute(sa.select(sa.func.max(part.c.id), sa.func.count())).one()
        if last is None:
            return
        yield first, last, size
        first = last + 1


@retried
def _count(engine: sa.Engine, source: str, currency: str, chosen: tuple[Condition, Condition]) -> None:
    """Count the chosen contacts (by their orders, by their rows here) in one transaction.

    Counts of a source wait for each other, so none writes what it read before another wrote.
    """
    of_orders, of_buyers = chosen
    with writing(engine) as connection:
        cuts.lock(connection, source)
        connection.execute(_counting(connection, source, _purchases(source, currency, of_orders)))
        bare = list(connection.scalars(_bare(source, of_buyers)))
        if bare:
            mine = (_buyers.c.source == source, _buyers.c.contact_id.in_(bare))
            connection.execute(sa.delete(_buyers).where(*mine))


def _purchases(source: str, currency: str, chosen: Condition) -> sa.Subquery:
    """The orders that count: contact, moment, sum, whether on sale, and which of the contact's orders it is."""
    place = sa.func.row_number().over(partition_by=_orders.c.contact_id, order_by=(_orders.c.created_at, _orders.c.id))
    return (
        sa.select(
            _orders.c.contact_id,
            _orders.c.created_at,
            sa.case((_orders.c.currency == currency, _orders.c.total), else_=0).label("spent"),
            _on_sale().label("on_sale"),
            place.label("place"),
        )
        .where(_orders.c.source == source, _orders.c.cancelled_at.is_(None), chosen)
        .subquery("purchases")
    )


def _on_sale() -> sa.ColumnElement[int]:
    """1 for an order with a coupon, or whose every line was cheaper than its base price; not known is no sale."""
    with_coupon = sa.type_coerce(_orders.c.coupons, sa.Text).not_in(("[]", "null"))
    cheaper = sa.case((_lines.c.base_price > _lines.c.price, 1), else_=0)
    every = sa.select(sa.func.min(cheaper)).where(_lines.c.order_id == _orders.c.id).correlate(_orders)
    return sa.case((with_coupon, 1), (every.scalar_subquery() == 1, 1), else_=0)


def _counting(connection: sa.Connection, source: str, purchases: sa.Subquery) -> sa.Insert:
    """The statement that writes what these purchases come to, over what was there."""
    one, func = purchases.c, sa.func
    columns: dict[str, sa.ColumnElement[Any]] = {
        "source": sa.literal(source, _buyers.c.source.type),
        "contact_id": one.contact_id,
        "orders": func.count(),
        "revenue": func.round(func.sum(one.spent), 4),  # SQLite adds floats: in another order, another last digit
        "first_at": func.min(one.created_at),
        "last_at": func.max(one.created_at),
        "first_on_sale": func.max(sa.case((one.place == 1, one.on_sale), else_=0)),
        "sale_orders": func.sum(one.on_sale),
    }
    counted = sa.select(*columns.values()).where(sa.true()).group_by(one.contact_id)
    kept = [name for name in columns if name not in {"source", "contact_id"}]
    if connection.dialect.name == "sqlite":
        lite = sqlite.insert(_buyers).from_select(list(columns), counted)
        return lite.on_conflict_do_update(
            index_elements=["source", "contact_id"], set_={name: lite.excluded[name] for name in kept}
        )
    return (
        mysql.insert(_buyers)
        .from_select(list(columns), counted)
        .on_duplicate_key_update({name: func.values(_buyers.c[name]) for name in kept})
    )


def _bare(source: str, chosen: Condition) -> sa.Select[Any]:
    """The chosen contacts that are kept as buyers and have no order left."""
    left = sa.exists().where(
        _orders.c.contact_id == _buyers.c.contact_id, _orders.c.source == source, _orders.c.cancelled_at.is_(None)
    )
    return sa.select(_buyers.c.contact_id).where(_buyers.c.source == source, chosen, ~left)
