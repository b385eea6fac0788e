"""What is bought together: families of products that lie in the same orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa

from core.block import Asked
from core.bulk import among
from core.db import chunks
from core.goods import Ref, members
from core.goods.readers import standing
from core.tables import order_lines, orders, products

# 200 readers, 570 products between them, 300,000 lines on MariaDB: 1.8 s; with 20,000 lines looked at it was 7.8 s.
_MOST_LINES = 6_000  # of one batch, shared out among the products that are asked about
_OF_ONE = 300


def together(asked: Asked, families: Collection[Ref], *, days: int) -> dict[Ref, Counter[Ref]]:
    """Family → how many of its last orders in so many days hold each other family; a bounded number of them is read."""
    known = members(asked, families)
    ids = {card.ref: card.family for cards in known.values() for card in cards} | {one: one for one in families}
    holders = _holders(asked, ids, days=days)
    content = _content(asked, {order for found in holders.values() for order in found})
    counts: dict[Ref, Counter[Ref]] = {}
    for family, found in holders.items():
        counts[family] = Counter(other for order in sorted(found) for other in content[order] if other != family)
    return counts


def _holders(asked: Asked, ids: dict[Ref, Ref], *, days: int) -> dict[Ref, set[int]]:
    """Family → the ids of its last orders, found by the index of products alone before the orders are looked at."""
    place = sa.func.row_number().over(partition_by=order_lines.c.product, order_by=order_lines.c.id.desc())
    meant = among(order_lines.c.product, sorted({one for _, one in ids}))
    ranked = sa.select(order_lines.c.id, place.label("place")).where(meant).subquery("ranked")
    share = min(_OF_ONE, max(10, _MOST_LINES // max(1, len(ids))))
    lines = ranked.join(order_lines, order_lines.c.id == ranked.c.id).join(
        orders, orders.c.id == order_lines.c.order_id
    )
    query = sa.select(orders.c.source, order_lines.c.product, orders.c.id).select_from(lines)
    lately = orders.c.created_at > asked.now - timedelta(days=days)
    query = query.where(ranked.c.place <= share, lately, *standing(asked)).order_by(orders.c.id.desc())
    found: dict[Ref, set[int]] = {}
    for source, product, order in asked.connection.execute(query.limit(_MOST_LINES)):
        if family := ids.get((source, product)):
            found.setdefault(family, set()).add(order)
    return found


def _content(asked: Asked, ids: set[int]) -> dict[int, set[Ref]]:
    """Order → the families in it."""
    key = sa.and_(products.c.source == orders.c.source, products.c.external_id == order_lines.c.product)
    lines = order_lines.join(orders, orders.c.id == order_lines.c.order_id).outerjoin(products, key)
    family = sa.case((products.c.parent != "", products.c.parent), else_=order_lines.c.product)
    query = sa.select(order_lines.c.order_id, orders.c.source, family.label("family")).select_from(lines)
    found: dict[int, set[Ref]] = {}
    for part in chunks(sorted(ids), 900):
        for order, source, one in asked.connection.execute(query.where(among(order_lines.c.order_id, part))):
            found.setdefault(order, set()).add((source, one))
    return found
