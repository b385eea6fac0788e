"""On which days each contact bought each product: an offer counts as its parent, a cancelled order not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise
from operator import itemgetter
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.rules import Condition
from core.tables import order_lines, orders, products

Bought = tuple[int, str, datetime, str]
"""One line of an order: contact, product, moment, section."""


@dataclass(frozen=True, slots=True)
class History:
    """One contact's purchases of one product: the first order of each day, the oldest first."""

    contact_id: int
    product: str
    section: str  # as of the last purchase; "": the mirror does not know the product
    moments: tuple[datetime, ...]
    intervals: tuple[int, ...]  # days between them


def read(connection: sa.Connection, source: str, whose: Condition, *, timezone: str) -> Iterator[History]:
    """The histories of the contacts that answer `whose`, those of one contact one after the other."""
    key = sa.and_(products.c.source == orders.c.source, products.c.external_id == order_lines.c.product)
    lines = orders.join(order_lines, order_lines.c.order_id == orders.c.id).outerjoin(products, key)
    family = sa.func.coalesce(sa.func.nullif(products.c.parent, ""), order_lines.c.product)
    section = sa.func.coalesce(products.c.section, "")
    query = sa.select(orders.c.contact_id, family, orders.c.created_at, section).select_from(lines)
    standing = (orders.c.source == source, orders.c.cancelled_at.is_(None), orders.c.gone_at.is_(None))
    return histories(map(tuple, connection.execute(query.where(*standing, whose))), timezone=timezone)


def histories(lines: Iterable[Bought], *, timezone: str) -> Iterator[History]:
    """The histories that these lines tell, whatever their order."""
    zone = ZoneInfo(timezone)
    for (contact, product), own in groupby(sorted(lines), key=itemgetter(0, 1)):
        days: dict[date, datetime] = {}
        for _, _, at, section in own:
            days.setdefault(at.astimezone(zone).date(), at)
            last = section
        intervals = tuple((later - earlier).days for earlier, later in pairwise(days))
        yield History(contact, product, last, tuple(days.values()), intervals)
