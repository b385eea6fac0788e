"""A shop for tests of anchors: facts told by hand, and who enters a scenario by them."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import db, plugin, tables
from core.groups.preview import plan
from core.rules import World
from core.scenario import ENTRY, Anchor, Entry, Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, Shop

SHELF = plugin.shelf("scenarios.anchors", Anchor)  # type: ignore[type-abstract]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW - timedelta(days=1000)


@dataclass(frozen=True, slots=True)
class Came:
    """An entry with the name of its contact."""

    name: str
    entry: Entry

    @property
    def at(self) -> datetime:
        return self.entry.at

    @property
    def subject(self) -> str:
        return self.entry.subject

    @property
    def key(self) -> str:
        return self.entry.key


@dataclass
class Town(Shop):
    """People are named by the part of their address before the @; facts are told of them, or poured."""

    names: dict[int, str] = field(default_factory=dict)  # contact id → name

    def fact(self, what: str, name: str, at: datetime, subject: str = "", **values: Any) -> None:
        """A fact of the contact with this name (nobody's when it is empty); `values`: source, person, or details."""
        source, person = values.pop("source", "shop"), values.pop("person", name)
        row = {"source": source, "what": what, "at": at, "seen_at": at, "person": person, "subject": subject}
        told = repr((sorted(row.items(), key=str), values)).encode()
        with db.writing(self.engine) as connection:
            row |= {"contact_id": self.contact(connection, name) if name else None, "details": values}
            row["digest"] = hashlib.blake2b(told, digest_size=16).digest()
            connection.execute(sa.insert(tables.facts).values(**row))

    def contact(self, connection: sa.Connection, name: str) -> int:
        """The contact with this name; made if there is none."""
        contacts, email = tables.contacts, f"{name}@shop.ru"
        db.insert_ignoring(connection, contacts, [{"email": email, "domain": "shop.ru", "created_at": NOW}])
        found: int = connection.scalar(sa.select(contacts.c.id).where(contacts.c.email == email)) or 0
        return found

    def entered(
        self, code: str, since: datetime = LONG_AGO, until: datetime = NOW, *, world: World = MOSCOW, **settings: Any
    ) -> list[Came]:
        """Who enters in the span, sorted by moment and name.

        Asked of all and of each contact alone, as a whole and in two halves: the same each time.
        """
        span = Span(world, since, until)
        found = self.asked(code, span, **settings)
        keys = Counter((one.name, one.key) for one in found)
        assert not [key for key, times in keys.items() if times > 1], "one row a key and contact"
        assert all(since < one.at <= until for one in found)
        assert found == self._each_alone(code, span, settings)
        middle = since + (until - since) / 2
        halves = (replace(span, until=middle), replace(span, since=middle))
        assert keys.keys() == {(one.name, one.key) for half in halves for one in self.asked(code, half, **settings)}
        return found

    def _each_alone(self, code: str, span: Span, settings: dict[str, Any]) -> list[Came]:
        with self.engine.connect() as connection:
            contacts = connection.scalars(sa.select(tables.contacts.c.id)).all()
        alone = [replace(span, world=replace(span.world, only=contact)) for contact in contacts]
        return _sorted([one for each in alone for one in self.asked(code, each, **settings)])

    def asked(self, code: str, span: Span, **settings: Any) -> list[Came]:
        """Who enters in the span, asked once."""
        contacts, query = tables.contacts, self.query(code, span, **settings)
        assert tuple(query.selected_columns.keys()) == ENTRY
        with self.engine.connect() as connection:
            names = {number: email.partition("@")[0] for number, email in connection.execute(
                sa.select(contacts.c.id, contacts.c.email)
            )}  # fmt: skip
            entries = [Entry(*row) for row in connection.execute(query)]
        return _sorted([Came(names[entry.contact_id], entry) for entry in entries])

    def query(self, code: str, span: Span, **settings: Any) -> sa.Select[Any]:
        anchor = SHELF[code]
        return anchor().entries(plugin.settings_of(anchor, settings, where=code), span)

    def learnt(self) -> int:
        """The id of the newest fact."""
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.facts.c.id), 0))) or 0

    def plan(self, query: sa.Select[Any]) -> list[str]:
        """How the database goes about it, a line a step."""
        if self.engine.dialect.name != "sqlite":
            with self.engine.connect() as connection:
                names = ", ".join(
                    table.name for table in (tables.facts, tables.people, tables.orders, tables.order_lines)
                )
                connection.exec_driver_sql(f"ANALYZE TABLE {names}")
        with self.engine.connect() as connection:
            return list(plan(connection, query))


def _sorted(found: list[Came]) -> list[Came]:
    return sorted(found, key=lambda one: (one.at, one.name, one.key))
