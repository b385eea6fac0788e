"""Small random shops, full of what is easily got wrong: shared addresses, guests, edges of periods, unknowns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from core.model import Basket, Line, Order, Person, Product, Shipment, Subscription, View
from tests.conftest import NOW
from tests.core.rules.second_opinion.facts import Leaving, Letter, Life, Shop

Draw = st.DrawFn
SOURCES = ("shop", "crm")
EMAILS = (
    *("anna@shop.ru", "ivan@mail.ru", "home@mail.ru", "olga@sub.mail.ru", "oleg@почта.рф", "guest@shop.ru"),
    *("maria@mail.ru", "petr@shop.ru"),
)
NONE = ("", "not an address")
PEOPLE = ("1", "2", "3", "4", "5", "6", "7", "8")
CITIES = ("Москва", "Тверь", "")
SECTIONS, CATALOGUES, BRANDS = ("10", "11", "12"), ("2", "3"), ("Bosch", "Philips", "5")
PRODUCTS = ("100", "101", "102", "103")
OFFERS = {"200": "100", "201": "101", "202": "999"}  # the last one's parent is not known
UNKNOWN = "404"
LISTS = {"form:3": "Новости", "rubric:2": "Акции недели", "awaited:100": "Чайник"}
MAILINGS = {"may": "news", "june": "news", "hello": "greetings"}  # issue → mailing
DELIVERIES = ("СДЭК", "Boxberry, 100%", "a_b")
COUPONS = ("SPRING", "VIP-1")
MARKS = ("yandex", "Google", "cpc", "")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)

_DAYS = (0, 1, 7, 30, 90, 365)
"""The periods that are asked for: three moments of four lie on an edge of one of them, or a second beside it."""
_EXACT = [timedelta(days=days) for days in _DAYS]
_BESIDE = [edge + step for edge in _EXACT for step in (-SECOND, SECOND)]
_AGES = [*_EXACT * 3, *_BESIDE, 26 * HOUR, 45 * DAY, 200 * DAY, 730 * DAY, -DAY, -7 * DAY]
_CALENDAR = [
    datetime(2026, 10, 31, 21, tzinfo=NOW.tzinfo),  # midnight in Moscow
    datetime(2026, 10, 31, 20, 59, 59, tzinfo=NOW.tzinfo),
    datetime(2025, 11, 24, 12, tzinfo=NOW.tzinfo),
    datetime(2024, 2, 29, 12, tzinfo=NOW.tzinfo),
]
moments = st.sampled_from([*(NOW - age for age in _AGES), *_CALENDAR])
maybe_moments = st.none() | moments
money = st.sampled_from(
    [Decimal(text) for text in ("0", "33.33", "99.99", "100", "1000", "5000", "60000", "100000.01")]
)
currencies = st.sampled_from(["RUB", "RUB", "RUB", "KZT"])
birthdays = st.none() | st.sampled_from(
    [date(1990, 11, 24), date(1985, 11, 25), date(1992, 2, 29), date(2001, 2, 28), date(1970, 12, 1), date(1999, 10, 5)]
)
emails = st.sampled_from([*EMAILS, *EMAILS[:2] * 2, "ANNA@shop.ru ", *NONE])


@st.composite
def attributes(draw: Draw) -> dict[str, Any]:
    """The source's own fields, some of them missing, some written in an odd way."""
    kept: dict[str, st.SearchStrategy[Any]] = {
        "UF_BONUS": st.sampled_from([0, 100, 250, 12.5, "100", "250.50", "", "-5", "1.2.3", "5-3", None, "много"]),
        "UF_DATE": st.sampled_from(["2020-02-29", "2025-11-24", "2026-11-20T05:00:00+03:00", "2026-12-01", "", None]),
        "UF_TAGS": st.sampled_from([[], ["a"], ["a", "b"], ["5", 7], "a", "", None]),
        "UF_CARD": st.sampled_from(["gold", "silver 100%", "", "null", "a_b"]),
        "UF_UTM_SOURCE": st.sampled_from(MARKS),
        "UF_UTM_MEDIUM": st.sampled_from(MARKS),
        "groups": st.sampled_from([[], ["5"], ["5", "7"], ["57"]]),
    }
    return draw(st.fixed_dictionaries({}, optional=kept))


