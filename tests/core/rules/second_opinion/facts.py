"""A small shop as plain lists, and who is known in it: the second opinion reads it, the test pours it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from core.address import normalised
from core.errors import Refused
from core.model import Basket, Line, Order, Person, Product, Subscription, View


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of ours to an address."""

    email: str
    mailing: str
    issue: str
    status: str
    sent_at: datetime | None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """An address that left a mailing, or everything ("")."""

    email: str
    mailing: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Shop:
    """What one source pours; `gone`: identifiers that its second reading does not meet, `left`: lists left by then."""

    name: str
    people: Sequence[Person] = ()
    products: Sequence[Product] = ()
    baskets: Sequence[Basket] = ()
    orders: Sequence[Order] = ()
    views: Sequence[View] = ()
    subscriptions: Sequence[Subscription] = ()
    gone: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Somebody:
    """One row of people: `email` is normalised, None for one that cannot be written to."""

    source: str
    person: Person
    email: str | None
    gone: bool = False

    @property
    def alive(self) -> bool:
        """Whether a group may take them."""
        return self.email is not None and self.person.active and not self.gone


@dataclass(frozen=True)
class Life:
    """Two shops and our own letters."""

    shops: Sequence[Shop]
    letters: Sequence[Letter] = ()
    leavings: Sequence[Leaving] = ()
    frozen: Mapping[str, Sequence[str]] = field(default_factory=dict)  # static group → addresses

    @cached_property
    def somebody(self) -> list[Somebody]:
        """Everybody known: users, and the addresses that only orders and lists have made known."""
        return [one for shop in self.shops for one in (*_users(shop), *_addresses(shop))]

    @cached_property
    def orders(self) -> list[tuple[str, str, Order]]:
        """(address, source, order) of all orders with an address."""
        found = [
            (_whose(shop, order.email, order.person), shop.name, order) for shop in self.shops for order in shop.orders
        ]
        return [(email, source, order) for email, source, order in found if email]

    @cached_property
    def baskets(self) -> list[tuple[str, str, Basket]]:
        """(address, source, basket) of those still there."""
        found = [(_of(shop, one.person), shop, one) for shop in self.shops for one in shop.baskets]
        return [(email, shop.name, one) for email, shop, one in found if email and one.external_id not in shop.gone]

    @cached_property
    def views(self) -> list[tuple[str, str, View]]:
        """(address, source, look)."""
        found = [(_of(shop, one.person), shop.name, one) for shop in self.shops for one in shop.views]
        return [(email, source, one) for email, source, one in found if email]

    @cached_property
    def subscriptions(self) -> list[tuple[str, Subscription, bool]]:
        """(address, entry, whether the address is still on the list)."""
        found = [(_listed(shop, one), one, _still(shop, one)) for shop in self.shops for one in shop.subscriptions]
        return [(email, one, still) for email, one, still in found if email]

    @cached_property
    def products(self) -> dict[tuple[str, str], Product]:
        """(source, id) → product."""
        return {(shop.name, one.external_id): one for shop in self.shops for one in shop.products}

    @cached_property
    def emails(self) -> set[str]:
        """All addresses known by anything at all."""
        known = {one.email for one in self.somebody} | {email for email, *_ in (*self.orders, *self.subscriptions)}
        return {email for email in known if email}


def address(text: str) -> str | None:
    """`text` as one spelling, None for no address."""
    try:
        return normalised(text) if text.strip() else None
    except Refused:
        return None


def _of(shop: Shop, person: str) -> str | None:
    return next((address(one.email) for one in shop.people if person and one.external_id == person), None)


def _whose(shop: Shop, email: str, person: str) -> str | None:
    return address(email) or _of(shop, person)


def _listed(shop: Shop, one: Subscription) -> str | None:
    """A list's address with a slip in it is not exchanged for the account's."""
    return address(one.email) if one.email.strip() else _of(shop, one.person)


def _still(shop: Shop, one: Subscription) -> bool:
    return one.external_id not in shop.gone and one.external_id not in shop.left


def _users(shop: Shop) -> list[Somebody]:
    return [Somebody(shop.name, one, address(one.email), one.external_id in shop.gone) for one in shop.people]


def _addresses(shop: Shop) -> list[Somebody]:
    """One row for each address that a guest's order or a list knows, unless an account of the source has it."""
    owned = {one.email for one in _users(shop) if not one.gone}
    lists = [one for one in shop.subscriptions if _still(shop, one) and not one.list.startswith("awaited:")]
    guests = [order for order in shop.orders if not order.person]
    found: dict[str, Person] = {}
    for email in {*(_listed(shop, one) for one in lists), *(address(order.email) for order in guests)}:
        if email and email not in owned:
            found[email] = _made(
                email,
                [one.name for one in lists if _listed(shop, one) == email],
                [one for one in guests if address(one.email) == email],
            )
    return [Somebody(shop.name, person, email) for email, person in found.items()]


def _made(email: str, names: Sequence[str], guests: Sequence[Order]) -> Person:
    """As the last guest's order says, else a list."""
    listed = next(filter(None, names), "")
    if not guests:
        return Person(f"address:{email}", email, name=listed, kind="address")
    last = guests[-1]
    return Person(f"address:{email}", email, name=last.name or listed, phone=last.phone, site=last.site, kind="address")


def buyable(line: Line) -> bool:
    """Whether the line can be bought and is not put off."""
    return line.buyable and not line.delayed
