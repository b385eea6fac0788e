"""What was ordered most lately: families of products with the number of their orders and buyers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.block import Asked
from core.bulk import among
from core.goods import Card, Condition, Ref, buyable
from core.goods.readers import standing
from core.tables import order_lines, orders, products

FAMILY = sa.case((products.c.parent != "", products.c.parent), else_=products.c.external_id)
_ORDERS = sa.func.count(orders.c.id.distinct())
_BUYERS = sa.func.count(orders.c.contact_id.distinct())
_IN_A_SECTION = 30


@dataclass(frozen=True, slots=True)
class Sold:
    """A family in so many orders, of so many buyers whose address is known."""

    family: Ref
    section: str
    orders: int
    buyers: int


def sold(asked: Asked, *where: Condition, days: int, pool: int) -> list[Sold]:
    """The `pool` families of products that answer `where` and were ordered most in so many days."""
    query = _counted(
        asked, days, products.c.source, FAMILY.label("family"), sa.func.max(products.c.section), where=where
    )
    query = query.group_by(products.c.source, FAMILY).order_by(_ORDERS.desc(), FAMILY).limit(pool)
    return [
        Sold((source, family), section, *numbers)
        for source, family, section, *numbers in asked.connection.execute(query)
    ]


def sold_in(asked: Asked, sections: Collection[Ref], *, days: int) -> dict[Ref, list[Ref]]:
    """(source, section) → its families, those in most orders first."""
    known = {one for one in sections if one[1]}
    if not known:
        return {}
    whose = (products.c.source, products.c.section)
    place = sa.func.row_number().over(partition_by=whose, order_by=(_ORDERS.desc(), FAMILY))
    inside = (among(products.c.section, sorted({section for _, section in known})),)
    query = _counted(asked, days, *whose, FAMILY.label("family"), place.label("place"), where=inside)
    ranked = query.group_by(*whose, FAMILY).subquery("ranked")
    found: dict[Ref, list[Ref]] = {}
    chosen = sa.select(ranked).where(ranked.c.place <= _IN_A_SECTION).order_by(ranked.c.place)
    for row in asked.connection.execute(chosen).mappings():
        found.setdefault((row["source"], row["section"]), []).append((row["source"], row["family"]))
    return found


def _counted(asked: Asked, days: int, *columns: Any, where: Iterable[Condition]) -> sa.Select[Any]:
    key = sa.and_(products.c.source == orders.c.source, products.c.external_id == order_lines.c.product)
    lines = orders.join(order_lines, order_lines.c.order_id == orders.c.id).join(products, key)
    lately = orders.c.created_at > asked.now - timedelta(days=days)
    query = sa.select(*columns, _ORDERS.label("orders"), _BUYERS.label("buyers")).select_from(lines)
    return query.where(lately, *standing(asked), *where)


def cards_of(asked: Asked, found: Iterable[Sold]) -> list[Card]:
    """What of `found` can be bought now, in its order; ``count`` is the number of buyers."""
    ranked = list(found)
    cards = buyable(asked, (one.family for one in ranked))
    return [replace(cards[one.family], count=one.buyers) for one in ranked if one.family in cards]
