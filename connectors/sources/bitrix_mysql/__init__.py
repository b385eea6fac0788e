"""A shop on 1C-Bitrix, read straight from its MySQL database, which it never changes but for coupons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from connectors.sources.bitrix_mysql import doctor, order_changes, places
from connectors.sources.bitrix_mysql.baskets import Baskets
from connectors.sources.bitrix_mysql.coupons import BitrixCoupons
from connectors.sources.bitrix_mysql.orders import Orders
from connectors.sources.bitrix_mysql.people import People
from connectors.sources.bitrix_mysql.products import Products
from connectors.sources.bitrix_mysql.settings import Settings as ShopSettings
from connectors.sources.bitrix_mysql.shop import Shop, opened
from connectors.sources.bitrix_mysql.views import Views
from connectors.sources.bitrix_mysql.walk import Reader, pages
from core import plugin
from core.model import Kind
from core.source import Coupons, Cursor, Finding, Page, Source

_READERS: Mapping[Kind, Callable[[Shop], Reader]] = {
    Kind.PEOPLE: People,
    Kind.PRODUCTS: Products,
    Kind.BASKETS: Baskets,
    Kind.ORDERS: Orders,
    Kind.VIEWS: Views,
}


class BitrixMysql(Source):
    """People, goods, baskets, orders with their history, and views of one Bitrix database (MySQL, MariaDB, SQLite)."""

    code = "bitrix_mysql"
    title = "1C-Bitrix (MySQL)"
    capabilities = frozenset(Kind)
    Settings: ClassVar[type[plugin.Settings]] = ShopSettings
    settings: ShopSettings

    def check(self) -> Iterator[Finding]:
        yield from doctor.findings(self.name, self.settings)

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        with opened(self.name, self.settings) as shop:
            if kind in places.KINDS:
                yield from places.walk(shop, kind, cursor)
            elif doctor.left_out(shop, kind):
                yield Page([], dict(cursor or {}), total=0)
            elif kind is Kind.ORDER_CHANGES:
                yield from order_changes.history(shop, cursor)
            else:
                yield from pages(_READERS[kind](shop), cursor)

    def coupons(self) -> Coupons | None:
        return BitrixCoupons(self.name, self.settings) if self.settings.coupon_url.get_secret_value() else None
