"""The second opinion on baskets, looks, letters, and what brought people here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.model import Basket, View
from tests.core.rules.second_opinion.facts import Letter, Somebody, buyable
from tests.core.rules.second_opinion.naive import (
    Asked,
    answers,
    between,
    during,
    kopecks,
    limited,
    several,
    so_many,
)
from tests.core.rules.second_opinion.on_orders import GOODS, goods, made, standing

Value = Mapping[str, Any]


def _last_order(asked: Asked, one: Somebody) -> datetime | None:
    return max((order.created_at for _, order in standing(asked, one)), default=None)


# ---- baskets ----


@answers("basket")
def basket(asked: Asked, one: Somebody, value: Value) -> bool:
    """Goods that can be bought lie in a basket; a sum is that of all such baskets."""
    found = [
        held
        for whose, source, held in asked.life.baskets
        if whose == one.email and _so(asked, one, source, held, value)
    ]
    if not limited(value):
        return bool(found)
    sums = [_total(held) for held in found if _currency(held) == asked.currency]
    return bool(sums) and between(sum(sums, Decimal(0)), value)


def _changed(held: Basket) -> datetime | None:
    return held.changed_at or held.created_at


def _currency(held: Basket) -> str:
    return next((line.currency for line in held.lines if buyable(line)), "")


def _total(held: Basket) -> Decimal:
    return sum((line.price * line.quantity for line in held.lines if buyable(line)), Decimal(0))


def _so(asked: Asked, one: Somebody, source: str, held: Basket, value: Value) -> bool:
    changed, last = _changed(held), _last_order(asked, one)
    if changed is not None and changed > asked.now:
        return False
    if not any(goods(asked, source, line.product, value) for line in held.lines if buyable(line)):
        return False
    if value.get("abandoned") and last is not None and (changed is None or last > changed):
        return False
    return _untouched(asked, changed, value)


def _untouched(asked: Asked, changed: datetime | None, value: Value) -> bool:
    hours, days, less = (value.get(name) for name in ("idle_hours", "idle_days", "idle_less_than_days"))
    if changed is None:  # not known since when
        return hours is None and days is None and less is None
    return (
        (hours is None or changed <= asked.now - timedelta(hours=hours))
        and (days is None or changed <= asked.now - timedelta(days=days))
        and (less is None or changed > asked.now - timedelta(days=less))
    )


# ---- looks ----


@answers("viewed")
def viewed(asked: Asked, one: Somebody, value: Value) -> bool:
    """How many times they looked at such products."""
    looks = [
        look.count
        for whose, source, look in asked.life.views
        if whose == one.email and _looked(asked, one, source, look, value)
    ]
    return so_many(sum(looks), value)


def _looked(asked: Asked, one: Somebody, source: str, look: View, value: Value) -> bool:
    if look.at > asked.now or not during(asked, look.at, value):
        return False
    if any(name in value for name in GOODS) and not goods(asked, source, look.product, value):
        return False
    without = value.get("without")
    if without in {"basket", "either"} and _in_basket(asked, one, source, look.product):
        return False
    last = _last_order(asked, one)
    if without in {"order", "either"} and last is not None and last > look.at:
        return False
    return "price_from" not in value or _priced(asked, source, look.product, value["price_from"])


def _priced(asked: Asked, source: str, number: str, least: int) -> bool:
    product = asked.life.products.get((source, number))
    return (
        product is not None
        and product.price is not None
        and product.price >= least
        and product.currency == asked.currency
    )


def _in_basket(asked: Asked, one: Somebody, source: str, number: str) -> bool:
    """The product, or an offer of it, lies in an open basket now."""
    known = asked.life.products
    held = [
        line.product
        for whose, shop, one_of in asked.life.baskets
        if whose == one.email and shop == source
        for line in one_of.lines
    ]
    return any(
        product == number or ((source, product) in known and known[source, product].parent == number)
        for product in held
    )


# ---- letters ----


def got(asked: Asked, one: Somebody, value: Value) -> list[Letter]:
    """The letters, of such mailings and issues, that had left the house by then; the oldest first."""
    found = [
        (letter.sent_at, letter)
        for letter in asked.life.letters
        if letter.email == one.email and letter.status == "sent" and letter.sent_at and letter.sent_at <= asked.now
    ]
    return [
        letter
        for _, letter in sorted(found, key=lambda pair: pair[0])
        if ("mailing" not in value or letter.mailing in several(value["mailing"]))
        and ("issue" not in value or letter.issue in several(value["issue"]))
    ]


def opened_at(letter: Letter) -> datetime | None:
    """A click opens a letter too."""
    return min((at for at in (letter.opened_at, letter.clicked_at) if at is not None), default=None)


def _by(asked: Asked, moment: datetime | None) -> bool:
    return moment is not None and moment <= asked.now


@answers("received")
def received(asked: Asked, one: Somebody, value: Value) -> bool:
    return so_many(sum(during(asked, letter.sent_at, value) for letter in got(asked, one, value)), value)


@answers("opened")
def opened(asked: Asked, one: Somebody, value: Value) -> bool:
    """In the period, whenever they were sent."""
    moments = [opened_at(letter) for letter in got(asked, one, value)]
    return so_many(sum(_by(asked, at) and during(asked, at, value) for at in moments), value)


@answers("clicked")
def clicked(asked: Asked, one: Somebody, value: Value) -> bool:
    moments = [letter.clicked_at for letter in got(asked, one, value)]
    return so_many(sum(_by(asked, at) and during(asked, at, value) for at in moments), value)


@answers("no_reaction")
def no_reaction(asked: Asked, one: Somebody, value: Value) -> bool:
    """To none of the letters of the last days, of which there was one; to none of so many last ones."""
    found = got(asked, one, value)
    if "days" in value:
        found = [letter for letter in found if during(asked, letter.sent_at, {"within_days": value["days"]})]
        return bool(found) and not any(_by(asked, opened_at(letter)) for letter in found)
    last = found[-value["letters"] :]
    return len(last) == value["letters"] and not any(_by(asked, opened_at(letter)) for letter in last)


@answers("open_rate")
def open_rate(asked: Asked, one: Somebody, value: Value) -> bool:
    """Per cent of the letters of the period; fewer than so many tell nothing."""
    found = [letter for letter in got(asked, one, value) if during(asked, letter.sent_at, value)]
    if len(found) < value.get("of_letters", 3):
        return False
    seen = sum(_by(asked, opened_at(letter)) for letter in found)
    return between(kopecks(Decimal(100) * seen / len(found)), value)


# ---- what brought them ----

MARKS = ("utm_source", "utm_medium", "utm_campaign")


@answers("attracted_by")
def attracted_by(asked: Asked, one: Somebody, value: Value) -> bool:
    wanted = {name: [text.lower() for text in several(value[name])] for name in MARKS if name in value}
    if wanted and not any(_marked(marks, wanted) for marks in _marks(asked, one)):
        return False
    return "via" not in value or _came_by(asked, one) == value["via"]


def _marked(marks: Mapping[str, str], wanted: Mapping[str, list[str]]) -> bool:
    return all(marks.get(name, "").lower() in texts for name, texts in wanted.items())


def _marks(asked: Asked, one: Somebody) -> list[dict[str, str]]:
    """The marks of the first order, cancelled or not (of each, if two were made at once), and the person's own."""
    orders = [order for _, order in made(asked, one)]
    first = min((order.created_at for order in orders), default=None)
    found = [
        {name: order.properties.get(name.upper()) or order.properties.get(name) or "" for name in MARKS}
        for order in orders
        if order.created_at == first
    ]
    return [*found, {name: str(one.person.attributes.get(f"UF_{name.upper()}") or "") for name in MARKS}]


def _came_by(asked: Asked, one: Somebody) -> str | None:
    """What came first; a list without a date is later than all, and of one moment the first by the alphabet counts."""
    life, now = asked.life, asked.now
    ways = [("account", who.person.registered_at) for who in life.somebody if _owns(who, one)]
    ways = [(way, at) for way, at in ways if at is not None and at <= now]
    ways += [("order", order.created_at) for _, order in made(asked, one)]
    ways += [("list", entry.at) for whose, entry, _ in life.subscriptions if whose == one.email]
    dated = sorted((at, way) for way, at in ways if at is not None and at <= now)
    undated = [way for way, at in ways if at is None]
    return dated[0][1] if dated else next(iter(undated), None)


def _owns(who: Somebody, one: Somebody) -> bool:
    return who.email == one.email and who.person.kind == "user"
