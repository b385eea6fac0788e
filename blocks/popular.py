"""What was ordered most lately."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import Ref, Shared, buyable, distinct, personal
from core.goods.bestsellers import cards_of, sold, sold_in
from core.goods.choice import Choice, Days
from core.goods.readers import looks, purchases
from core.goods.showing import GoodsBlock
from core.model import Kind

_DAYS = 180  # of a last look
_SPARE = 10  # times as many are read as are shown: some are sold out, or the reader has them


class PopularSettings(Choice):
    heading: Heading = "Сейчас покупают"
    days: Days = Field(default=30, title=N_("In orders of the last N days"))
    exclude_bought: bool = Field(default=True, title=N_("Not what the reader has bought"))
    same_section: bool = Field(
        default=False, title=N_("Of the section that the letter is about (about none: of the one looked at last)")
    )


class Popular(GoodsBlock):
    code = "popular"
    title = N_("Popular products")
    Settings = PopularSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS, Kind.VIEWS})

    def facts(self, settings: PopularSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        bought = purchases(asked, readers) if settings.exclude_bought else [()] * len(readers)
        if settings.same_section:
            return _of_sections(settings, asked, readers, bought)
        best = sold(asked, *settings.among(), days=settings.days, pool=settings.limit * _SPARE)
        return personal(cards_of(asked, best), bought, limit=settings.limit)


def _of_sections(
    settings: PopularSettings, asked: Asked, readers: Sequence[Reader], bought: Sequence[Collection[Ref]]
) -> list[Facts | None]:
    """What was ordered most in the section of each reader's letter."""
    sections = _sections(asked, readers)
    best = sold_in(asked, {one for one in sections if one}, days=settings.days)
    cards, shared = buyable(asked, {family for families in best.values() for family in families}), Shared()
    ranked = [[cards[family] for family in best.get(one, ()) if family in cards] if one else [] for one in sections]
    return [
        shared(distinct(row, limit=settings.limit, without=without))
        for row, without in zip(ranked, bought, strict=True)
    ]


def _sections(asked: Asked, readers: Sequence[Reader]) -> list[Ref | None]:
    """(source, section) of each reader."""
    lost = iter(looks(asked, [one for one in readers if not one.subject], days=_DAYS))
    return [(one.source, one.subject) if one.subject else _last(next(lost)) for one in readers]


def _last(rows: Sequence[sa.RowMapping]) -> Ref | None:
    return next(((row["source"], row["section"]) for row in rows), None)
