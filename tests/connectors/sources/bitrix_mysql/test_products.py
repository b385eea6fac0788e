"""Products: both storages of properties, offers with what they inherit, Bitrix's own rules of price and stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.errors import Misconfigured
from core.model import Kind, Product
from core.sample import schema
from tests.connectors.sources.bitrix_mysql.conftest import STORAGE, Bitrix
from tests.connectors.sources.bitrix_mysql.test_php import php

OLD = "2026-11-01 12:00:00"
FUTURE = "2990-01-01 00:00:00"
URL = "#SITE_DIR#/catalog/#SECTION_CODE_PATH#/#ELEMENT_CODE#/"


@pytest.fixture
def shop(bitrix: Bitrix) -> Bitrix:
    """Infoblock 2 holds products (storage v2), 3 their offers (storage v1); one chain of sections; two price types."""
    for number, code, version, url in (
        (2, "goods", 2, URL),
        (3, "offers", 1, "#PRODUCT_URL#"),
        (4, "news", 1, "/news/#ID#/"),
    ):
        row = {"ID": number, "CODE": code, "VERSION": version, "DETAIL_PAGE_URL": url, "ACTIVE": "Y", "NAME": code}
        bitrix.add("b_iblock", **row, IBLOCK_TYPE_ID="catalog", LID="s1", TIMESTAMP_X=OLD)
        bitrix.add("b_iblock_site", IBLOCK_ID=number, SITE_ID="s1")
    bitrix.add("b_catalog_iblock", IBLOCK_ID=2, PRODUCT_IBLOCK_ID=0, SKU_PROPERTY_ID=0)
    bitrix.add("b_catalog_iblock", IBLOCK_ID=3, PRODUCT_IBLOCK_ID=2, SKU_PROPERTY_ID=30)
    names = {
        1: "BRAND",
        2: "CLOTH",
        3: "WEIGHT",
        4: "TAGS",
        5: "ABOUT",
        6: "ALIKE",
        7: "MATERIAL",
        8: "SEASON",
        9: "MANUAL",
    }
    types = {5: ("HTML", ""), 7: ("directory", php({"TABLE_NAME": "b_hlbd_material"}))}
    for number, kind in STORAGE.items():
        prop(bitrix, number, 2, names[number], kind, *types.get(number, ("", "")))
    prop(bitrix, 30, 3, "CML2_LINK", "E", "SKU", "")
    prop(bitrix, 31, 3, "COLOUR", "L", "", "")
    with bitrix.engine.begin() as connection:
        schema.create_property_tables(connection, 2, STORAGE)
    for number, of, value in ((101, 1, "Домовой"), (102, 8, "Зима"), (103, 8, "Осень"), (104, 31, "Белый")):
        bitrix.add("b_iblock_property_enum", ID=number, PROPERTY_ID=of, VALUE=value, XML_ID=str(number))
    for number, parent, code, active in ((1, None, "dom", "Y"), (2, 1, "свет", "Y"), (3, None, "off", "N")):
        row = {"ID": number, "IBLOCK_SECTION_ID": parent, "CODE": code, "GLOBAL_ACTIVE": active, "ACTIVE": "Y"}
        bitrix.add("b_iblock_section", **row, IBLOCK_ID=2, NAME=code, TIMESTAMP_X=OLD)
    bitrix.add("b_catalog_group", ID=1, NAME="BASE", BASE="Y")
    bitrix.add("b_catalog_group", ID=2, NAME="WHOLESALE", BASE="N")
    bitrix.add("b_file", ID=500, SUBDIR="iblock/a b", FILE_NAME="лампа 1.jpg")
    bitrix.add("b_file", ID=501, SUBDIR="iblock", FILE_NAME="cloud.jpg", HANDLER_ID="2")
    return bitrix


def prop(bitrix: Bitrix, number: int, infoblock: int, code: str, kind: str, user_type: str, settings: str) -> None:
    row = {"ID": number, "IBLOCK_ID": infoblock, "CODE": code, "NAME": code, "PROPERTY_TYPE": kind[0], "ACTIVE": "Y"}
    multiple = "Y" if kind.endswith("+") else "N"
    more = {"USER_TYPE": user_type or None, "USER_TYPE_SETTINGS": settings or None, "TIMESTAMP_X": OLD}
    bitrix.add("b_iblock_property", **row, MULTIPLE=multiple, **more)


def element(shop: Bitrix, number: int, infoblock: int = 2, **values: Any) -> None:
    row = {"ID": number, "IBLOCK_ID": infoblock, "IBLOCK_SECTION_ID": 2 if infoblock == 2 else None, "ACTIVE": "Y"}
    given = {
        "NAME": f"Лампа {number}",
        "CODE": f"lampa-{number}",
        "WF_STATUS_ID": 1,
        "XML_ID": f"x{number}",
        "SORT": 300,
    }
    shop.add("b_iblock_element", **row | given | {"TIMESTAMP_X": OLD, "DATE_CREATE": OLD} | values)


def stock(shop: Bitrix, number: int, **values: Any) -> None:
    row = {"QUANTITY": 5, "QUANTITY_TRACE": "Y", "CAN_BUY_ZERO": "N", "TYPE": 1, "AVAILABLE": "Y", "TIMESTAMP_X": OLD}
    shop.add("b_catalog_product", ID=number, **row | values)


def price(shop: Bitrix, product: int, value: float, **values: Any) -> None:
    row = {"CATALOG_GROUP_ID": 1, "CURRENCY": "RUB", "TIMESTAMP_X": OLD}
    shop.add("b_catalog_price", PRODUCT_ID=product, PRICE=value, **row | values)


def offer(shop: Bitrix, number: int, of: int, **values: Any) -> None:
    element(shop, number, 3, **values)
    link = {"IBLOCK_PROPERTY_ID": 30, "IBLOCK_ELEMENT_ID": number, "VALUE": str(of), "VALUE_NUM": of}
    shop.add("b_iblock_element_property", **link)


def products(shop: Bitrix, cursor: Any = None) -> dict[str, Product]:
    return shop.pull(Kind.PRODUCTS, cursor).records


def test_every_field_of_a_product(shop: Bitrix) -> None:
    element(shop, 10, DETAIL_PICTURE=500, SHOW_COUNTER=7)
    stock(shop, 10, QUANTITY=2.5)
    price(shop, 10, 1990)
    found = products(shop)["10"]
    assert (found.name, found.section, found.catalogue, found.xml_id) == ("Лампа 10", "2", "2", "x10")
    assert found.url == "https://shop.ru/catalog/dom/%D1%81%D0%B2%D0%B5%D1%82/lampa-10/"
    assert found.picture_url == "https://shop.ru/upload/iblock/a%20b/%D0%BB%D0%B0%D0%BC%D0%BF%D0%B0%201.jpg"
    assert (found.price, found.currency, found.quantity, found.available) == (1990, "RUB", Decimal("2.5"), True)
    assert (found.shows, found.sort, found.parent) == (7, 300, "")


def test_a_product_may_lie_in_several_sections(shop: Bitrix) -> None:
    element(shop, 10)
    offer(shop, 20, of=10)
    for section, prop_id in ((1, None), (2, None), (3, 6)):  # the last one is a property's value, no membership
        row = {"IBLOCK_ELEMENT_ID": 10, "IBLOCK_SECTION_ID": section, "ADDITIONAL_PROPERTY_ID": prop_id}
        shop.add("b_iblock_section_element", **row)
    found = products(shop)
    assert (found["10"].section, found["10"].sections) == ("2", ("1", "2"))
    assert found["20"].sections == ("1", "2"), "an offer lies where its product does"


def test_both_storages_give_readable_properties(shop: Bitrix) -> None:
    element(shop, 10)
    shop.run("CREATE TABLE b_hlbd_material (ID int, UF_NAME varchar(50), UF_XML_ID varchar(50))")
    shop.add("b_hlbd_material", ID=1, UF_NAME="Лён", UF_XML_ID="linen")
    single = {
        "PROPERTY_1": 101,
        "PROPERTY_2": "хлопок",
        "PROPERTY_3": "12.5000",
        "PROPERTY_6": 77,
        "PROPERTY_7": "linen",
    }
    html, cache = php({"TEXT": "<b>Тепло</b>", "TYPE": "HTML"}), php({"VALUE": ["старое"]})
    shop.add(
        "b_iblock_element_prop_s2", IBLOCK_ELEMENT_ID=10, **single, PROPERTY_4=cache, PROPERTY_5=html, PROPERTY_9=500
    )
    for number, value in ((4, "хит"), (4, "подарок"), (8, "102"), (8, "103")):
        shop.add("b_iblock_element_prop_m2", IBLOCK_ELEMENT_ID=10, IBLOCK_PROPERTY_ID=number, VALUE=value)
    offer(shop, 20, of=10)
    shop.add("b_iblock_element_property", IBLOCK_PROPERTY_ID=31, IBLOCK_ELEMENT_ID=20, VALUE="104", VALUE_ENUM=104)
    found = products(shop)
    assert found["10"].properties == {
        "BRAND": "Домовой",
        "CLOTH": "хлопок",
        "WEIGHT": 12.5,
        "TAGS": ["хит", "подарок"],
        "ABOUT": "<b>Тепло</b>",
        "ALIKE": 77,
        "MATERIAL": "Лён",
        "SEASON": ["Зима", "Осень"],
    }
    assert found["20"].properties == {"CML2_LINK": 10, "COLOUR": "Белый"}


def test_an_offer_shows_its_products_page_picture_and_section(shop: Bitrix) -> None:
    element(shop, 10, PREVIEW_PICTURE=500)
    offer(shop, 20, of=10)
    offer(shop, 21, of=999)  # its product is gone
    found = products(shop)
    assert (found["20"].parent, found["20"].section) == ("10", "2")
    assert (found["20"].url, found["20"].picture_url) == (found["10"].url, found["10"].picture_url)
    assert found["21"].parent == "999"


def test_an_offer_of_an_inactive_product_cannot_be_bought(shop: Bitrix) -> None:
    element(shop, 10, ACTIVE="N")
    offer(shop, 20, of=10)
    stock(shop, 20)
    assert (products(shop)["20"].active, products(shop)["20"].available) == (False, False)


@pytest.mark.parametrize(
    ("values", "active"),
    [
        ({}, True),
        ({"ACTIVE": "N"}, False),
        ({"WF_STATUS_ID": 2}, False),
        ({"ACTIVE_FROM": FUTURE}, False),
        ({"ACTIVE_TO": "2020-01-01 00:00:00"}, False),
        ({"ACTIVE_FROM": "2020-01-01 00:00:00", "ACTIVE_TO": FUTURE}, True),
        ({"IBLOCK_SECTION_ID": 3}, False),
        ({"IBLOCK_SECTION_ID": None}, True),
    ],
)
def test_what_the_site_would_show_is_active(shop: Bitrix, values: dict[str, Any], active: bool) -> None:
    element(shop, 10, **values)
    assert products(shop)["10"].active is active


def test_drafts_and_other_infoblocks_are_no_products(shop: Bitrix) -> None:
    element(shop, 10)
    element(shop, 11, WF_PARENT_ELEMENT_ID=10, WF_STATUS_ID=2)
    element(shop, 12, infoblock=4)
    assert list(products(shop)) == ["10"]


@pytest.mark.parametrize(
    ("values", "available"),
    [
        ({"QUANTITY": 0, "AVAILABLE": "N"}, False),
        ({"QUANTITY": 0, "AVAILABLE": "Y"}, True),  # may be ordered below zero: Bitrix has worked it out
        ({"QUANTITY": 0, "AVAILABLE": None}, False),
        ({"QUANTITY": 0, "AVAILABLE": None, "QUANTITY_TRACE": "N"}, True),
        ({"QUANTITY": 0, "AVAILABLE": None, "CAN_BUY_ZERO": "Y"}, True),
        ({"QUANTITY": 0, "AVAILABLE": None, "QUANTITY_TRACE": "D"}, False),  # the module's default, see below
        ({"QUANTITY": 3, "AVAILABLE": None}, True),
    ],
)
def test_bitrixs_own_rule_says_what_can_be_bought(shop: Bitrix, values: dict[str, Any], available: bool) -> None:
    shop.add("b_option", MODULE_ID="catalog", NAME="default_quantity_trace", VALUE="Y")
    element(shop, 10)
    stock(shop, 10, **values)
    assert products(shop)["10"].available is available


def test_the_price_is_that_of_one_piece_in_the_base_type(shop: Bitrix) -> None:
    element(shop, 10)
    stock(shop, 10)
    price(shop, 10, 100, QUANTITY_FROM=1, QUANTITY_TO=9)
    price(shop, 10, 80, QUANTITY_FROM=10)
    price(shop, 10, 70, CATALOG_GROUP_ID=2)
    assert products(shop)["10"].price == 100
    shop.settings["price_type"] = "WHOLESALE"
    assert products(shop)["10"].price == 70
    shop.settings["price_type"] = "RETAIL"
    with pytest.raises(Misconfigured, match=r"no price type 'RETAIL'\. Known: BASE, WHOLESALE"):
        products(shop)


def test_a_file_in_a_cloud_has_no_address_of_ours(shop: Bitrix) -> None:
    element(shop, 10, DETAIL_PICTURE=501, PREVIEW_PICTURE=500)
    element(shop, 11, DETAIL_PICTURE=501)
    found = products(shop)
    assert found["10"].picture_url.endswith("%201.jpg"), "the next picture is taken"
    assert found["11"].picture_url == ""


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("#SITE_DIR#/x/#ID#/", "https://shop.ru/x/10/"),
        ("/c/#SECTION_ID#/#SECTION_CODE#/#EXTERNAL_ID#", "https://shop.ru/c/2/%D1%81%D0%B2%D0%B5%D1%82/x10"),
        ("http://#SERVER_NAME#//a//#IBLOCK_CODE#/?ID=#ELEMENT_ID#", "http://shop.ru/a/goods/?ID=10"),
        ("/#UNKNOWN#/#CODE#/", "https://shop.ru/#UNKNOWN#/lampa-10/"),
        ("", ""),
    ],
)
def test_macros_of_addresses_are_bitrixs(shop: Bitrix, template: str, url: str) -> None:
    shop.run("UPDATE b_iblock SET DETAIL_PAGE_URL = :url WHERE ID = 2", url=template)
    element(shop, 10)
    assert products(shop)["10"].url == url


def test_an_element_without_a_section_has_no_hole_in_its_address(shop: Bitrix) -> None:
    element(shop, 10, IBLOCK_SECTION_ID=None)
    assert products(shop)["10"].url == "https://shop.ru/catalog/lampa-10/"


def test_a_new_price_stock_text_or_date_of_activity_is_noticed(shop: Bitrix) -> None:
    for number in range(10, 16):
        element(shop, number)
        stock(shop, number)
        price(shop, number, 100)
    offer(shop, 20, of=12)
    rest = shop.pull(Kind.PRODUCTS).cursor
    assert products(shop, rest) == {}
    shop.run("UPDATE b_catalog_price SET PRICE = 90, TIMESTAMP_X = :at WHERE PRODUCT_ID = 10", at=FUTURE)
    shop.run("UPDATE b_catalog_product SET QUANTITY = 0, TIMESTAMP_X = :at WHERE ID = 11", at=FUTURE)
    shop.run("UPDATE b_iblock_element SET NAME = 'Новое имя', TIMESTAMP_X = :at WHERE ID = 12", at=FUTURE)
    shop.run("UPDATE b_iblock_element SET ACTIVE_TO = :at WHERE ID = 13", at=shop_now(shop))
    found = products(shop, rest)
    assert sorted(found) == ["10", "11", "12", "13", "20"], "an offer comes along with its product"
    assert found["10"].price == 90


def shop_now(shop: Bitrix) -> str:
    """The shop's local time (Moscow), as PHP would write it."""
    from connectors.sources.bitrix_mysql.shop import opened

    with opened("shop", shop.source.settings) as connection:
        return connection.local(connection.now())


def test_a_shop_without_the_trade_catalogue_may_name_its_infoblocks(shop: Bitrix) -> None:
    shop.settings["infoblocks"] = [4]
    element(shop, 12, infoblock=4)
    assert products(shop)["12"].url == "https://shop.ru/news/12/"


def test_a_broken_property_costs_its_element(shop: Bitrix) -> None:
    for number in (10, 11, 12):
        element(shop, number)
    for number, value in ((10, "101"), (11, "Белый"), (12, "101")):
        offer(shop, number + 100, of=number)
        shop.add("b_iblock_element_property", IBLOCK_PROPERTY_ID=31, IBLOCK_ELEMENT_ID=number + 100, VALUE=value)
    poured = shop.pull(Kind.PRODUCTS)
    assert sorted(poured.records) == ["10", "11", "110", "112", "12"]
    assert [(bad.external_id, "'Белый' is not a number" in bad.reason) for bad in poured.bad] == [("111", True)]
