"""The values that walk the corridor: what sources pour, and what channels carry away.

All moments are aware datetimes, money is Decimal in the row's own currency, identifiers are the source's own, as text.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.errors import VestnikError


class Kind(enum.StrEnum):
    """What a source can pour, in the order in which intake takes it."""

    PEOPLE = "people"
    PRODUCTS = "products"
    BASKETS = "baskets"
    ORDERS = "orders"
    ORDER_CHANGES = "order_changes"
    VIEWS = "views"
    SUBSCRIPTIONS = "subscriptions"
    OPT_OUTS = "opt_outs"


@dataclass(frozen=True, slots=True)
class Person:
    """One user or guest of a shop.

    Sources pour people of kind "user"; those of kind "address" are made by intake: known only by an order, a form or
    a list.
    """

    external_id: str
    email: str
    name: str = ""
    last_name: str = ""
    second_name: str = ""
    gender: str = ""  # "m", "f" or ""
    birthday: date | None = None
    phone: str = ""
    city: str = ""
    site: str = ""
    timezone: str = ""
    registered_at: datetime | None = None
    last_login_at: datetime | None = None
    last_activity_at: datetime | None = None
    active: bool = True
    confirmed: bool = True  # False: the address still waits for its confirmation
    attributes: Mapping[str, Any] = field(default_factory=dict)  # the source's own extra fields: JSON values
    kind: str = "user"


@dataclass(frozen=True, slots=True)
class Line:
    """One product in a basket or an order; `price` is per unit after discounts."""

    external_id: str
    product: str
    name: str
    quantity: Decimal
    price: Decimal
    currency: str
    url: str = ""
    buyable: bool = True
    delayed: bool = False
    base_price: Decimal | None = None  # per unit before discounts, where the source knows


@dataclass(frozen=True, slots=True)
class Basket:
    """All open lines of one person (or anonymous visitor) on one site."""

    external_id: str
    person: str  # external id of the person; "" for an anonymous visitor
    site: str
    created_at: datetime | None
    changed_at: datetime | None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of an order, made or awaited; `returned`: the money went back."""

    name: str  # of the pay system, as the buyer saw it
    total: Decimal
    paid_at: datetime | None = None
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel of an order."""

    external_id: str
    name: str  # of the delivery service, as the buyer saw it
    price: Decimal = Decimal(0)
    shipped_at: datetime | None = None
    tracking_number: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One order; `total` includes delivery and discounts. `email` is the order's own, else the account's."""

    external_id: str
    number: str
    person: str
    email: str
    site: str
    status: str
    status_name: str
    total: Decimal
    delivery_price: Decimal
    currency: str
    created_at: datetime
    changed_at: datetime
    name: str = ""
    phone: str = ""
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    completed: bool = False
    lines: tuple[Line, ...] = ()
    payments: tuple[Payment, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    coupons: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)  # by code: what the buyer filled in
    offline: bool = False  # made in another channel than the site: a shop, a till, a marketplace


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One entry of an order's history, for example a new status."""

    external_id: str
    order: str
    what: str  # a fact's name: "status_changed", "paid", "cancelled" …
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    """One product or offer as a letter shows it; an offer carries its parent's id and what it inherits from it."""

    external_id: str
    name: str
    url: str = ""
    picture_url: str = ""
    parent: str = ""
    section: str = ""  # the main one
    sections: tuple[str, ...] = ()  # all, the main one among them
    catalogue: str = ""  # the infoblock
    xml_id: str = ""
    price: Decimal | None = None
    currency: str = ""
    available: bool = False
    quantity: Decimal = Decimal(0)
    active: bool = True
    created_at: datetime | None = None
    shows: int = 0
    sort: int = 500
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """One person's last look at one product."""

    external_id: str
    person: str
    product: str
    site: str
    at: datetime
    count: int = 1


@dataclass(frozen=True, slots=True)
class Subscription:
    """One address on one list of the shop: a form that was filled in, a rubric, a list of contacts."""

    external_id: str
    list: str  # "form:3", "iblock:7", "rubric:2", "sender:5"; "awaited:17": who waits for product 17
    title: str  # what people call the list
    email: str
    name: str = ""
    person: str = ""  # external id, if the source knows whose address it is
    at: datetime | None = None  # when it was given
    active: bool = True  # False: not confirmed, or left


@dataclass(frozen=True, slots=True)
class OptOut:
    """One address that is not to be written to any more; it is never taken back by a source."""

    external_id: str
    email: str
    reason: str  # "imported" (left the old letters), "complaint", "blacklisted" …
    mailing: str = ""  # code of a mailing of ours; "": everything
    at: datetime | None = None


Record = Person | Product | Basket | Order | OrderChange | View | Subscription | OptOut


class Status(enum.StrEnum):
    """Where a recipient stands: new → composed → claimed → sent | failed | skipped | unknown.

    `composed`: a worker holds the letter, nothing has left the house. `claimed`: the letter may be on the wire; a crash
    here makes it `unknown`, because only the relay knows.
    """

    NEW = "new"
    COMPOSED = "composed"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class PostingStatus(enum.StrEnum):
    """Where a posting stands: waiting → open → done, or skipped with a reason."""

    WAITING = "waiting"
    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Letter:
    """One composed letter for one recipient, ready to be built as a MIME message."""

    sender: str  # RFC 5322 mailbox: "Магазин <news@shop.ru>"
    to: str  # the bare address
    to_name: str
    subject: str
    html: str
    text: str
    message_id: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a channel says of one letter: `sent`, `retry`, `failed` or `unknown`, with the relay's own words."""

    result: str
    reply: str = ""
    reached: bool = True  # False: the relay takes no letters now
    tried: bool = True  # False: this letter was not even begun: the connection was lost before it


@dataclass(frozen=True, slots=True)
class DiscountRule:
    """A discount of the shop that coupons may open; `refusal` says why they would do nothing now."""

    external_id: str
    name: str
    refusal: VestnikError | None = None
    groups: tuple[str, ...] = ()  # the names of the user groups that it is for; empty: everybody


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """What one coupon shall be.

    `key`, with the prefix, names it for ever: the same key is the same coupon, however often it is asked for.
    """

    rule: str  # external id of a DiscountRule
    key: str
    multi_use: bool = False  # False: good for one order
    max_uses: int = 0  # of a multi-use one; 0: no limit
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    person: str = ""  # external id of the only person it is good for; "": whoever has the code
    description: str = ""  # what the shop's own people read beside it
    prefix: str = "SL"


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon as it stands in the shop."""

    code: str
    rule: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class CouponFate(enum.StrEnum):
    """What became of a coupon whose time was over."""

    DELETED = "deleted"
    DEACTIVATED = "deactivated"
    USED = "used"  # it stays as it is
    GONE = "gone"  # somebody removed it before


@dataclass(frozen=True, slots=True)
class CouponUse:
    """How often a coupon was used, when last, and the external ids of the orders, if the source knows."""

    times: int = 0
    last_at: datetime | None = None
    orders: tuple[str, ...] = ()

    @property
    def used(self) -> bool:
        """Whether anybody used it at all."""
        return self.times > 0
