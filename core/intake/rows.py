"""How each record of a source lies in the mirror: one function a kind, values cut to what the columns hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from core import tables
from core.errors import N_, Refused
from core.model import Basket, Kind, Line, Order, Payment, Person, Product, Record, Shipment, Subscription, View

Row = dict[str, Any]

TABLES: Mapping[Kind, sa.Table] = {
    Kind.PEOPLE: tables.people,
    Kind.PRODUCTS: tables.products,
    Kind.BASKETS: tables.baskets,
    Kind.ORDERS: tables.orders,
    Kind.VIEWS: tables.views,
    Kind.SUBSCRIPTIONS: tables.subscriptions,
}


def row(record: Record) -> Row:
    """`record` as a row of its table, with the digest by which a change is noticed.

    Raises Refused when the identifier is empty or longer than 64 characters.
    """
    if not 0 < len(record.external_id) <= 64:
        raise Refused(N_("identifier {id!r} must have 1 to 64 characters"), id=record.external_id[:80])
    table, lay = _LAYOUT[type(record)]
    values = _fitted(table, {"external_id": record.external_id, **lay(record)})
    return {**values, "digest": digest((*values.values(), *_lines(record)))}


def _lines(record: Record) -> list[tuple[Any, ...]]:
    """What an order's lines say: they lie in a table of their own, and may change when nothing else does."""
    lines = record.lines if isinstance(record, Order) else ()
    return [(line.product, line.name, line.quantity, line.price, line.base_price) for line in lines]


def digest(value: object) -> bytes:
    """16 bytes that stand for `value`; equal values have equal bytes in every process."""
    return hashlib.blake2b(repr(value).encode(errors="replace"), digest_size=16).digest()


def _fitted(table: sa.Table, values: Row) -> Row:
    """`values` with texts cut to their columns: a truncated name is better than a refused person."""
    for name, limit in _limits(table):
        value = values[name]
        if isinstance(value, str) and len(value) > limit:
            values[name] = value[:limit]
    return values


@cache
def _limits(table: sa.Table) -> list[tuple[str, int]]:
    """The texts of a record that have a limit, by their columns."""
    texts = {column.name: column.type for column in table.columns if isinstance(column.type, sa.String)}
    return [(name, text.length) for name, text in texts.items() if text.length and name != "source"]


def _person(person: Person) -> Row:
    birthday = person.birthday
    return {
        "email": person.email,
        "name": person.name,
        "last_name": person.last_name,
        "second_name": person.second_name,
        "gender": person.gender,
        "birthday": birthday,
        "birthday_md": birthday.month * 100 + birthday.day if birthday else None,
        "phone": person.phone,
        "city": person.city,
        "site": person.site,
        "timezone": person.timezone,
        "registered_at": person.registered_at,
        "last_login_at": person.last_login_at,
        "last_activity_at": person.last_activity_at,
        "active": person.active,
        "confirmed": person.confirmed,
        "kind": person.kind,
        "attributes": dict(person.attributes),
    }


def _product(product: Product) -> Row:
    return {
        "parent": product.parent,
        "name": product.name,
        "url": product.url,
        "picture_url": product.picture_url,
        "section": product.section,
        "sections": list(product.sections),
        "catalogue": product.catalogue,
        "xml_id": product.xml_id,
        "price": product.price,
        "currency": product.currency,
        "available": product.available,
        "quantity": product.quantity,
        "active": product.active,
        "created_at": product.created_at,
        "shows": product.shows,
        "sort": product.sort,
        "properties": dict(product.properties),
    }


def _basket(basket: Basket) -> Row:
    counted = [line for line in basket.lines if line.buyable and not line.delayed]
    return {
        "person": basket.person,
        "site": basket.site,
        "created_at": basket.created_at,
        "changed_at": basket.changed_at,
        "total": sum((line.price * line.quantity for line in counted), Decimal(0)).quantize(Decimal("0.0001")),
        "currency": counted[0].currency if counted else "",
        "lines": [_line(line) for line in basket.lines],
    }


def _line(line: Line) -> Row:
    return {
        "product": line.product,
        "name": line.name,
        "quantity": str(line.quantity),
        "price": str(line.price),
        "base_price": None if line.base_price is None else str(line.base_price),
        "currency": line.currency,
        "url": line.url,
        "buyable": line.buyable,
        "delayed": line.delayed,
    }


def _order(order: Order) -> Row:
    return {
        "number": order.number,
        "person": order.person,
        "email": order.email,
        "name": order.name,
        "phone": order.phone,
        "site": order.site,
        "status": order.status,
        "status_name": order.status_name,
        "total": order.total,
        "delivery_price": order.delivery_price,
        "currency": order.currency,
        "created_at": order.created_at,
        "changed_at": order.changed_at,
        "paid_at": order.paid_at,
        "cancelled_at": order.cancelled_at,
        "completed": order.completed,
        "offline": order.offline,
        "payments": [_payment(payment) for payment in order.payments],
        "shipments": [_shipment(shipment) for shipment in order.shipments],
        "coupons": list(order.coupons),
        "properties": dict(order.properties),
    }


def _payment(payment: Payment) -> Row:
    return {
        "name": payment.name,
        "total": str(payment.total),
        "paid_at": _moment(payment.paid_at),
        "returned": payment.returned,
    }


def _shipment(shipment: Shipment) -> Row:
    return {
        "id": shipment.external_id,
        "name": shipment.name,
        "price": str(shipment.price),
        "shipped_at": _moment(shipment.shipped_at),
        "tracking_number": shipment.tracking_number,
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


LINE_COLUMNS = ("order_id", "product", "name", "quantity", "price", "base_price", "currency")


def order_lines(order: Order, order_id: int) -> list[tuple[Any, ...]]:
    """The lines of `order` as rows of LINE_COLUMNS; they are replaced whole whenever the order changed."""
    return [tuple(_fitted(tables.order_lines, _order_line(line, order_id)).values()) for line in order.lines]


def _order_line(line: Line, order_id: int) -> Row:
    return {
        "order_id": order_id,
        "product": line.product,
        "name": line.name,
        "quantity": line.quantity,
        "price": line.price,
        "base_price": line.base_price,
        "currency": line.currency,
    }


def _view(view: View) -> Row:
    return {"person": view.person, "product": view.product, "site": view.site, "at": view.at, "count": view.count}


def _subscription(subscription: Subscription) -> Row:
    return {
        "list": subscription.list,
        "title": subscription.title,
        "email": subscription.email,
        "name": subscription.name,
        "person": subscription.person,
        "at": subscription.at,
        "active": subscription.active,
    }


_LAYOUT: Mapping[type, tuple[sa.Table, Callable[[Any], Row]]] = {
    Person: (tables.people, _person),
    Product: (tables.products, _product),
    Basket: (tables.baskets, _basket),
    Order: (tables.orders, _order),
    View: (tables.views, _view),
    Subscription: (tables.subscriptions, _subscription),
}
