"""The table of RFM: what each of the ten segments of a source comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.rules import Scale
from core.rules.scoring import LETTERS, SEGMENTS, Scored, scored
from core.tables import buyers


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a source: its contacts and what they have spent; `up` and `down` of them stand on its borders."""

    code: str
    contacts: int = 0
    orders: int = 0
    revenue: Decimal = Decimal(0)
    up: int = 0
    down: int = 0
    share: Decimal = Decimal(0)  # per cent of the source's buyers

    @property
    def title(self) -> str:
        """Its English name, to be translated."""
        return SEGMENTS[self.code]

    @property
    def average(self) -> Decimal:
        """What a contact has spent on average."""
        return (self.revenue / self.contacts).quantize(Decimal("0.01")) if self.contacts else Decimal(0)


def segments(connection: sa.Connection, scale: Scale, *, now: datetime) -> list[Segment]:
    """All ten segments of the scale's source at `now`, the best first: a million buyers are read once."""
    rows = connection.execute(_table(scored(scale, now))).all()
    everybody = sum(row.contacts for row in rows)
    found = {LETTERS[row.letter]: _segment(row, everybody) for row in rows}
    return [found.get(code, Segment(code)) for code in SEGMENTS]


def _table(one: Scored) -> sa.Select[Any]:
    """A row a segment. First one for each set of scores, a few hundred, so that only they are looked up in the grid."""
    func, places = sa.func, [getattr(one, step).label(step) for step in Scored.STEPS]
    scores = (
        sa.select(
            *places,
            func.count().label("contacts"),
            func.sum(buyers.c.orders).label("orders"),
            func.sum(buyers.c.revenue).label("revenue"),
        )
        .where(one.mine)
        .group_by(*Scored.STEPS)
        .subquery()
    )
    found = Scored(one.source, *(scores.c[step] for step in Scored.STEPS))
    contacts = scores.c.contacts
    columns: list[sa.ColumnElement[Any]] = [
        found.segment.label("letter"),
        func.sum(contacts).label("contacts"),
        func.sum(scores.c.orders).label("orders"),
        func.sum(scores.c.revenue).label("revenue"),
        func.sum(sa.case((found.up.is_not(None), contacts), else_=0)).label("up"),
        func.sum(sa.case((found.down.is_not(None), contacts), else_=0)).label("down"),
    ]
    return sa.select(*columns).group_by("letter")


def _segment(row: sa.Row[Any], everybody: int) -> Segment:
    share = (Decimal(100) * row.contacts / everybody).quantize(Decimal("0.1"))
    code, revenue = LETTERS[row.letter], Decimal(row.revenue)
    return Segment(code, int(row.contacts), int(row.orders), revenue, int(row.up), int(row.down), share)
