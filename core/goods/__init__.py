"""Products of the mirror as letters show them: fresh price and stock, by id or by what they are like.

An offer shows its own price and stock, and goes with its parent where one product must not stand twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.block import Asked
from core.bulk import among
from core.db import chunks
from core.goods.urls import web
from core.tables import products

Row = Mapping[str, Any] | sa.RowMapping
Condition = sa.ColumnElement[bool]
Ref = tuple[str, str]
"""A product: (source, external id)."""


@dataclass(frozen=True, slots=True)
class Card:
    """One product as a letter shows it; its links are of the web, or empty."""

    source: str
    id: str  # external id
    name: str
    url: str
    picture_url: str
    price: Decimal | None
    currency: str
    available: bool  # can be bought now: active, priced, in stock
    section: str
    parent: str = ""
    active: bool = True  # its page is there, in stock or not
    old_price: Decimal | None = None  # shown struck out, when a block knows one
    note: str = ""  # a line of the block's own under the name
    count: int = 0  # of what a block counts, such as buyers

    @property
    def ref(self) -> Ref:
        return self.source, self.id

    @property
    def family(self) -> Ref:
        """The product that all offers of one product share."""
        return self.source, self.parent or self.id


COLUMNS = (
    *(products.c.source, products.c.external_id, products.c.name, products.c.url, products.c.picture_url),
    *(products.c.price, products.c.currency, products.c.available, products.c.section, products.c.parent),
    *(products.c.active, products.c.gone_at),
)
"""What of `products` :func:`card` needs."""


def card(row: Row, asked: Asked) -> Card:
    """A row of `products` as a card."""
    active = bool(row["active"]) and row["gone_at"] is None
    return Card(
        source=row["source"],
        id=row["external_id"],
        name=row["name"],
        url=web(row["url"], asked.site_url) if active else "",
        picture_url=web(row["picture_url"], asked.site_url),
        price=row["price"],
        currency=row["currency"],
        available=active and bool(row["available"]) and row["price"] is not None,
        section=row["section"],
        parent=row["parent"],
        active=active,
    )


def showable() -> list[Condition]:
    """What can be shown with a price and bought: active, there, priced, in stock."""
    return [products.c.active, products.c.gone_at.is_(None), products.c.available, products.c.price.is_not(None)]


def by_ref(asked: Asked, refs: Iterable[Ref], *where: Condition) -> dict[Ref, Card]:
    """These products as far as the mirror has ever known them, those that are gone too: they are not available."""
    found: dict[Ref, Card] = {}
    for source, ids in _by_source(refs).items():
        for part in chunks(ids, 900):
            query = sa.select(*COLUMNS).where(products.c.source == source, among(products.c.external_id, part), *where)
            cards = (card(row, asked) for row in asked.connection.execute(query).mappings())
            found.update((one.ref, one) for one in cards)
    return found


def _by_source(refs: Iterable[Ref]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, one in dict.fromkeys(refs):
        found.setdefault(source, []).append(one)
    return found


def chosen(asked: Asked, *where: Condition, order: Sequence[Any], limit: int) -> list[Card]:
    """The first `limit` products that can be bought and answer `where`, in this order; one of a family."""
    query = sa.select(*COLUMNS).where(*showable(), *where).order_by(*order, products.c.id).limit(limit * 4)
    return distinct((card(row, asked) for row in asked.connection.execute(query).mappings()), limit=limit)


def distinct(cards: Iterable[Card], *, limit: int, without: Collection[Ref] = ()) -> list[Card]:
    """The first `limit` of `cards`: each family once, none of the families in `without`."""
    found: dict[Ref, Card] = {}
    for one in cards:
        if one.family not in found and one.family not in without:
            found[one.family] = one
            if len(found) == limit:
                break
    return list(found.values())


class Shared:
    """Facts of the letters of a batch: those who see the same products are given the same object."""

    def __init__(self) -> None:
        self._known: dict[tuple[Card, ...], dict[str, Any]] = {}

    def __call__(self, cards: Iterable[Card]) -> dict[str, Any] | None:
        """``{"cards": […]}``; None when there are none."""
        shown = tuple(cards)
        return self._known.setdefault(shown, {"cards": shown}) if shown else None


def personal(pool: Sequence[Card], bought: Sequence[Collection[Ref]], *, limit: int) -> list[dict[str, Any] | None]:
    """The first `limit` of one pool for each reader, without the families that the reader has `bought`."""
    shared = Shared()
    return [shared(distinct(pool, limit=limit, without=without)) for without in bought]


def members(asked: Asked, found: Iterable[Ref]) -> dict[Ref, list[Card]]:
    """Family → its products that the mirror knows: the one itself first, then its offers, most looked at first."""
    cards: dict[Ref, list[Card]] = {}
    for source, ids in _by_source(found).items():
        for part in chunks(ids, 900):
            mine = sa.or_(among(products.c.external_id, part), among(products.c.parent, part))
            query = sa.select(*COLUMNS).where(products.c.source == source, mine)
            query = query.order_by(products.c.parent, products.c.shows.desc(), products.c.id)
            for row in asked.connection.execute(query).mappings():
                one = card(row, asked)
                cards.setdefault(one.family, []).append(one)
    return cards


def buyable(asked: Asked, found: Iterable[Ref]) -> dict[Ref, Card]:
    """Family → the product of it that can be bought now: itself, else an offer; families without one are left out."""
    first = {
        family: next((one for one in cards if one.available), None) for family, cards in members(asked, found).items()
    }
    return {family: one for family, one in first.items() if one is not None}
