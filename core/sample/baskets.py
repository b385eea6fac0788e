"""Visitors of the sample shop: their fusers, what they looked at, and what lies in their baskets."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from core.sample.goods import Good, known
from core.sample.rows import Rows

VIEWS_KEPT = 10  # Bitrix keeps so many products a visitor and site (catalog/viewed_count)
_CENT = Decimal("0.01")


def fuser(rows: Rows, user: int | None, at: datetime) -> int:
    """A visitor's own number in the shop; a guest's has no user."""
    code = f"{rows.random.getrandbits(128):032x}"
    return rows.add("b_sale_fuser", USER_ID=user, DATE_INSERT=at, DATE_UPDATE=at, CODE=code)


def views(rows: Rows, visitor: int, shelf: list[Good], since: datetime) -> None:
    """Up to ten products that were looked at, one row for a product whichever of its offers it was."""
    start = max(since, rows.end - timedelta(days=60))
    choice = known(shelf, start)
    seen = {good.parent: good for good in rows.random.sample(choice, min(len(choice), rows.random.randint(1, 14)))}
    for good in list(seen.values())[:VIEWS_KEPT]:
        view(rows, visitor, good, rows.between(start, rows.end), count=rows.random.randint(1, 6))


def view(rows: Rows, visitor: int, good: Good, at: datetime, *, count: int = 1) -> None:
    """A row of what was looked at."""
    rows.add("b_catalog_viewed_product", FUSER_ID=visitor, DATE_VISIT=at, PRODUCT_ID=good.id, ELEMENT_ID=good.parent,
             SITE_ID="s1", VIEW_COUNT=count)  # fmt: skip


def basket(rows: Rows, visitor: int, shelf: list[Good], at: datetime) -> None:
    """An open basket begun at that moment: some lines are postponed, some cannot be bought now."""
    choice, stop = known(shelf, at), min(rows.end, at + timedelta(hours=3))
    for good in rows.random.sample(choice, min(len(choice), rows.random.randint(1, 4))):
        line(rows, visitor, good, rows.between(at, stop))
        chance, row = rows.random.random(), rows.of("b_sale_basket")[-1]
        if chance < 0.1:
            row["DELAY"] = "Y"
        elif chance < 0.15:
            row.update(CAN_BUY="N", SUBSCRIBE=rows.random.choice("NY"))
    if rows.random.random() < 0.02:
        rows.add("b_sale_basket", FUSER_ID=visitor, PRODUCT_ID=1, PRICE=500, DISCOUNT_PRICE=0, CURRENCY="RUB",
                 QUANTITY=1, LID="s1", NAME="Подарочная упаковка", MODULE="gifts", CAN_BUY="Y", DELAY="N",
                 DATE_INSERT=at, DATE_UPDATE=at)  # fmt: skip


def line(
    rows: Rows, visitor: int, good: Good, at: datetime, *, order: int | None = None, off_percent: int = 0
) -> Decimal:
    """A good in a basket (or, with its number, in an order), a set with its parts; what it costs in all."""
    base = _price_then(rows, good, at)
    price = (base * (100 - off_percent) / 100).quantize(_CENT)
    quantity = Decimal(rows.random.choice(("1", "1", "1", "2", "3") if good.parts or base % 2 else ("1", "2", "0.5")))
    number = rows.next_id("b_sale_basket")
    # a set's own line has no parent today, and was its own parent in older versions
    parent = (None, 0, number)[number % 3] if good.parts else None
    _row(rows, visitor, good, at, order=order, base=base, price=price, quantity=quantity, parent=parent)
    for part in good.parts:
        _row(rows, visitor, part, at, order=order, base=part.price, price=part.price, quantity=quantity, parent=number)
    if good.colour:
        _properties(rows, number, good)
    return price * quantity


def _price_then(rows: Rows, good: Good, at: datetime) -> Decimal:
    """Prices have moved since: what was paid a month ago need not be today's price."""
    if at > rows.end - timedelta(days=30) or rows.random.random() < 0.6:
        return good.price
    return (good.price * rows.random.choice((85, 90, 95, 110)) / 100).quantize(_CENT)


def _row(
    rows: Rows,
    visitor: int,
    good: Good,
    at: datetime,
    *,
    order: int | None,
    base: Decimal,
    price: Decimal,
    quantity: Decimal,
    parent: int | None,
) -> None:
    rows.add("b_sale_basket", FUSER_ID=visitor, ORDER_ID=order, PRODUCT_ID=good.id, PRICE=price, BASE_PRICE=base,
             DISCOUNT_PRICE=base - price, CURRENCY="RUB", QUANTITY=quantity, LID="s1", NAME=good.name, DELAY="N",
             CAN_BUY="Y", MODULE="catalog", DETAIL_PAGE_URL=good.url, DATE_INSERT=at, DATE_UPDATE=at,
             SET_PARENT_ID=parent, TYPE=1 if good.parts else None, PRODUCT_XML_ID=f"x{good.id}")  # fmt: skip


def _properties(rows: Rows, number: int, good: Good) -> None:
    for code, name, value in (("COLOUR", "Цвет", good.colour), ("PRODUCT.XML_ID", "Product XML_ID", f"x{good.id}")):
        rows.add("b_sale_basket_props", BASKET_ID=number, NAME=name, CODE=code, VALUE=value)
