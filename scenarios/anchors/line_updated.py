"""Who bought an earlier product of a line that has a new one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import Column, first_of_each, named, nothing
from core.errors import N_
from core.goods.anchored import OfGoods, ahead, at_hand, is_of
from core.goods.wanting import happened_to_products
from core.model import Kind
from core.rules import Condition
from core.rules.days import DaysBetween
from core.rules.in_order import InOrder
from core.rules.json_columns import JsonText
from core.rules.orders import standing
from core.scenario import Anchor, Span
from core.tables import facts, order_lines, orders, products

_old = products.alias("old")
_ONE: Column = sa.literal_column("1")


class LineUpdatedSettings(OfGoods):
    by: str = Field(
        default="section", pattern=r"^[A-Za-z0-9_]{1,64}$", title=N_("What makes a line: section, or a property's name")
    )
    bought_days: int = Field(default=730, strict=True, ge=1, le=3650, title=N_("Bought in the last N days"))


class LineUpdated(Anchor):
    """A product was added (an offer of an old one is none), and the contact bought an earlier one of the same line.

    A line is a section, or the products that have the same value of a property; of several values the first counts.
    """

    code = "line_updated"
    title = N_("New product of a line")
    Settings = LineUpdatedSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.ORDERS})
    facts = frozenset({"product_added"})

    def entries(self, settings: LineUpdatedSettings, span: Span) -> sa.Select[Any]:
        if ahead(span):
            return nothing()
        added = (*happened_to_products(span, "product_added"), products.c.parent == "", *settings.meant())
        key = named(facts.c.source, facts.c.subject).label("key")
        person = sa.func.max(orders.c.person).label("person")
        entry = (orders.c.contact_id, facts.c.source, person, facts.c.subject, key, facts.c.at, facts.c.id)
        query = sa.select(*entry).select_from(_sold(settings.by, span))
        query = query.where(*added, at_hand(span), *_earlier(), *_bought(settings, span))
        return first_of_each(
            query.group_by(orders.c.contact_id, facts.c.source, facts.c.subject, facts.c.at, facts.c.id)
        )


def _sold(by: str, span: Span) -> sa.FromClause:
    """The new products, the old ones of the same line, and the orders of these."""
    if span.world.only is not None:
        return _sold_to(span.world.only, by)
    old = _by_section() if by == "section" else _by_property(by, span)
    lines = InOrder(old, order_lines, order_lines.c.product == _old.c.external_id)
    return InOrder(lines, orders, sa.and_(orders.c.id == order_lines.c.order_id, orders.c.source == facts.c.source))


def _sold_to(contact: int, by: str) -> sa.FromClause:
    """The same for one contact: their few orders are read, not all that were ever sold of a line."""
    own = InOrder(_new(), orders, sa.and_(orders.c.contact_id == contact, orders.c.source == facts.c.source))
    lines = InOrder(own, order_lines, order_lines.c.order_id == orders.c.id)
    same = _same_section() if by == "section" else _first_value(_old, by) == _first_value(products, by)
    return InOrder(lines, _old, sa.and_(is_of(_old, orders.c.source, order_lines.c.product), same))


def _new() -> sa.FromClause:
    return InOrder(facts, products, is_of(products, facts.c.source, facts.c.subject))


def _by_section() -> sa.FromClause:
    return InOrder(_new(), _old, sa.and_(_same_section(), _old.c.source == products.c.source))


def _same_section() -> Condition:
    return sa.and_(_old.c.section == products.c.section, products.c.section != "")


def _by_property(name: str, span: Span) -> sa.FromClause:
    """No index knows what is inside properties: they are opened once, when a product was added, else not at all."""
    any_fact = sa.select(_ONE).select_from(facts).where(*happened_to_products(span, "product_added")).exists()
    value = _first_value(products, name)
    rows = sa.select(products.c.id, products.c.source, value.label("value")).where(any_fact, value.is_not(None))
    valued = rows.limit(2**63 - 1).subquery("valued")  # the limit keeps it a table of its own
    same = sa.and_(valued.c.value == _first_value(products, name), valued.c.source == products.c.source)
    return InOrder(InOrder(_new(), valued, same), _old, _old.c.id == valued.c.id)


def _first_value(table: sa.FromClause, name: str) -> Column:
    several = JsonText(table.c.properties, f'$."{name}"[0]')
    return sa.func.nullif(sa.func.coalesce(several, JsonText(table.c.properties, f'$."{name}"')), "")


def _earlier() -> list[Condition]:
    """The old product is another one, there before the new one."""
    another = (_old.c.external_id != products.c.external_id, _old.c.parent != products.c.external_id)
    return [*another, sa.or_(_old.c.created_at.is_(None), _old.c.created_at < facts.c.at)]


def _bought(settings: LineUpdatedSettings, span: Span) -> list[Condition]:
    only, since = span.world.only, span.since - timedelta(days=settings.bought_days)
    whose = orders.c.contact_id.is_not(None) if only is None else orders.c.contact_id == only
    lately = DaysBetween(orders.c.created_at, facts.c.at) <= settings.bought_days
    made = (orders.c.created_at > since, orders.c.created_at <= facts.c.at, lately)
    return [whose, *made, *standing(span.world)]
