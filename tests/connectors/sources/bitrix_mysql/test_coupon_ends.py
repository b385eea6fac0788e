"""Coupons end only while nobody has used them, and their use can be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sources.bitrix_mysql import coupons
from core.model import CouponFate
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.connectors.sources.bitrix_mysql.coupon_shop import NOW, a_rule, create, gift, rows, use


def test_a_coupon_used_between_our_look_and_our_deleting_stays(bitrix: Bitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    a_rule(bitrix)
    code = create(gift(bitrix)).code
    whole = coupons._standing

    def looked(*args: Any) -> Any:
        found = whole(*args)
        use(bitrix, code)
        return found

    monkeypatch.setattr(coupons, "_standing", looked)
    assert gift(bitrix).expire([code], ending=CouponFate.DELETED, now=NOW) == {code: CouponFate.USED}
    assert len(rows(bitrix)) == 1


def test_a_deactivated_coupon_stays_in_the_shop_switched_off(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    code, other = create(gift(bitrix), "a").code, create(gift(bitrix), "b").code
    later = NOW + timedelta(hours=1)
    assert gift(bitrix).expire([code], ending=CouponFate.DEACTIVATED, now=later) == {code: CouponFate.DEACTIVATED}
    found = {row["COUPON"]: (row["ACTIVE"], row["TIMESTAMP_X"]) for row in rows(bitrix)}
    assert found == {code: ("N", "2026-11-24 13:00:00"), other: ("Y", "2026-11-24 12:00:00")}


def test_a_coupon_for_many_orders_that_was_used_once_stays(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    code = create(gift(bitrix), multi_use=True, max_uses=5).code
    bitrix.run("UPDATE b_sale_discount_coupon SET USE_COUNT = 2")
    assert gift(bitrix).expire([code], ending=CouponFate.DELETED, now=NOW) == {code: CouponFate.USED}
    assert gift(bitrix).usage([code])[code].times == 2


def test_use_says_when_and_in_which_order(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    code = create(gift(bitrix)).code
    use(bitrix, code, order=91)
    bitrix.add("b_sale_order_coupons", ORDER_ID=92, ORDER_DISCOUNT_ID=1, COUPON="OTHER", TYPE=2, COUPON_ID=2)
    found = gift(bitrix).usage([code])[code]
    assert (found.times, found.last_at, found.orders) == (1, datetime(2026, 11, 25, 7, tzinfo=UTC), ("91",))
    bitrix.run("DELETE FROM b_sale_discount_coupon")
    assert gift(bitrix).usage([code])[code].orders == ("91",), "the shop's admin tidied up, the order remains"


def test_more_codes_than_one_statement_holds_are_all_answered(bitrix: Bitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coupons, "_MOST_AT_ONCE", 2)
    a_rule(bitrix)
    codes = [create(gift(bitrix), str(number)).code for number in range(5)]
    assert set(gift(bitrix).usage(codes)) == set(codes)
    fates = gift(bitrix).expire([*codes, codes[0]], ending=CouponFate.DELETED, now=NOW)
    assert fates == dict.fromkeys(codes, CouponFate.DELETED)
