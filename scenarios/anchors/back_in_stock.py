"""Who wants a product that can be bought again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.goods.anchored import OfGoods, there
from core.goods.wanting import Wish, not_sold_out_since, wanted
from core.model import Kind
from core.scenario import Anchor, Span


class BackInStockSettings(OfGoods):
    viewed_days: int = Field(
        default=0, strict=True, ge=0, le=730, title=N_("Also who looked at it in the last N days before (0: nobody)")
    )
    in_basket: bool = Field(default=False, strict=True, title=N_("Also who has it in the basket"))


class BackInStock(Anchor):
    """A product is back in stock, and has not been sold out since; the contact waits for it, or for an offer of it.

    Several offers of one product on one day are one entry.
    """

    code = "back_in_stock"
    title = N_("Product is back in stock")
    Settings = BackInStockSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.SUBSCRIPTIONS, Kind.VIEWS, Kind.BASKETS, Kind.ORDERS})
    facts = frozenset({"back_in_stock"})

    def entries(self, settings: BackInStockSettings, span: Span) -> sa.Select[Any]:
        wish = Wish(awaited=True, viewed_days=settings.viewed_days, in_basket=settings.in_basket)
        asked = (*settings.meant(), there(span), not_sold_out_since(span))
        return wanted(span, "back_in_stock", wish, *asked, offer=sa.true())
