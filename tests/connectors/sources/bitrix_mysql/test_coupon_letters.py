"""Letters with coupons of a Bitrix shop: from the row in its table to the day when that row is taken out again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core import coupons
from core.errors import Misconfigured
from core.source import Coupons
from core.testing import MemorySource
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.connectors.sources.bitrix_mysql.coupon_shop import a_rule, gift, rows, use
from tests.core.coupons.world import PRESS, TWO_DAYS, CouponWorld


@pytest.fixture
def world(engine: sa.Engine, bitrix: Bitrix) -> CouponWorld:
    """Five readers whose letter carries a coupon on the shop's rule 7."""
    a_rule(bitrix)
    a_rule(bitrix, 8, USE_COUPONS="N")
    world = CouponWorld(engine)
    world.sources = {"shop": Shop(bitrix)}
    world.people(5)
    world.promise()
    return world


class Shop(MemorySource):
    """The people of memory with the coupons of Bitrix."""

    def __init__(self, bitrix: Bitrix) -> None:
        super().__init__("shop")
        self.bitrix = bitrix

    def coupons(self) -> Coupons:
        return gift(self.bitrix)


def test_the_shop_has_the_coupons_of_the_letters_until_their_last_second(world: CouponWorld, bitrix: Bitrix) -> None:
    world.send(world.open())
    assert {row["COUPON"] for row in rows(bitrix)} == set(world.codes().values())
    assert {row["ACTIVE_TO"] for row in rows(bitrix)} == {"2026-11-26 23:59:59"}
    assert "Действует до 26 ноября 2026" in world.channel.letters[0].text


def test_held_up_for_a_day_the_same_code_lives_a_day_longer(world: CouponWorld, bitrix: Bitrix) -> None:
    posting = world.open()
    world.send(posting, stopping=lambda: bool(world.channel.letters))
    world.clock.on(days=1)
    before = {row["COUPON"]: row["ACTIVE_TO"] for row in rows(bitrix)}
    world.send(posting)
    after = {row["COUPON"]: row["ACTIVE_TO"] for row in rows(bitrix)}
    assert after.keys() == before.keys() == set(world.codes().values())
    assert sorted(after.values()) == ["2026-11-26 23:59:59", *["2026-11-27 23:59:59"] * 4]


def test_the_unused_go_the_used_stay_and_the_books_agree(world: CouponWorld, bitrix: Bitrix) -> None:
    world.send(world.open())
    code = world.codes()["user3@shop.ru"]
    use(bitrix, code, order=91)
    assert world.audit() == []
    account = world.account()
    assert (account.issued, account.active, account.used, account.differences) == (5, 4, 1, ())
    world.clock.on(days=10)
    assert world.end() == {"removed": 4}
    assert [row["COUPON"] for row in rows(bitrix)] == [code]
    [kept] = [row for row in world.rows() if row["code"] == code]
    assert kept["orders"] == ["91"]


def test_a_coupon_deleted_in_the_shops_admin_is_named(world: CouponWorld, bitrix: Bitrix) -> None:
    world.send(world.open())
    code = world.codes()["user3@shop.ru"]
    bitrix.run("DELETE FROM b_sale_discount_coupon WHERE COUPON = :code", code=code)
    world.audit()
    assert world.account().differences == (code,)


def test_a_discount_without_coupons_is_refused_before_the_first_letter(world: CouponWorld) -> None:
    world.promise({**TWO_DAYS, "discount": 8})
    with pytest.raises(Misconfigured, match="USE_COUPONS"):
        coupons.check(world.mint, world.published(), shelf=PRESS.blocks, now=world.clock())
