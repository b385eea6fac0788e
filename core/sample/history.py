"""Half a year of visitors of the sample shop: what they looked at, left in baskets, ordered, paid and got."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.sample.baskets import basket, fuser, line, views
from core.sample.goods import Good, known
from core.sample.orders import (
    COMPANY,
    COUPON_DISCOUNT,
    PERSON,
    STATUSES,
    Customer,
    change,
    place,
    settings,
    status_change,
)
from core.sample.people import ANONYMOUS
from core.sample.rows import Rows, moment

OFF_PERCENT = 10


def half_a_year(rows: Rows, shelf: list[Good]) -> int:
    """Write fusers, views, open baskets and orders (in the order of their dates); how many orders there are."""
    settings(rows)
    planned: list[tuple[datetime, int, Customer]] = []
    for user in rows.of("b_user"):
        if _shops(user):
            planned += _visits(rows, user, shelf)
    for number in range(40):
        planned.append(_guest(rows, number, shelf))
    for at, visitor, customer in sorted(planned, key=lambda plan: plan[:2]):
        _order(rows, customer, visitor, shelf, at)
    _number_by_date(rows)
    _buyers(rows)
    return len(rows.of("b_sale_order"))


def _shops(user: dict[str, Any]) -> bool:
    return bool(user["ACTIVE"] == "Y" and user["EXTERNAL_AUTH_ID"] in {None, "", "shop"} and user["LAST_LOGIN"])


def _visits(rows: Rows, user: dict[str, Any], shelf: list[Good]) -> list[tuple[datetime, int, Customer]]:
    """What one user did since the registration; the orders to come."""
    random, since = rows.random, max(rows.begin, moment(user["DATE_REGISTER"]))
    began = rows.between(since, rows.end)
    visitor = fuser(rows, user["ID"], began)
    if random.random() < 0.03:
        began = rows.between(began, rows.end)
        visitor = fuser(rows, user["ID"], began)  # from another device: never merged
    if random.random() < 0.5:
        views(rows, visitor, shelf, began)
    if random.random() < 0.2:
        basket(rows, visitor, shelf, rows.between(max(began, rows.end - timedelta(days=30)), rows.end))
    if random.random() >= 0.4:
        return []
    moments = [rows.between(began, rows.end) for _ in range(random.choice((1, 1, 2, 3, 4)))]
    last = max([user["LAST_LOGIN"], *map(str, moments)])
    user.update(LAST_LOGIN=last, LAST_ACTIVITY_DATE=max(last, user["LAST_ACTIVITY_DATE"] or ""))
    return [(at, visitor, _customer(rows, user)) for at in moments]


def _customer(rows: Rows, user: dict[str, Any]) -> Customer:
    """One in twenty buys for somebody else, one in twenty for a company."""
    chance = rows.random.random()
    email = f"friend{user['ID']}@example.org" if chance < 0.05 else user["EMAIL"] or ""
    kind = COMPANY if chance > 0.95 else PERSON
    return Customer(int(user["ID"]), email, user["NAME"] or "", user["PERSONAL_MOBILE"] or "", kind)


def _guest(rows: Rows, number: int, shelf: list[Good]) -> tuple[datetime, int, Customer]:
    at = rows.between(rows.begin, rows.end)
    visitor = fuser(rows, (None, 0)[number % 2], at)
    filled = rows.between(rows.end - timedelta(days=20), rows.end)
    basket(rows, fuser(rows, None, filled), shelf, filled)
    email = "" if number % 10 == 0 else f"Guest{number // 2}@example.net"
    return at, visitor, Customer(ANONYMOUS, email, "Гость", "+7 900 000-00-00")


def _order(rows: Rows, customer: Customer, visitor: int, shelf: list[Good], at: datetime) -> None:
    number, choice = rows.next_id("b_sale_order"), known(shelf, at)
    off = OFF_PERCENT if rows.random.random() < 0.1 else 0
    picked = rows.random.sample(choice, min(len(choice), rows.random.randint(1, 5)))
    total = sum((line(rows, visitor, good, at, order=number, off_percent=off) for good in picked), Decimal())
    place(rows, customer, total, at)
    if number % 15 == 0:
        change(rows, number, "ORDER_COMMENTED", {"USER_DESCRIPTION": "Позвоните заранее. " * 30}, at)
    if off:
        _coupon(rows, number, at)
    _walk(rows, at)


def _coupon(rows: Rows, number: int, at: datetime) -> None:
    code = f"SL-{number:05}-{rows.random.randint(1000000, 9999999)}"
    coupon = rows.add("b_sale_discount_coupon", DISCOUNT_ID=COUPON_DISCOUNT, ACTIVE="N", COUPON=code, TYPE=2, MAX_USE=1,
                      USE_COUNT=0, USER_ID=0, DATE_APPLY=at, DATE_CREATE=at - timedelta(days=3),
                      TIMESTAMP_X=at)  # fmt: skip
    rows.add("b_sale_order_coupons", ORDER_ID=number, ORDER_DISCOUNT_ID=1, COUPON=code, TYPE=2, COUPON_ID=coupon)


def _walk(rows: Rows, at: datetime) -> None:
    """The order made last goes its way: as far as the time allows, and one in sixteen is cancelled somewhere."""
    order, number = rows.of("b_sale_order")[-1], int(rows.of("b_sale_order")[-1]["ID"])
    for status, _ in STATUSES[1:]:
        at = at + timedelta(minutes=rows.random.randint(60, 3000))
        if at > rows.end or rows.random.random() < 0.05:
            return
        if rows.random.random() < 0.02:
            order.update(CANCELED="Y", DATE_CANCELED=str(at), DATE_UPDATE=str(at), REASON_CANCELED="Передумал")
            change(rows, number, "ORDER_CANCELED", {"CANCELED": "Y"}, at)
            return
        if status == "P":
            _paid(rows, order, at)
        elif status == "S":
            _shipped(rows, order, at)
        status_change(rows, number, str(order["STATUS_ID"]), status, at)
        order.update(STATUS_ID=status, DATE_STATUS=str(at), DATE_UPDATE=str(at))


def _paid(rows: Rows, order: dict[str, Any], at: datetime) -> None:
    """One in thirty pays by halves, and has paid the first one only."""
    payment, number = rows.of("b_sale_order_payment")[-1], int(order["ID"])
    payment.update(PAID="Y", DATE_PAID=str(at))
    if rows.random.random() < 0.03:
        half = (Decimal(order["PRICE"]) / 2).quantize(Decimal(1))
        rest = {**payment, "ID": None, "ACCOUNT_NUMBER": f"{1000 + number}/2", "PAID": "N", "DATE_PAID": None}
        rows.add("b_sale_order_payment", **rest | {"SUM": Decimal(order["PRICE"]) - half})
        payment["SUM"] = order["SUM_PAID"] = str(half)
        return
    order.update(PAYED="Y", DATE_PAYED=str(at), SUM_PAID=order["PRICE"])
    change(rows, number, "ORDER_PAYED", {"PAYED": "Y"}, at)


def _shipped(rows: Rows, order: dict[str, Any], at: datetime) -> None:
    number, track = int(order["ID"]), f"RA{rows.random.randint(10**8, 10**9 - 1)}RU"
    rows.of("b_sale_order_delivery")[-1].update(
        STATUS_ID="DF", DEDUCTED="Y", DATE_DEDUCTED=str(at), TRACKING_NUMBER=track
    )
    order["TRACKING_NUMBER"] = track
    change(rows, number, "SHIPMENT_TRACKING_NUMBER_CHANGED", {"TRACKING_NUMBER": track}, at)


def _number_by_date(rows: Rows) -> None:
    """History rows are numbered as they were written: by date, those of all orders together."""
    changes = sorted(rows.of("b_sale_order_change"), key=lambda row: (row["DATE_CREATE"], row["ID"]))
    for number, row in enumerate(changes, start=1):
        row["ID"] = number
    rows.of("b_sale_order_change")[:] = changes


def _buyers(rows: Rows) -> None:
    """What Bitrix itself sums up of a buyer."""
    mine: dict[int, list[dict[str, Any]]] = {}
    for order in rows.of("b_sale_order"):
        mine.setdefault(int(order["USER_ID"]), []).append(order)
    for user, found in mine.items():
        paid = [Decimal(order["SUM_PAID"]) for order in found]
        rows.add("b_sale_buyer_stat", USER_ID=user, LID="s1", CURRENCY="RUB", LAST_ORDER_DATE=found[-1]["DATE_INSERT"],
                 COUNT_FULL_PAID_ORDER=sum(order["PAYED"] == "Y" for order in found), SUM_PAID=sum(paid, Decimal()),
                 COUNT_PART_PAID_ORDER=sum(order["SUM_PAID"] not in {0, order["PRICE"]} for order in found),
                 )  # fmt: skip
