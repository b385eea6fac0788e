"""What the large shop holds: for each table how many rows, and the SQL by which MariaDB makes row number `seq`.

Orders, users and views lie in the order of their dates, as in a real base; nothing is younger than ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

RECIPE = 1  # another number: shops of the old recipe are filled anew
GOODS, OFFERS = 2, 3
GOODS_STORAGE = {1: "S", 2: "N", 3: "L", 4: "S+"}
OFFERS_STORAGE = {11: "E", 12: "S"}
_LINK = 11
_DAY = 86_400


def _ago(share: str, days: int) -> str:
    """The moment `share` (0 … 1) of `days` before the end of the shop's life."""
    return f"NOW() - INTERVAL FLOOR(600 + ({share}) * {days * _DAY}) SECOND"


def _one_of(*words: str, step: int = 1) -> str:
    return f"ELT(1 + (seq DIV {step}) % {len(words)}, {', '.join(repr(word) for word in words)})"


def small() -> Iterator[tuple[str, dict[str, Any]]]:
    """The few rows that say what the many mean."""
    site = {"LID": "s1", "DEF": "Y", "ACTIVE": "Y", "NAME": "Shop", "DIR": "/", "LANGUAGE_ID": "ru"}
    yield "b_lang", site | {"SERVER_NAME": "shop.example.com"}
    for module in ("main", "iblock", "catalog", "sale"):
        yield "b_module", {"ID": module}
    yield "b_option", {"MODULE_ID": "sale", "NAME": "anonymous_user_id", "VALUE": "1"}
    yield "b_group", {"ID": 5, "ACTIVE": "Y", "NAME": "Покупатели"}
    for number, (name, kind) in enumerate((("UF_BONUS", "double"), ("UF_NEWS", "boolean")), start=1):
        yield "b_user_field", {"ID": number, "ENTITY_ID": "USER", "FIELD_NAME": name, "USER_TYPE_ID": kind}
    for status, name in (("N", "Принят"), ("P", "Оплачен"), ("F", "Выполнен")):
        yield "b_sale_status_lang", {"STATUS_ID": status, "LID": "ru", "NAME": name}
    for number, role in enumerate(("IS_EMAIL", "IS_PAYER"), start=1):
        yield "b_sale_order_props", {"ID": number, "PERSON_TYPE_ID": 1, "NAME": role, "TYPE": "STRING", role: "Y"}
    yield from _infoblocks()


def _infoblocks() -> Iterator[tuple[str, dict[str, Any]]]:
    for number, code, url in (
        (GOODS, "goods", "#SITE_DIR#catalog/#SECTION_CODE_PATH#/#ELEMENT_CODE#/"),
        (OFFERS, "offers", "#PRODUCT_URL#"),
    ):
        common = {"ID": number, "CODE": code, "NAME": code, "IBLOCK_TYPE_ID": "catalog", "LID": "s1", "ACTIVE": "Y"}
        yield "b_iblock", common | {"VERSION": 2, "DETAIL_PAGE_URL": url}
        yield "b_iblock_site", {"IBLOCK_ID": number, "SITE_ID": "s1"}
    yield "b_catalog_iblock", {"IBLOCK_ID": GOODS}
    yield "b_catalog_iblock", {"IBLOCK_ID": OFFERS, "PRODUCT_IBLOCK_ID": GOODS, "SKU_PROPERTY_ID": _LINK}
    for infoblock, storage in ((GOODS, GOODS_STORAGE), (OFFERS, OFFERS_STORAGE)):
        for number, kind in storage.items():
            named = {"ID": number, "IBLOCK_ID": infoblock, "NAME": f"P{number}", "CODE": f"P{number}", "VERSION": 2}
            yield "b_iblock_property", named | {"PROPERTY_TYPE": kind[0], "MULTIPLE": "Y" if kind[1:] else "N"}
    for number in range(1, 11):
        yield "b_iblock_property_enum", {"ID": number, "PROPERTY_ID": 3, "VALUE": f"Цвет {number}", "XML_ID": number}
    for number, name in ((1, "BASE"), (2, "WHOLESALE")):
        yield "b_catalog_group", {"ID": number, "NAME": name, "BASE": "Y" if number == 1 else "N"}


def large(scale: float) -> Iterator[tuple[str, int, dict[str, str]]]:
    """(table, rows, column → SQL of row `seq`), `scale` 1 being a shop of a million users."""
    users, orders = int(1_000_000 * scale), int(2_000_000 * scale)
    yield from _people(users)
    yield from _orders(orders, users)
    yield from _baskets(int(3_000_000 * scale), orders, users)
    yield from _views(int(2_000_000 * scale), users)
    yield from _catalogue(int(100_000 * scale))


