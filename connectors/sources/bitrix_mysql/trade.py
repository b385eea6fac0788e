"""Price and stock of products: `b_catalog_price`, `b_catalog_product`, and Bitrix's own rule of what can be bought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import in_ranges


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
        for row in self._shop.rows_in(query, table.c.ID, ids):
            price, currency = prices.get(row["ID"], (None, ""))
            quantity = values.decimal(row["QUANTITY"])
            found[row["ID"]] = Terms(price, currency, self._available(row, quantity), quantity)
        return found

    def _available(self, row: Row, quantity: Decimal) -> bool:
        """catalog/lib/product.php calculateAvailable: sold out only where stock is counted and may not fall below 0."""
        if row["AVAILABLE"]:
            return values.yes(row["AVAILABLE"])
        traced = self._traced if row["QUANTITY_TRACE"] == "D" else row["QUANTITY_TRACE"]
        below_zero = self._below_zero if row["CAN_BUY_ZERO"] == "D" else row["CAN_BUY_ZERO"]
        return quantity > 0 or not values.yes(traced) or values.yes(below_zero)

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
        for row in self._shop.rows_in(query, table.c.PRODUCT_ID, products):
            price = values.decimal(row["PRICE"])
            known = found.get(row["PRODUCT_ID"])
            if known is None or price < known[0]:
                found[row["PRODUCT_ID"]] = (price, row["CURRENCY"])
        return found

    def changed(self, since: datetime) -> Iterator[int]:
        """Products whose terms have been saved since then (1C's exchange saves them all); both tables are narrow."""
        for name, product in (("b_catalog_product", "ID"), ("b_catalog_price", "PRODUCT_ID")):
            if self._shop.has(name):
                table = self._shop.table(name)
                saved = sa.select(table.c[product].label("key")).where(table.c.TIMESTAMP_X >= self._shop.local(since))
                yield from in_ranges(self._shop, table.c.ID, saved, 0)
