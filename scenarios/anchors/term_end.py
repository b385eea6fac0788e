"""When a term ends: that of a subscription whose date the shop keeps, or that of a thing since it was bought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from core.anchoring import Exactly, first_of_each, happened, midnights, named, nothing, written
from core.errors import N_
from core.model import Kind
from core.plugin import Settings
from core.rules import Condition, Said, World
from core.rules.forms import midnight
from core.rules.json_columns import JsonText
from core.rules.orders import standing
from core.rules.products import Goods, Ids
from core.rules.tree import alive
from core.scenario import Anchor, Span
from core.tables import facts, order_lines, orders, people

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_BLANK: sa.ColumnElement[Any] = sa.literal_column("''")
Ends = Sequence[tuple[date, datetime]]


class TermEndSettings(Settings):
    attribute: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", title=N_("Attribute that holds the last day")
    )
    after_purchase_days: int | None = Field(
        default=None, strict=True, ge=1, le=3650, title=N_("So many days after the purchase")
    )
    products: Ids | None = Field(default=None, title=N_("Of these products"))
    sections: Ids | None = Field(default=None, title=N_("Of these sections"))

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.attribute is None) == (self.after_purchase_days is None):
            raise ValueError(Said(N_("must say attribute or after_purchase_days")))
        if (self.after_purchase_days is None) != (self.products is None and self.sections is None):
            raise ValueError(Said(N_("must say after_purchase_days together with products or sections")))
        return self


class TermEnd(Anchor):
    """The last day of a term begins, at midnight of the site.

    Either a date in the shop's own field of the person (2026-12-31, 31.12.2026), or so many days after the last order
    with one of these goods; a later one renews the term, a cancelled one has none.
    """

    code = "term_end"
    title = N_("End of a term")
    Settings = TermEndSettings
    kinds = frozenset({Kind.PEOPLE, Kind.ORDERS, Kind.PRODUCTS})

    def entries(self, settings: TermEndSettings, span: Span) -> sa.Select[Any]:
        """Terms end at midnight: the people are looked through when the span holds one, else nothing is read.

        No index knows what is inside the attributes. A look through a million people each few seconds would be too
        much; once a midnight it is not.
        """
        ends = list(midnights(span))
        if not ends:
            return nothing()
        if settings.attribute is None:
            return _bought(settings, span, ends)
        return nothing() if span.learnt is not None else _kept(settings.attribute, span.world, ends)


def _kept(attribute: str, world: World, ends: Ends) -> sa.Select[Any]:
    """The people whose attribute holds one of these days, with or without an hour."""
    text = Exactly(JsonText(people.c.attributes, f"$.{attribute}"), type_=sa.String())
    days = {written_day: written(at) for day, at in ends for written_day in (day.isoformat(), f"{day:%d.%m.%Y}")}
    local = sa.case(days, value=sa.func.substr(text, 1, 10))
    found = sa.select(
        people.c.contact_id,
        people.c.source,
        people.c.external_id.label("person"),
        _BLANK.label("subject"),
        people.c.id,
        sa.case((text.endswith("+00:00"), _of_utc(text, world, ends)), else_=local).label("at"),
    ).where(*alive(world), text.is_not(None))
    kept = found.subquery("kept")
    columns = (kept.c.contact_id, kept.c.source, kept.c.person, kept.c.subject, kept.c.id, kept.c.at)
    return first_of_each(sa.select(*columns, named(kept.c.at).label("key")).where(kept.c.at.is_not(None)))


def _of_utc(text: sa.ColumnElement[Any], world: World, ends: Ends) -> sa.ColumnElement[Any]:
    """The beginning of the site's day in which `text` lies, a field with an hour that was poured as a moment in UTC.

    By the date of UTC first: the text is taken out of the attributes once, however many days are asked.
    """
    hour = sa.func.substr(text, 12, 8)
    parts: dict[str, list[tuple[Condition, sa.ColumnElement[Any]]]] = {}
    for day, at in ends:
        for first, last in _by_utc_date(at, midnight(day + _DAY, world).astimezone(UTC)):
            until = f"{last:%H:%M:%S}" if last.date() == first.date() else "24"
            here = sa.and_(hour >= f"{first:%H:%M:%S}", hour < until)
            parts.setdefault(first.date().isoformat(), []).append((here, written(at)))
    return sa.case({utc: sa.case(*those) for utc, those in parts.items()}, value=sa.func.substr(text, 1, 10))


def _by_utc_date(first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The span from `first` to `last`, cut at the midnights of UTC."""
    while first < last:
        cut = min(last, datetime(first.year, first.month, first.day, tzinfo=UTC) + _DAY)
        yield first, cut
        first = cut


def _bought(settings: TermEndSettings, span: Span, ends: Ends) -> sa.Select[Any]:
    """The orders that were made so many days before these ends, the last of the contact with such goods."""
    world, term = span.world, timedelta(days=settings.after_purchase_days or 0)
    bounds = [(midnight(day - term + _DAY, world), at) for day, at in ends]
    made = replace(span, since=midnight(ends[0][0] - term, world) - _TICK, until=bounds[-1][0] - _TICK)
    goods = _goods(settings, world)
    return first_of_each(
        sa.select(
            facts.c.contact_id,
            facts.c.source,
            facts.c.person,
            facts.c.subject,
            named(facts.c.source, facts.c.subject).label("key"),
            sa.case(*((facts.c.at < bound, written(at)) for bound, at in bounds)).label("at"),
            facts.c.id,
        ).where(*happened(made, ["ordered"]), _own(world, goods), sa.not_(_renewed(world, goods)))
    )


def _goods(settings: TermEndSettings, world: World) -> Condition:
    """The line of an order is of these goods."""
    meant = [Goods(product=settings.products)] if settings.products else []
    meant += [Goods(section=settings.sections)] if settings.sections else []
    return sa.or_(*(one for goods in meant for one in goods.among(orders.c.source, order_lines.c.product, world)))


def _own(world: World, goods: Condition) -> Condition:
    """The order of the fact, neither cancelled nor given to another contact, has such goods."""
    own = (orders.c.source == facts.c.source, orders.c.external_id == facts.c.subject)
    return _with_lines(world, goods, *own)


def _renewed(world: World, goods: Condition) -> Condition:
    """The contact ordered such goods again."""
    return _with_lines(world, goods, orders.c.created_at > facts.c.at)


def _with_lines(world: World, goods: Condition, *which: Condition) -> Condition:
    query = sa.select(sa.literal(1)).select_from(orders.join(order_lines, order_lines.c.order_id == orders.c.id))
    whose = orders.c.contact_id == facts.c.contact_id
    return query.where(whose, *standing(world), *which, goods).correlate(facts).exists()
