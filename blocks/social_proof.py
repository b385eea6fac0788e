"""What others chose: products with the number of their buyers, or the best rated ones. Only numbers that are real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import COLUMNS, Card, card, distinct, personal, showable
from core.goods.bestsellers import cards_of, sold
from core.goods.choice import Choice, Code, Days
from core.goods.showing import GoodsBlock
from core.model import Kind
from core.rules.json_columns import JsonNumber
from core.tables import products

_SPARE = 10


class SocialProofSettings(Choice):
    heading: Heading = "Выбор покупателей"
    days: Days = Field(default=30, title=N_("Bought in the last N days"))
    buyers: int = Field(default=3, strict=True, ge=1, le=1_000_000, title=N_("By so many buyers at least"))
    rating: Code | None = Field(
        default=None, title=N_("The property that holds a product's rating (empty: those bought most)")
    )


class SocialProof(GoodsBlock):
    code = "social_proof"
    title = N_("What others chose")
    Settings = SocialProofSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS})
    card = "blocks/social_card.html"

    def facts(self, settings: SocialProofSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        cards = _rated(settings, asked) if settings.rating else _bought(settings, asked)
        return personal(cards, [()] * len(readers), limit=settings.limit)


def _bought(settings: SocialProofSettings, asked: Asked) -> list[Card]:
    best = sold(asked, *settings.among(), days=settings.days, pool=settings.limit * _SPARE)
    return cards_of(asked, (one for one in best if one.buyers >= settings.buyers))


def _rated(settings: SocialProofSettings, asked: Asked) -> list[Card]:
    """The best rated ones; the number of buyers where there are enough."""
    rating = JsonNumber(products.c.properties, f'$."{settings.rating}"')
    query = sa.select(*COLUMNS, rating.label("rating")).where(*showable(), *settings.among(), rating > 0)
    query = query.order_by(rating.desc(), products.c.shows.desc(), products.c.id).limit(settings.limit * 4)
    rows = asked.connection.execute(query).mappings().all()
    cards = distinct((replace(card(row, asked), note=_written(row["rating"])) for row in rows), limit=settings.limit)
    buyers = {one.family: one.buyers for one in _sales(settings, asked, cards)}
    return [replace(one, count=buyers.get(one.family, 0)) for one in cards]


def _sales(settings: SocialProofSettings, asked: Asked, cards: Sequence[Card]) -> list[Any]:
    ids = [one.family[1] for one in cards]
    mine = sa.or_(products.c.external_id.in_(ids), products.c.parent.in_(ids))
    return [one for one in sold(asked, mine, days=settings.days, pool=100) if one.buyers >= settings.buyers]


def _written(rating: Any) -> str:
    """4.80 is "4,8"."""
    try:
        return f"{Decimal(str(rating)).quantize(Decimal('0.1')).normalize():f}".replace(".", ",")
    except InvalidOperation:
        return ""