@st.composite
def persons(draw: Draw, number: str) -> Person:
    return Person(
        number,
        draw(emails),
        name=draw(st.sampled_from(["Анна", "Иван", ""])),
        gender=draw(st.sampled_from(["m", "f", ""])),
        birthday=draw(birthdays),
        city=draw(st.sampled_from(CITIES)),
        site=draw(st.sampled_from(["s1", "s2", ""])),
        registered_at=draw(maybe_moments),
        last_login_at=draw(maybe_moments),
        last_activity_at=draw(maybe_moments),
        active=draw(st.sampled_from([True, True, True, False])),
        attributes=draw(attributes()),
    )


def _products() -> st.SearchStrategy[list[Product]]:
    return st.tuples(
        *(products(number, parent) for number, parent in (*((one, "") for one in PRODUCTS), *OFFERS.items()))
    ).map(list)


@st.composite
def products(draw: Draw, number: str, parent: str) -> Product:
    sections = draw(st.lists(st.sampled_from(SECTIONS), max_size=2, unique=True))
    return Product(
        number,
        f"Товар {number}",
        parent=parent,
        section=sections[0] if sections and not parent else "",
        sections=() if parent else tuple(sections),
        catalogue=draw(st.sampled_from([*CATALOGUES, ""])),
        price=draw(st.none() | money),
        currency=draw(currencies),
        properties=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "BRAND": st.sampled_from([*BRANDS, ["Bosch", "Braun"], [], 5, None]),
                    "COLOUR": st.sampled_from(["red", "green"]),
                },
            )
        ),
    )


@st.composite
def lines(draw: Draw, currency: str) -> Line:
    price = draw(money)
    return Line(
        "1",
        draw(st.sampled_from([*PRODUCTS, *OFFERS, UNKNOWN])),
        "Товар",
        Decimal(draw(st.integers(1, 3))),
        price,
        currency,
        buyable=draw(st.sampled_from([True, True, False])),
        delayed=draw(st.sampled_from([False, False, True])),
        base_price=draw(st.sampled_from([None, price, price + 10])),
    )


def _lines(currency: str) -> st.SearchStrategy[tuple[Line, ...]]:
    return st.lists(lines(currency), max_size=3).map(tuple)


@st.composite
def orders(draw: Draw, number: int) -> Order:
    currency, at = draw(currencies), draw(moments)
    person = draw(st.sampled_from([*PEOPLE, *PEOPLE[:3] * 2, "", "", ""]))
    later = st.none() | st.sampled_from([at, at + HOUR, at + 30 * DAY, max(at, NOW), max(at, NOW + HOUR)])
    marks = {name: st.sampled_from(MARKS) for name in ("UTM_SOURCE", "utm_source", "UTM_MEDIUM", "UTM_CAMPAIGN")}
    return Order(
        str(number),
        str(number),
        person,
        draw(st.just("") | emails),
        site=draw(st.sampled_from(["s1", "s2"])),
        status=draw(st.sampled_from(["N", "P", "F"])),
        status_name="",
        total=draw(money),
        delivery_price=Decimal(0),
        currency=currency,
        created_at=at,
        changed_at=at,
        name=draw(st.sampled_from(["Гость", ""])),
        phone=draw(st.sampled_from(["+7900", ""])),
        paid_at=draw(later),
        cancelled_at=draw(st.none() | st.none() | later),
        completed=draw(st.booleans()),
        lines=draw(_lines(currency)),
        shipments=tuple(Shipment(name, name) for name in draw(st.lists(st.sampled_from(DELIVERIES), max_size=2))),
        coupons=draw(st.sampled_from([(), (), ("SPRING",), ("SPRING", "VIP-1")])),
        properties=draw(st.fixed_dictionaries({}, optional=marks)),
        offline=draw(st.booleans()),
    )


