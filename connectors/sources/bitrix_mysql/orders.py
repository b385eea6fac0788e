"""Orders of `b_sale_order` with their lines; the address of an order is its own, the account's only stands in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import order_details as details
from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.baskets import LINE, line, top_level
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import Read, Reader, in_ranges
from core.model import Line, Order, Payment, Shipment

_COLUMNS = (
    "ID",
    "ACCOUNT_NUMBER",
    "USER_ID",
    "LID",
    "STATUS_ID",
    "PRICE",
    "PRICE_DELIVERY",
    "CURRENCY",
    "DATE_INSERT",
    "DATE_UPDATE",
    "PAYED",
    "DATE_PAYED",
    "CANCELED",
    "DATE_CANCELED",
)


@dataclass(frozen=True, slots=True)
class _Details:
    """What hangs on the orders of one page, by order id; addresses of accounts by user id."""

    filled: Mapping[int, details.Filled]
    payments: Mapping[int, Sequence[Payment]]
    shipments: Mapping[int, Sequence[Shipment]]
    coupons: Mapping[int, Sequence[str]]
    lines: Mapping[int, Sequence[Line]]
    accounts: Mapping[int, str]


class Orders(Reader):
    """Orders, guests' ones too: those hang on a technical user and are known by their own address alone."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._orders = shop.table("b_sale_order")
        self._anonymous = values.number(shop.option("sale", "anonymous_user_id"))
        self._names = status_names(shop)

    def count(self) -> int:
        return int(self.shop.scalar(self._of_site(sa.select(sa.func.count()).select_from(self._orders))))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        orders = self._orders
        chosen = self._of_site(sa.select(orders.c.ID.label("key")))
        if since is None:
            return in_ranges(self.shop, orders.c.ID, chosen, after)
        # without LIMIT and ORDER BY, MySQL takes the index on DATE_UPDATE; with them it prefers to walk the primary key
        changed = chosen.where(orders.c.DATE_UPDATE >= self.shop.local(since))
        return iter(sorted(row["key"] for row in self.shop.rows(changed) if row["key"] > after))

    def _of_site(self, query: sa.Select[Any]) -> sa.Select[Any]:
        site = self.shop.settings.site
        return query.where(self._orders.c.LID == site) if site else query

    def read(self, keys: Sequence[int]) -> Read:
        orders = self._orders
        rows = list(self.shop.rows_in(sa.select(*(orders.c[name] for name in _COLUMNS)), orders.c.ID, keys))
        known = _Details(
            details.filled(self.shop, keys),
            details.payments(self.shop, keys),
            details.shipments(self.shop, keys),
            details.coupons(self.shop, keys),
            self._lines(keys),
            self._accounts({row["USER_ID"] for row in rows}),
        )
        return Read([self._order(row, known) for row in rows])

    def _order(self, row: Row, known: _Details) -> Order:
        created = self.shop.moment(row["DATE_INSERT"])
        if created is None:
            raise ValueError("b_sale_order.DATE_INSERT is empty")
        changed = self.shop.moment(row["DATE_UPDATE"]) or created
        guest = row["USER_ID"] == self._anonymous
        given = known.filled.get(row["ID"], details.Filled())
        return Order(
            external_id=str(row["ID"]),
            number=row["ACCOUNT_NUMBER"] or str(row["ID"]),
            person="" if guest else str(row["USER_ID"]),
            email=given.roles.get("email") or ("" if guest else known.accounts.get(row["USER_ID"], "")),
            name=given.roles.get("name", ""),
            phone=given.roles.get("phone", ""),
            site=row["LID"],
            status=row["STATUS_ID"],
            status_name=self._names.get(row["STATUS_ID"]) or row["STATUS_ID"],
            total=values.decimal(row["PRICE"]),
            delivery_price=values.decimal(row["PRICE_DELIVERY"]),
            currency=row["CURRENCY"],
            created_at=created,
            changed_at=changed,
            paid_at=(self.shop.moment(row["DATE_PAYED"]) or changed) if values.yes(row["PAYED"]) else None,
            cancelled_at=(self.shop.moment(row["DATE_CANCELED"]) or changed) if values.yes(row["CANCELED"]) else None,
            completed=row["STATUS_ID"] in self.shop.settings.completed_statuses,
            lines=tuple(known.lines.get(row["ID"], ())),
            payments=tuple(known.payments.get(row["ID"], ())),
            shipments=tuple(known.shipments.get(row["ID"], ())),
            coupons=tuple(known.coupons.get(row["ID"], ())),
            properties=given.properties,
        )

    def _accounts(self, users: set[int]) -> dict[int, str]:
        table = self.shop.table("b_user")
        query = sa.select(table.c.ID, table.c.EMAIL)
        return {row["ID"]: row["EMAIL"] or "" for row in self.shop.rows_in(query, table.c.ID, users)}

    def _lines(self, keys: Sequence[int]) -> dict[int, list[Line]]:
        rows = self.shop.table("b_sale_basket")
        query = sa.select(*(rows.c[name] for name in LINE)).order_by(rows.c.ID)
        found: dict[int, list[Line]] = {}
        for row in self.shop.rows_in(query, rows.c.ORDER_ID, keys):
            if top_level(row):
                found.setdefault(row["ORDER_ID"], []).append(line(row))
        return found


def status_names(shop: Shop) -> dict[str, str]:
    """Order status → its name in the language of the settings, else in any."""
    if not shop.has("b_sale_status_lang"):
        return {}
    names = shop.table("b_sale_status_lang")
    rows = shop.rows(sa.select(names.c.STATUS_ID, names.c.LID, names.c.NAME))
    ordered = sorted(rows, key=lambda row: row["LID"] == shop.settings.language)
    return {row["STATUS_ID"]: values.text(row["NAME"]) for row in ordered}
