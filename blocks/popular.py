"""What was ordered most lately."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.block import Asked, Facts, Reader
from core.errors import N_
from core.goods import personal
from core.goods.bestsellers import cards_of, sold
from core.goods.choice import Choice, Days
from core.goods.readers import purchases
from core.goods.showing import GoodsBlock
from core.model import Kind

_SPARE = 10  # times as many are read as are shown: some are sold out, or the reader has them


class PopularSettings(Choice):
    heading: str | None = Field(default="Сейчас покупают", max_length=200, title=N_("Heading (empty: none)"))
    days: Days = Field(default=30, title=N_("In orders of the last N days"))
    exclude_bought: bool = Field(default=True, title=N_("Not what the reader has bought"))


class Popular(GoodsBlock):
    code = "popular"
    title = N_("Popular products")
    Settings = PopularSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS})

    def facts(self, settings: PopularSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        best = sold(asked, *settings.among(), days=settings.days, pool=settings.limit * _SPARE)
        bought = purchases(asked, readers) if settings.exclude_bought else [()] * len(readers)
        return personal(cards_of(asked, best), bought, limit=settings.limit)
