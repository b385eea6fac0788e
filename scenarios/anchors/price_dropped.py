"""Who wants a product that has become cheaper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from core.errors import N_
from core.goods.anchored import OfGoods, at_hand, read_later
from core.goods.wanting import Wish, offers, wanted
from core.model import Kind
from core.rules import Said
from core.rules.forms import Number
from core.rules.json_columns import JsonNumber
from core.scenario import Anchor, Span
from core.tables import facts, products

_FROM, _TO = JsonNumber(facts.c.details, "$.from"), JsonNumber(facts.c.details, "$.to")


class PriceDroppedSettings(OfGoods):
    min_percent: Number = Field(default=Decimal(5), ge=0, le=99, title=N_("Cheaper by N percent at least"))
    viewed_days: int = Field(
        default=30, strict=True, ge=0, le=730, title=N_("Who looked at it in the last N days before (0: nobody)")
    )
    in_basket: bool = Field(default=True, strict=True, title=N_("Who has it in the basket"))

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.viewed_days and not self.in_basket:
            raise ValueError(Said(N_("must say viewed_days, in_basket or both")))
        return self


class PriceDropped(Anchor):
    """A product became cheaper, and still is; the contact looked at it or has it in the basket.

    Several offers of one product on one day are one entry. An offer that is wanted, when the price of its parent fell,
    must not be dearer than that.
    """

    code = "price_dropped"
    title = N_("Product has become cheaper")
    Settings = PriceDroppedSettings
    kinds = frozenset({Kind.PRODUCTS, Kind.VIEWS, Kind.BASKETS, Kind.ORDERS})
    facts = frozenset({"price_dropped"})

    def entries(self, settings: PriceDroppedSettings, span: Span) -> sa.Select[Any]:
        wish = Wish(awaited=False, viewed_days=settings.viewed_days, in_basket=settings.in_basket)
        enough = _TO * 100 <= _FROM * (100 - settings.min_percent)
        still = sa.or_(read_later(span), products.c.price.is_(None), products.c.price <= _TO)
        cheap = sa.or_(offers().c.price.is_(None), offers().c.price <= _TO)
        return wanted(span, "price_dropped", wish, *settings.meant(), enough, still, at_hand(span), offer=cheap)
