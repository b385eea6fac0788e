"""The goods of the sample shop: products, their offers, sets, prices and stock, and rows that must not be sold."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.sample.catalogue import (
    ARTICLE,
    BASE,
    BRAND,
    CARE,
    COLOUR,
    LINK,
    MATERIAL,
    OFFERS,
    PHOTOS,
    PRODUCTS,
    STORES,
    TAGS,
    WEIGHT,
    WHOLESALE,
    Section,
)
from core.sample.rows import ZERO_MOMENT, Rows, php, stored
from core.sample.words import BRANDS, COLOURS, GOODS, MATERIALS, NOTES, latin

PLAIN, SET, WITH_OFFERS, OFFER, WITHOUT_OFFERS = 1, 2, 3, 4, 6  # b_catalog_product.TYPE
_RANGES = {names: (low, high) for subsections in GOODS.values() for names, low, high in subsections.values()}
_NAMES = {subtitle: names for subsections in GOODS.values() for subtitle, (names, _, _) in subsections.items()}


@dataclass(frozen=True, slots=True)
class Good:
    """What can be put into a basket: a product without offers, an offer, or a set of others."""

    id: int
    parent: int
    name: str
    price: Decimal
    url: str
    created: datetime
    colour: str = ""
    parts: tuple[Good, ...] = ()


def goods(rows: Rows, sections: list[Section]) -> list[Good]:
    """Write them; what can be bought, oldest first."""
    *shown, closed = sections
    found = [
        good
        for section in shown
        for name in _NAMES[section.name].split("|")
        for note in rows.random.sample(NOTES, 4)
        for good in product(rows, section, f"{name} {note}", name=section.name, created=_created(rows))
    ]
    found += [_set(rows, shown[0], found[place : place + 3]) for place in (0, 20, 40)]
    _not_for_sale(rows, shown[0], closed)
    return sorted(found, key=lambda good: good.created)


def known(shelf: list[Good], at: datetime) -> list[Good]:
    """Those of `shelf` (oldest first) that the shop had at that moment."""
    return shelf[: bisect(shelf, at, key=lambda good: good.created)]


def price(rows: Rows, section: str) -> Decimal:
    """A believable price for goods of the section of that name, one in six with kopecks."""
    low, high = _RANGES[_NAMES[section]]
    whole = Decimal(rows.random.randint(low // 10, high // 10) * 10)
    return whole - Decimal("0.50") if rows.random.random() < 0.16 else whole


def product(rows: Rows, section: Section, title: str, *, name: str, created: datetime) -> list[Good]:
    """A product with its prices and stock, one in three with offers; what of it can be bought."""
    cost = price(rows, name)
    number = _element(rows, PRODUCTS, title, section.id, created)
    _storage(rows, number)
    url = f"/catalog/{section.path}/{latin(title)}-{number}/"
    if rows.random.random() < 0.33:
        offers = _offers(rows, Good(number, number, title, cost, url, created))
        stocked = any(_in_stock(rows, offer.id) for offer in offers)
        _sellable(rows, number, cost, kind=WITH_OFFERS, quantity=int(stocked), created=created)
        return offers
    _sellable(rows, number, cost, kind=PLAIN, quantity=_quantity(rows), created=created)
    return [Good(number, number, title, cost, url, created)]


def _created(rows: Rows) -> datetime:
    """Most of the goods are older than the half a year of orders."""
    since = rows.end - timedelta(days=540)
    return rows.between(since, rows.begin if rows.random.random() < 0.8 else rows.end)


def _element(rows: Rows, iblock: int, title: str, section: int | None, created: datetime) -> int:
    number = rows.next_id("b_iblock_element")
    file = _file(rows, number)
    rows.add("b_iblock_element", IBLOCK_ID=iblock, IBLOCK_SECTION_ID=section, NAME=title,
             CODE=f"{latin(title)}-{number}", XML_ID=f"x{number}", ACTIVE="Y", WF_STATUS_ID=1,
             WF_PARENT_ELEMENT_ID=None, DATE_CREATE=created, TIMESTAMP_X=created, PREVIEW_PICTURE=file,
             PREVIEW_TEXT=f"{title}. Нам самим нравится.", SORT=rows.random.choice((100, 300, 500)),
             SHOW_COUNTER=rows.random.randint(0, 900), IN_SECTIONS="Y" if section else "N")  # fmt: skip
    if section:
        _lies_in(rows, number, section)
    return number


def _file(rows: Rows, number: int) -> int:
    """One picture in five has a Cyrillic name, one in fifty lies in a cloud."""
    name = "фото товара.jpg" if number % 5 == 0 else "photo.jpg"
    return rows.add("b_file", SUBDIR=f"iblock/{number % 97:03}", FILE_NAME=name, ORIGINAL_NAME=name, WIDTH=600,
                    CONTENT_TYPE="image/jpeg", HEIGHT=600, HANDLER_ID="1" if number % 50 == 0 else None,
                    MODULE_ID="iblock", TIMESTAMP_X=rows.begin)  # fmt: skip


def _lies_in(rows: Rows, number: int, section: int, by_property: int | None = None) -> None:
    rows.add("b_iblock_section_element", IBLOCK_SECTION_ID=section, IBLOCK_ELEMENT_ID=number,
             ADDITIONAL_PROPERTY_ID=by_property)  # fmt: skip


def _storage(rows: Rows, number: int) -> None:
    """Storage v2: single values in a row, multiple ones in a table beside it, whose cache in the row may be empty."""
    random = rows.random
    tags = random.sample(("хит", "подарок", "новинка"), random.randint(0, 2))
    care = {"TEXT": "<p>Беречь от <b>влаги</b>.</p>", "TYPE": "HTML"}
    values = {
        BRAND: random.randint(1, len(BRANDS)),
        MATERIAL: random.choice(MATERIALS)[0] if random.random() < 0.9 else "gone",  # of an entry that was removed
        WEIGHT: random.randint(50, 900),
        CARE: php(care) if random.random() < 0.4 else None,
        PHOTOS: None,
    }
    ids = [
        rows.add(f"b_iblock_element_prop_m{PRODUCTS}", IBLOCK_ELEMENT_ID=number, IBLOCK_PROPERTY_ID=TAGS, VALUE=tag)
        for tag in tags
    ]
    cache = {"VALUE": tags, "DESCRIPTION": [""] * len(tags), "ID": ids}
    values[TAGS] = php(cache) if number % 2 else None
    if number % 3 == 0:
        file = _file(rows, number)
        rows.add(f"b_iblock_element_prop_m{PRODUCTS}", IBLOCK_ELEMENT_ID=number, IBLOCK_PROPERTY_ID=PHOTOS,
                 VALUE=str(file), VALUE_NUM=file)  # fmt: skip
    rows.add(f"b_iblock_element_prop_s{PRODUCTS}", IBLOCK_ELEMENT_ID=number,
             **{f"PROPERTY_{key}": value for key, value in values.items()})  # fmt: skip


def _offers(rows: Rows, parent: Good) -> list[Good]:
    """Storage v1: one row a value; a list's value is the number of its entry, as text too."""
    found = []
    for place, (_, colour) in enumerate(COLOURS[: rows.random.randint(2, 4)]):
        title, cost = f"{parent.name}, {colour.lower()}", parent.price + place * 50
        number = _element(rows, OFFERS, title, None, parent.created)
        entry = len(BRANDS) + 1 + place
        for key, value, enum, numeric in (
            (LINK, str(parent.id), None, parent.id),
            (COLOUR, str(entry), entry, None),
            (ARTICLE, f"{parent.id}-{place}", None, parent.id),  # VALUE_NUM holds the leading digits of any text
        ):
            rows.add("b_iblock_element_property", IBLOCK_PROPERTY_ID=key, IBLOCK_ELEMENT_ID=number, VALUE=value,
                     VALUE_ENUM=enum, VALUE_NUM=numeric)  # fmt: skip
        _sellable(rows, number, cost, kind=OFFER, quantity=_quantity(rows), created=parent.created)
        found.append(Good(number, parent.id, title, cost, parent.url, parent.created, colour))
    return found


