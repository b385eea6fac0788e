"""Coupons in a Bitrix shop: made once whatever happens, and as Bitrix itself would make them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import coupons
from core.errors import Misconfigured, Refused
from core.model import CouponFate, CouponTerms
from core.source import Coupons
from core.testing.coupon_conformance import CouponConformance
from tests import services
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.connectors.sources.bitrix_mysql.coupon_shop import (
    NOW,
    a_rule,
    at,
    create,
    gift,
    old_catalogue,
    on_mariadb,
    rows,
    use,
)


class TestBitrixCoupons(CouponConformance):
    @pytest.fixture
    def coupons(self, bitrix: Bitrix) -> Coupons:
        a_rule(bitrix)
        a_rule(bitrix, 8, USE_COUPONS="N")
        return gift(bitrix)

    @pytest.fixture
    def rule(self) -> str:
        return "7"

    @pytest.fixture
    def idle_rule(self) -> str:
        return "8"

    @pytest.fixture
    def use(self, bitrix: Bitrix) -> Callable[[str], None]:
        return lambda code: use(bitrix, code)

    @pytest.fixture
    def unreachable(self) -> Coupons:
        return at(f"mysql+pymysql://vestnik@127.0.0.1:{services.free_port()}/shop")


def test_a_coupon_for_one_order_is_written_as_bitrix_writes_it(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    until = NOW + timedelta(days=7)
    coupon = create(gift(bitrix), valid_from=NOW, valid_until=until, person="55", description="День рождения")
    assert re.fullmatch(r"SL-[A-HJKMNP-Z2-9]{5}-[A-HJKMNP-Z2-9]{7}", coupon.code)
    [row] = rows(bitrix)
    del row["ID"]
    assert row == {
        "DISCOUNT_ID": 7,
        "ACTIVE": "Y",
        "ACTIVE_FROM": "2026-11-24 12:00:00",
        "ACTIVE_TO": "2026-12-01 12:00:00",
        "COUPON": coupon.code,
        "TYPE": 2,
        "MAX_USE": 1,
        "USE_COUNT": 0,
        "USER_ID": 55,
        "DATE_APPLY": None,
        "TIMESTAMP_X": "2026-11-24 12:00:00",
        "MODIFIED_BY": None,
        "DATE_CREATE": "2026-11-24 12:00:00",
        "CREATED_BY": None,
        "DESCRIPTION": "День рождения",
    }


def test_a_coupon_for_many_orders_has_its_number_of_uses_and_no_dates(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    create(gift(bitrix), "a", multi_use=True, max_uses=3)
    create(gift(bitrix), "b", multi_use=True)
    found = [
        (row["TYPE"], row["MAX_USE"], row["USER_ID"], row["ACTIVE_FROM"], row["ACTIVE_TO"]) for row in rows(bitrix)
    ]
    assert found == [(4, 3, 0, None, None), (4, 0, 0, None, None)]


def test_no_rule_is_ever_touched(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    a_rule(bitrix, 8, USE_COUPONS="N")
    before = rows(bitrix, "b_sale_discount"), rows(bitrix, "b_sale_discount_group")
    code = create(gift(bitrix)).code
    with pytest.raises(Misconfigured):
        create(gift(bitrix), "another", rule="8")
    gift(bitrix).expire([code], ending=CouponFate.DELETED, now=NOW)
    assert (rows(bitrix, "b_sale_discount"), rows(bitrix, "b_sale_discount_group")) == before


def test_after_a_crash_the_same_coupon_is_found_again(bitrix: Bitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    a_rule(bitrix)
    whole = coupons._found

    def crash(*_: Any) -> None:
        if rows(bitrix):
            raise KeyboardInterrupt

    monkeypatch.setattr(coupons, "_found", crash)
    with pytest.raises(KeyboardInterrupt):
        create(gift(bitrix), valid_until=NOW + timedelta(days=1))
    monkeypatch.setattr(coupons, "_found", whole)
    later = NOW + timedelta(days=3)  # when it has run out already
    terms = CouponTerms("7", "birthday:1:5", valid_until=NOW + timedelta(days=1))
    found = gift(bitrix).create(terms, secret="s3cret", now=later)
    assert [row["COUPON"] for row in rows(bitrix)] == [found.code]


def test_a_code_depends_on_the_secret(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    terms = CouponTerms("7", "a")
    codes = {gift(bitrix).create(terms, secret=secret, now=NOW).code for secret in ("one", "two")}
    assert len(codes) == 2


def test_many_who_make_the_same_coupon_at_once_make_one(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: create(gift(bitrix), str(number // 8)), range(32)))
    assert len(rows(bitrix)) == len({coupon.code for coupon in made}) == 4


def test_many_who_make_different_coupons_at_once_all_get_theirs(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: create(gift(bitrix), str(number)), range(64)))
    assert len(rows(bitrix)) == len({coupon.code for coupon in made}) == 64


@on_mariadb
def test_a_block_keeps_one_connection_and_leaves_none(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    one = gift(bitrix)

    def connection_id() -> int:
        with one._opened() as shop:
            return int(shop.scalar(sa.select(sa.func.connection_id())))

    with one:
        inside = {connection_id() for _ in range(3)}
    assert len(inside) == 1
    assert len({connection_id() for _ in range(3)} - inside) == 3


@on_mariadb
def test_of_two_who_looked_before_either_had_put_it_in_one_does(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    one, barrier = gift(bitrix), threading.Barrier(2)

    def put_in(_: int) -> None:
        with one._opened() as shop:
            statement = coupons._insert(shop, coupons._row(shop, CouponTerms("7", "a"), "SL-SAME", NOW))
            assert isinstance(statement.select, sa.Select)
            slow = statement.select.where(sa.func.sleep(0.5) == 0)  # between looking and putting in
            barrier.wait()
            shop.change(sa.insert(statement.table).from_select(statement._select_names or [], slow))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put_in, range(2)))
    assert [row["COUPON"] for row in rows(bitrix)] == ["SL-SAME"]


def test_a_code_of_the_old_catalogue_is_not_made_again(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    code = create(gift(bitrix)).code
    bitrix.run("DELETE FROM b_sale_discount_coupon")
    old_catalogue(bitrix, code.lower())
    with pytest.raises(Refused, match=f"{code} is taken in the old catalogue"):
        create(gift(bitrix))
    assert rows(bitrix) == []
    assert create(gift(bitrix), "another").code != code


def test_a_code_that_differs_only_in_case_is_the_same_code(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    code = create(gift(bitrix)).code
    bitrix.run("UPDATE b_sale_discount_coupon SET COUPON = :c", c=code.lower())
    create(gift(bitrix))
    assert len(rows(bitrix)) == 1
    use(bitrix, code.lower())
    assert gift(bitrix).usage([code])[code].orders == ("1",)
    assert gift(bitrix).expire([code], ending=CouponFate.DELETED, now=NOW) == {code: CouponFate.USED}


@pytest.mark.parametrize(
    ("terms", "error", "fault"),
    [
        ({"person": "guest7"}, Refused, "'guest7' is no user of the shop"),
        ({"person": "0"}, Refused, "is no user"),
        ({"valid_until": NOW}, Refused, "would never be valid"),
        ({"valid_from": NOW + timedelta(2), "valid_until": NOW + timedelta(1)}, Refused, "would never be valid"),
        ({"multi_use": True, "max_uses": -1}, Refused, "cannot be used -1 times"),
        ({"prefix": "ПОДАРОК"}, Misconfigured, "Coupon prefix"),
        ({"prefix": "X" * 19}, Misconfigured, "Coupon prefix"),
        ({"prefix": ""}, Misconfigured, "Coupon prefix"),
        ({"rule": "7 OR 1=1"}, Misconfigured, r"no discount rule 7 OR 1=1\. Known: 7"),
    ],
    ids=str,
)
def test_terms_that_no_coupon_can_have_are_refused(
    bitrix: Bitrix, terms: dict[str, Any], error: type[Exception], fault: str
) -> None:
    a_rule(bitrix)
    with pytest.raises(error, match=fault):
        create(gift(bitrix), **terms)
    assert rows(bitrix) == []


def test_the_longest_prefix_makes_a_code_that_fits(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    code = create(gift(bitrix), prefix="x" * 18).code
    assert len(code) == 32
    assert [row["COUPON"] for row in rows(bitrix)] == [code]
