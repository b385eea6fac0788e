"""How the sample's catalogue is laid out: infoblocks, properties, sections, price types, currencies and stores."""

from __future__ import annotations

from dataclasses import dataclass

from core.sample.rows import Rows, php
from core.sample.words import BRANDS, COLOURS, GOODS, MATERIALS, latin

PRODUCTS, OFFERS = 2, 3  # infoblocks: storage v2, storage v1
BRAND, MATERIAL, WEIGHT, TAGS, LINK, COLOUR, CARE, PHOTOS, ARTICLE = range(1, 10)  # ids of properties
STORAGE_V2 = {BRAND: "L", MATERIAL: "S", WEIGHT: "N", TAGS: "S+", CARE: "S", PHOTOS: "F+"}
DIRECTORY = "b_hlbd_material"
BASE, WHOLESALE = 1, 2  # price types
STORES = (1, 2)
_DETAIL = "#SITE_DIR#/catalog/#SECTION_CODE_PATH#/#ELEMENT_CODE#/"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the second level: where products lie, and what kind of goods its prices and names come from."""

    id: int
    name: str
    path: str


def layout(rows: Rows) -> list[Section]:
    """Write everything but the goods; the sections for them, the last one in a part of the shop that is closed."""
    _infoblocks(rows)
    _properties(rows)
    _directory(rows)
    _money(rows)
    _stores(rows)
    return _sections(rows)


def _infoblocks(rows: Rows) -> None:
    rows.add("b_iblock_type", ID="catalog", SECTIONS="Y", SORT=100)
    rows.add("b_iblock_type_lang", IBLOCK_TYPE_ID="catalog", LID="ru", NAME="Каталог")
    for number, code, name, detail, version in (
        (PRODUCTS, "goods", "Товары", _DETAIL, 2),
        (OFFERS, "offers", "Предложения", "#PRODUCT_URL#", 1),
    ):
        rows.add("b_iblock", ID=number, IBLOCK_TYPE_ID="catalog", LID="s1", CODE=code, NAME=name, ACTIVE="Y",
                 VERSION=version, DETAIL_PAGE_URL=detail, TIMESTAMP_X=rows.begin)  # fmt: skip
        rows.add("b_iblock_site", IBLOCK_ID=number, SITE_ID="s1")
    rows.add("b_catalog_iblock", IBLOCK_ID=PRODUCTS, PRODUCT_IBLOCK_ID=0, SKU_PROPERTY_ID=0)
    rows.add("b_catalog_iblock", IBLOCK_ID=OFFERS, PRODUCT_IBLOCK_ID=PRODUCTS, SKU_PROPERTY_ID=LINK)


def _properties(rows: Rows) -> None:
    for number, iblock, code, name, kind, user_type in (
        (BRAND, PRODUCTS, "BRAND", "Производитель", "L", None),
        (MATERIAL, PRODUCTS, "MATERIAL", "Материал", "S", "directory"),
        (WEIGHT, PRODUCTS, "WEIGHT", "Вес, г", "N", None),
        (TAGS, PRODUCTS, "TAGS", "Метки", "S", None),
        (LINK, OFFERS, "CML2_LINK", "Товар", "E", "SKU"),
        (COLOUR, OFFERS, "COLOUR", "Цвет", "L", None),
        (CARE, PRODUCTS, "CARE", "Уход", "S", "HTML"),
        (PHOTOS, PRODUCTS, "MORE_PHOTO", "Картинки", "F", None),
        (ARTICLE, OFFERS, "CML2_ARTICLE", "Артикул", "S", None),
    ):
        rows.add("b_iblock_property", ID=number, IBLOCK_ID=iblock, CODE=code, NAME=name, PROPERTY_TYPE=kind,
                 MULTIPLE="Y" if STORAGE_V2.get(number, "").endswith("+") else "N", ACTIVE="Y", USER_TYPE=user_type,
                 VERSION=2 if iblock == PRODUCTS else 1, LINK_IBLOCK_ID=PRODUCTS if number == LINK else 0,
                 USER_TYPE_SETTINGS=php({"TABLE_NAME": DIRECTORY}) if user_type == "directory" else None,
                 TIMESTAMP_X=rows.begin)  # fmt: skip
    for place, name in enumerate(BRANDS):
        rows.add("b_iblock_property_enum", PROPERTY_ID=BRAND, VALUE=name, XML_ID=latin(name), SORT=place * 100)
    for place, (code, name) in enumerate(COLOURS):
        rows.add("b_iblock_property_enum", PROPERTY_ID=COLOUR, VALUE=name, XML_ID=code, SORT=place * 100)


def _directory(rows: Rows) -> None:
    rows.add("b_hlblock_entity", ID=1, NAME="Material", TABLE_NAME=DIRECTORY)
    rows.add("b_hlblock_entity_lang", ID=1, LID="ru", NAME="Материалы")
    for place, (code, name) in enumerate(MATERIALS):
        rows.add(DIRECTORY, UF_NAME=name, UF_XML_ID=code, UF_SORT=place * 100, UF_DEF=0)


def _money(rows: Rows) -> None:
    for currency, amount, title, template in (("RUB", 1, "Рубль", "# руб."), ("USD", 92, "Доллар", "$#")):
        rows.add("b_catalog_currency", CURRENCY=currency, AMOUNT_CNT=1, AMOUNT=amount, CURRENT_BASE_RATE=amount,
                 BASE="Y" if currency == "RUB" else "N", DATE_UPDATE=rows.begin)  # fmt: skip
        rows.add("b_catalog_currency_lang", CURRENCY=currency, LID="ru", FORMAT_STRING=template, FULL_NAME=title)
    rows.add("b_catalog_vat", NAME="НДС 20%", RATE=20, TIMESTAMP_X=rows.begin)
    for number, name, title, buyers in ((BASE, "BASE", "Розничная", 2), (WHOLESALE, "WHOLESALE", "Оптовая", 9)):
        rows.add("b_catalog_group", ID=number, NAME=name, BASE="Y" if number == BASE else "N")
        rows.add("b_catalog_group_lang", CATALOG_GROUP_ID=number, LANG="ru", NAME=title)
        rows.add("b_catalog_group2group", CATALOG_GROUP_ID=number, GROUP_ID=buyers, BUY="Y")


def _stores(rows: Rows) -> None:
    for number, title, address in ((1, "Склад", "Подольск, Складская, 3"), (2, "Магазин", "Москва, Тестовая, 1")):
        rows.add("b_catalog_store", ID=number, TITLE=title, ADDRESS=address, DATE_MODIFY=rows.begin)


def _sections(rows: Rows) -> list[Section]:
    """A nested set of two levels; the archive is closed, and so is what lies in it."""
    found: list[Section] = []
    margin = number = 0
    for title, subsections in {**GOODS, "Архив": {"Прошлые коллекции": ("", 0, 0)}}.items():
        top, left = number + 1, margin + 1
        number, margin = top, left
        for subtitle in subsections:
            number, margin = number + 1, margin + 2
            _section(rows, number, subtitle, margins=(margin - 1, margin), parent=top, shown=title != "Архив")
            found.append(Section(number, subtitle, f"{latin(title)}/{latin(subtitle)}"))
        margin += 1
        _section(rows, top, title, margins=(left, margin), parent=None, shown=title != "Архив")
    return found


def _section(rows: Rows, number: int, name: str, *, margins: tuple[int, int], parent: int | None, shown: bool) -> None:
    """ACTIVE is the section's own switch; GLOBAL_ACTIVE also knows of its parents."""
    rows.add("b_iblock_section", ID=number, IBLOCK_ID=PRODUCTS, IBLOCK_SECTION_ID=parent, NAME=name, CODE=latin(name),
             ACTIVE="Y" if shown or parent else "N", GLOBAL_ACTIVE="Y" if shown else "N", LEFT_MARGIN=margins[0],
             RIGHT_MARGIN=margins[1], DEPTH_LEVEL=2 if parent else 1, TIMESTAMP_X=rows.begin)  # fmt: skip
