"""Products like the one that a letter is about, those of the forgotten basket, or the one looked at last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.bulk import among
from core.errors import N_
from core.goods import COLUMNS, Card, Ref, Shared, by_ref, card, distinct, showable
from core.goods.choice import Several
from core.goods.readers import looks, open_baskets, own_orders, purchases, usable
from core.goods.showing import GoodsBlock
from core.model import Kind
from core.tables import products

_DAYS = 180  # of a last look
_OF_A_SECTION = 100  # the most shown ones of each


class AlternativesSettings(Several):
    heading: Heading = "Похожие товары"
    to: Literal["product", "basket", "viewed"] | None = Field(
        default=None, title=N_("Like what (empty: what the letter is about, else the basket, else the last look)")
    )
    percent: int = Field(default=30, strict=True, ge=1, le=500, title=N_("Prices differ by N percent at most"))


class Alternatives(GoodsBlock):
    code = "alternatives"
    title = N_("Similar products")
    Settings = AlternativesSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.BASKETS, Kind.VIEWS, Kind.ORDERS})

    def facts(self, settings: AlternativesSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        meant = _meant(settings, asked, readers)
        cards = by_ref(asked, {ref for refs in meant for ref in refs})
        shelves = _shelves(asked, cards.values())
        shared = Shared()
        return [
            shared(_like([cards[ref] for ref in refs if ref in cards], shelves, settings, without=bought))
            for refs, bought in zip(meant, purchases(asked, readers), strict=True)
        ]


def _meant(settings: AlternativesSettings, asked: Asked, readers: Sequence[Reader]) -> list[list[Ref]]:
    """What each reader's alternatives are like."""
    ways = {"product": _of_subjects, "basket": _of_baskets, "viewed": _of_looks}
    found: list[list[Ref]] = [[] for _ in readers]
    for name in [settings.to] if settings.to else ways:
        left = [place for place, refs in enumerate(found) if not refs]
        answers = ways[name](asked, [readers[place] for place in left]) if left else []
        for place, refs in zip(left, answers, strict=True):
            found[place] = refs
    return found


def _of_subjects(asked: Asked, readers: Sequence[Reader]) -> list[list[Ref]]:
    """The product that a letter is about; a basket or an order of the reader's may have the same number."""
    baskets, orders = open_baskets(asked, readers), own_orders(asked, readers)
    return [
        [(reader.source, reader.subject)] if reader.subject and not order and not _is(basket, reader) else []
        for reader, basket, order in zip(readers, baskets, orders, strict=True)
    ]


def _is(basket: sa.RowMapping | None, reader: Reader) -> bool:
    return basket is not None and basket["external_id"] == reader.subject


def _of_baskets(asked: Asked, readers: Sequence[Reader]) -> list[list[Ref]]:
    return [
        [(one["source"], row["product"]) for row in usable(one)] if one else [] for one in open_baskets(asked, readers)
    ]


def _of_looks(asked: Asked, readers: Sequence[Reader]) -> list[list[Ref]]:
    seen = looks(asked, readers, days=_DAYS)
    return [[(row["source"], row["external_id"]) for row in rows[:1]] for rows in seen]


def _shelves(asked: Asked, cards: Collection[Card]) -> dict[Ref, list[Card]]:
    """(source, section) → what can be bought there, most shown first."""
    sections = sorted({one.section for one in cards if one.section})
    if not sections:
        return {}
    order = (products.c.shows.desc(), products.c.id)
    place = sa.func.row_number().over(partition_by=(products.c.source, products.c.section), order_by=order)
    query = sa.select(*COLUMNS, place.label("place")).where(*showable(), among(products.c.section, sections))
    ranked = query.subquery("ranked")
    found: dict[Ref, list[Card]] = {}
    best = sa.select(ranked).where(ranked.c.place <= _OF_A_SECTION).order_by(ranked.c.place)
    for row in asked.connection.execute(best).mappings():
        found.setdefault((row["source"], row["section"]), []).append(card(row, asked))
    return found


def _like(
    meant: Sequence[Card],
    shelves: Mapping[Ref, list[Card]],
    settings: AlternativesSettings,
    *,
    without: Collection[Ref],
) -> list[Card]:
    """One for each of `meant` in turn, then the next, until there are enough."""
    known = {*without, *(one.family for one in meant)}
    rows = [
        [other for other in shelves.get((one.source, one.section), ()) if _near(one, other, settings.percent)]
        for one in meant
    ]
    left = [[other for other in row if other.family not in known] for row in rows]
    turns = (row[turn] for turn in range(max(map(len, left), default=0)) for row in left if turn < len(row))
    return distinct(turns, limit=settings.limit)


def _near(one: Card, other: Card, percent: int) -> bool:
    """Whether the prices differ by so many percent at most; a product without a price is like any."""
    if one.price is None:
        return True
    same = other.currency == one.currency and other.price is not None
    return same and abs(other.price - one.price) * 100 <= one.price * percent  # type: ignore[operator]