def _quantity(rows: Rows) -> int:
    return rows.random.choice((0, 3, 5, 12, 40))


def _in_stock(rows: Rows, number: int) -> bool:
    return any(row["ID"] == number and row["AVAILABLE"] == "Y" for row in rows.of("b_catalog_product")[-4:])


def _sellable(rows: Rows, number: int, cost: Decimal, *, kind: int | None, quantity: int, created: datetime) -> None:
    """Prices and stock. A product with offers in stock is not counted itself, so nothing stops its sale."""
    traced = kind != WITH_OFFERS or not quantity
    on_order = kind != WITH_OFFERS and number % 23 == 0  # may be bought when there is none
    available = quantity > 0 or on_order
    rows.add("b_catalog_product", ID=number, QUANTITY=quantity if kind != WITH_OFFERS else 0,
             QUANTITY_TRACE=("D" if number % 7 == 0 else "Y") if traced else "N",
             CAN_BUY_ZERO="Y" if on_order or not traced else "N", TYPE=kind, AVAILABLE="Y" if available else "N",
             TIMESTAMP_X=created, VAT_ID=1, VAT_INCLUDED="Y")  # fmt: skip
    for price_type, value in ((BASE, cost), (WHOLESALE, (cost * 8 / 10).quantize(Decimal("0.01")))):
        rows.add("b_catalog_price", PRODUCT_ID=number, CATALOG_GROUP_ID=price_type, PRICE=value, CURRENCY="RUB",
                 TIMESTAMP_X=created, QUANTITY_FROM=None, QUANTITY_TO=None, PRICE_SCALE=value)  # fmt: skip
    if kind == WITH_OFFERS:
        return
    for store, amount in zip(STORES, (quantity - quantity // 3, quantity // 3), strict=True):
        rows.add("b_catalog_store_product", PRODUCT_ID=number, STORE_ID=store, AMOUNT=amount)


def _set(rows: Rows, section: Section, parts: list[Good]) -> Good:
    created = max(part.created for part in parts)
    title, cost = f"Набор «{parts[0].name}»", sum((part.price for part in parts), Decimal()) * 9 / 10
    cost = cost.quantize(Decimal(1))
    number = _element(rows, PRODUCTS, title, section.id, created)
    _sellable(rows, number, cost, kind=SET, quantity=3, created=created)
    whole = rows.add("b_catalog_product_sets", TYPE=1, SET_ID=0, ACTIVE="Y", OWNER_ID=number, ITEM_ID=number)
    for part in parts:
        rows.add("b_catalog_product_sets", TYPE=1, SET_ID=whole, ACTIVE="Y", OWNER_ID=number, ITEM_ID=part.id,
                 QUANTITY=1)  # fmt: skip
    url = f"/catalog/{section.path}/{latin(title)}-{number}/"
    return Good(number, number, title, cost, url, created, parts=tuple(parts))


def _not_for_sale(rows: Rows, section: Section, closed: Section) -> None:
    """Rows beside the goods: hidden, not yet or no longer shown, drafts, closed sections, half-filled ones."""
    long_ago, ahead = rows.end - timedelta(days=300), rows.end + timedelta(days=30)
    for title, where, changes in (
        ("Снят с продажи", section, {"ACTIVE": "N"}),
        ("Ещё не показан", section, {"ACTIVE_FROM": ahead}),
        ("Уже не показан", section, {"ACTIVE_TO": long_ago}),
        ("С нулевыми датами", section, {"ACTIVE_FROM": ZERO_MOMENT, "ACTIVE_TO": ZERO_MOMENT}),
        ("Черновик", section, {"WF_STATUS_ID": 2, "WF_PARENT_ELEMENT_ID": 1, "CODE": None}),
        ("Из архива", closed, {}),
        ("Без цены и остатка", section, {}),
        ("Без предложений", section, {}),
        ("Из старой базы", section, {"XML_ID": None, "PREVIEW_PICTURE": None}),
        ("За доллары", section, {}),
        ("С ценами по количеству", section, {}),
    ):
        number = _element(rows, PRODUCTS, title, where.id, long_ago)
        rows.of("b_iblock_element")[-1].update({key: stored(value) for key, value in changes.items()})
        if title != "Без цены и остатка":
            kind = {"Без предложений": WITHOUT_OFFERS, "Из старой базы": None}.get(title, PLAIN)
            _sellable(rows, number, Decimal(990), kind=kind, quantity=0, created=long_ago)
    dollars, ranges = rows.of("b_catalog_price")[-4], rows.of("b_catalog_price")[-2]
    dollars.update(PRICE=10, CURRENCY="USD", PRICE_SCALE=920)
    ranges.update(QUANTITY_FROM=1, QUANTITY_TO=9)
    rows.add("b_catalog_price", **{**ranges, "ID": None, "PRICE": 890, "QUANTITY_FROM": 10, "QUANTITY_TO": None})
    _lies_in(rows, 1, closed.id, by_property=99)  # of a property of type G: no place in the section
