"""Baskets, views and orders of the sample shop, half a year of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.sample.catalogue import Good
from core.sample.people import ANONYMOUS
from core.sample.rows import Rows, php

STATUSES = (("N", "Принят"), ("P", "Оплачен, собираем"), ("S", "Отправлен"), ("F", "Выполнен"))
EMAIL, PAYER, PHONE = 1, 2, 3  # order properties


def orders(rows: Rows, goods: list[Good]) -> int:
    """Write fusers, views, open baskets and orders; how many orders there are."""
    _settings(rows)
    buyers = [user for user in rows.of("b_user") if user["ACTIVE"] == "Y" and not user["EXTERNAL_AUTH_ID"]]
    for user in buyers:
        fuser = _fuser(rows, int(user["ID"]))
        since = _days_ago(rows, user["DATE_REGISTER"])
        if rows.random.random() < 0.5:
            _views(rows, fuser, goods, since)
        if rows.random.random() < 0.2:
            _basket(rows, fuser, goods, min(since, 30))
        if rows.random.random() < 0.4:
            for _ in range(rows.random.choice((1, 1, 2, 3, 4))):
                _order(rows, user, fuser, goods, min(since, 180))
    for number in range(40):
        guest = {"ID": ANONYMOUS, "EMAIL": f"guest{number}@example.net", "NAME": "Гость", "PERSONAL_MOBILE": ""}
        _order(rows, guest, _fuser(rows, None), goods, 180)
        _basket(rows, _fuser(rows, None), goods, 20)
    return len(rows.of("b_sale_order"))


def _settings(rows: Rows) -> None:
    for number, (code, name) in enumerate(STATUSES):
        rows.add("b_sale_status", ID=code, TYPE="O", SORT=number * 100)
        rows.add("b_sale_status_lang", STATUS_ID=code, LID="ru", NAME=name)
    for number, code, flag in ((EMAIL, "EMAIL", "IS_EMAIL"), (PAYER, "FIO", "IS_PAYER"), (PHONE, "PHONE", "IS_PHONE")):
        flags = dict.fromkeys(("IS_EMAIL", "IS_PAYER", "IS_PHONE"), "N") | {flag: "Y"}
        rows.add("b_sale_order_props", ID=number, PERSON_TYPE_ID=1, CODE=code, NAME=code, TYPE="STRING", **flags)
    rows.add("b_sale_discount", ID=7, LID="s1", NAME="Скидка по купону", ACTIVE="Y", USE_COUPONS="Y", DISCOUNT_VALUE=0)


def _days_ago(rows: Rows, moment: str) -> float:
    return max(0.1, (rows.end - datetime.fromisoformat(moment)).total_seconds() / 86400)


def _fuser(rows: Rows, user: int | None) -> int:
    at = rows.moment(days=180)
    return rows.add(
        "b_sale_fuser", USER_ID=user, DATE_INSERT=at, DATE_UPDATE=at, CODE=f"{len(rows.of('b_sale_fuser')):032x}"
    )


def _views(rows: Rows, fuser: int, goods: list[Good], since: float) -> None:
    for good in rows.random.sample(goods, rows.random.randint(1, 10)):
        rows.add("b_catalog_viewed_product", FUSER_ID=fuser, DATE_VISIT=rows.moment(days=min(since, 60)), PRODUCT_ID=good.id,
                 ELEMENT_ID=good.parent, SITE_ID="s1", VIEW_COUNT=rows.random.randint(1, 6))  # fmt: skip


def _basket(rows: Rows, fuser: int, goods: list[Good], since: float) -> None:
    at = rows.moment(days=since)
    for good in rows.random.sample(goods, rows.random.randint(1, 4)):
        _line(rows, fuser, good, at, order=None)


def _line(rows: Rows, fuser: int, good: Good, at: datetime, *, order: int | None) -> int:
    """A basket row; the price and quantity make the sum that is given back."""
    quantity = rows.random.choice((1, 1, 1, 2, 3))
    wish = order is None and rows.random.random() < 0.1
    rows.add("b_sale_basket", FUSER_ID=fuser, ORDER_ID=order, PRODUCT_ID=good.id, PRICE=good.price, BASE_PRICE=good.price,
             DISCOUNT_PRICE=0, CURRENCY="RUB", QUANTITY=quantity, LID="s1", NAME=good.name, DELAY="Y" if wish else "N",
             CAN_BUY="N" if order is None and rows.random.random() < 0.05 else "Y", MODULE="catalog",
             DETAIL_PAGE_URL=good.url, DATE_INSERT=at, DATE_UPDATE=at, SET_PARENT_ID=None, TYPE=None)  # fmt: skip
    return good.price * quantity


def _order(rows: Rows, user: dict[str, Any], fuser: int, goods: list[Good], since: float) -> None:
    at = rows.moment(days=since)
    number = len(rows.of("b_sale_order")) + 1
    total = sum(
        _line(rows, fuser, good, at, order=number) for good in rows.random.sample(goods, rows.random.randint(1, 5))
    )
    reached = min(rows.random.choice((0, 1, 2, 3, 3, 3, 3)), int((rows.end - at).days))
    changed = at
    for status, _ in STATUSES[1 : reached + 1]:
        changed += timedelta(hours=rows.random.randint(2, 20))
        rows.add("b_sale_order_change", ORDER_ID=number, TYPE="ORDER_STATUS_CHANGED", DATA=php({"STATUS_ID": status}),
                 DATE_CREATE=changed, DATE_MODIFY=changed, USER_ID=1, ENTITY="ORDER", ENTITY_ID=number)  # fmt: skip
    cancelled = rows.random.random() < 0.06
    rows.add("b_sale_order", LID="s1", PERSON_TYPE_ID=1, USER_ID=user["ID"], ACCOUNT_NUMBER=f"{1000 + number}",
             STATUS_ID=STATUSES[reached][0], DATE_STATUS=changed, PRICE=total + 300, PRICE_DELIVERY=300, CURRENCY="RUB",
             DISCOUNT_VALUE=0, DATE_INSERT=at, DATE_UPDATE=changed, PAYED="Y" if reached else "N",
             DATE_PAYED=changed if reached else None, CANCELED="Y" if cancelled else "N",
             DATE_CANCELED=changed if cancelled else None)  # fmt: skip
    for prop, value in ((EMAIL, user["EMAIL"]), (PAYER, user["NAME"]), (PHONE, user["PERSONAL_MOBILE"])):
        rows.add("b_sale_order_props_value", ORDER_ID=number, ORDER_PROPS_ID=prop, NAME="", VALUE=value or "",
                 CODE=("EMAIL", "FIO", "PHONE")[prop - 1], ENTITY_ID=number, ENTITY_TYPE="ORDER")  # fmt: skip
