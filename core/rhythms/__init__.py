"""When each contact will want a product again: learnt at night from all orders, kept up as orders come in.

A contact is always learnt from all their orders at once, so learning twice changes nothing. Each purchase keeps its row
for a while after the next one, so that what would have gone out on a day gone by can still be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import buyers, tables
from core.db import chunks, insert_ignoring, retried, upsert, writing
from core.rhythms import histories, pools
from core.rhythms.histories import History
from core.rhythms.mixing import NOBODY, Pool, mixed
from core.rules import Condition

_rhythms, _counts = tables.rhythms, tables.rhythm_counts

KEPT = 12
"""So many purchases of one product are kept beside a contact's last one."""
A_WEEK = timedelta(days=7)
"""Where no night learns anew, the first orders after so long do."""
_KEY = ("contact_id", "source", "product", "last_at")
Row = Mapping[str, Any]
Chosen = Callable[[sa.ColumnElement[Any]], Condition]
"""Which contacts: the condition on a column that names one."""


def refresh(engine: sa.Engine, source: str, *, now: datetime, timezone: str = "UTC") -> int:
    """Learn anew every contact of whom orders were written since the last time; all of them the first time.

    What others do stands as the last night learnt it. The answer is how many contacts were learnt.
    """
    state = _state(engine, source)
    if state is None or state.counted_to is None or state.learnt_at <= now - A_WEEK:
        return learn(engine, source, now=now, timezone=timezone)
    touched = buyers.touched(engine, source, since=state.counted_to - buyers.OVERLAP)
    for part in chunks(touched, buyers.AT_A_TIME):
        _write(engine, source, _among(part), timezone)
    _counted(engine, source, {"counted_to": now})
    return len(touched)


def learn(engine: sa.Engine, source: str, *, now: datetime, timezone: str = "UTC") -> int:
    """Learn everything anew, in ranges of contacts; the answer is how many contacts were looked at.

    Each range is committed: after a crash the rest is as it was, and the next night learns again.
    """
    _begin(engine, source)
    pools.keep(engine, source, list(_tally(engine, source, now, timezone).pools()))
    looked_at = 0
    for first, last, size in buyers.ranges(engine):
        _write(engine, source, _between(first, last), timezone)
        looked_at += size
    _counted(engine, source, {"counted_to": now, "learnt_at": now})
    return looked_at


def _among(ids: list[int]) -> Chosen:
    return lambda contact: contact.in_(ids)


def _between(first: int, last: int) -> Chosen:
    return lambda contact: contact.between(first, last)


def _tally(engine: sa.Engine, source: str, now: datetime, timezone: str) -> pools.Tally:
    tally = pools.Tally(now - pools.LATELY)
    for first, last, _ in buyers.ranges(engine):
        whose = tables.orders.c.contact_id.between(first, last)
        with engine.connect() as connection:
            tally.add(histories.read(connection, source, whose, timezone=timezone))
    return tally


@retried
def _write(engine: sa.Engine, source: str, chosen: Chosen, timezone: str) -> None:
    """Write the rows of the chosen contacts in one transaction, as far as they differ from those that are there.

    Writers of a source wait for each other, so none writes what it read before another wrote.
    """
    with writing(engine) as connection:
        connection.execute(sa.select(_counts.c.source).where(_counts.c.source == source).with_for_update())
        found = histories.read(connection, source, chosen(tables.orders.c.contact_id), timezone=timezone)
        fresh = {_key(row): row for row in _rows(connection, source, list(found))}
        mine = (_rhythms.c.source == source, chosen(_rhythms.c.contact_id))
        rows = connection.execute(sa.select(_rhythms).where(*mine)).mappings()
        there = {_key(row): row for row in map(dict, rows)}
        upsert(connection, _rhythms, [row for key, row in fresh.items() if there.get(key) != row], key=_KEY)
        for part in chunks(there.keys() - fresh.keys(), 200):
            columns = sa.tuple_(*(_rhythms.c[name] for name in _KEY))
            connection.execute(sa.delete(_rhythms).where(columns.in_(part)))


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _rows(connection: sa.Connection, source: str, found: list[History]) -> Iterator[Row]:
    products = pools.find(connection, source, "product", (one.product for one in found))
    sections = pools.find(connection, source, "section", (one.section for one in found))
    for one in found:
        others = products.get(one.product, NOBODY), sections.get(one.section, NOBODY)
        yield from ({**row, "source": source} for row in purchases(one, *others))


def purchases(one: History, product: Pool, section: Pool) -> Iterator[dict[str, Any]]:
    """The rows of the last purchases of a product: what was known of the contact at each of them."""
    for place in range(max(0, len(one.moments) - KEPT - 1), len(one.moments)):
        known = mixed(one.intervals[:place], product, section)
        if known is not None:
            yield {
                "contact_id": one.contact_id,
                "product": one.product,
                "last_at": one.moments[place],
                "again_at": one.moments[place + 1] if place + 1 < len(one.moments) else None,
                "section": one.section,
                "orders": place + 1,
                "interval_days": known.days,
                "next_at": one.moments[place] + timedelta(days=known.days),
                "evidence": dict(known.evidence),
            }


# ---- the row of a source ----


def _state(engine: sa.Engine, source: str) -> sa.Row[Any] | None:
    with engine.connect() as connection:
        return connection.execute(sa.select(_counts).where(_counts.c.source == source)).first()


@retried
def _begin(engine: sa.Engine, source: str) -> None:
    with writing(engine) as connection:
        insert_ignoring(connection, _counts, [{"source": source}])


@retried
def _counted(engine: sa.Engine, source: str, values: Row) -> None:
    """A count that began at `counted_to` has come to its end. An older one that ends later takes nothing back."""
    older = sa.or_(_counts.c.counted_to.is_(None), _counts.c.counted_to <= values["counted_to"])
    with writing(engine) as connection:
        connection.execute(sa.update(_counts).where(_counts.c.source == source, older).values(**values))
