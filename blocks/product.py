"""The product that a letter is about; where it is about none, as in a preview, the one looked at last."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from core.block import Asked, BlockSettings, Facts, Reader
from core.errors import N_
from core.goods import Ref, Shared, buyable, by_ref
from core.goods.readers import looks
from core.goods.showing import GoodsBlock
from core.model import Kind

_DAYS = 180  # of a last look


class Product(GoodsBlock):
    code = "product"
    title = N_("Product that the letter is about")
    Settings = BlockSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.VIEWS})

    def facts(self, settings: BlockSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        refs = _refs(asked, readers)
        known = by_ref(asked, {ref for ref in refs if ref})
        instead = buyable(asked, {card.family for card in known.values() if not card.available})
        shown = {ref: card if card.available else instead.get(card.family) for ref, card in known.items()}
        shared = Shared()
        return [shared([card] if (card := shown.get(ref)) else []) if ref else None for ref in refs]


def _refs(asked: Asked, readers: Sequence[Reader]) -> list[Ref | None]:
    lost = iter(looks(asked, [one for one in readers if not one.subject], days=_DAYS))
    return [(one.source, one.subject) if one.subject else _last(next(lost)) for one in readers]


def _last(rows: Sequence[sa.RowMapping]) -> Ref | None:
    return next(((row["source"], row["external_id"]) for row in rows), None)