@st.composite
def baskets(draw: Draw, number: int) -> Basket:
    currency = draw(currencies)
    dated = {"created_at": draw(maybe_moments), "changed_at": draw(maybe_moments)}
    return Basket(str(number), draw(st.sampled_from([*PEOPLE, ""])), "s1", **dated, lines=draw(_lines(currency)))


@st.composite
def views(draw: Draw, number: int) -> View:
    product = draw(st.sampled_from([*PRODUCTS, *OFFERS, UNKNOWN]))
    return View(str(number), draw(st.sampled_from(PEOPLE)), product, "s1", draw(moments), draw(st.integers(1, 4)))


@st.composite
def subscriptions(draw: Draw, number: int) -> Subscription:
    code = draw(st.sampled_from(list(LISTS)))
    name, person = draw(st.sampled_from(["Подписчик", ""])), draw(st.sampled_from([*PEOPLE, ""]))
    return Subscription(str(number), code, LISTS[code], draw(emails), name=name, person=person, at=draw(maybe_moments))


@st.composite
def shops(draw: Draw, name: str, *, most: int) -> Shop:
    """A shop of up to `most` people, with two or three times as many orders."""
    numbers = range(1, draw(st.integers(most // 2 + 1, most)) + 1)
    listed = [draw(subscriptions(number)) for number in range(500, 500 + draw(st.integers(0, 4)))]
    kept_baskets = [draw(baskets(number)) for number in range(600, 600 + draw(st.integers(0, most)))]
    poured = [str(number) for number in numbers]
    some = st.lists(st.sampled_from([*poured, *(one.external_id for one in kept_baskets)]), max_size=2)
    lost = st.lists(st.sampled_from([one.external_id for one in listed]), max_size=1) if listed else st.just([])
    gone = frozenset([*draw(some), *draw(lost)])
    return Shop(
        name,
        people=[draw(persons(str(number))) for number in numbers],
        products=draw(_products()),
        baskets=kept_baskets,
        orders=[draw(orders(number)) for number in range(700, 700 + draw(st.integers(most, 3 * most)))],
        views=[draw(views(number)) for number in range(800, 800 + draw(st.integers(0, 2 * most)))],
        subscriptions=listed,
        gone=gone,
        left=frozenset(draw(lost)) - gone,
    )


@st.composite
def letters(draw: Draw, email: str) -> Letter:
    """A letter that left, one in four did not; opened and clicked in later, or before the house knows of it."""
    status = draw(st.sampled_from(["sent", "sent", "sent", "failed"]))
    issue, at = draw(st.sampled_from(list(MAILINGS))), draw(moments)
    later = st.none() | st.sampled_from([at, at + HOUR, at + 30 * DAY, NOW, NOW + DAY]).filter(
        lambda moment: moment >= at
    )
    if status != "sent":
        return Letter(email, MAILINGS[issue], issue, status, None)
    return Letter(email, MAILINGS[issue], issue, status, at, draw(later), draw(later))


@st.composite
def _posted(draw: Draw, addresses: Sequence[str]) -> list[Letter]:
    """Letters to some of the addresses; no two of one address leave at the same moment."""
    found = [draw(letters(draw(st.sampled_from(addresses)))) for _ in range(draw(st.integers(0, 16)))]
    return list({(one.email, one.sent_at): one for one in found}.values())


@st.composite
def _leavings(draw: Draw, addresses: Sequence[str]) -> list[Leaving]:
    made = st.builds(
        Leaving,
        st.sampled_from(addresses),
        st.sampled_from(["", "news", "greetings"]),
        st.sampled_from(["unsubscribed", "complaint"]),
        moments,
    )
    return draw(st.lists(made, max_size=4, unique_by=lambda one: (one.email, one.mailing)))


@st.composite
def lives(draw: Draw) -> Life:
    """Two shops, a large one and a small one, whose people share addresses; what we wrote to them, and who left."""
    found = Life([draw(shops("shop", most=8)), draw(shops("crm", most=4))])
    known = sorted(found.emails) or ["nobody@shop.ru"]
    frozen = {"frozen": draw(st.lists(st.sampled_from(known), max_size=3, unique=True))}
    return Life(found.shops, draw(_posted(known)), draw(_leavings(known)), frozen if found.emails else {"frozen": []})