def _people(users: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    registered = _ago(f"1 - seq / {users}", 8 * 365)
    login = f"GREATEST({registered}, {_ago('POW(RAND(1), 1.6)', 4 * 365)})"  # one in a hundred came in the last day
    phone = "CONCAT('+7 900 ', LPAD(seq, 7, '0'))"
    person = {
        "ID": "seq",
        "TIMESTAMP_X": f"GREATEST({registered}, {_ago('RAND(2)', 8 * 365)})",
        "LOGIN": "CONCAT('user', seq)",
        "PASSWORD": "REPEAT('x', 100)",
        "ACTIVE": "IF(seq % 50 = 0, 'N', 'Y')",
        "NAME": _one_of("Анна", "Пётр", "Мария", "Алексей", "Ольга", "Иван", "Зоя"),
        "LAST_NAME": _one_of("Иванова", "Петров", "Сидорова", "Кузнецов", "Смирнова", step=7),
        "EMAIL": "CONCAT('user', seq, '@', ELT(1 + seq % 4, 'mail.ru', 'yandex.ru', 'gmail.com', 'bk.ru'))",
        "LAST_LOGIN": login,
        "DATE_REGISTER": registered,
        "LID": "'s1'",
        "PERSONAL_GENDER": _one_of("F", "M"),
        "PERSONAL_BIRTHDAY": "IF(seq % 5 < 3, '1950-01-01' + INTERVAL FLOOR(RAND(3) * 20000) DAY, NULL)",
        "PERSONAL_PHONE": phone,
        "PERSONAL_CITY": _one_of("Москва", "Казань", "Омск", "Санкт-Петербург", step=3),
        "LAST_ACTIVITY_DATE": f"IF(seq % 3 = 0, NULL, {login})",
        "EXTERNAL_AUTH_ID": "IF(seq % 100 = 0, 'sale', NULL)",
    }
    yield "b_user", users, person
    yield "b_user_group", users, {"USER_ID": "seq", "GROUP_ID": "5"}
    yield "b_uts_user", int(users * 0.3), {"VALUE_ID": "seq", "UF_BONUS": "seq % 1000", "UF_NEWS": "seq % 2"}
    fuser = {
        "ID": "seq",
        "DATE_INSERT": registered,
        "DATE_UPDATE": login,
        "USER_ID": f"IF(seq <= {_owners(users)}, seq, NULL)",
        "CODE": "MD5(seq)",
    }
    yield "b_sale_fuser", users, fuser


def _owners(users: int) -> int:
    """Users who have a fuser, of the same number; the other fusers are strangers' ones."""
    return int(users * 0.6)


def _buyer(order: str, users: int) -> str:
    """Whose order it is, one in twenty that of a guest (who hangs on the technical user 1)."""
    return f"IF(({order}) % 20 = 0, 1, 1 + ({order}) * 7919 % {_owners(users)})"


def _orders(orders: int, users: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    made = _ago(f"1 - seq / {orders}", 5 * 365)
    saved = f"LEAST({made} + INTERVAL FLOOR(RAND(4) * 14) DAY, {_ago('0', 0)})"
    order = {
        "ID": "seq",
        "LID": "'s1'",
        "PERSON_TYPE_ID": "1",
        "PAYED": "IF(seq % 4 = 0, 'N', 'Y')",
        "DATE_PAYED": f"IF(seq % 4 = 0, NULL, {made})",
        "CANCELED": "IF(seq % 25 = 0, 'Y', 'N')",
        "DATE_CANCELED": f"IF(seq % 25 = 0, {saved}, NULL)",
        "STATUS_ID": "IF(seq % 4 = 0, 'N', 'F')",
        "DATE_STATUS": saved,
        "PRICE_DELIVERY": "300",
        "PRICE": "300 + seq % 20000",
        "CURRENCY": "'RUB'",
        "USER_ID": _buyer("seq", users),
        "DATE_INSERT": made,
        "DATE_UPDATE": saved,
        "USER_DESCRIPTION": "'Позвоните за час до доставки'",
        "ACCOUNT_NUMBER": "seq",
    }
    yield "b_sale_order", orders, order
    value = {
        "ID": "seq",
        "ORDER_ID": "1 + (seq - 1) DIV 2",
        "ORDER_PROPS_ID": "1 + (seq - 1) % 2",
        "NAME": "'E-Mail'",
        "VALUE": f"IF(seq % 2, CONCAT('user', {_buyer('1 + (seq - 1) DIV 2', users)}, '@mail.ru'), 'Анна Иванова')",
        "CODE": "IF(seq % 2, 'EMAIL', 'FIO')",
        "ENTITY_ID": "1 + (seq - 1) DIV 2",
        "ENTITY_TYPE": "'ORDER'",
    }
    yield "b_sale_order_props_value", orders * 2, value
    yield "b_sale_order_change", int(orders * 1.5), _change(int(orders * 1.5))


def _change(changes: int) -> dict[str, str]:
    """Two entries of three are of a kind that is read."""
    made = _ago(f"1 - seq / {changes}", 5 * 365)
    status = """a:2:{s:9:"STATUS_ID";s:1:"F";s:13:"OLD_STATUS_ID";s:1:"N";}"""
    return {
        "ID": "seq",
        "ORDER_ID": "CEIL(seq / 1.5)",
        "TYPE": _one_of("ORDER_ADDED", "ORDER_STATUS_CHANGED", "ORDER_PAYED"),
        "DATA": _one_of("a:0:{}", status, 'a:1:{s:5:"PAYED";s:1:"Y";}'),
        "DATE_CREATE": made,
        "DATE_MODIFY": made,
        "USER_ID": "1",
    }


def _baskets(lines: int, orders: int, users: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    """One row in fifteen is open; the others went into the orders, about three rows into two of them."""
    order = f"1 + (seq * 14 DIV 15) % {orders}"
    made = f"IF(seq % 15 = 0, {_ago('POW(RAND(5), 2)', 90)}, {_ago(f'1 - ({order}) / {orders}', 5 * 365)})"
    line = {
        "ID": "seq",
        "FUSER_ID": f"IF(seq % 15 = 0, 1 + seq DIV 30 * 7 % {users}, {_buyer(order, users)})",
        "ORDER_ID": f"IF(seq % 15 = 0, NULL, {order})",
        "PRODUCT_ID": f"1 + seq * 31 % {max(1, users // 10)}",
        "PRICE": "100 + seq % 5000",
        "CURRENCY": "'RUB'",
        "DATE_INSERT": made,
        "DATE_UPDATE": made,
        "QUANTITY": "1 + seq % 3",
        "LID": "'s1'",
        "NAME": "CONCAT('Чайник электрический модель ', seq % 1000)",
        "MODULE": "'catalog'",
        "DETAIL_PAGE_URL": "CONCAT('/catalog/kitchen/teapot-', seq % 1000, '/')",
        "PRODUCT_PROVIDER_CLASS": "'CCatalogProductProvider'",
    }
    yield "b_sale_basket", lines, line


def _views(views: int, users: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    product = f"1 + seq * 31 % {max(1, users // 10)}"
    view = {
        "ID": "seq",
        "FUSER_ID": f"1 + seq * 7919 % {users}",
        "DATE_VISIT": _ago(f"1 - seq / {views}", 10),
        "PRODUCT_ID": product,
        "ELEMENT_ID": product,
        "SITE_ID": "'s1'",
        "VIEW_COUNT": "1 + seq % 4",
    }
    yield "b_catalog_viewed_product", views, view


def _catalogue(elements: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    """The first 70 of a hundred elements are products, the others are offers of them."""
    goods = int(elements * 0.7)
    offers = elements - goods
    section = {"ID": "seq", "IBLOCK_ID": str(GOODS), "NAME": "CONCAT('Раздел ', seq)", "CODE": "CONCAT('s', seq)"}
    yield "b_iblock_section", 500, section | {"IBLOCK_SECTION_ID": "IF(seq <= 20, NULL, 1 + seq % 20)"}
    element = {
        "ID": "seq",
        "TIMESTAMP_X": _ago("RAND(6)", 365),
        "DATE_CREATE": _ago(f"1 - seq / {elements}", 5 * 365),
        "IBLOCK_ID": f"IF(seq <= {goods}, {GOODS}, {OFFERS})",
        "IBLOCK_SECTION_ID": f"IF(seq <= {goods}, 1 + seq % 500, NULL)",
        "NAME": "CONCAT('Чайник электрический модель ', seq)",
        "DETAIL_PICTURE": f"IF(seq <= {goods}, seq, NULL)",
        "DETAIL_TEXT": "REPEAT('Хороший чайник. ', 30)",
        "XML_ID": "MD5(seq)",
        "CODE": "CONCAT('teapot-', seq)",
        "SHOW_COUNTER": "seq % 700",
    }
    yield "b_iblock_element", elements, element
    single = {"PROPERTY_1": "CONCAT('Бренд ', seq % 90)", "PROPERTY_2": "seq % 50", "PROPERTY_3": "1 + seq % 10"}
    yield f"b_iblock_element_prop_s{GOODS}", goods, {"IBLOCK_ELEMENT_ID": "seq"} | single
    many = {"IBLOCK_ELEMENT_ID": "seq", "IBLOCK_PROPERTY_ID": "4", "VALUE": "CONCAT('метка ', seq % 30)"}
    yield f"b_iblock_element_prop_m{GOODS}", goods, many
    offer = {"IBLOCK_ELEMENT_ID": f"{goods} + seq", "PROPERTY_11": f"1 + seq % {goods}", "PROPERTY_12": "'XL'"}
    yield f"b_iblock_element_prop_s{OFFERS}", offers, offer
    yield "b_file", goods, {"ID": "seq", "SUBDIR": "'iblock/a1b'", "FILE_NAME": "CONCAT(seq, '.jpg')"}
    stock = {"ID": "seq", "QUANTITY": "seq % 20", "TIMESTAMP_X": _ago("RAND(7)", 365), "AVAILABLE": _one_of("Y", "N")}
    yield "b_catalog_product", elements, stock
    price = {
        "PRODUCT_ID": "1 + (seq - 1) DIV 2",
        "CATALOG_GROUP_ID": "1 + (seq - 1) % 2",
        "PRICE": "100 + seq % 5000",
        "CURRENCY": "'RUB'",
        "TIMESTAMP_X": _ago("RAND(8)", 365),
    }
    yield "b_catalog_price", elements * 2, price
