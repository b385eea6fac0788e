"""Products that the shop recommends: of a catalogue, section or property, of an age, or named one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import Card, Condition, chosen, personal
from core.goods.choice import Choice, months_before
from core.goods.readers import purchases
from core.goods.showing import GoodsBlock
from core.model import Kind
from core.rules.products import Ids
from core.tables import products

Sort = Literal["sort", "id", "name", "created", "shows", "random"]
_SPARE = 10  # times as many are read as are shown when some may have been bought


class RecommendedSettings(Choice):
    heading: Heading = "Рекомендуем вам"
    product: Ids | None = Field(default=None, max_length=200, title=N_("These products, in this order"))
    months_from: int | None = Field(
        default=None, strict=True, ge=0, le=600, title=N_("Created N months ago or earlier")
    )
    months_to: int | None = Field(default=None, strict=True, ge=1, le=600, title=N_("Created N months ago or later"))
    sort: Sort | None = Field(default=None, title=N_("Sorted by (random: another choice each day)"))
    order: Literal["asc", "desc"] | None = Field(default=None, title=N_("Ascending or descending"))
    exclude_bought: bool = Field(default=False, title=N_("Not what the reader has bought"))


class Recommended(GoodsBlock):
    code = "recommended"
    title = N_("Recommended products")
    Settings = RecommendedSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.ORDERS})

    def facts(self, settings: RecommendedSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        pool = settings.limit * (_SPARE if settings.exclude_bought else 1)
        cards = chosen(asked, *_where(settings, asked), order=_order(settings, asked), limit=pool)
        if settings.product and settings.sort is None:
            cards = _as_named(cards, settings.product)
        bought = purchases(asked, readers) if settings.exclude_bought else [()] * len(readers)
        return personal(cards, bought, limit=settings.limit)


def _where(settings: RecommendedSettings, asked: Asked) -> list[Condition]:
    found = settings.among()
    if settings.product:
        found.append(products.c.external_id.in_(settings.product))
    if settings.months_from is not None:
        found.append(products.c.created_at <= months_before(asked, settings.months_from))
    if settings.months_to is not None:
        found.append(products.c.created_at >= months_before(asked, settings.months_to))
    return found


def _order(settings: RecommendedSettings, asked: Asked) -> list[Any]:
    if settings.sort == "random":
        return [_shuffled(asked)]
    columns: dict[str, list[Any]] = {
        "sort": [products.c.sort],
        "id": [sa.func.length(products.c.external_id), products.c.external_id],  # 9 before 10
        "name": [products.c.name],
        "created": [products.c.created_at],
        "shows": [products.c.shows],
    }
    sort = settings.sort or "shows"
    order = settings.order or ("desc" if sort in {"created", "shows"} else "asc")
    return [column.desc() if order == "desc" else column.asc() for column in columns[sort]]


def _shuffled(asked: Asked) -> sa.ColumnElement[Any]:
    """An order by chance that is the same for an issue all day long: ids multiplied in the field of a prime."""
    day = asked.now.astimezone(ZoneInfo(asked.timezone)).date()
    seed = hashlib.blake2b(f"{asked.issue}:{day}".encode(), digest_size=4).digest()
    prime = 2_147_483_647
    return (products.c.id % prime * (int.from_bytes(seed) % (prime - 1) + 1)) % prime


def _as_named(cards: list[Card], named: Sequence[str]) -> list[Card]:
    return sorted(cards, key=lambda card: named.index(card.id))
