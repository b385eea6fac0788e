"""What the reader waits for, has in the basket or looked at, and what has become cheaper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import Card, Ref, Shared, by_ref, distinct
from core.goods.changes import befell
from core.goods.choice import Days, Several
from core.goods.readers import purchases, wanted
from core.goods.showing import GoodsBlock
from core.model import Kind


class PriceDropSettings(Several):
    heading: Heading = "Стало дешевле"
    days: Days = Field(default=7, title=N_("Cheaper since N days at most"))
    looked_days: Days = Field(default=90, title=N_("Looked at in the last N days"))
    percent: int = Field(default=1, strict=True, ge=0, le=99, title=N_("Cheaper by N percent at least"))


class PriceDrop(GoodsBlock):
    code = "price_drop"
    title = N_("Cheaper now")
    Settings = PriceDropSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.VIEWS, Kind.BASKETS, Kind.SUBSCRIPTIONS, Kind.ORDERS})

    def facts(self, settings: PriceDropSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        asked_for = wanted(asked, readers, days=settings.looked_days)
        drops = befell(asked, "price_dropped", {ref for refs in asked_for for ref in refs}, days=settings.days)
        cards = by_ref(asked, drops)
        cheaper = {ref: _cheaper(cards[ref], told, settings.percent) for ref, told in drops.items() if ref in cards}
        shared = Shared()
        return [
            shared(distinct(_known(refs, cheaper), limit=settings.limit, without=bought))
            for refs, bought in zip(asked_for, purchases(asked, readers), strict=True)
        ]


def _cheaper(card: Card, drops: Sequence[Mapping[str, Any]], percent: int) -> Card | None:
    """With the price before the first of these drops; None when it has risen again, or cannot be bought."""
    before = next((Decimal(one["from"]) for one in drops if one["currency"] == card.currency), None)
    if not card.available or card.price is None or before is None:
        return None
    enough = card.price < before and card.price * 100 <= before * (100 - percent)
    return replace(card, old_price=before) if enough else None


def _known(refs: Sequence[Ref], cards: Mapping[Ref, Card | None]) -> list[Card]:
    return [card for ref in refs if (card := cards.get(ref))]
