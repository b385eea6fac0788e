"""What hangs on orders: the buyer's own words, payments, parcels, coupons; asked for many orders at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import php, values
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from core.model import Payment, Shipment

_ROLES = {"IS_EMAIL": "email", "IS_PAYER": "name", "IS_PHONE": "phone"}


@dataclass(frozen=True, slots=True)
class Filled:
    """What the buyer filled in: by role (email, name, phone) and by the code of the property."""

    roles: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)


def filled(shop: Shop, orders: Sequence[int]) -> Mapping[int, Filled]:
    """Order id → its properties. Roles, not codes, say which one is the address: codes differ by type of payer."""
    stored, properties = shop.table("b_sale_order_props_value", "v"), _properties(shop)
    query = (
        sa.select(stored.c.ORDER_ID, stored.c.ORDER_PROPS_ID, stored.c.VALUE)
        .where(stored.c.VALUE != "")
        .order_by(stored.c.ID)
    )
    if "ENTITY_TYPE" in stored.c:  # since 2020 the properties of parcels lie in the same table
        query = query.where(sa.func.coalesce(stored.c.ENTITY_TYPE, "ORDER").in_(("ORDER", "")))
    found: dict[int, Filled] = {}
    for order, number, words in shop.tuples_in(query, stored.c.ORDER_ID, orders):
        if number not in properties:
            continue
        code, roles = properties[number]
        one = found.get(order) or found.setdefault(order, Filled())
        value = _words(shop, words)
        one.properties.setdefault(code, value)
        for role in roles:
            one.roles.setdefault(role, value)
    return found


def _properties(shop: Shop) -> dict[int, tuple[str, list[str]]]:
    """Id → (code, roles). Few rows, read once a page: joined to every value they would make most of what is read."""
    table = shop.table("b_sale_order_props")
    columns = {name: role for name, role in _ROLES.items() if name in table.c}
    return {
        row["ID"]: (row["CODE"] or str(row["ID"]), [role for name, role in columns.items() if values.yes(row[name])])
        for row in shop.rows(sa.select(*(table.c[name] for name in ("ID", "CODE", *columns))))
    }


def _words(shop: Shop, stored: str) -> str:
    """A property of several values is serialize()d."""
    if not stored.startswith("a:"):
        return values.text(stored)
    try:
        several = php.unserialized(stored, shop.settings.php_charset)
    except ValueError:
        return values.text(stored)
    items = several.values() if isinstance(several, dict) else several
    return ", ".join(values.text(item) for item in items if item not in (None, ""))


def payments(shop: Shop, orders: Sequence[int]) -> Mapping[int, list[Payment]]:
    """Order id → its payments in their order."""
    if not shop.has("b_sale_order_payment"):
        return {}
    table = shop.table("b_sale_order_payment")
    names = ("ORDER_ID", "PAID", "DATE_PAID", "SUM", "PAY_SYSTEM_NAME")
    query = sa.select(*shop.some(table, *names, IS_RETURN="N")).order_by(table.c.ID)
    found: dict[int, list[Payment]] = defaultdict(list)
    for row in shop.rows_in(query, table.c.ORDER_ID, orders):
        paid_at = shop.moment(row["DATE_PAID"]) if values.yes(row["PAID"]) else None
        returned = row["IS_RETURN"] not in ("N", None, "")
        name = values.text(row["PAY_SYSTEM_NAME"])
        found[row["ORDER_ID"]].append(Payment(name, values.decimal(row["SUM"]), paid_at, returned))
    return found


def shipments(shop: Shop, orders: Sequence[int]) -> Mapping[int, list[Shipment]]:
    """Order id → its parcels; the technical one that every order has (SYSTEM) is none."""
    if not shop.has("b_sale_order_delivery"):
        return {}
    table = shop.table("b_sale_order_delivery")
    names = ("ID", "ORDER_ID", "DELIVERY_NAME", "PRICE_DELIVERY", "DEDUCTED", "DATE_DEDUCTED", "DATE_UPDATE")
    query = sa.select(*shop.some(table, *names, TRACKING_NUMBER="")).where(table.c.SYSTEM != "Y").order_by(table.c.ID)
    found: dict[int, list[Shipment]] = defaultdict(list)
    for row in shop.rows_in(query, table.c.ORDER_ID, orders):
        found[row["ORDER_ID"]].append(_shipment(shop, row))
    return found


def _shipment(shop: Shop, row: Row) -> Shipment:
    shipped = values.yes(row["DEDUCTED"])
    return Shipment(
        external_id=str(row["ID"]),
        name=values.text(row["DELIVERY_NAME"]),
        price=values.decimal(row["PRICE_DELIVERY"]),
        shipped_at=(shop.moment(row["DATE_DEDUCTED"]) or shop.moment(row["DATE_UPDATE"])) if shipped else None,
        tracking_number=values.text(row["TRACKING_NUMBER"]),
    )


def coupons(shop: Shop, orders: Sequence[int]) -> Mapping[int, list[str]]:
    """Order id → the coupons that were used for it."""
    if not shop.has("b_sale_order_coupons"):
        return {}
    table = shop.table("b_sale_order_coupons")
    query = sa.select(table.c.ORDER_ID, table.c.COUPON).order_by(table.c.ID)
    found: dict[int, list[str]] = defaultdict(list)
    for row in shop.rows_in(query, table.c.ORDER_ID, orders):
        found[row["ORDER_ID"]].append(row["COUPON"])
    return found
