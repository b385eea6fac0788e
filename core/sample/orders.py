"""An order as Bitrix keeps it: the shop's settings for it, its properties, payment, shipments and history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.sample.rows import Rows, php

STATUSES = (("N", "Принят"), ("P", "Оплачен, собираем"), ("S", "Отправлен"), ("F", "Выполнен"))
NEXT = {"N": "P", "P": "S", "S": "F"}
DELIVERY_PRICE = Decimal(300)
COUPON_DISCOUNT = 7
PERSON, COMPANY = 1, 2  # person types
_PROPERTIES = (  # id, person type, code, name, type, its flag
    (1, PERSON, "EMAIL", "E-mail", "STRING", "IS_EMAIL"),
    (2, PERSON, "FIO", "Имя", "STRING", "IS_PAYER"),
    (3, PERSON, "PHONE", "Телефон", "STRING", "IS_PHONE"),
    (4, PERSON, "CITY", "Город", "LOCATION", "IS_LOCATION"),
    (5, COMPANY, "CONTACT_EMAIL", "Почта", "STRING", "IS_EMAIL"),
    (6, COMPANY, "COMPANY", "Компания", "STRING", "IS_PROFILE_NAME"),
    (7, COMPANY, "CONTACT", "Контактное лицо", "STRING", "IS_PAYER"),
    (8, COMPANY, "CONTACT_PHONE", "Телефон", "STRING", "IS_PHONE"),
)
_SHIPMENT_NOTE = 9
_FLAGS = ("IS_EMAIL", "IS_PAYER", "IS_PHONE", "IS_LOCATION", "IS_PROFILE_NAME")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who orders: a user, or a guest under the shared technical user."""

    user: int
    email: str
    name: str
    phone: str
    kind: int = PERSON


def settings(rows: Rows) -> None:
    for place, (code, name) in enumerate((*STATUSES, ("DN", "Ожидает отгрузки"), ("DF", "Отгружен"))):
        rows.add("b_sale_status", ID=code, TYPE="D" if code.startswith("D") else "O", SORT=place * 100)
        rows.add("b_sale_status_lang", STATUS_ID=code, LID="ru", NAME=name)
    for number, name in ((PERSON, "Физическое лицо"), (COMPANY, "Юридическое лицо")):
        rows.add("b_sale_person_type", ID=number, LID="s1", NAME=name)
    for number, kind, code, name, value_type, flag in _PROPERTIES:
        rows.add("b_sale_order_props", ID=number, PERSON_TYPE_ID=kind, CODE=code, NAME=name, TYPE=value_type,
                 **(dict.fromkeys(_FLAGS, "N") | {flag: "Y"}), ENTITY_TYPE="ORDER")  # fmt: skip
    rows.add("b_sale_order_props", ID=_SHIPMENT_NOTE, PERSON_TYPE_ID=PERSON, CODE="NOTE", NAME="Пожелание",
             TYPE="STRING", ENTITY_TYPE="SHIPMENT")  # fmt: skip
    rows.add("b_sale_location", ID=1, CODE="0000073738", TYPE_ID=5)
    rows.add("b_sale_loc_name", LANGUAGE_ID="ru", LOCATION_ID=1, NAME="Москва", NAME_UPPER="МОСКВА")
    for number, name, coupons, active in (
        (COUPON_DISCOUNT, "Скидка по купону", "Y", "Y"),
        (8, "Скидка всем", "N", "Y"),
        (9, "Прошлогодняя по купону", "Y", "N"),
    ):
        rows.add("b_sale_discount", ID=number, LID="s1", NAME=name, ACTIVE=active, USE_COUPONS=coupons,
                 DISCOUNT_VALUE=0, ACTIVE_TO=None if active == "Y" else rows.begin)  # fmt: skip
        rows.add("b_sale_discount_group", DISCOUNT_ID=number, ACTIVE="Y", GROUP_ID=2)


def place(rows: Rows, customer: Customer, goods_total: Decimal, at: datetime) -> int:
    """An order just made, with everything but its lines: properties, payment, shipments, first change; its ID."""
    number, total = rows.next_id("b_sale_order"), goods_total + DELIVERY_PRICE
    rows.add("b_sale_order", LID="s1", PERSON_TYPE_ID=customer.kind, USER_ID=customer.user, STATUS_ID="N",
             ACCOUNT_NUMBER=f"{1000 + number}", DATE_STATUS=at, PRICE=total, PRICE_DELIVERY=DELIVERY_PRICE,
             CURRENCY="RUB", DISCOUNT_VALUE=0, DATE_INSERT=at, DATE_UPDATE=at, PAYED="N", DATE_PAYED=None,
             SUM_PAID=0, CANCELED="N", DATE_CANCELED=None, REASON_CANCELED=None, TRACKING_NUMBER=None)  # fmt: skip
    _properties_of(rows, number, customer)
    rows.add("b_sale_order_payment", ORDER_ID=number, ACCOUNT_NUMBER=f"{1000 + number}/1", PAID="N", DATE_PAID=None,
             SUM=total, CURRENCY="RUB", PAY_SYSTEM_ID=1, PAY_SYSTEM_NAME="Картой", IS_RETURN="N")  # fmt: skip
    for place_, system in ((1, "Y"), (2, "N")):
        rows.add("b_sale_order_delivery", ORDER_ID=number, ACCOUNT_NUMBER=f"{1000 + number}/{place_}", SYSTEM=system,
                 STATUS_ID="DN", DEDUCTED="N", DELIVERY_ID=1, DELIVERY_NAME="Курьер", PRICE_DELIVERY=DELIVERY_PRICE,
                 CURRENCY="RUB", TRACKING_NUMBER=None, DATE_DEDUCTED=None, DATE_INSERT=at)  # fmt: skip
    change(rows, number, "ORDER_ADDED", {}, at)
    return number


def _properties_of(rows: Rows, number: int, customer: Customer) -> None:
    values = {"IS_EMAIL": customer.email, "IS_PAYER": customer.name, "IS_PHONE": customer.phone}
    values |= {"IS_LOCATION": "0000073738", "IS_PROFILE_NAME": "ООО «Ромашка»"}
    for prop, kind, code, name, _, flag in _PROPERTIES:
        if kind == customer.kind:
            rows.add("b_sale_order_props_value", ORDER_ID=number, ORDER_PROPS_ID=prop, NAME=name, CODE=code,
                     VALUE=values[flag], ENTITY_ID=number, ENTITY_TYPE="ORDER")  # fmt: skip
    if number % 9 == 0:
        rows.add("b_sale_order_props_value", ORDER_ID=number, ORDER_PROPS_ID=_SHIPMENT_NOTE, NAME="Пожелание",
                 CODE="NOTE", VALUE="Позвонить за час", ENTITY_ID=2 * number, ENTITY_TYPE="SHIPMENT")  # fmt: skip


def change(rows: Rows, number: int, kind: str, values: dict[str, str], at: datetime) -> None:
    """A line in an order's history; what does not fit into the column is cut off, as Bitrix does."""
    rows.add("b_sale_order_change", ORDER_ID=number, TYPE=kind, DATA=php(values)[:512], DATE_CREATE=at, DATE_MODIFY=at,
             USER_ID=1, ENTITY="ORDER", ENTITY_ID=number)  # fmt: skip


def status_change(rows: Rows, number: int, old: str, new: str, at: datetime) -> None:
    """The line that says that the status moved; the old one is not always told."""
    told = {"OLD_STATUS_ID": old} if rows.random.random() < 0.7 else {}
    change(rows, number, "ORDER_STATUS_CHANGED", {"STATUS_ID": new} | told, at)
