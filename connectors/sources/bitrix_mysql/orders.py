"""Orders of `b_sale_order` with their lines; the address of an order is its own, the account's only stands in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import order_details as details
from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.baskets import line, line_columns, top_level
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.walk import Read, Reader
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
_USER = _COLUMNS.index("USER_ID")


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
        imported = orders.c.EXTERNAL_ORDER if "EXTERNAL_ORDER" in orders.c else sa.literal("N")
        columns = [*(orders.c[name] for name in _COLUMNS), imported.label("EXTERNAL_ORDER")]
        rows = list(self.shop.tuples_in(sa.select(*columns), orders.c.ID, keys))
        filled = details.filled(self.shop, keys)
        users = {row[_USER] for row in rows if row[0] not in filled or "email" not in filled[row[0]].roles}
        known = _Details(
            filled,
            details.payments(self.shop, keys),
            details.shipments(self.shop, keys),
            details.coupons(self.shop, keys),
            self._lines(keys),
            self._accounts(users),
        )
        return Read([self._order(row, known) for row in rows])

    def _order(self, row: Sequence[Any], known: _Details) -> Order:
        number, account_number, user, site, status, price, delivery, currency, inserted, updated, *rest = row
        payed, date_payed, canceled, date_canceled, imported = rest
        created = self.shop.moment(inserted)
        if created is None:
            raise ValueError("b_sale_order.DATE_INSERT is empty")
        changed = self.shop.moment(updated) or created
        guest = user == self._anonymous
        given = known.filled.get(number) or details.Filled()
        return Order(
            external_id=str(number),
            number=account_number or str(number),
            person="" if guest else str(user),
            email=given.roles.get("email") or ("" if guest else known.accounts.get(user, "")),
            name=given.roles.get("name", ""),
            phone=given.roles.get("phone", ""),
            site=site,
            status=status,
            status_name=self._names.get(status) or status,
            total=values.decimal(price),
            delivery_price=values.decimal(delivery),
            currency=currency,
            created_at=created,
            changed_at=changed,
            paid_at=(self.shop.moment(date_payed) or changed) if payed == "Y" else None,
            cancelled_at=(self.shop.moment(date_canceled) or changed) if canceled == "Y" else None,
            completed=status in self.shop.settings.completed_statuses,
            lines=tuple(known.lines.get(number, ())),
            payments=tuple(known.payments.get(number, ())),
            shipments=tuple(known.shipments.get(number, ())),
            coupons=tuple(known.coupons.get(number, ())),
            properties=given.properties,
            offline=imported == "Y",
        )

    def _accounts(self, users: set[int]) -> dict[int, str]:
        """The addresses of those accounts whose orders have none of their own."""
        table = self.shop.table("b_user")
        query = sa.select(table.c.ID, table.c.EMAIL)
        return {user: email or "" for user, email in self.shop.tuples_in(query, table.c.ID, users)}

    def _lines(self, keys: Sequence[int]) -> dict[int, list[Line]]:
        rows = self.shop.table("b_sale_basket")
        query = sa.select(*line_columns(self.shop, rows, "ORDER_ID")).order_by(rows.c.ID)
        found: dict[int, list[Line]] = {}
        for row in self.shop.tuples_in(query, rows.c.ORDER_ID, keys):
            if top_level(row):
                found.setdefault(row[-1], []).append(line(row))
        return found


def status_names(shop: Shop) -> dict[str, str]:
    """Order status → its name in the language of the settings, else in any."""
    if not shop.has("b_sale_status_lang"):
        return {}
    names = shop.table("b_sale_status_lang")
    rows = shop.rows(sa.select(names.c.STATUS_ID, names.c.LID, names.c.NAME))
    ordered = sorted(rows, key=lambda row: row["LID"] == shop.settings.language)
    return {row["STATUS_ID"]: values.text(row["NAME"]) for row in ordered}
