"""What others bought together with the products of the reader's order, or with one product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import Card, Ref, Shared, buyable, by_ref
from core.goods.bestsellers import sold_in
from core.goods.choice import Days, Several
from core.goods.readers import either, last_orders, lines_of, own_orders, purchases
from core.goods.showing import GoodsBlock
from core.goods.together import together
from core.model import Kind

_INSTEAD_DAYS = 90  # of orders that the bestsellers are counted from
_SPARE = 4  # times as many are looked up as are shown: some are sold out


class BoughtWithSettings(Several):
    heading: Heading = "С этим товаром покупают"
    product: str | None = Field(
        default=None, min_length=1, max_length=64, title=N_("With this product (empty: with those of the order)")
    )
    source: str = Field(default="", max_length=64, title=N_("Of this source (empty: of any)"))
    days: Days = Field(default=365, title=N_("In orders of the last N days"))


class BoughtWith(GoodsBlock):
    code = "bought_with"
    title = N_("Bought with this product")
    Settings = BoughtWithSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS})

    def facts(self, settings: BoughtWithSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        begun = _of_product(settings, asked, readers) if settings.product else _of_orders(asked, readers)
        cards = by_ref(asked, {ref for refs in begun for ref in refs})
        asked_for = [{cards[ref].family if ref in cards else ref for ref in refs} for refs in begun]
        pairs = together(asked, {family for one in asked_for for family in one}, days=settings.days)
        without = [{*families, *had} for families, had in zip(asked_for, purchases(asked, readers), strict=True)]
        often = [_ranked(one, pairs, without=left) for one, left in zip(asked_for, without, strict=True)]
        shown = _shown(asked, often, settings.limit)
        return _filled_up(
            asked, settings, shown, [[cards[ref] for ref in refs if ref in cards] for refs in begun], without
        )


def _of_product(settings: BoughtWithSettings, asked: Asked, readers: Sequence[Reader]) -> list[list[Ref]]:
    """The product of the settings, in the shop of each reader unless one is named."""
    return [[(settings.source or reader.source, str(settings.product))] for reader in readers]


def _of_orders(asked: Asked, readers: Sequence[Reader]) -> list[list[Ref]]:
    """The products of the order that a letter is about, else of the reader's last one."""
    orders = either(own_orders(asked, readers), lambda: last_orders(asked, readers))
    lines = lines_of(asked, orders)
    return [[(one["source"], line["product"]) for line in lines.get(one["id"], [])] if one else [] for one in orders]


def _ranked(families: Collection[Ref], pairs: Mapping[Ref, Counter[Ref]], *, without: Collection[Ref]) -> list[Ref]:
    """What lies in the same orders, most often first, without what the reader has."""
    counts: Counter[Ref] = Counter()
    for family in sorted(families):
        counts.update(pairs.get(family, {}))
    return sorted((one for one in counts if one not in without), key=lambda one: (-counts[one], one))


def _shown(asked: Asked, answers: Sequence[list[Ref]], limit: int) -> list[Facts | None]:
    most = limit * _SPARE
    cards = buyable(asked, {family for ranked in answers for family in ranked[:most]})
    shared = Shared()
    return [shared([cards[family] for family in ranked[:most] if family in cards][:limit]) for ranked in answers]


def _filled_up(
    asked: Asked,
    settings: BoughtWithSettings,
    shown: list[Facts | None],
    begun: Sequence[Sequence[Card]],
    without: Sequence[Collection[Ref]],
) -> list[Facts | None]:
    """`shown`, with the bestsellers of the sections where nothing was bought together; asked only if it must be."""
    empty = [place for place, facts in enumerate(shown) if facts is None and begun[place]]
    sections = {(card.source, card.section) for place in empty for card in begun[place]}
    best = sold_in(asked, sections, days=min(settings.days, _INSTEAD_DAYS))
    instead = [
        [family for family in _of_sections(begun[place], best) if family not in without[place]] for place in empty
    ]
    for place, facts in zip(empty, _shown(asked, instead, settings.limit), strict=True):
        shown[place] = facts
    return shown


def _of_sections(cards: Sequence[Card], best: Mapping[Ref, list[Ref]]) -> list[Ref]:
    sections = dict.fromkeys((card.source, card.section) for card in cards)
    return [family for section in sections for family in best.get(section, [])]
