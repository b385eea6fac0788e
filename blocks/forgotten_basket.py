"""What lies in the reader's basket and can still be bought, at the price of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Block, BlockSettings, ButtonText, Facts, Heading, Reader
from core.errors import N_
from core.goods import Card, Ref, by_ref
from core.goods.lines import Line, line, together
from core.goods.readers import open_baskets, usable
from core.goods.urls import Url, web
from core.model import Kind


class BasketSettings(BlockSettings):
    heading: Heading = "Вы оставили в корзине"
    path: Url = Field(default="/personal/cart/", title=N_("The basket's page on the site"))
    button: ButtonText = "Вернуться в корзину"
    limit: int = Field(default=10, strict=True, ge=1, le=50, title=N_("How many products at most"))


class ForgottenBasket(Block):
    code = "forgotten_basket"
    title = N_("Forgotten basket")
    Settings = BasketSettings
    kinds = frozenset({Kind.BASKETS, Kind.PRODUCTS})
    variables: ClassVar[Mapping[str, str]] = {
        "lines": N_("The goods: name, quantity, price, old_price, was, total, currency, url, picture_url"),
        "more": N_("How many goods are not shown"),
        "total": N_("The sum of all goods; none when the currencies differ"),
        "currency": N_("The currency of the sum"),
        "link": N_("The basket's page"),
    }

    def facts(self, settings: BasketSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        baskets = open_baskets(asked, readers)
        refs = {(one["source"], row["product"]) for one in baskets if one for row in usable(one)}
        cards = by_ref(asked, refs)
        return [_basket(one, cards, settings, asked) if one else None for one in baskets]


def _basket(
    basket: sa.RowMapping, cards: Mapping[Ref, Card], settings: BasketSettings, asked: Asked
) -> dict[str, Any] | None:
    lines = [
        _line(row, cards.get((basket["source"], row["product"])))
        for row in _merged(usable(basket))
        if _to_be_had(cards.get((basket["source"], row["product"])))
    ]
    if not lines:
        return None
    return {
        "lines": lines[: settings.limit],
        "more": max(0, len(lines) - settings.limit),
        "total": together(lines),
        "currency": lines[0].currency,
        "link": web(settings.path, asked.site_url),
    }


def _to_be_had(card: Card | None) -> bool:
    """What the mirror does not know at all was put in by hand: the basket's own word is taken."""
    return card is None or card.available


def _merged(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same product at the same price, put in twice (a gift note, a set), is one line."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = row["product"], row["price"], row["currency"]
        quantity = Decimal(row["quantity"]) + (found[key]["quantity"] if key in found else 0)
        found[key] = {**row, "quantity": quantity}
    return list(found.values())


def _line(row: Mapping[str, Any], card: Card | None) -> Line:
    """At today's price. A price of the reader's own, lower by a discount, stays while the list price does."""
    price = Decimal(row["price"])
    listed = Decimal(row["base_price"]) if row["base_price"] else price
    stays = card is None or card.price is None or card.currency != row["currency"] or card.price == listed
    now = price if stays else card.price  # type: ignore[union-attr]
    found = line(card, name=row["name"], quantity=row["quantity"], price=now, currency=row["currency"])  # type: ignore[arg-type]
    if stays:
        return replace(found, old_price=listed if listed > price else None)
    return replace(found, old_price=price) if now < price else replace(found, was=price if now > price else None)  # type: ignore[operator]
