"""A shop on a clock that tests turn: people act, time passes, scenarios are walked, letters arrive in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from core import definitions, deliver, events, intake, journeys, plugin, postings, rhythms, signing, tables
from core.block import Block
from core.compose import Press
from core.config import Deliver, Frequency, Site
from core.definitions.forms import File
from core.deliver import Desk
from core.events import Visit
from core.journeys import Manners, Office, Scenario, Shelf, Walker, book
from core.model import (
    Basket,
    CouponTerms,
    DiscountRule,
    Kind,
    Letter,
    Line,
    Order,
    OrderChange,
    Person,
    Product,
    Subscription,
    View,
)
from core.scenario import Anchor
from core.testing import MemoryChannel, MemoryCoupons, MemorySource

SITE = Site(
    name="Домовой",
    url="https://shop.ru",
    sender="Домовой <news@shop.ru>",
    phone="+7 495 123-45-67",
    address="Москва, Тверская, 1",
)
BLOCKS = plugin.shelf("blocks", Block)  # type: ignore[type-abstract]
ANCHORS = plugin.shelf("scenarios.anchors", Anchor)  # type: ignore[type-abstract]
SHELF = Shelf(ANCHORS)
PERCENTS = {2: "two", 3: "three", 4: "four", 5: "five", 10: "ten", 15: "fifteen"}
"""The shop's discount rules: percent → id."""
PRESS = Press(SITE, blocks=BLOCKS, discounts=PERCENTS)
MAILINGS: dict[str, Any] = {
    "groups": {"all": {"include": {"in_source": "shop"}}},
    "mailings": {
        "scenarios": {"name": "Предложения и напоминания", "groups": ["all"]},
        "service": {"name": "Заказы", "groups": ["all"]},
    },
}
MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # Tuesday, 12:00 in Moscow
ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""For what is judged in Python, not asked of the database."""
STATUSES = {"N": "Принят", "P": "Оплачен", "S": "Отправлен", "F": "Выполнен"}
_GOODS = re.compile(r"^(Товар [\w-]+)", re.MULTILINE)
_CODE = re.compile(r"\bSL-\d{6}\b")


@dataclass(frozen=True, slots=True)
class Got:
    """One letter in somebody's inbox."""

    code: str  # "registration/3d"
    at: datetime
    letter: Letter
    terms: CouponTerms | None

    @property
    def subject(self) -> str:
        return self.letter.subject

    @property
    def text(self) -> str:
        return self.letter.text

    @property
    def goods(self) -> list[str]:
        """The products in it, as far as they are links: "Товар 1"."""
        return list(dict.fromkeys(one.removeprefix("Товар ") for one in _GOODS.findall(self.text)))

    def under(self, heading: str) -> list[str]:
        """The products below this heading, until the next paragraph that is none, and no number: price, buyers."""
        assert heading in self.text, self.text
        found = []
        for part in self.text.partition(heading)[2].strip().split("\n\n"):
            names = [one.removeprefix("Товар ") for one in _GOODS.findall(part)]
            if not names and not re.search(r"\d", part):
                break
            found += names
        return found

    @property
    def coupon(self) -> tuple[str, int] | None:
        """(the shop's discount rule, days after the letter): what was really made for it in the shop."""
        if self.terms is None:
            return None
        assert self.terms.valid_until is not None
        last_day = self.terms.valid_until.astimezone(MOSCOW).date()
        return self.terms.rule, (last_day - self.at.astimezone(MOSCOW).date()).days


