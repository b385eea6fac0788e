"""What anchors ask of products: which are meant, which can be bought, what is kin to what, what was bought since.

Everything here is SQL about one row of `products` that a fact has led to: looked up by an index, never looked for.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.plugin import Settings
from core.rules import Condition, World
from core.rules.json_columns import JsonHolds
from core.rules.orders import standing
from core.rules.products import Ids
from core.scenario import Span
from core.tables import order_lines, orders, products

Column = sa.ColumnElement[Any]
_parents, _offers, _bought = products.alias("parents"), products.alias("offers"), products.alias("bought")
_ONE: Column = sa.literal_column("1")


def ahead(span: Span) -> bool:
    """Whether the whole span is still to come: no fact of it can be known."""
    return span.since >= min(span.until, span.now)


class OfGoods(Settings):
    """Which products are meant: all, unless something is given. An offer counts as its parent."""

    catalogues: Ids | None = Field(default=None, title=N_("Only of these catalogues"))
    sections: Ids | None = Field(default=None, title=N_("Only of these sections"))

    def meant(self, product: sa.FromClause = products) -> list[Condition]:
        """The conditions that the row `product` is meant."""
        asked = []
        if self.catalogues is not None:
            asked.append(_either(product, lambda table: table.c.catalogue.in_(self.catalogues or [])))
        if self.sections is not None:
            asked.append(_either(product, lambda table: _inside(table, self.sections or [])))
        return asked


def _either(product: sa.FromClause, true: Any) -> Condition:
    """The product, or the one that it is an offer of, answers."""
    own = (_parents.c.source == product.c.source, _parents.c.external_id == product.c.parent)
    parent = sa.select(_ONE).where(*own, true(_parents)).correlate(product).exists()
    return sa.or_(true(product), sa.and_(product.c.parent != "", parent))


def _inside(table: sa.FromClause, sections: list[str]) -> Condition:
    return sa.or_(table.c.section.in_(sections), *(JsonHolds(table.c.sections, "$", one) for one in sections))


def is_of(product: sa.FromClause, source: Column, number: Column) -> Condition:
    """The row `product` is that with this number in this source."""
    return sa.and_(product.c.source == source, product.c.external_id == number)


def family(product: sa.FromClause) -> Column:
    """The product that all offers of one product share."""
    return sa.case((product.c.parent != "", product.c.parent), else_=product.c.external_id)


def price(product: sa.FromClause) -> Column:
    """The price of a product; of one that has none, that of its cheapest offer."""
    cheapest = sa.select(sa.func.min(_offers.c.price)).where(*_is_offer(product))
    return sa.func.coalesce(product.c.price, cheapest.correlate(product).scalar_subquery())


def at_hand(span: Span, product: sa.FromClause = products) -> Condition:
    """The product, or an offer of it, can be bought; of a moment gone by, as far as the mirror still knows."""
    offer = sa.select(_ONE).where(*_is_offer(product), _offers.c.available).correlate(product).exists()
    return sa.and_(there(span, product), sa.or_(read_later(span, product), product.c.available, offer))


def there(span: Span, product: sa.FromClause = products) -> Condition:
    """The product had not gone from its source."""
    return sa.or_(product.c.gone_at.is_(None), product.c.gone_at > span.now)


def read_later(span: Span, product: sa.FromClause = products) -> Condition:
    """The row was read after the moment that is asked about: it tells nothing of that moment."""
    return product.c.seen_at > span.now


def _is_offer(product: sa.FromClause) -> tuple[Condition, ...]:
    there = _offers.c.gone_at.is_(None)
    return _offers.c.parent == product.c.external_id, _offers.c.source == product.c.source, there


def bought_since(world: World, *, contact: Column, source: Column, kin: Column, at: Column) -> Condition:
    """The contact ordered a product of the family `kin` later than `at`, as known at the world's now."""
    lines = orders.join(order_lines, order_lines.c.order_id == orders.c.id)
    lines = lines.outerjoin(_bought, is_of(_bought, orders.c.source, order_lines.c.product))
    own = (orders.c.contact_id == contact, orders.c.source == source, orders.c.created_at > at, *standing(world))
    same = sa.func.coalesce(sa.func.nullif(_bought.c.parent, ""), order_lines.c.product) == kin
    query = sa.select(_ONE).select_from(lines).where(*own, same)
    return query.correlate_except(orders, order_lines, _bought).exists()
