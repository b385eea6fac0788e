"""A small shop for tests of rule words: people, orders, goods, baskets, looks and letters, and whom a rule takes in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core import db, groups, intake, tables
from core.groups import Group
from core.model import Basket, Kind, Line, Order, Person, Product, Subscription, View
from core.rules import Leaf, World, tree
from core.testing import MemorySource
from tests.conftest import NOW

MOSCOW = World(NOW, "Europe/Moscow")
SECOND = timedelta(seconds=1)


def ago(days: float = 0, **span: float) -> datetime:
    return NOW - timedelta(days=days, **span)


def line(product: str, price: float | str = 100, **values: Any) -> Line:
    plain = Line(f"line-{product}", product, product, Decimal(1), Decimal(str(price)), "RUB")
    return replace(plain, **values)


@dataclass
class Shop:
    """What a test holds in its hands: everything is poured before the first question."""

    engine: sa.Engine
    source: MemorySource = field(default_factory=lambda: MemorySource("shop"))
    poured: bool = False

    def person(self, name: str, **values: Any) -> None:
        self._add(Kind.PEOPLE, replace(Person(name, f"{name}@shop.ru", name=name), **values))

    def people(self, *names: str) -> None:
        for name in names:
            if all(person.external_id != name for person in self.source.rows[Kind.PEOPLE]):
                self.person(name)

    def order(self, name: str, at: datetime = NOW, total: Any = 100, **values: Any) -> str:
        """An order of the person (of a guest: ``person=""``) with this name; its id."""
        if whose := values.get("person", name):
            self.people(whose)
        number = f"o{len(self.source.rows[Kind.ORDERS]) + 1}"
        money = {"total": Decimal(str(total)), "delivery_price": Decimal(0), "currency": "RUB"}
        when = {"created_at": at, "changed_at": at}
        plain = Order(number, number, name, f"{name}@shop.ru", "s1", "N", "", **money, **when)  # type: ignore[arg-type]
        self._add(Kind.ORDERS, replace(plain, **values))
        return number

    def product(self, number: str, **values: Any) -> None:
        self._add(Kind.PRODUCTS, Product(number, number, **values))

    def basket(self, name: str, changed_at: datetime | None, *lines: Line, **values: Any) -> None:
        self.people(name)
        number = f"b{len(self.source.rows[Kind.BASKETS]) + 1}"
        self._add(Kind.BASKETS, Basket(number, name, "s1", values.get("created_at", changed_at), changed_at, lines))

    def view(self, name: str, product: str, at: datetime = NOW, count: int = 1) -> None:
        self.people(name)
        self._add(Kind.VIEWS, View(f"{name}:{product}", name, product, "s1", at, count))

    def subscription(self, name: str, at: datetime | None) -> None:
        self._add(Kind.SUBSCRIPTIONS, Subscription(f"form:3:{name}", "form:3", "", f"{name}@shop.ru", at=at))

    def letter(self, name: str, sent_at: datetime | None, issue: str = "may", **values: Any) -> None:
        """A letter of our own to this person: sent, unless `status` says otherwise."""
        self.pour()
        with db.writing(self.engine) as connection:
            row = {"contact_id": self._contact(connection, name), "email": f"{name}@shop.ru", "sent_at": sent_at}
            posting = self._posting(connection, issue)
            row |= {"posting_id": posting, "status": "sent", "reason": "", "message_id": "", "attempts": 1}
            connection.execute(sa.insert(tables.recipients).values(**row | values))

    def issue(self, code: str, mailing: str) -> None:
        texts = dict.fromkeys(("name", "letter", "subject", "preheader", "schedule", "timezone"), "")
        numbers = {"catch_up_seconds": 0, "max_age_seconds": 0, "utm": {}, "active": True}
        moments = {"scheduled_from": NOW, "changed_at": NOW}
        with db.writing(self.engine) as connection:
            row = {"code": code, "mailing": mailing, **texts, **numbers, **moments}
            connection.execute(sa.insert(tables.issues).values(**row))

    def pour(self) -> None:
        """Pull what was added."""
        if self.poured:
            return
        for report in intake.pull(self.engine, self.source, clock=lambda: NOW):
            assert report.error is None
            assert not report.bad
        self.poured = True

    def whom(self, include: dict[str, Any], *, world: World = MOSCOW) -> list[str]:
        """The members' addresses without their domain, sorted; asked of all at once, and of each alone."""
        self.pour()
        group = [Group("g", "g", include)]
        with self.engine.connect() as connection:
            everybody = list(groups.read(connection, groups.members(group, world)))
            contacts = connection.scalars(sa.select(tables.contacts.c.id)).all()
            alone = [
                member
                for contact in contacts
                for member in groups.read(connection, groups.members(group, replace(world, only=contact)))
            ]
        assert {member.contact_id for member in everybody} == {member.contact_id for member in alone}
        return sorted(member.email.partition("@")[0] for member in everybody)

    def values(self, include: dict[str, Any], *, world: World = MOSCOW) -> dict[str, Any]:
        """Each person's value that the one word of `include` looks at; the same when asked of all and of one."""
        self.pour()
        people = tables.people
        with self.engine.connect() as connection:
            asked = self.leaf(include, world).value
            assert asked is not None
            rows = connection.execute(sa.select(people.c.email, people.c.contact_id, asked)).all()
            for _, contact, value in rows:
                alone = self.leaf(include, replace(world, only=contact)).value
                assert alone is not None
                query = sa.select(alone).select_from(people).where(people.c.contact_id == contact)
                assert value in connection.scalars(query).all()
        return {email.partition("@")[0]: value for email, _, value in rows}

    def leaf(self, include: dict[str, Any], world: World = MOSCOW) -> Leaf:
        [(code, value)] = include.items()
        return tree.known(code).leaf(value, world)

    def told(self, include: dict[str, Any]) -> str:
        """What the word looks at, and what it must be, in English."""
        leaf = self.leaf(include)
        [code] = include
        return f"{leaf.what or tree.known(code).title}, must be {leaf.wanted}"

    def _add(self, kind: Kind, record: Any) -> None:
        assert not self.poured, "add everything before the first question"
        self.source.rows[kind].append(record)

    def _contact(self, connection: sa.Connection, name: str) -> int:
        contacts = tables.contacts
        found: int | None = connection.scalar(sa.select(contacts.c.id).where(contacts.c.email == f"{name}@shop.ru"))
        assert found is not None
        return found

    def _posting(self, connection: sa.Connection, issue: str) -> int:
        """A new posting of the issue: a contact is in one only once."""
        postings = tables.postings
        number = connection.scalar(sa.select(sa.func.count()).select_from(postings)) or 0
        row = {"issue": issue, "firing_at": NOW + number * SECOND, "status": "done", "reason": "", "by_hand": True}
        made = connection.execute(sa.insert(postings).values(**row, created_at=NOW))
        [number] = made.inserted_primary_key or [0]
        return int(number)