@dataclass
class Shop:
    """A source in memory, its coupons, an inbox, and a clock."""

    engine: sa.Engine
    now: datetime = NOON
    press: Press = PRESS
    frequency: Frequency = field(default_factory=Frequency)
    local: Path | None = None
    source: MemorySource = field(default_factory=lambda: MemorySource("shop"))
    gift: MemoryCoupons = field(
        default_factory=lambda: MemoryCoupons(*(DiscountRule(id, id) for id in PERCENTS.values()), source="shop")
    )
    channels: dict[str, MemoryChannel] = field(default_factory=dict)
    inbox: dict[str, list[Got]] = field(default_factory=dict)
    _numbers: int = 0
    _on: set[str] = field(default_factory=set)
    _learns: bool = False
    _changed: set[Kind] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.source.gift = self.gift
        form = File.model_validate(MAILINGS)
        definitions.apply(self.engine, form, self.press, sources=["shop"], now=self.now)

    # ---- scenarios ----

    @property
    def shelf(self) -> Shelf:
        return Shelf(ANCHORS, self.local) if self.local else SHELF

    def runs(self, *codes: str, past: timedelta = timedelta(0)) -> None:
        """These scenarios are switched on now."""
        for code in codes:
            book.switch_on(self.engine, self.shelf, code, now=self.now, past=past)
            self._on.add(code)

    def edit(self, code: str, *changes: tuple[str, str]) -> None:
        """An admin changes the file of the scenario: each text found once becomes the other."""
        text = self.scenario(code).text
        for old, new in changes:
            assert text.count(old) == 1, (code, old)
            text = text.replace(old, new)
        book.edit(self.engine, self.shelf, code, text, now=self.now)

    def scenario(self, code: str) -> Scenario:
        with self.engine.connect() as connection:
            return book.find(connection, self.shelf, code)

    # ---- time ----

    def passes(self, **span: float) -> None:
        """Time passes, and a clock ticks."""
        self.now += timedelta(**span)
        self.tick()

    def waits(self, **span: float) -> None:
        """Time passes, and no clock ticks."""
        self.now += timedelta(**span)

    def at(self, *when: int) -> None:
        """It is this moment in Moscow: year, month, day, hour, minute."""
        self.now = datetime(*when, tzinfo=MOSCOW).astimezone(UTC)  # type: ignore[misc]
        self.tick()

    def tick(self) -> None:
        """What the clock does: pull, walk, deliver."""
        self.pull()
        self.walk()
        self.deliver()

    def pull(self) -> None:
        """Read whatever kind has changed in the shop."""
        kinds = [kind for kind in Kind if kind in self._changed]
        if kinds:
            intake.pull(self.engine, self.source, clock=lambda: self.now, kinds=kinds, full=True)
        self._changed.clear()
        if self._learns and Kind.ORDERS in kinds:
            rhythms.refresh(self.engine, "shop", now=self.now, timezone=self.press.site.timezone)

    def learns(self) -> None:
        """What the night does: the rhythms of buyers, and what is popular."""
        self.pull()
        rhythms.learn(self.engine, "shop", now=self.now, timezone=self.press.site.timezone)
        self._learns = True

    def walk(self) -> None:
        manners = self.manners
        walker = Walker(self.engine, self.press, manners, freshen=lambda _: self.pull())
        for scenario in sorted(map(self.scenario, self._on), key=lambda one: -one.form.priority):
            journeys.walk(walker, scenario, now=self.now)

    def deliver(self) -> None:
        for posting_id in postings.opened(self.engine):
            posting = postings.posting(self.engine, posting_id)
            channel = self.channels.setdefault(posting.channel, MemoryChannel())
            before = len(channel.letters)
            with channel.open() as session:
                deliver.work(self.desk, posting, session)
            postings.finish(self.engine, posting_id, now=self.now)
            for letter in channel.letters[before:]:
                self._received(posting.issue, letter)

    def _received(self, code: str, letter: Letter) -> None:
        codes = _CODE.findall(letter.text)
        terms = self.gift.terms[codes[0]] if codes else None
        got = Got(code, self.now, letter, terms)
        self.inbox.setdefault(letter.to.partition("@")[0], []).append(got)

    @property
    def manners(self) -> Manners:
        return Manners(self.press.site.timezone, frequency=self.frequency)

    @property
    def key(self) -> str:
        return signing.secret(self.engine, now=self.now)

    @property
    def desk(self) -> Desk:
        office = Office(self.shelf, self.manners)
        sources = {"shop": self.source}
        clock = lambda: self.now  # noqa: E731
        return Desk(
            self.engine, self.key, Deliver(), clock, blocks=self.press.blocks, sources=lambda: sources, office=office
        )

    # ---- what people do ----

    def knows(self, *names: str, **values: Any) -> None:
        """People who have an account from long ago, and did not come back since."""
        for who in names:
            self._person(who, registered_at=self.now - timedelta(days=900), **values)

    def registers(self, who: str, **values: Any) -> None:
        self._person(who, registered_at=self.now, **values)

    def logs_in(self, who: str) -> None:
        self._change(Kind.PEOPLE, who, last_login_at=self.now)

    def profile(self, who: str, **values: Any) -> None:
        self._change(Kind.PEOPLE, who, **values)

    def looks(self, who: str, *products: str) -> None:
        """At one product after the other, a minute each."""
        for left, product in zip(range(len(products), 0, -1), products, strict=True):
            at = self.now - timedelta(minutes=left - 1)
            self._put(Kind.VIEWS, View(f"{who}:{product}", who, product, "s1", at))

    def puts(self, who: str, *products: str, basket: str = "") -> str:
        """All that lies in the basket from now on; nothing empties it."""
        id = basket or f"b-{who}"
        lines = tuple(self._line(id, product) for product in products)
        self._put(Kind.BASKETS, Basket(id, who, "s1", self.now, self.now, lines))
        return id

    def orders(self, who: str, *products: str, **values: Any) -> str:
        """An order; what was bought of the basket leaves it at the same moment."""
        self._numbers += 1
        id = str(1000 + self._numbers)
        lines = tuple(self._line(id, product) for product in products)
        total = sum((line.price * line.quantity for line in lines), Decimal(0))
        made: dict[str, Any] = {"person": who, "email": f"{who}@shop.ru", "site": "s1", "currency": "RUB"}
        made |= {"status": "N", "status_name": STATUSES["N"], "total": total, "delivery_price": Decimal(0)}
        made |= {"created_at": self.now, "changed_at": self.now, "number": f"A-{id}", "lines": lines}
        self._put(Kind.ORDERS, Order(id, **made | values))
        self._leaves_basket(who, products)
        return id

    def _leaves_basket(self, who: str, products: Sequence[str]) -> None:
        for basket in [one for one in self.source.rows[Kind.BASKETS] if one.person == who]:  # type: ignore[union-attr]
            left = [line.product for line in basket.lines if line.product not in products]  # type: ignore[union-attr]
            if len(left) < len(basket.lines):  # type: ignore[union-attr]
                self.puts(who, *left, basket=basket.external_id)

    def moves(self, order: str, status: str) -> None:
        """The order's status changes."""
        old = self._find(Kind.ORDERS, order).status
        self._change(Kind.ORDERS, order, status=status, status_name=STATUSES[status], changed_at=self.now)
        self._tells(order, "status_changed", status=status, name=STATUSES[status], old=old)

    def cancels(self, order: str) -> None:
        self._change(Kind.ORDERS, order, cancelled_at=self.now, changed_at=self.now)
        self._tells(order, "cancelled")

    def restores(self, order: str) -> None:
        self._change(Kind.ORDERS, order, cancelled_at=None, changed_at=self.now)
        self._tells(order, "restored")

    def _tells(self, order: str, what: str, **details: Any) -> None:
        self._numbers += 1
        self._put(Kind.ORDER_CHANGES, OrderChange(f"c{self._numbers}", order, what, self.now, details))

    def subscribes(self, who: str, to: str = "form:1") -> None:
        row = Subscription(f"{who}:{to}", to, "Новости", f"{who}@shop.ru", person=who, at=self.now)
        self._put(Kind.SUBSCRIPTIONS, row)

    def awaits(self, who: str, product: str) -> None:
        self.subscribes(who, f"awaited:{product}")

    def fact(self, what: str, who: str, subject: str = "", **details: Any) -> None:
        """A fact that a site's own source tells, of a CRM say."""
        with self.engine.begin() as connection:
            contact = connection.scalar(
                sa.select(tables.contacts.c.id).where(tables.contacts.c.email == f"{who}@shop.ru")
            )
            row = {"source": "crm", "what": what, "at": self.now, "seen_at": self.now, "person": who}
            digest = f"{what}{who}{subject}{self.now:%H%M%S%f}".encode()[-16:].rjust(16, b" ")
            row |= {"contact_id": contact, "subject": subject, "details": details, "digest": digest}
            connection.execute(sa.insert(tables.facts).values(**row))

    def opens(self, who: str) -> None:
        """The last letter is opened: its pixel is fetched."""
        [token] = re.findall(r"/p/o/([^\"]+)\.gif", self.letters_to(who)[-1].letter.html)
        events.opened(self.engine, token, Visit("Mail"), key=self.key, now=self.now)

    def clicks(self, who: str) -> None:
        """The first link of the last letter is followed."""
        token, link = re.findall(r"/p/c/([^/\"]+)/([^\"]+)\"", self.letters_to(who)[-1].letter.html)[0]
        events.clicked(self.engine, token, link, Visit("Mozilla"), key=self.key, now=self.now)

    # ---- the goods ----

    def sells(self, *products: str, price: Any = 1000, **values: Any) -> None:
        """Products on the shelves since half a year."""
        for id in products:
            made: dict[str, Any] = {"name": f"Товар {id}", "url": f"https://shop.ru/goods/{id}/", "currency": "RUB"}
            made |= {"available": True, "section": "10", "catalogue": "2", "price": Decimal(price), "shows": 10}
            self._put(Kind.PRODUCTS, Product(id, **made | {"created_at": self.now - timedelta(days=100)} | values))

    def product(self, id: str, **values: Any) -> None:
        """Something about a product is different from now on."""
        self._change(Kind.PRODUCTS, id, **values)

    def together(self, *products: str, times: int = 3) -> None:
        """Others buy these in one order, again and again."""
        for number in range(times):
            self.knows(f"other{number}")
            self.orders(f"other{number}", *products)

    # ---- what can be seen ----

    def letters_to(self, who: str) -> list[Got]:
        return self.inbox.get(who, [])

    def codes_to(self, who: str) -> list[str]:
        return [one.code for one in self.letters_to(who)]

    def letter_to(self, who: str) -> Got:
        """The last letter."""
        return self.letters_to(who)[-1]

    def why_not(self, who: str, code: str) -> str:
        """What the ledger says of the letter that did not go: its last word."""
        scenario, _, step = code.partition("/")
        ledger, contacts = tables.ledger, tables.contacts
        query = (
            sa.select(ledger.c.status, ledger.c.reason)
            .join_from(ledger, contacts, contacts.c.id == ledger.c.contact_id)
            .where(ledger.c.scenario == scenario, ledger.c.step == step, contacts.c.email == f"{who}@shop.ru")
            .order_by(ledger.c.id)
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        return f"{rows[-1].status}: {rows[-1].reason}" if rows else "nothing"

    def statuses(self, posting_id: int) -> dict[str, str]:
        """What became of each letter of a posting: "sent: " and the reason, by name."""
        table = tables.recipients
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(table).where(table.c.posting_id == posting_id)).mappings()
            return {row["email"].partition("@")[0]: f"{row['status']}: {row['reason']}" for row in rows}

    # ---- the source ----

    def _person(self, who: str, **values: Any) -> None:
        named = {"email": f"{who}@shop.ru", "name": who.title(), "site": "s1"} | values
        self._put(Kind.PEOPLE, Person(who, **named))

    def _line(self, id: str, product: str) -> Line:
        known = self._find(Kind.PRODUCTS, product)
        return Line(f"{id}:{product}", product, known.name, Decimal(1), known.price, "RUB", url=known.url)

    def _put(self, kind: Kind, record: Any) -> None:
        rows = self.source.rows[kind]
        rows[:] = [row for row in rows if row.external_id != record.external_id] + [record]
        self._changed.add(kind)

    def _find(self, kind: Kind, id: str) -> Any:
        return next(row for row in self.source.rows[kind] if row.external_id == id)

    def _change(self, kind: Kind, id: str, **values: Any) -> None:
        self._put(kind, replace(self._find(kind, id), **values))
