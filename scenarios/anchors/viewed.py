"""Who looked at a product, or at several of one section, and left it at that."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import OTHER, entries, nothing
from core.errors import N_
from core.goods.anchored import OfGoods, ahead, at_hand, bought_since, family, is_of, price
from core.model import Kind
from core.rules import Condition
from core.rules.baskets import CHANGED
from core.rules.days import DaysBetween
from core.rules.forms import Number
from core.rules.json_columns import JsonHasItem, JsonNumber
from core.scenario import Anchor, Span
from core.tables import baskets, facts, products

_LOOKS = frozenset({"viewed"})
_other_product, _offer = products.alias("other_product"), products.alias("offer")
_ONE: sa.ColumnElement[Any] = sa.literal_column("1")
_DAY: sa.ColumnElement[Any] = sa.func.date(facts.c.at, type_=sa.String)


class ViewedSettings(OfGoods):
    min_price: Number | None = Field(default=None, ge=0, title=N_("Of a price from"))
    max_price: Number | None = Field(default=None, gt=0, title=N_("Of a price up to"))
    at_least: int = Field(default=1, strict=True, ge=1, le=1000, title=N_("Looked at it so many times at least"))

    def right(self, look: sa.FromClause, product: sa.FromClause) -> list[Condition]:
        """The conditions that the look is at such a product, often enough."""
        asked = [is_of(product, look.c.source, look.c.subject), *self.meant(product)]
        if self.min_price is not None:
            asked.append(price(product) >= self.min_price)
        if self.max_price is not None:
            asked.append(price(product) <= self.max_price)
        if self.at_least > 1:
            asked.append(JsonNumber(look.c.details, "$.count") >= Decimal(self.at_least))
        return asked


class Viewed(Anchor):
    """A contact's last look at a product that can be bought, and which they neither bought since nor put in a basket.

    Whoever looks at the next such product leaves this entry and begins a new one.
    """

    code = "viewed"
    title = N_("Product looked at")
    Settings = ViewedSettings
    kinds = frozenset({Kind.VIEWS, Kind.PRODUCTS, Kind.BASKETS, Kind.ORDERS})
    facts = _LOOKS
    moves = True

    def entries(self, settings: ViewedSettings, span: Span) -> sa.Select[Any]:
        if ahead(span):
            return nothing()
        asked = (
            *settings.right(facts, products),
            at_hand(span),
            sa.not_(_later(span, *settings.right(OTHER, _other_product))),
            sa.not_(_in_basket(span)),
            sa.not_(_bought(span)),
        )
        return entries(span, self.facts, *asked, key=(facts.c.source, facts.c.subject, _DAY))


def _later(span: Span, *where: Condition) -> Condition:
    """The contact looked at another such product afterwards; of two in one second the one is after the other."""
    after = sa.or_(OTHER.c.at > facts.c.at, OTHER.c.id > facts.c.id)
    own = (OTHER.c.contact_id == facts.c.contact_id, OTHER.c.what == "viewed", OTHER.c.at >= facts.c.at, after)
    query = sa.select(_ONE).where(*own, OTHER.c.at <= span.now, *where)
    return query.correlate(facts, products).exists()


def _in_basket(span: Span) -> Condition:
    """The product, or an offer of it, lies in a basket of the contact."""
    offers = baskets.outerjoin(_offer, sa.and_(_offer.c.source == baskets.c.source, _offer.c.parent == facts.c.subject))
    known = sa.or_(CHANGED.is_(None), CHANGED <= span.now)
    own = (baskets.c.contact_id == facts.c.contact_id, baskets.c.source == facts.c.source, known)
    holds = sa.or_(_holds(facts.c.subject), _holds(_offer.c.external_id))
    query = sa.select(_ONE).select_from(offers).where(*own, baskets.c.gone_at.is_(None), holds)
    return query.correlate(facts).exists()


def _holds(product: sa.ColumnElement[Any]) -> Condition:
    return JsonHasItem(baskets.c.lines, sa.func.json_object("product", product))


def _bought(span: Span) -> Condition:
    return bought_since(
        span.world, contact=facts.c.contact_id, source=facts.c.source, kin=family(products), at=facts.c.at
    )


class CategoryViewedSettings(OfGoods):
    at_least: int = Field(default=3, strict=True, ge=2, le=100, title=N_("So many different products at least"))
    within_hours: int = Field(default=24, strict=True, ge=1, le=720, title=N_("Within N hours"))


class CategoryViewed(Anchor):
    """The last of several looks at different products of one section.

    Whoever looks on stays the same entry of that day, whose moment moves.
    """

    code = "category_viewed"
    title = N_("Section looked through")
    Settings = CategoryViewedSettings
    kinds = frozenset({Kind.VIEWS, Kind.PRODUCTS})
    facts = _LOOKS
    moves = True

    def entries(self, settings: CategoryViewedSettings, span: Span) -> sa.Select[Any]:
        if ahead(span):
            return nothing()
        hours = settings.within_hours
        asked = (
            is_of(products, facts.c.source, facts.c.subject),
            products.c.section != "",
            *settings.meant(),
            _looked_at(span, hours) >= settings.at_least,
            sa.not_(_looked_on(span, hours)),
        )
        key = (facts.c.source, products.c.section, _DAY)
        return entries(span, self.facts, *asked, key=key, subject=products.c.section)


def _near(span: Span, hours: int) -> list[Condition]:
    """The other look is one of the same contact at the same section, so many hours before or after."""
    own = (OTHER.c.contact_id == facts.c.contact_id, OTHER.c.what == "viewed", OTHER.c.source == facts.c.source)
    inside = (is_of(_other_product, OTHER.c.source, OTHER.c.subject), _other_product.c.section == products.c.section)
    earliest, latest = span.since - timedelta(hours=hours), span.now  # bounds that an index can use
    distance = sa.func.abs(DaysBetween(OTHER.c.at, facts.c.at)) * 24 <= hours
    return [*own, *inside, OTHER.c.at >= earliest, OTHER.c.at <= latest, distance]


def _looked_at(span: Span, hours: int) -> sa.ColumnElement[Any]:
    """How many products of the section the contact had looked at by then."""
    different = sa.select(sa.func.count(family(_other_product).distinct()))
    query = different.where(*_near(span, hours), OTHER.c.at <= facts.c.at)
    return query.correlate(facts, products).scalar_subquery()


def _looked_on(span: Span, hours: int) -> Condition:
    after = sa.or_(OTHER.c.at > facts.c.at, OTHER.c.id > facts.c.id)
    query = sa.select(_ONE).where(*_near(span, hours), OTHER.c.at >= facts.c.at, after)
    return query.correlate(facts, products).exists()
