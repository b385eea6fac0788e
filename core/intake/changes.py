"""Changes become facts: what a new or altered row of the mirror says has happened.

Each function takes the row as it was (None when new) and as it is now, and yields (what, at, subject, details).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from core.model import Kind

Row = Mapping[str, Any]
Change = tuple[str, datetime, str, dict[str, Any]]


def changes(kind: Kind, old: Row | None, new: Row, *, now: datetime) -> Iterator[Change]:
    """What happened between `old` and `new`. A fact without a date of its own happened when it was seen: `now`."""
    return _TELL[kind](old, new, now)


_PROFILE = (
    *("email", "name", "last_name", "second_name", "gender", "birthday", "phone", "city", "site", "timezone"),
    *("active", "confirmed", "attributes"),
)


def _person(old: Row | None, new: Row, now: datetime) -> Iterator[Change]:
    changed = [name for name in _PROFILE if old is not None and old[name] != new[name]]
    if changed:
        yield "profile_changed", now, "", {"fields": changed}
    if old is None and new["registered_at"]:
        yield "registered", new["registered_at"], "", {}
    if new["last_login_at"] and (old is None or old["last_login_at"] != new["last_login_at"]):
        yield "logged_in", new["last_login_at"], "", {}


def _product(old: Row | None, new: Row, now: datetime) -> Iterator[Change]:
    product = new["external_id"]
    if old is None:
        if new["created_at"]:
            yield "product_added", new["created_at"], product, {}
        return
    if _dropped(old, new):
        prices = {"from": str(old["price"]), "to": str(new["price"]), "currency": new["currency"]}
        yield "price_dropped", now, product, prices
    if bool(old["available"]) != bool(new["available"]):
        yield "back_in_stock" if new["available"] else "out_of_stock", now, product, {}


def _dropped(old: Row, new: Row) -> bool:
    if old["price"] is None or new["price"] is None or old["currency"] != new["currency"]:
        return False
    return bool(new["price"] < old["price"])


def _basket(old: Row | None, new: Row, now: datetime) -> Iterator[Change]:
    if new["lines"]:
        if old is None or old["lines"] != new["lines"]:
            yield "basket_changed", new["changed_at"] or now, new["external_id"], {"total": str(new["total"])}
    elif old is not None and old["lines"]:
        yield "basket_emptied", now, new["external_id"], {}


def _order(old: Row | None, new: Row, now: datetime) -> Iterator[Change]:
    if old is not None and old["contact_id"] and old["contact_id"] != new["contact_id"]:
        yield "order_moved", now, new["external_id"], {"from": old["contact_id"]}
    if old is None:
        yield "ordered", new["created_at"], new["external_id"], {"total": str(new["total"]), "number": new["number"]}
    sent_before = {one["id"] for one in (old or {}).get("shipments") or [] if one["shipped_at"]}
    for parcel in new["shipments"]:
        if parcel["shipped_at"] and parcel["id"] not in sent_before:
            details = {"shipment": parcel["id"], "name": parcel["name"], "tracking_number": parcel["tracking_number"]}
            yield "shipped", datetime.fromisoformat(parcel["shipped_at"]), new["external_id"], details


def _view(old: Row | None, new: Row, now: datetime) -> Iterator[Change]:
    if old is None or (old["at"], old["count"]) != (new["at"], new["count"]):
        yield "viewed", new["at"], new["product"], {"count": new["count"]}


def _subscription(old: Row | None, new: Row, now: datetime) -> Iterator[Change]:
    """Whoever comes back does so when it is seen: the date of the row is that of the first time."""
    was = old is not None and bool(old["active"]) and old["gone_at"] is None
    if new["active"] and not was:
        yield "subscribed", (now if old is not None else new["at"] or now), new["list"], {"title": new["title"]}
    elif was and not new["active"]:
        yield "unsubscribed", now, new["list"], {"title": new["title"]}


_TELL: Mapping[Kind, Callable[[Row | None, Row, datetime], Iterator[Change]]] = {
    Kind.PEOPLE: _person,
    Kind.PRODUCTS: _product,
    Kind.BASKETS: _basket,
    Kind.ORDERS: _order,
    Kind.VIEWS: _view,
    Kind.SUBSCRIPTIONS: _subscription,
}
