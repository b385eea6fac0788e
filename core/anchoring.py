"""What anchors are built of: a SELECT of entries over the facts of a span, their keys, and the midnights in a span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.db import Moment
from core.rules import Condition
from core.rules.forms import midnight
from core.rules.json_columns import JsonText, Spelled
from core.scenario import ENTRY, Span
from core.tables import facts

Column = sa.ColumnElement[Any]
OTHER = facts.alias("other")
"""Another fact of the same contact."""

_BLANK: Column = sa.literal_column("''")


def entries(
    span: Span, names: Iterable[str], *where: Condition, key: Iterable[Column], subject: Column = facts.c.subject
) -> sa.Select[Any]:
    """The entries by the facts `names` of the span that answer `where`: of those with one key and contact the first.

    `key`: the columns that name an entry, see :func:`named`.
    """
    there = [facts.c.contact_id.is_not(None), *where]
    return first_of_each(
        sa.select(
            facts.c.contact_id,
            facts.c.source,
            facts.c.person,
            subject.label("subject"),
            named(*key).label("key"),
            facts.c.at,
            facts.c.id,
        ).where(*happened(span, names), *there)
    )


def first_of_each(rows: sa.Select[Any]) -> sa.Select[Any]:
    """`rows` of :data:`~core.scenario.ENTRY` and an ``id``: of those with one key and contact the earliest."""
    found = rows.subquery("found")
    order = (found.c.at, found.c.id)
    place = sa.func.row_number().over(partition_by=(found.c.contact_id, found.c.key), order_by=order)
    ranked = sa.select(*(found.c[name] for name in ENTRY), place.label("place")).subquery("ranked")
    return sa.select(*(ranked.c[name] for name in ENTRY)).where(ranked.c.place == 1)


def happened(span: Span, names: Iterable[str], *, table: sa.FromClause = facts) -> list[Condition]:
    """The conditions that a fact of these names lies in the span, as it was known at its now: an index range."""
    until = min(span.until, span.now)
    if span.since >= until:
        return [sa.false()]
    only, learnt = span.world.only, span.learnt
    what: Column = table.c.what
    at: Column = table.c.at
    if only is None and learnt is not None:  # new facts are few, however long the span is: they are read by their ids
        what, at = _as_read(what), _as_read(at)
    return [
        what.in_(sorted(names)),
        at > span.since,
        at <= until,
        *([] if learnt is None else [table.c.id > learnt]),
        *([] if only is None else [table.c.contact_id == only]),
    ]


def named(*parts: Column) -> Column:
    """The key of an entry: its parts with strokes between them, moments in UTC to the microsecond."""
    # only moments are cast: a cast text would lose its column's collation, and MySQL would take "a1" for "A1"
    first, *rest = (sa.cast(part, sa.String(64)) if isinstance(part.type, Moment) else part for part in parts)
    return reduce(lambda key, text: key + "/" + text, rest, first)


def before(*where: Condition, names: Iterable[str]) -> Condition:
    """The contact had an earlier fact of these names, of :data:`OTHER` that answer `where`."""
    return _another(names, OTHER.c.at < facts.c.at, *where)


def since(span: Span, *where: Condition, names: Iterable[str]) -> Condition:
    """The contact had a later fact of these names, as known at the span's now, of :data:`OTHER` that answer `where`."""
    return _another(names, OTHER.c.at > facts.c.at, OTHER.c.at <= span.now, *where)


def _another(names: Iterable[str], *where: Condition) -> Condition:
    same = OTHER.c.contact_id == facts.c.contact_id
    found = sa.select(sa.literal(1)).where(same, OTHER.c.what.in_(sorted(names)), *where)
    return found.correlate(facts).exists()


def same_subject() -> Condition:
    """The other fact is about the same order, basket or product."""
    return sa.and_(OTHER.c.source == facts.c.source, OTHER.c.subject == facts.c.subject)


def detail(name: str, table: sa.FromClause = facts) -> Column:
    """The text of one of a fact's details, compared letter by letter; NULL when there is none."""
    return Exactly(JsonText(table.c.details, f"$.{name}"), type_=sa.String())


def nothing() -> sa.Select[Any]:
    """No entries, without a look at any table."""
    columns: list[Any] = [sa.literal_column("0").label("contact_id"), *(_BLANK.label(name) for name in ENTRY[1:-1])]
    return sa.select(*columns, sa.null().label("at")).where(sa.false())


def midnights(span: Span) -> Iterator[tuple[date, datetime]]:
    """The days that begin in the span, by the calendar of its world, and the moments at which they do."""
    zone = ZoneInfo(span.world.timezone)
    day, last = span.since.astimezone(zone).date(), span.until.astimezone(zone).date()
    while day <= last:
        at = midnight(day, span.world).astimezone(UTC)
        if span.since < at <= span.until:
            yield day, at
        day += timedelta(days=1)


def _as_read(column: Column) -> Column:
    return AsRead(column, type_=column.type)


class AsRead(Spelled):
    """The column, such that SQLite looks for no index on it; MySQL counts the rows of a range and finds the best."""

    inherit_cache = True
    name = "as_read"

    @staticmethod
    def sqlite(column: str) -> str:
        return f"+{column}"

    @staticmethod
    def mysql(column: str) -> str:
        return column


class Exactly(Spelled):
    """A text that equals only itself: in MySQL's usual collations "n" is "N", and 'е' is 'ё'."""

    inherit_cache = True
    name = "exactly"

    @staticmethod
    def sqlite(text: str) -> str:
        return text

    @staticmethod
    def mysql(text: str) -> str:
        return f"({text} COLLATE utf8mb4_bin)"


def written(at: datetime) -> Column:
    """The moment `at` as a column."""
    return AsMoment(sa.literal(at, Moment()), type_=Moment())


class AsMoment(Spelled):
    """A moment that is written out: MySQL would give it back as a text."""

    inherit_cache = True
    name = "as_moment"

    @staticmethod
    def sqlite(moment: str) -> str:
        return moment

    @staticmethod
    def mysql(moment: str) -> str:
        return f"CAST({moment} AS DATETIME(6))"
