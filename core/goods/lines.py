"""Lines of a basket or an order as letters show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.goods import Card


@dataclass(frozen=True, slots=True)
class Line:
    """One product in a basket or an order; `price` is of one, `old_price` is struck out beside it."""

    name: str
    quantity: str  # as people write it: "2", "1.5"
    price: Decimal
    total: Decimal
    currency: str
    url: str = ""
    picture_url: str = ""
    old_price: Decimal | None = None
    was: Decimal | None = None  # the price that it was put into the basket at, when it has risen since


def line(card: Card | None, *, name: str, quantity: Decimal, price: Decimal, currency: str) -> Line:
    """A line with the product's page and picture, where the mirror knows them."""
    found = Line(name, written(quantity), price, price * quantity, currency)
    if card is None:
        return found
    return Line(name, found.quantity, price, found.total, currency, card.url, card.picture_url)


def written(quantity: Decimal) -> str:
    """Without the zeros of its column: 2.0000 is "2"."""
    return f"{quantity.normalize():f}"


def together(lines: Sequence[Line]) -> Decimal | None:
    """Their sum; None when they are in different currencies."""
    if len({one.currency for one in lines}) != 1:
        return None
    return sum((one.total for one in lines), Decimal(0))
