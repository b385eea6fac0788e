"""What the reader waits for or looked at, and what can be bought again."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import Shared, by_ref, distinct
from core.goods.changes import befell
from core.goods.choice import Days, Several
from core.goods.readers import purchases, wanted
from core.goods.showing import GoodsBlock
from core.model import Kind


class BackInStockSettings(Several):
    heading: Heading = "Снова в наличии"
    days: Days = Field(default=7, title=N_("Back since N days at most"))
    looked_days: Days = Field(default=90, title=N_("Looked at in the last N days"))


class BackInStock(GoodsBlock):
    code = "back_in_stock"
    title = N_("Back in stock")
    Settings = BackInStockSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.VIEWS, Kind.BASKETS, Kind.SUBSCRIPTIONS, Kind.ORDERS})

    def facts(self, settings: BackInStockSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        asked_for = wanted(asked, readers, days=settings.looked_days)
        back = befell(asked, "back_in_stock", {ref for refs in asked_for for ref in refs}, days=settings.days)
        cards = {ref: card for ref, card in by_ref(asked, back).items() if card.available}
        shared = Shared()
        return [
            shared(distinct((cards[ref] for ref in refs if ref in cards), limit=settings.limit, without=bought))
            for refs, bought in zip(asked_for, purchases(asked, readers), strict=True)
        ]
