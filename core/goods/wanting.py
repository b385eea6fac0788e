"""Who wants a product that something befell: they wait for it, looked at it, or have it in their basket.

Facts are about an offer, interest is about its parent, or the other way round: both are told of the whole family. The
fact leads: where there is none, neither baskets nor views are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.anchoring import Column, first_of_each, happened, named, nothing
from core.goods.anchored import ahead, at_hand, bought_since, family, is_of, read_later
from core.rules import Condition
from core.rules.baskets import CHANGED, products_held
from core.rules.days import DaysBetween
from core.rules.in_order import InOrder
from core.scenario import Span
from core.tables import baskets, facts, products, subscriptions, views

BASKET_DAYS = 90
"""A basket that nobody has touched for longer is no wish any more."""
_BEHIND = 2**60  # more than there ever are facts
_offers, _looks, _left = products.alias("kin"), facts.alias("looks"), facts.alias("left_lists")
_ONE: Column = sa.literal_column("1")


@dataclass(frozen=True, slots=True)
class Wish:
    """What counts as wanting a product."""

    awaited: bool  # on the list of those who wait for it
    viewed_days: int  # looked at in so many days before; 0: looks do not count
    in_basket: bool


def wanted(span: Span, what: str, wish: Wish, *where: Condition, offer: Condition) -> sa.Select[Any]:
    """The entries: facts named `what`, of whose products `where` is true, times the contacts who want such a product.

    One a contact, family and day: the price of five offers falls at once. `offer`: what must be true of the row
    :func:`offers` of an offer that is wanted, when the fact is about its parent.
    """
    if ahead(span):
        return nothing()
    told = _told(span, what, where, offer)
    arms = [_awaited(span, told)] if wish.awaited else []
    arms += [_viewed(span, told, wish.viewed_days)] if wish.viewed_days else []
    arms += [_in_basket(span, told, what)] if wish.in_basket else []
    return first_of_each(sa.select(sa.union_all(*arms).subquery("wanting")))


def offers() -> sa.FromClause:
    """The offers of a product that a fact is about."""
    return _offers


def happened_to_products(span: Span, what: str) -> list[Condition]:
    """The conditions that a fact about a product lies in the span; it is nobody's, also when one contact is asked."""
    return happened(replace(span, world=replace(span.world, only=None)), [what])


def _told(span: Span, what: str, where: Sequence[Condition], offer: Condition) -> sa.Subquery:
    """The facts, each with every product that a contact may want because of it: itself, its parent, its offers."""
    about = InOrder(facts, products, is_of(products, facts.c.source, facts.c.subject))
    asked = (*happened_to_products(span, what), *where)
    fact = (facts.c.id, facts.c.source, facts.c.subject, facts.c.at, family(products).label("family"))
    parent = (
        sa.select(*fact, products.c.parent.label("wanted")).select_from(about).where(*asked, products.c.parent != "")
    )
    own = sa.and_(_offers.c.parent == facts.c.subject, _offers.c.source == facts.c.source)
    each = sa.select(*fact, _offers.c.external_id.label("wanted")).select_from(InOrder(about, _offers, own))
    itself = sa.select(*fact, facts.c.subject.label("wanted")).select_from(about).where(*asked)
    return sa.union_all(itself, parent, each.where(*asked, at_hand(span, _offers), offer)).subquery("told")


def _entry(told: sa.Subquery, contact: Column, person: Column) -> list[Column]:
    """The columns of an entry; of one day and family that about the wanted product itself is taken."""
    day = sa.func.date(told.c.at, type_=sa.String)
    own_first = told.c.id + sa.case((told.c.wanted == told.c.subject, 0), else_=_BEHIND)
    key = named(told.c.source, told.c.family, day)
    names = (contact.label("contact_id"), told.c.source, person.label("person"), told.c.subject, key.label("key"))
    return [*names, told.c.at, own_first.label("id")]


def _of(span: Span, contact: Column) -> Condition:
    return contact.is_not(None) if span.world.only is None else contact == span.world.only


def _awaited(span: Span, told: sa.Subquery) -> sa.Select[Any]:
    row = subscriptions.c
    waits = sa.and_(row.list == sa.literal("awaited:") + told.c.wanted, row.source == told.c.source)
    left = (_left.c.contact_id == row.contact_id, _left.c.what == "unsubscribed", _left.c.at > span.now)
    later = sa.select(_ONE).where(*left, _left.c.subject == row.list).correlate(subscriptions).exists()
    still = sa.or_(sa.and_(row.active, sa.or_(row.gone_at.is_(None), row.gone_at > span.now)), later)
    begun = sa.or_(row.at.is_(None), row.at <= told.c.at)
    query = sa.select(*_entry(told, row.contact_id, row.person)).select_from(InOrder(told, subscriptions, waits))
    return query.where(_of(span, row.contact_id), begun, still)


def _viewed(span: Span, told: sa.Subquery, days: int) -> sa.Select[Any]:
    """Only the last look stands in the mirror: of who looked again since, the facts know whether they had before."""
    row, since = views.c, span.since - timedelta(days=days)
    own = (_looks.c.contact_id == row.contact_id, _looks.c.what == "viewed", _looks.c.subject == row.product)
    before = sa.select(_ONE).where(*own, _looks.c.at > since, *_in_days(_looks.c.at, told, days))
    earlier = before.correlate(views, told).exists()
    looked = sa.or_(sa.and_(*_in_days(row.at, told, days)), sa.and_(row.at > told.c.at, earlier))
    same = sa.and_(row.product == told.c.wanted, row.source == told.c.source)
    query = sa.select(*_entry(told, row.contact_id, row.person)).select_from(InOrder(told, views, same))
    had = bought_since(span.world, contact=row.contact_id, source=row.source, kin=told.c.family, at=row.at)
    return query.where(_of(span, row.contact_id), row.at > since, looked, sa.not_(had))


def _in_days(at: Column, told: sa.Subquery, days: int) -> list[Condition]:
    return [at <= told.c.at, DaysBetween(at, told.c.at) <= days]


def _in_basket(span: Span, told: sa.Subquery, what: str) -> sa.Select[Any]:
    """All baskets are opened once, however many products became cheaper at once; none where no product did."""
    any_fact = sa.select(_ONE).select_from(facts).where(*happened_to_products(span, what)).exists()
    touched = (CHANGED > span.since - timedelta(days=BASKET_DAYS), CHANGED <= span.now)
    lines = products_held(span.world, any_fact, *touched)
    inside = sa.and_(lines.c.product == told.c.wanted, lines.c.source == told.c.source)
    whole = InOrder(InOrder(told, lines, inside), baskets, baskets.c.id == lines.c.basket_id)
    query = sa.select(*_entry(told, lines.c.contact_id, baskets.c.person)).select_from(whole)
    return query.where(DaysBetween(CHANGED, told.c.at) <= BASKET_DAYS)


def not_sold_out_since(span: Span) -> Condition:
    """The product of the fact is still there: by its row, or, of a moment gone by, by the facts until then."""
    out = (_left.c.what == "out_of_stock", _left.c.at > facts.c.at, _left.c.at <= span.now)
    same = (_left.c.source == facts.c.source, _left.c.subject == facts.c.subject)
    sold_out = sa.select(_ONE).where(*out, *same).correlate(facts).exists()
    past = read_later(span)
    return sa.or_(sa.and_(sa.not_(past), products.c.available), sa.and_(past, sa.not_(sold_out)))
