"""Price and stock of products: `b_catalog_price`, `b_catalog_product`, and Bitrix's own rule of what can be bought."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.rolling import Hands
from connectors.sources.bitrix_mysql.shop import Shop


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms one product is sold: the price of one piece for everybody, without discounts."""

    price: Decimal | None = None
    currency: str = ""
    available: bool = False
    quantity: Decimal = Decimal(0)


class Trade:
    """Terms of many products at once, in one price type. A shop without the catalog module has none."""

    def __init__(self, shop: Shop, price_type: int) -> None:
        self._shop, self._price_type = shop, price_type
        self._traced = shop.option("catalog", "default_quantity_trace", "N")
        self._below_zero = shop.option("catalog", "default_can_buy_zero", "N")

    def of(self, products: Iterable[int]) -> dict[int, Terms]:
        """Product id → its terms, of those that have a row in the catalogue."""
        if not self._shop.has("b_catalog_product"):
            return {}
        ids = list(products)
        table = self._shop.table("b_catalog_product")
        query = sa.select(*self._shop.some(table, "ID", "QUANTITY", "QUANTITY_TRACE", "CAN_BUY_ZERO", AVAILABLE=None))
        prices = self._prices(ids)
        found = {}
        for product, stock, *rules in self._shop.tuples_in(query, table.c.ID, ids):
            quantity = values.decimal(stock)
            price, currency = prices.get(product, (None, ""))
            found[product] = Terms(price, currency, self._available(quantity, *rules), quantity)
        return found

    def _available(self, quantity: Decimal, traced: str, below_zero: str, available: str | None) -> bool:
        """catalog/lib/product.php calculateAvailable: sold out only where stock is counted and may not fall below 0."""
        if available:
            return available == "Y"
        traced = self._traced if traced == "D" else traced
        below_zero = self._below_zero if below_zero == "D" else below_zero
        return quantity > 0 or traced != "Y" or below_zero == "Y"

    def _prices(self, products: list[int]) -> dict[int, tuple[Decimal, str]]:
        """Product id → (price, currency) of one piece; the lowest where ranges of quantity overlap."""
        if not self._price_type:
            return {}
        table = self._shop.table("b_catalog_price")
        query = sa.select(table.c.PRODUCT_ID, table.c.PRICE, table.c.CURRENCY).where(
            table.c.CATALOG_GROUP_ID == self._price_type,
            sa.func.coalesce(table.c.QUANTITY_FROM, 0) <= 1,
            sa.or_(sa.func.coalesce(table.c.QUANTITY_TO, 0) == 0, table.c.QUANTITY_TO >= 1),
        )
        found: dict[int, tuple[Decimal, str]] = {}
        for product, stored, currency in self._shop.tuples_in(query, table.c.PRODUCT_ID, products):
            price = values.decimal(stored)
            if product not in found or price < found[product][0]:
                found[product] = (price, currency)
        return found

    def changed(self, hands: Hands) -> set[int]:
        """Products whose terms have been saved (1C's exchange saves them all); both tables are narrow."""
        found: set[int] = set()
        for name, product in (("b_catalog_product", "ID"), ("b_catalog_price", "PRODUCT_ID")):
            if self._shop.has(name):
                table = self._shop.table(name)
                found |= hands.changed(name, table.c.ID, partial(self._saved, table, product))
        return found

    def _saved(self, table: sa.FromClause, product: str, then: datetime) -> sa.Select[Any]:
        return sa.select(table.c[product].label("key")).where(table.c.TIMESTAMP_X >= self._shop.local(then))
