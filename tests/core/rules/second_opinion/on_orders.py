"""The second opinion on orders: how many, for how much, when, of what, where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.model import Order, Product
from tests.core.rules.second_opinion.facts import Somebody
from tests.core.rules.second_opinion.naive import (
    Asked,
    answers,
    between,
    during,
    kopecks,
    lies,
    limited,
    several,
    so_many,
    written,
)

Value = Mapping[str, Any]


def made(asked: Asked, one: Somebody) -> list[tuple[str, Order]]:
    """(source, order) of all that the address had ordered by then, cancelled or not."""
    return [
        (source, order) for whose, source, order in asked.life.orders if whose == one.email and _there(asked, order)
    ]


def _there(asked: Asked, order: Order) -> bool:
    return order.created_at <= asked.now


def standing(asked: Asked, one: Somebody) -> list[tuple[str, Order]]:
    """Those not cancelled by then."""
    return [
        (source, order)
        for source, order in made(asked, one)
        if order.cancelled_at is None or order.cancelled_at > asked.now
    ]


def like(asked: Asked, order: Order, value: Value) -> bool:
    """Whether the order is as `value` says."""
    paid = order.paid_at is not None and order.paid_at <= asked.now
    flags = {"completed": order.completed, "paid": paid, "offline": order.offline, "coupon": bool(order.coupons)}
    if any(value[name] is not flag for name, flag in flags.items() if isinstance(value.get(name), bool)):
        return False
    return (
        ("status" not in value or order.status in several(value["status"]))
        and ("site" not in value or order.site in several(value["site"]))
        and (not isinstance(value.get("coupon"), str) or value["coupon"] in order.coupons)
        and any(value.get("delivery", "").lower() in name.lower() for name in _deliveries(order, value))
        and (value.get("total_from") is None or _dear(asked, order, value["total_from"]))
    )


def _deliveries(order: Order, value: Value) -> list[str]:
    return [one.name for one in order.shipments] if "delivery" in value else [""]


def _dear(asked: Asked, order: Order, least: int) -> bool:
    return order.currency == asked.currency and order.total >= least


def meant(asked: Asked, one: Somebody, value: Value) -> list[tuple[str, Order]]:
    """The standing orders of the period that are like that."""
    return [
        (source, order)
        for source, order in standing(asked, one)
        if during(asked, order.created_at, value) and like(asked, order, value)
    ]


@answers("ordered")
def ordered(asked: Asked, one: Somebody, value: Any) -> bool:
    value = written(value, "any")
    number = len(meant(asked, one, value))
    return number == 0 if value.get("any") is False else so_many(number, value)


def totals(asked: Asked, one: Somebody, value: Value) -> list[Decimal]:
    """What those orders in the world's currency came to."""
    return [order.total for _, order in meant(asked, one, value) if order.currency == asked.currency]


@answers("orders_sum")
def orders_sum(asked: Asked, one: Somebody, value: Value) -> bool:
    return between(sum(totals(asked, one, value), Decimal(0)), value)


@answers("average_order")
def average_order(asked: Asked, one: Somebody, value: Value) -> bool:
    found = totals(asked, one, value)
    return bool(found) and between(kopecks(sum(found, Decimal(0)) / len(found)), value)


@answers("vip")
def vip(asked: Asked, one: Somebody, value: Value) -> bool:
    """More than 100,000 in the last 365 days; both may be written otherwise."""
    spans = ("within_days", "more_than_days", "next_days", "after", "before")
    told = dict(value)
    if not limited(told):
        told["more_than"] = 100_000
    if not any(name in told for name in spans):
        told["within_days"] = 365
    return orders_sum(asked, one, told)


@answers("first_order")
def first_order(asked: Asked, one: Somebody, value: Value) -> bool:
    return lies(asked, min(_moments(asked, one, value), default=None), value)


@answers("last_order")
def last_order(asked: Asked, one: Somebody, value: Value) -> bool:
    return lies(asked, max(_moments(asked, one, value), default=None), value)


def _moments(asked: Asked, one: Somebody, value: Value) -> list[datetime]:
    return [order.created_at for _, order in standing(asked, one) if like(asked, order, value)]


@answers("first_order_month")
def first_order_month(asked: Asked, one: Somebody, value: Any) -> bool:
    moments = _moments(asked, one, {})
    return bool(moments) and asked.day(min(moments)).isoformat()[:7] in several(written(value, "months")["months"])


def days(first: datetime, last: datetime) -> Decimal:
    """From one moment to another."""
    return Decimal((last - first) // timedelta(seconds=1)) / 86_400


@answers("days_between_orders")
def days_between_orders(asked: Asked, one: Somebody, value: Value) -> bool:
    moments = [order.created_at for _, order in meant(asked, one, value)]
    if len(moments) < 2:
        return False
    return between(kopecks(days(min(moments), max(moments)) / (len(moments) - 1)), value)


@answers("days_to_first_order")
def days_to_first_order(asked: Asked, one: Somebody, value: Value) -> bool:
    """Negative where a guest's order came before the registration."""
    at, moments = one.person.registered_at, _moments(asked, one, {})
    return at is not None and at <= asked.now and bool(moments) and between(kopecks(days(at, min(moments))), value)


@answers("buys_in")
def buys_in(asked: Asked, one: Somebody, value: Any) -> bool:
    value = written(value, "where")
    ways = {order.offline for _, order in meant(asked, one, {name: value[name] for name in value if name != "where"})}
    return {
        "offline": True in ways,
        "online": False in ways,
        "both": ways == {True, False},
        "only_offline": ways == {True},
        "only_online": ways == {False},
    }[value["where"]]


def on_sale(order: Order) -> bool:
    """With a coupon, or lowered prices only; a price before discounts not known is no discount."""
    lowered = [line.base_price is not None and line.base_price > line.price for line in order.lines]
    return bool(order.coupons) or (bool(lowered) and all(lowered))


@answers("bought_on_sale_only")
def bought_on_sale_only(asked: Asked, one: Somebody, value: Any) -> bool:
    found = [on_sale(order) for _, order in standing(asked, one)]
    return bool(found) and all(found) is written(value, "only")["only"]


# ---- goods ----

GOODS = ("product", "section", "catalogue", "property")


def goods(asked: Asked, source: str, number: str, value: Value) -> bool:
    """Whether this product is meant; an offer counts as its parent."""
    told = {name: value[name] for name in GOODS if name in value}
    known = asked.life.products
    product = known.get((source, number))
    if product is None:
        return not told or (told.keys() == {"product"} and number in several(told["product"]))
    parent = known.get((source, product.parent)) if product.parent else None
    both = [product] if parent is None else [product, parent]
    return all(
        (
            "product" not in told or {number, product.parent} & {*several(told["product"])} - {""},
            "section" not in told or any(_sections(one) & {*several(told["section"])} for one in both),
            "catalogue" not in told or any(one.catalogue in several(told["catalogue"]) for one in both),
            "property" not in told or any(_has(one, told["property"]) for one in both),
        )
    )


def _sections(product: Product) -> set[str]:
    return {product.section, *product.sections}


def _has(product: Product, wanted: Value) -> bool:
    kept = product.properties.get(wanted["name"])
    held = kept if isinstance(kept, list) else [kept]
    return any(str(one) in several(wanted["value"]) for one in held if one is not None)


@answers("bought")
def bought(asked: Asked, one: Somebody, value: Value) -> bool:
    found = [
        order
        for source, order in meant(asked, one, value)
        if any(goods(asked, source, line.product, value) for line in order.lines)
    ]
    return not found if value.get("never") else so_many(len(found), value)
