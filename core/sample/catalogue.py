"""The catalogue of the sample shop: products in infoblock 2 (storage v2), their offers in infoblock 3 (storage v1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from core.sample.rows import Rows
from core.sample.words import BRANDS, COLOURS, GOODS, NOTES, latin

PRODUCTS, OFFERS = 2, 3
BRAND, MATERIAL, WEIGHT, TAGS, LINK, COLOUR = 1, 2, 3, 4, 5, 6  # ids of properties
STORAGE_V2 = {BRAND: "L", MATERIAL: "S", WEIGHT: "N", TAGS: "S+"}
BASE, WHOLESALE = 1, 2  # price types


@dataclass(frozen=True, slots=True)
class Good:
    """What can be put into a basket: a product without offers, or an offer."""

    id: int
    parent: int
    name: str
    price: int
    url: str
    created: datetime


def catalogue(rows: Rows) -> list[Good]:
    """Write sections, products, offers, prices and stock; what can be bought."""
    _infoblocks(rows)
    goods: list[Good] = []
    margin, section = 1, 0
    for title, subsections in GOODS.items():
        top = section = section + 1
        left, margin = margin, margin + 1
        for subtitle, (names, low, high) in subsections.items():
            section += 1
            _section(rows, section, subtitle, parent=top, left=margin, right=margin + 1)
            margin += 2
            for name in names.split("|"):
                goods += _products(rows, section, f"{latin(title)}/{latin(subtitle)}", name, low, high)
        _section(rows, top, title, parent=None, left=left, right=margin)
        margin += 1
    _draft(rows)
    return goods


def _infoblocks(rows: Rows) -> None:
    url = "#SITE_DIR#/catalog/#SECTION_CODE_PATH#/#ELEMENT_CODE#/"
    for number, code, name, detail, version in (
        (PRODUCTS, "goods", "Товары", url, 2),
        (OFFERS, "offers", "Предложения", "#PRODUCT_URL#", 1),
    ):
        rows.add("b_iblock", ID=number, IBLOCK_TYPE_ID="catalog", LID="s1", CODE=code, NAME=name, ACTIVE="Y",
                 VERSION=version, DETAIL_PAGE_URL=detail, TIMESTAMP_X=rows.end)  # fmt: skip
        rows.add("b_iblock_site", IBLOCK_ID=number, SITE_ID="s1")
    rows.add("b_catalog_iblock", IBLOCK_ID=PRODUCTS, PRODUCT_IBLOCK_ID=0, SKU_PROPERTY_ID=0)
    rows.add("b_catalog_iblock", IBLOCK_ID=OFFERS, PRODUCT_IBLOCK_ID=PRODUCTS, SKU_PROPERTY_ID=LINK)
    for number, iblock, code, kind, multiple, version in (
        (BRAND, PRODUCTS, "BRAND", "L", "N", 2),
        (MATERIAL, PRODUCTS, "MATERIAL", "S", "N", 2),
        (WEIGHT, PRODUCTS, "WEIGHT", "N", "N", 2),
        (TAGS, PRODUCTS, "TAGS", "S", "Y", 2),
        (LINK, OFFERS, "CML2_LINK", "E", "N", 1),
        (COLOUR, OFFERS, "COLOUR", "L", "N", 1),
    ):
        rows.add("b_iblock_property", ID=number, IBLOCK_ID=iblock, CODE=code, NAME=code, PROPERTY_TYPE=kind,
                 MULTIPLE=multiple, VERSION=version, ACTIVE="Y", TIMESTAMP_X=rows.end)  # fmt: skip
    for name in BRANDS:
        rows.add("b_iblock_property_enum", PROPERTY_ID=BRAND, VALUE=name, XML_ID=latin(name))
    for code, name in COLOURS:
        rows.add("b_iblock_property_enum", PROPERTY_ID=COLOUR, VALUE=name, XML_ID=code)
    rows.add("b_catalog_group", ID=BASE, NAME="BASE", BASE="Y")
    rows.add("b_catalog_group", ID=WHOLESALE, NAME="WHOLESALE", BASE="N")


def _section(rows: Rows, number: int, name: str, *, parent: int | None, left: int, right: int) -> None:
    rows.add("b_iblock_section", ID=number, IBLOCK_ID=PRODUCTS, IBLOCK_SECTION_ID=parent, NAME=name, CODE=latin(name),
             ACTIVE="Y", GLOBAL_ACTIVE="Y", LEFT_MARGIN=left, RIGHT_MARGIN=right, DEPTH_LEVEL=2 if parent else 1,
             TIMESTAMP_X=rows.end)  # fmt: skip


def _products(rows: Rows, section: int, path: str, name: str, low: int, high: int) -> list[Good]:
    found: list[Good] = []
    for note in rows.random.sample(NOTES, 4):
        with_offers = rows.random.random() < 0.33
        price = rows.random.randint(low // 10, high // 10) * 10
        number, title, created = _element(rows, PRODUCTS, f"{name} {note}", section)
        _storage(rows, number)
        url = f"/catalog/{path}/{quote(latin(title))}-{number}/"
        _stock(rows, number, price, kind=3 if with_offers else 1)
        if with_offers:
            found += _offers(rows, number, title, price, url, created)
        else:
            found.append(Good(number, number, title, price, url, created))
    return found


def _element(rows: Rows, iblock: int, title: str, section: int | None) -> tuple[int, str, datetime]:
    created = rows.moment(days=540)
    number = len(rows.of("b_iblock_element")) + 1
    file = rows.add("b_file", SUBDIR=f"iblock/{number % 97:03}", FILE_NAME="фото.jpg" if number % 5 == 0 else "photo.jpg",
                    CONTENT_TYPE="image/jpeg", WIDTH=600, HEIGHT=600)  # fmt: skip
    rows.add("b_iblock_element", IBLOCK_ID=iblock, IBLOCK_SECTION_ID=section, NAME=title, CODE=f"{latin(title)}-{number}",
             XML_ID=f"x{number}", ACTIVE="N" if number % 41 == 0 else "Y", WF_STATUS_ID=1, WF_PARENT_ELEMENT_ID=None,
             DATE_CREATE=created, TIMESTAMP_X=created, PREVIEW_PICTURE=file, PREVIEW_TEXT=f"{title}. Нам самим нравится.",
             SORT=rows.random.choice((100, 300, 500)), SHOW_COUNTER=rows.random.randint(0, 900),
             IN_SECTIONS="Y" if section else "N")  # fmt: skip
    if section:
        rows.add(
            "b_iblock_section_element", IBLOCK_SECTION_ID=section, IBLOCK_ELEMENT_ID=number, ADDITIONAL_PROPERTY_ID=None
        )
    return number, title, created


def _storage(rows: Rows, number: int) -> None:
    rows.add(f"b_iblock_element_prop_s{PRODUCTS}", IBLOCK_ELEMENT_ID=number, PROPERTY_1=rows.random.randint(1, len(BRANDS)),
             PROPERTY_2=rows.random.choice(("лён", "хлопок", "стекло", "дерево")), PROPERTY_3=rows.random.randint(50, 900),
             PROPERTY_4=None)  # fmt: skip
    for tag in rows.random.sample(("хит", "подарок", "новинка"), rows.random.randint(0, 2)):
        rows.add(f"b_iblock_element_prop_m{PRODUCTS}", IBLOCK_ELEMENT_ID=number, IBLOCK_PROPERTY_ID=TAGS, VALUE=tag)


def _offers(rows: Rows, parent: int, title: str, price: int, url: str, created: datetime) -> list[Good]:
    found = []
    for place, (_, colour) in enumerate(COLOURS[: rows.random.randint(2, 4)]):
        number, name, _ = _element(rows, OFFERS, f"{title}, {colour.lower()}", None)
        enum = len(BRANDS) + 1 + place
        rows.add("b_iblock_element_property", IBLOCK_PROPERTY_ID=LINK, IBLOCK_ELEMENT_ID=number, VALUE=str(parent),
                 VALUE_ENUM=None, VALUE_NUM=parent)  # fmt: skip
        rows.add("b_iblock_element_property", IBLOCK_PROPERTY_ID=COLOUR, IBLOCK_ELEMENT_ID=number, VALUE=str(enum),
                 VALUE_ENUM=enum, VALUE_NUM=None)  # fmt: skip
        _stock(rows, number, price + place * 50, kind=4)
        found.append(Good(number, parent, name, price + place * 50, url, created))
    return found


def _stock(rows: Rows, number: int, price: int, *, kind: int) -> None:
    quantity = rows.random.choice((0, 0, 3, 12, 40))
    available = quantity > 0 or kind == 3
    rows.add("b_catalog_product", ID=number, QUANTITY=quantity, QUANTITY_TRACE="Y", CAN_BUY_ZERO="N", TYPE=kind,
             AVAILABLE="Y" if available else "N", TIMESTAMP_X=rows.end)  # fmt: skip
    for kind_of_price, value in ((BASE, price), (WHOLESALE, price * 8 // 10)):
        rows.add("b_catalog_price", PRODUCT_ID=number, CATALOG_GROUP_ID=kind_of_price, PRICE=value, CURRENCY="RUB",
                 TIMESTAMP_X=rows.end, QUANTITY_FROM=None, QUANTITY_TO=None, PRICE_SCALE=value)  # fmt: skip


def _draft(rows: Rows) -> None:
    """A workflow draft lies in the same table as its product."""
    rows.add("b_iblock_element", IBLOCK_ID=PRODUCTS, NAME="Черновик", ACTIVE="Y", WF_STATUS_ID=2, WF_PARENT_ELEMENT_ID=1,
             DATE_CREATE=rows.end, TIMESTAMP_X=rows.end)  # fmt: skip
