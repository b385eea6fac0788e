"""The reader's order: its goods, sums, delivery, payments and parcels. Never another one's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Block, BlockSettings, ButtonText, Facts, Heading, Reader
from core.errors import N_
from core.goods import Card, Ref, by_ref
from core.goods.lines import line, together
from core.goods.readers import last_orders, lines_of, own_orders
from core.goods.urls import Url, web
from core.model import Kind


class OrderSettings(BlockSettings):
    heading: Heading = "Ваш заказ"
    url: Url = Field(default="", title=N_("The order's page on the site, with id or number in braces (empty: none)"))
    button: ButtonText = "Открыть заказ"


class OrderData(Block):
    code = "order_data"
    title = N_("Order")
    Settings = OrderSettings
    kinds = frozenset({Kind.ORDERS, Kind.PRODUCTS})
    variables: ClassVar[Mapping[str, str]] = {
        "number": N_("The order's number"),
        "created": N_("The day of the order"),
        "status": N_("The name of its status"),
        "lines": N_("The goods: name, quantity, price, total, currency, url, picture_url"),
        "goods_total": N_("The sum of the goods; none when the currencies differ"),
        "delivery_price": N_("The price of the delivery"),
        "total": N_("The sum of the order"),
        "currency": N_("The currency of the order"),
        "payments": N_("The payments: name, total, paid, returned"),
        "parcels": N_("The parcels: name, shipped, tracking_number"),
        "link": N_("The order's page"),
    }

    def facts(self, settings: OrderSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        orders = _orders(asked, readers)
        lines = lines_of(asked, orders)
        refs = {(one["source"], row["product"]) for one in orders if one for row in lines.get(one["id"], [])}
        cards = by_ref(asked, refs)
        return [_order(one, lines.get(one["id"], []), cards, settings, asked) if one else None for one in orders]


def _orders(asked: Asked, readers: Sequence[Reader]) -> list[sa.RowMapping | None]:
    """The order that the letter is about; the last one only where the letter is about nothing."""
    about = own_orders(asked, readers)
    last = iter(last_orders(asked, [reader for reader in readers if not reader.subject]))
    return [one if reader.subject else next(last) for one, reader in zip(about, readers, strict=True)]


def _order(
    order: sa.RowMapping,
    rows: Sequence[sa.RowMapping],
    cards: Mapping[Ref, Card],
    settings: OrderSettings,
    asked: Asked,
) -> dict[str, Any]:
    goods = [line(cards.get((order["source"], row["product"])), **{name: row[name] for name in _LINE}) for row in rows]
    url = settings.url.replace("{id}", order["external_id"]).replace("{number}", order["number"])
    return {
        "number": order["number"],
        "created": _day(order["created_at"], asked),
        "status": order["status_name"],
        "lines": goods,
        "goods_total": together(goods),
        "delivery_price": order["delivery_price"],
        "total": order["total"],
        "currency": order["currency"],
        "payments": [_payment(one) for one in order["payments"] or []],
        "parcels": [_parcel(one, asked) for one in order["shipments"] or []],
        "link": web(url, asked.site_url),
    }


_LINE = ("name", "quantity", "price", "currency")


def _payment(payment: Mapping[str, Any]) -> dict[str, Any]:
    paid = bool(payment["paid_at"]) and not payment["returned"]
    return {
        "name": payment["name"],
        "total": Decimal(payment["total"]),
        "paid": paid,
        "returned": bool(payment["returned"]),
    }


def _parcel(shipment: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    shipped = _day(datetime.fromisoformat(shipment["shipped_at"]), asked) if shipment["shipped_at"] else None
    return {"name": shipment["name"], "shipped": shipped, "tracking_number": shipment["tracking_number"]}


def _day(moment: datetime, asked: Asked) -> Any:
    return moment.astimezone(ZoneInfo(asked.timezone)).date()
