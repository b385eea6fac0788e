"""What is new in the shop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import chosen, personal
from core.goods.choice import Choice, Days
from core.goods.showing import GoodsBlock
from core.model import Kind
from core.tables import products


class NewArrivalsSettings(Choice):
    heading: Heading = "Новинки"
    days: Days = Field(default=30, title=N_("Created in the last N days"))


class NewArrivals(GoodsBlock):
    code = "new_arrivals"
    title = N_("New arrivals")
    Settings = NewArrivalsSettings
    kinds = frozenset({Kind.PRODUCTS})

    def facts(self, settings: NewArrivalsSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        created = products.c.created_at
        new = (created > asked.now - timedelta(days=settings.days), created <= asked.now)
        cards = chosen(asked, *new, *settings.among(), order=[created.desc()], limit=settings.limit)
        return personal(cards, [()] * len(readers), limit=settings.limit)
