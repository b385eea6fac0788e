"""The rhythms told: of one contact with their evidence, and of one product with those who are about to want it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.bulk import among
from core.rhythms import pools
from core.rhythms.mixing import NOBODY, Pool
from core.tables import contacts, products, rhythms

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A contact's last purchase of one product, and when they will want it again."""

    source: str
    product: str
    name: str  # "" when the mirror does not know it any more
    section: str
    last_at: datetime
    orders: int
    interval_days: int
    next_at: datetime
    evidence: Mapping[str, Any]
    clients: Pool  # of the product
    others: Pool  # of the section


@dataclass(frozen=True, slots=True)
class Common:
    """A product (an offer is told as its parent): how soon its clients come back; who of them will want it soon."""

    source: str
    product: str
    name: str
    section: str
    clients: Pool
    others: Pool
    soon: int


def of_contact(connection: sa.Connection, source: str, email: str) -> list[Rhythm]:
    """What this address buys in `source`, what is wanted soonest first."""
    whose = rhythms.join(contacts, contacts.c.id == rhythms.c.contact_id)
    mine = (contacts.c.email == email, rhythms.c.source == source, rhythms.c.again_at.is_(None))
    query = sa.select(rhythms).select_from(whose).where(*mine).order_by(rhythms.c.next_at, rhythms.c.product)
    rows = connection.execute(query).mappings().all()
    names = {one: name for one, (name, _) in _known(connection, source, {row["product"] for row in rows}).items()}
    clients = pools.find(connection, source, "product", (row["product"] for row in rows))
    others = pools.find(connection, source, "section", (row["section"] for row in rows))
    told = ("source", "product", "section", "last_at", "orders", "interval_days", "next_at", "evidence")
    return [
        Rhythm(
            **{name: row[name] for name in told},
            name=names.get(row["product"], ""),
            clients=clients.get(row["product"], NOBODY),
            others=others.get(row["section"], NOBODY),
        )
        for row in rows
    ]


def of_product(connection: sa.Connection, source: str, product: str, *, now: datetime) -> Common | None:
    """What is known of the product `product` of `source`; None when nobody bought it."""
    query = sa.select(products.c.parent).where(products.c.source == source, products.c.external_id == product)
    family = connection.scalar(query) or product
    clients = pools.find(connection, source, "product", [family]).get(family)
    if clients is None:
        return None
    name, section = _known(connection, source, [family]).get(family, ("", ""))
    others = pools.find(connection, source, "section", [section]).get(section, NOBODY)
    soon = sa.select(sa.func.count()).where(
        rhythms.c.next_at.between(now, now + SOON),
        *(rhythms.c.source == source, rhythms.c.product == family, rhythms.c.again_at.is_(None)),
    )
    return Common(source, family, name, section, clients, others, connection.scalar(soon) or 0)


def _known(connection: sa.Connection, source: str, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Product → its name and its section."""
    query = sa.select(products.c.external_id, products.c.name, products.c.section).where(products.c.source == source)
    rows = connection.execute(query.where(among(products.c.external_id, sorted(ids))))
    return {one: (name, section) for one, name, section in rows}
