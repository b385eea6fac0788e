"""The products of the reader's order, each with a link to where it is reviewed."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.block import Asked, ButtonText, Facts, Heading, Reader
from core.errors import N_
from core.goods import Shared, by_ref, distinct
from core.goods.choice import Several
from core.goods.readers import either, last_orders, lines_of, own_orders
from core.goods.showing import GoodsBlock
from core.model import Kind


class ReviewSettings(Several):
    heading: Heading = "Как вам покупка? Расскажите другим"
    suffix: str = Field(
        default="#reviews",
        pattern=r"^[A-Za-z0-9_/?&=#.-]{0,100}$",
        title=N_("What follows the product's link to get to its reviews"),
    )
    button: ButtonText = "Оставить отзыв"


class ReviewRequest(GoodsBlock):
    code = "review_request"
    title = N_("Request for a review")
    Settings = ReviewSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS})
    card = "blocks/review_card.html"

    def facts(self, settings: ReviewSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        orders = either(own_orders(asked, readers), lambda: last_orders(asked, readers))
        lines = lines_of(asked, orders)
        refs = [[(one["source"], row["product"]) for row in lines.get(one["id"], [])] if one else [] for one in orders]
        cards = {ref: card for ref, card in by_ref(asked, {one for own in refs for one in own}).items() if card.url}
        shared = Shared()
        return [shared(distinct((cards[ref] for ref in own if ref in cards), limit=settings.limit)) for own in refs]
