"""What tests of coupons say of a shop: its rules, its rows, somebody who orders, and the gift that is tried."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import BitrixMysql
from connectors.sources.bitrix_mysql.coupons import BitrixCoupons
from core import plugin
from core.model import Coupon, CouponTerms
from core.source import Coupons
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # 12:00 in Moscow
on_mariadb = pytest.mark.parametrize("bitrix", ["mariadb"], indirect=True)


def gift(bitrix: Bitrix, **settings: Any) -> BitrixCoupons:
    url = bitrix.engine.url.render_as_string(hide_password=False)
    return at(url, **bitrix.settings | settings)


def at(url: str, **settings: Any) -> BitrixCoupons:
    values = {"url": "sqlite:///nothing.db", "coupon_url": url, **settings}
    found = BitrixMysql("shop", plugin.settings_of(BitrixMysql, values, where="sources.shop")).coupons()
    assert isinstance(found, BitrixCoupons)
    return found


def a_rule(bitrix: Bitrix, number: int = 7, *, groups: tuple[int, ...] = (2,), **values: Any) -> None:
    row = {"ID": number, "LID": "s1", "NAME": "Подарок", "ACTIVE": "Y", "USE_COUPONS": "Y", "DISCOUNT_VALUE": 0}
    bitrix.add("b_sale_discount", **row | values)
    for group in groups:
        bitrix.add("b_sale_discount_group", DISCOUNT_ID=number, ACTIVE="Y", GROUP_ID=group)


def old_catalogue(bitrix: Bitrix, code: str) -> None:
    bitrix.run("CREATE TABLE b_catalog_discount_coupon (ID int, DISCOUNT_ID int, COUPON varchar(32) NOT NULL)")
    bitrix.add("b_catalog_discount_coupon", ID=1, DISCOUNT_ID=1, COUPON=code)


def rows(bitrix: Bitrix, table: str = "b_sale_discount_coupon") -> list[dict[str, Any]]:
    with bitrix.engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY ID")).mappings().all()
    return [
        {name: str(value) if isinstance(value, datetime) else value for name, value in row.items()} for row in found
    ]


def use(bitrix: Bitrix, code: str, order: int = 1) -> None:
    """What saveApplied of Bitrix does with a coupon for one order."""
    bitrix.run(
        "UPDATE b_sale_discount_coupon SET ACTIVE = 'N', DATE_APPLY = '2026-11-25 10:00:00' WHERE COUPON = :c", c=code
    )
    bitrix.add("b_sale_order_coupons", ORDER_ID=order, ORDER_DISCOUNT_ID=1, COUPON=code, TYPE=2, COUPON_ID=1)


def create(one: Coupons, key: str = "birthday:1:5", rule: str = "7", **terms: Any) -> Coupon:
    return one.create(CouponTerms(rule, key, **terms), secret="s3cret", now=NOW)
