"""Cohorts: who came in the same month, and how many of them bought in each month since, for how much.

Months are those of the site's calendar. Their beginnings are worked out here, by Python's time zones, and handed to the
database as moments: neither SQLite nor a MySQL without its table of zones could tell 1 March in Moscow from UTC's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.tables import buyers, orders, people


@dataclass(frozen=True, slots=True)
class Cell:
    """One month of a cohort: how many of it ordered in that month, and the sum of those orders."""

    buyers: int = 0
    revenue: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those who came in one month; `cells` are that month, the next one … up to the present one."""

    month: date  # its first day
    kind: str  # "", or of a sale cohort "sale" or "full_price"
    size: int
    cells: tuple[Cell, ...]

    def share(self, cell: Cell) -> Decimal:
        """The part of the cohort that ordered, in per cent."""
        return (Decimal(100) * cell.buyers / self.size).quantize(Decimal("0.1"))

    def per_member(self, cell: Cell) -> Decimal:
        """The revenue of the month for each one of the cohort, buyer or not."""
        return (cell.revenue / self.size).quantize(Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class Span:
    """Some months in a row: their first days, and the moments at which they begin and the last one ends."""

    days: tuple[date, ...]
    starts: tuple[datetime, ...]
    end: datetime

    def holds(self, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Whether `moment` lies in the span."""
        return sa.and_(moment >= self.starts[0], moment < self.end)

    def place(self, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        """Which of the months `moment` lies in, from 0: a tree of comparisons, four deep for a year."""
        return _place(moment, self.starts, 0)


def _place(moment: sa.ColumnElement[Any], starts: Sequence[datetime], first: int) -> sa.ColumnElement[int]:
    if len(starts) == 1:
        return sa.literal_column(str(first), sa.Integer)
    half = len(starts) // 2
    before, after = _place(moment, starts[:half], first), _place(moment, starts[half:], first + half)
    return sa.case((moment < starts[half], before), else_=after)


def span(months: int, *, now: datetime, timezone: str) -> Span:
    """The last `months` months of that zone's calendar, the present one being the last."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone)
    present = today.year * 12 + today.month - 1
    days = [date(month // 12, month % 12 + 1, 1) for month in range(present - months + 1, present + 2)]
    starts = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days]
    return Span(tuple(days[:-1]), tuple(starts[:-1]), starts[-1])


def cohorts(connection: sa.Connection, source: str, by: str, *, span: Span, currency: str = "RUB") -> list[Cohort]:
    """The cohorts of `source` that came within `span`, the oldest first; `by` is a key of COHORTS.

    Those of "sale" are two a month: whose first order was on sale, and whose was not.
    """
    members = COHORTS[by](source, span).subquery("members")
    sizes: dict[tuple[int, str], int] = {
        (row.cohort, row.kind): row.size for row in connection.execute(_sizes(members))
    }
    cells: dict[tuple[int, str], dict[int, Cell]] = {key: {} for key in sizes}
    for row in connection.execute(_cells(source, members, span, currency)):
        cells[row.cohort, row.kind][row.month] = Cell(row.buyers, row.revenue)
    last = len(span.days)
    return [
        Cohort(span.days[cohort], kind, size, _line(cells[cohort, kind], cohort, last))
        for (cohort, kind), size in sorted(sizes.items())
    ]


def _line(cells: Mapping[int, Cell], cohort: int, last: int) -> tuple[Cell, ...]:
    return tuple(cells.get(month, Cell()) for month in range(cohort, last))


def _sizes(members: sa.Subquery) -> sa.Select[Any]:
    key = (members.c.cohort, members.c.kind)
    return sa.select(*key, sa.func.count().label("size")).group_by(*key)


def _cells(source: str, members: sa.Subquery, span: Span, currency: str) -> sa.Select[Any]:
    """For each cohort and month: how many of the cohort ordered, and for how much. First a row a contact and month."""
    month = span.place(orders.c.created_at).label("month")
    spent = sa.func.sum(sa.case((orders.c.currency == currency, orders.c.total), else_=0)).label("spent")
    bought = (
        sa.select(orders.c.contact_id, month, spent)
        .where(orders.c.source == source, orders.c.cancelled_at.is_(None), span.holds(orders.c.created_at))
        .group_by(orders.c.contact_id, "month")
        .subquery("bought")
    )
    key = (members.c.cohort, members.c.kind, bought.c.month)
    revenue = sa.func.round(sa.func.sum(bought.c.spent), 4, type_=orders.c.total.type).label("revenue")
    return (
        sa.select(*key, sa.func.count().label("buyers"), revenue)
        .join_from(members, bought, members.c.contact_id == bought.c.contact_id)
        .where(bought.c.month >= members.c.cohort)
        .group_by(*key)
    )


# ---- who belongs to which cohort: (contact_id, cohort, kind) ----


def _by_first_order(source: str, span: Span) -> sa.Select[Any]:
    return _of_buyers(source, span, sa.literal_column("''", sa.String(16)))


def _by_sale(source: str, span: Span) -> sa.Select[Any]:
    came = sa.case(
        (buyers.c.first_on_sale, sa.literal_column("'sale'")), else_=sa.literal_column("'full_price'", sa.String(16))
    )
    return _of_buyers(source, span, came)


def _of_buyers(source: str, span: Span, kind: sa.ColumnElement[str]) -> sa.Select[Any]:
    cohort = span.place(buyers.c.first_at).label("cohort")
    mine = (buyers.c.source == source, span.holds(buyers.c.first_at))
    return sa.select(buyers.c.contact_id, cohort, kind.label("kind")).where(*mine)


def _by_registration(source: str, span: Span) -> sa.Select[Any]:
    """A contact with several accounts came with the first of them; one without a known date is in no cohort."""
    at = sa.func.min(people.c.registered_at)
    mine = (people.c.source == source, people.c.contact_id.is_not(None))
    came = sa.select(people.c.contact_id, at.label("at")).where(*mine).group_by(people.c.contact_id).subquery("came")
    cohort = span.place(came.c.at).label("cohort")
    return sa.select(came.c.contact_id, cohort, sa.literal_column("''", sa.String(16)).label("kind")).where(
        span.holds(came.c.at)
    )


COHORTS: Mapping[str, Callable[[str, Span], sa.Select[Any]]] = {
    "first_order": _by_first_order,
    "registration": _by_registration,
    "sale": _by_sale,
}
