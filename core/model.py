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


class Kind(enum.StrEnum):
    """What a source can pour, in the order in which intake takes it."""

    PEOPLE = "people"
    PRODUCTS = "products"
    BASKETS = "baskets"
    ORDERS = "orders"
    ORDER_CHANGES = "order_changes"
    VIEWS = "views"


@dataclass(frozen=True, slots=True)
class Person:
    """One user or guest of a shop."""

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


Record = Person | Product | Basket | Order | OrderChange | View


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
    reached: bool = True  # False: the relay could not be reached at all, the letter is not to blame
