"""What the reader bought, has not bought since, and by now may have used up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import Card, Ref, Shared, by_ref
from core.goods.choice import Choice, Days
from core.goods.readers import last_orders, lines_of, own_orders, purchases
from core.goods.showing import GoodsBlock
from core.model import Kind


class ReplenishSettings(Choice):
    heading: Heading = "Пора пополнить запасы"
    days: Days = Field(default=30, title=N_("Bought N days ago or earlier"))


class Replenish(GoodsBlock):
    code = "replenish"
    title = N_("Refill of stock")
    Settings = ReplenishSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS})

    def facts(self, settings: ReplenishSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        bought = purchases(asked, readers)
        refs = _refs(settings, asked, readers, bought)
        cards = by_ref(asked, {ref for own in refs for ref in own}, *settings.among())
        until = asked.now - timedelta(days=settings.days)
        shared = Shared()
        return [
            shared(_due([cards[ref] for ref in own if ref in cards], last, until)[: settings.limit])
            for own, last in zip(refs, bought, strict=True)
        ]


def _refs(
    settings: ReplenishSettings, asked: Asked, readers: Sequence[Reader], bought: Sequence[Mapping[Ref, datetime]]
) -> list[list[Ref]]:
    """The product or the order that a letter is about, else the last order that is old enough."""
    about, last = own_orders(asked, readers), last_orders(asked, readers, days=settings.days)
    orders = [order or other for order, other in zip(about, last, strict=True)]
    lines = lines_of(asked, orders)
    return [
        [(reader.source, reader.subject)]
        if not own and (reader.source, reader.subject) in had
        else [(order["source"], row["product"]) for row in lines.get(order["id"], [])]
        if order
        else []
        for reader, own, order, had in zip(readers, about, orders, bought, strict=True)
    ]


def _due(cards: Sequence[Card], bought: Mapping[Ref, datetime], until: datetime) -> list[Card]:
    """What can be bought, and was bought last before `until`; each family once."""
    due = {one.family: one for one in cards if one.available and bought.get(one.family, until) <= until}
    return list(due.values())
