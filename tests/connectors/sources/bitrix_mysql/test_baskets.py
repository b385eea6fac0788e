"""Baskets and views: all open rows of a fuser on a site, their activity by DATE_UPDATE, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.model import Kind
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix


@pytest.fixture
def shop(bitrix: Bitrix) -> Bitrix:
    bitrix.user(1)
    bitrix.add("b_sale_fuser", ID=10, USER_ID=1, DATE_INSERT=OLD, DATE_UPDATE=OLD)
    bitrix.add("b_sale_fuser", ID=11, USER_ID=None, DATE_INSERT=OLD, DATE_UPDATE=OLD)
    return bitrix


OLD = "2026-11-01 12:00:00"


def row(shop: Bitrix, number: int, fuser: int = 10, **values: Any) -> None:
    common = {"ID": number, "FUSER_ID": fuser, "PRODUCT_ID": 700 + number, "PRICE": 100, "CURRENCY": "RUB", "LID": "s1"}
    given = {
        "QUANTITY": 1,
        "NAME": f"Товар {number}",
        "DELAY": "N",
        "CAN_BUY": "Y",
        "DATE_INSERT": OLD,
        "DATE_UPDATE": OLD,
    }
    shop.add("b_sale_basket", **common | given | values)


def lines(shop: Bitrix, cursor: Any = None) -> dict[str, list[str]]:
    baskets = shop.pull(Kind.BASKETS, cursor).records
    return {key: [line.product for line in basket.lines] for key, basket in baskets.items()}


def test_a_basket_is_all_open_rows_of_a_fuser_and_site(shop: Bitrix) -> None:
    row(shop, 1, QUANTITY=0.5, DETAIL_PAGE_URL="/tea/", DATE_UPDATE="2026-11-03 12:00:00")
    row(shop, 2, DELAY="Y", DATE_INSERT="2026-10-30 12:00:00")
    row(shop, 3, CAN_BUY="N")
    row(shop, 4, ORDER_ID=5)
    row(shop, 5, LID="s2")
    row(shop, 6, fuser=11)
    poured = shop.pull(Kind.BASKETS)
    [basket] = poured.records.values()
    assert poured.total == 1
    assert (basket.external_id, basket.person, basket.site) == ("10:s1", "1", "s1")
    assert basket.changed_at == datetime(2026, 11, 3, 9, tzinfo=UTC), "activity is the latest DATE_UPDATE"
    assert basket.created_at == datetime(2026, 10, 30, 9, tzinfo=UTC), "the first add is the earliest DATE_INSERT"
    first, delayed, unbuyable = basket.lines
    assert (first.quantity, first.price, first.url, first.name) == (Decimal("0.5"), 100, "/tea/", "Товар 1")
    assert (delayed.delayed, unbuyable.buyable) == (True, False)


def test_parts_of_a_set_are_not_lines(shop: Bitrix) -> None:
    row(shop, 1, TYPE=1, SET_PARENT_ID=1)  # a set of an old base points to itself
    row(shop, 2, SET_PARENT_ID=1)
    row(shop, 3, TYPE=1, SET_PARENT_ID=0)
    row(shop, 4, SET_PARENT_ID=3)
    assert lines(shop) == {"10:s1": ["701", "703"]}


def test_one_person_may_have_several_fusers(shop: Bitrix) -> None:
    shop.add("b_sale_fuser", ID=12, USER_ID=1, DATE_INSERT=OLD, DATE_UPDATE=OLD)
    row(shop, 1)
    row(shop, 2, fuser=12)
    assert lines(shop) == {"10:s1": ["701"], "12:s1": ["702"]}


def test_without_a_site_in_the_settings_each_site_has_its_basket(shop: Bitrix) -> None:
    shop.settings = {}
    row(shop, 1)
    row(shop, 2, LID="s2")
    assert lines(shop) == {"10:s1": ["701"], "10:s2": ["702"]}


def test_only_touched_baskets_come_again(shop: Bitrix) -> None:
    shop.add("b_sale_fuser", ID=13, USER_ID=2, DATE_INSERT=OLD, DATE_UPDATE=OLD)
    row(shop, 1)
    row(shop, 2, fuser=13)
    rest = shop.pull(Kind.BASKETS).cursor
    assert lines(shop, rest) == {}
    shop.run("UPDATE b_sale_basket SET DATE_UPDATE = '2990-01-01 00:00:00' WHERE ID = 2")
    assert lines(shop, rest) == {"13:s1": ["702"]}


@pytest.mark.parametrize(
    ("stored", "base_price"),
    [
        ({"BASE_PRICE": 120, "DISCOUNT_PRICE": 20}, 120),
        ({"BASE_PRICE": 120, "DISCOUNT_PRICE": 0}, 120),  # a discount that Bitrix did not note down
        ({"BASE_PRICE": None, "DISCOUNT_PRICE": 15.5}, Decimal("115.5")),
        ({"BASE_PRICE": 0, "DISCOUNT_PRICE": 0}, 100),
        ({"BASE_PRICE": 90, "DISCOUNT_PRICE": 0}, 90),  # a markup
    ],
)
def test_a_line_knows_its_price_before_discounts(
    shop: Bitrix, stored: dict[str, Any], base_price: Decimal | int
) -> None:
    row(shop, 1, **stored)
    [line] = shop.pull(Kind.BASKETS).records["10:s1"].lines
    assert (line.price, line.base_price) == (100, base_price)


def test_a_base_without_base_prices_is_read_all_the_same(shop: Bitrix) -> None:
    row(shop, 1, DISCOUNT_PRICE=25)
    shop.run("ALTER TABLE b_sale_basket DROP COLUMN BASE_PRICE")
    try:
        [line] = shop.pull(Kind.BASKETS).records["10:s1"].lines
    finally:
        shop.run("ALTER TABLE b_sale_basket ADD COLUMN BASE_PRICE decimal(18,4) NULL")
    assert line.base_price == 125


def test_a_basket_that_became_an_order_is_empty(shop: Bitrix) -> None:
    row(shop, 1)
    rest = shop.pull(Kind.BASKETS).cursor
    shop.run("UPDATE b_sale_basket SET ORDER_ID = 5")
    when = "2990-01-01 00:00:00"
    shop.add("b_sale_order", ID=5, LID="s1", USER_ID=1, ACCOUNT_NUMBER="5", DATE_INSERT=when, DATE_UPDATE=when)
    assert lines(shop, rest) == {"10:s1": []}


def test_a_basket_emptied_by_hand_is_noticed_when_its_owner_was_there(shop: Bitrix) -> None:
    """Deleted rows leave no trace: the baskets of everybody who was on the site lately are looked at again."""
    row(shop, 1)
    row(shop, 2, ORDER_ID=5)
    rest = shop.pull(Kind.BASKETS).cursor
    shop.run("DELETE FROM b_sale_basket WHERE ID = 1")
    assert lines(shop, rest) == {}
    shop.run("UPDATE b_user SET LAST_LOGIN = '2990-01-01 00:00:00'")
    assert lines(shop, rest) == {"10:s1": []}


def test_in_a_large_shop_changes_are_found_by_indexes_alone(shop: Bitrix) -> None:
    shop.settings["examined_rows"] = 0
    shop.user(2)
    shop.add("b_sale_fuser", ID=13, USER_ID=2, DATE_INSERT=OLD, DATE_UPDATE=OLD)
    row(shop, 1)
    row(shop, 2, fuser=13)
    seen = {"FUSER_ID": 10, "SITE_ID": "s1", "VIEW_COUNT": 1}
    shop.add("b_catalog_viewed_product", ID=1, PRODUCT_ID=7, ELEMENT_ID=7, DATE_VISIT=OLD, **seen)
    shop.add("b_catalog_viewed_product", ID=2, PRODUCT_ID=8, ELEMENT_ID=8, DATE_VISIT="2990-01-01 00:00:00", **seen)
    rest = {kind: shop.pull(kind).cursor for kind in (Kind.PEOPLE, Kind.BASKETS, Kind.VIEWS)}
    changed = {kind: sorted(shop.pull(kind, cursor).records) for kind, cursor in rest.items()}
    assert changed == {Kind.PEOPLE: [], Kind.BASKETS: [], Kind.VIEWS: []}
    shop.run("UPDATE b_user SET LAST_LOGIN = '2990-01-01 00:00:00' WHERE ID = 1")
    row(shop, 3, fuser=13, DATE_INSERT="2990-01-01 00:00:00")
    changed = {kind: sorted(shop.pull(kind, cursor).records) for kind, cursor in rest.items()}
    assert changed == {Kind.PEOPLE: ["1"], Kind.BASKETS: ["10:s1", "13:s1"], Kind.VIEWS: ["10:s1:8"]}


def test_a_line_that_is_broken_costs_its_basket(shop: Bitrix) -> None:
    if shop.kind == "mariadb":
        pytest.skip("MariaDB's decimal column holds numbers only")
    shop.add("b_sale_fuser", ID=13, USER_ID=2, DATE_INSERT=OLD, DATE_UPDATE=OLD)
    row(shop, 1, PRICE="сто")
    row(shop, 2, fuser=13)
    poured = shop.pull(Kind.BASKETS)
    assert list(poured.records) == ["13:s1"]
    assert [(bad.external_id, "'сто' is not a number" in bad.reason) for bad in poured.bad] == [("10", True)]


def test_views_of_people_are_poured_and_those_of_strangers_not(shop: Bitrix) -> None:
    view = {"PRODUCT_ID": 7, "ELEMENT_ID": 6, "SITE_ID": "s1", "DATE_VISIT": "2026-11-20 12:00:00"}
    shop.add("b_catalog_viewed_product", ID=1, FUSER_ID=10, VIEW_COUNT=3, **view)
    shop.add("b_catalog_viewed_product", ID=2, FUSER_ID=11, VIEW_COUNT=1, **view)
    shop.add("b_catalog_viewed_product", ID=3, FUSER_ID=10, VIEW_COUNT=1, **view | {"SITE_ID": "s2"})
    poured = shop.pull(Kind.VIEWS)
    [seen] = poured.records.values()
    assert (seen.external_id, seen.person, seen.product, seen.count) == ("10:s1:7", "1", "7", 3)
    assert seen.at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert shop.pull(Kind.VIEWS, poured.cursor).records == {}
    shop.run("UPDATE b_catalog_viewed_product SET VIEW_COUNT = 4, DATE_VISIT = '2990-01-01 00:00:00' WHERE ID = 1")
    assert shop.pull(Kind.VIEWS, poured.cursor).records["10:s1:7"].count == 4
