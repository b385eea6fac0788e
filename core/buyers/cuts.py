"""The cut-offs of each source's RFM: fifths of its buyers, computed once a day unless an admin has set them.

All buyers of a source stand in a row by days since the last order, by orders, by revenue in whole units. With n buyers,
the edges are the values at the places (n - 1) · k / 5 rounded down, k = 1 … 4 from the least; a value's fifth is how
many edges it exceeds. So equal buyers always have equal scores, and where the edges differ, these are the fifths of
``pandas.qcut(values, 5)``. Where many are equal (most buyers have one order), two edges may be one, and the score
between them is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import tables
from core.db import insert_ignoring, retried, writing
from core.errors import N_, Misconfigured
from core.rules import Scale

_buyers, _scales = tables.buyers, tables.rfm_scales
NAMES = ("recency", "frequency", "monetary")
FIRST = Scale("", (30, 60, 120, 240), (5, 4, 3, 2), (50_000, 20_000, 10_000, 5_000))
"""Where a source has no buyers yet."""
A_DAY = timedelta(hours=23)
"""Cut-offs older than this are computed anew by the next count."""
_DAY = timedelta(days=1)
_MOST = {"recency": 36_500, "frequency": 1_000_000, "monetary": 10**13}


@dataclass(frozen=True, slots=True)
class Cuts:
    """A source's scale, since when it is so, and whether an admin set it."""

    scale: Scale
    at: datetime
    edited: bool


def scales(connection: sa.Connection) -> tuple[Scale, ...]:
    """The scales of all sources that have been counted, by name."""
    return tuple(one.scale for one in every(connection))


def every(connection: sa.Connection) -> list[Cuts]:
    """The cut-offs of all sources that have been counted, by name."""
    query = sa.select(_scales).where(_scales.c.counted_to.is_not(None)).order_by(_scales.c.source)
    return [_cuts(row) for row in connection.execute(query)]


def find(connection: sa.Connection, source: str) -> Cuts | None:
    """The cut-offs of one source; None before its first count."""
    row = connection.execute(sa.select(_scales).where(_scales.c.source == source)).first()
    return None if row is None else _cuts(row)


def _cuts(row: sa.Row[Any]) -> Cuts:
    scale = Scale(row.source, tuple(row.recency), tuple(row.frequency), tuple(row.monetary))
    return Cuts(scale, row.at, bool(row.edited))


def set_scale(engine: sa.Engine, source: str, values: Mapping[str, Sequence[int]], *, now: datetime) -> Scale:
    """Set some or all cut-offs of `source` by hand; from now on the clock leaves all of them alone.

    Each is four whole numbers from the best score's to the worst's. Raises Misconfigured for others.
    """
    for name, cuts in values.items():
        checked(name, cuts)
    begin(engine, source, now=now)
    _write(engine, source, {**{name: list(cuts) for name, cuts in values.items()}, "edited": True, "at": now})
    with engine.connect() as connection:
        found = find(connection, source)
    assert found is not None
    return found.scale


def checked(name: str, cuts: Sequence[int]) -> Sequence[int]:
    """`cuts` if they can be the cut-offs called `name`; raises Misconfigured otherwise."""
    if name not in NAMES:
        raise Misconfigured(N_("There are no cut-offs {name!r}; there are recency, frequency, monetary."), name=name)
    fitting = len(cuts) == 4 and all(0 < cut <= _MOST[name] for cut in cuts)
    if not fitting or list(cuts) != sorted(cuts, reverse=name != "recency"):
        raise Misconfigured(_RULES[name], given=", ".join(map(str, cuts)))
    return cuts


_RULES = {
    "recency": N_(
        "The cut-offs of recency are four numbers of days that do not fall, such as 30,60,120,240, not {given}."
    ),
    "frequency": N_(
        "The cut-offs of frequency are four numbers of orders that do not rise, such as 10,5,3,2, not {given}."
    ),
    "monetary": N_(
        "The cut-offs of monetary are four sums that do not rise, such as 50000,20000,10000,5000, not {given}."
    ),
}


def let_go(engine: sa.Engine, source: str, *, now: datetime) -> None:
    """Forget what an admin set: the cut-offs of `source` are computed again, at once and daily."""
    _write(engine, source, {"edited": False})
    compute(engine, source, now=now)


# ---- computed ----


def daily(engine: sa.Engine, source: str, *, now: datetime) -> None:
    """Compute the cut-offs of `source` anew if they are a day old."""
    with engine.connect() as connection:
        found = find(connection, source)
    if found is not None and not found.edited and found.at <= now - A_DAY:
        compute(engine, source, now=now)


def compute(engine: sa.Engine, source: str, *, now: datetime) -> None:
    """Compute the cut-offs of `source` from its buyers, unless an admin has set them."""
    with engine.connect() as connection:
        scale = fifths(connection, source, now=now)
    kept = _scales.c.edited.is_(sa.false())
    _write(engine, source, {**{name: list(getattr(scale, name)) for name in NAMES}, "at": now}, kept)


def fifths(connection: sa.Connection, source: str, *, now: datetime) -> Scale:
    """The scale that cuts the buyers of `source` into fifths at this moment."""
    mine = _buyers.c.source == source
    size = connection.scalar(sa.select(sa.func.count()).where(mine)) or 0
    if not size:
        return Scale(source, FIRST.recency, FIRST.frequency, FIRST.monetary)

    def edges(column: sa.ColumnElement[Any], order: sa.ColumnElement[Any]) -> list[Any]:
        row = sa.select(column).where(mine).order_by(order).limit(1)
        return [connection.scalar(row.offset((size - 1) * fifth // 5)) for fifth in range(1, 5)]

    last, orders, revenue = _buyers.c.last_at, _buyers.c.orders, _buyers.c.revenue
    return Scale(
        source,
        tuple(max(1, -((at - now) // _DAY)) for at in edges(last, last.desc())),
        tuple(int(edge) + 1 for edge in reversed(edges(orders, orders))),
        tuple(int(edge) + 1 for edge in reversed(edges(revenue, revenue))),
    )


# ---- the row of a source ----


@retried
def begin(engine: sa.Engine, source: str, *, now: datetime) -> None:
    """Make the row of a source that has never been counted."""
    values = {name: list(getattr(FIRST, name)) for name in NAMES}
    with writing(engine) as connection:
        insert_ignoring(connection, _scales, [{"source": source, **values, "edited": False, "at": now}])


def lock(connection: sa.Connection, source: str) -> None:
    """Wait until nobody else counts this source; SQLite's one writer has waited already."""
    connection.execute(sa.select(_scales.c.source).where(_scales.c.source == source).with_for_update())


def counted_to(engine: sa.Engine, source: str) -> datetime | None:
    """Orders of `source` that were written before this moment are counted; None: it was never counted to the end."""
    with engine.connect() as connection:
        return connection.scalar(sa.select(_scales.c.counted_to).where(_scales.c.source == source))


def counted(engine: sa.Engine, source: str, *, now: datetime) -> None:
    """A count that began at `now` has come to its end. An older one that ends later takes nothing back."""
    older = sa.or_(_scales.c.counted_to.is_(None), _scales.c.counted_to < now)
    _write(engine, source, {"counted_to": now}, older)


@retried
def _write(engine: sa.Engine, source: str, values: Mapping[str, Any], *where: sa.ColumnElement[bool]) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(_scales).where(_scales.c.source == source, *where).values(**values))
