"""A small shop for the blocks: its records go through intake, and blocks are asked as a batch of letters asks them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import compose, intake, plugin
from core.block import Asked, Block, Facts, Reader
from core.compose import Addressee, Press, Publication
from core.config import Site
from core.errors import Refused, VestnikError
from core.model import Basket, Kind, Letter, Line, Order, Person, Product, Subscription, View
from core.tables import contacts, people
from core.testing import MemorySource
from tests.conftest import NOW
from tests.issues import ISSUE, MAILING

SITE = Site(name="Домовой", url="https://shop.ru")
SHELF = plugin.shelf("blocks", Block)  # type: ignore[type-abstract]


@dataclass
class Shop:
    """A source in memory; what was put into it is mirrored by `pull`."""

    engine: sa.Engine
    folder: Path
    now: datetime = NOW
    site: Site = SITE
    source: MemorySource = field(default_factory=lambda: MemorySource("shop"))
    statements: list[str] = field(default_factory=list)

    def pull(self) -> None:
        intake.pull(self.engine, self.source, clock=lambda: self.now, full=True)

    def person(self, id: str, **values: Any) -> None:
        self._put(Kind.PEOPLE, Person(id, f"{id}@shop.ru", **{"name": id.title()} | values))

    def product(self, id: str, price: Any = 100, **values: Any) -> None:
        made: dict[str, Any] = {
            "name": f"Товар {id}",
            "url": f"https://shop.ru/goods/{id}/",
            "available": True,
            "section": "10",
        }
        made |= {"picture_url": f"https://shop.ru/i/{id}.jpg", "catalogue": "2", "currency": "RUB"} | values
        self._put(Kind.PRODUCTS, Product(id, price=None if price is None else Decimal(price), **made))

    def look(self, who: str, product: str, *, days_ago: float = 1, count: int = 1) -> None:
        at = self.now - timedelta(days=days_ago)
        self._put(Kind.VIEWS, View(f"{who}:{product}", who, product, "s1", at, count))

    def order(self, id: str, who: str, *products: str, days_ago: float = 1, **values: Any) -> None:
        at = self.now - timedelta(days=days_ago)
        lines = values.pop("lines", None) or tuple(bought(id, product) for product in products)
        made: dict[str, Any] = {
            "email": f"{who}@shop.ru",
            "status": "N",
            "status_name": "Принят",
            "delivery_price": Decimal(0),
        }
        made |= {"currency": "RUB", "number": f"A-{id}", "total": sum(line.price * line.quantity for line in lines)}
        made |= {"site": "s1", "created_at": at, "changed_at": at} | values
        self._put(Kind.ORDERS, Order(id, person=who, lines=lines, **made))

    def basket(self, id: str, who: str, *lines: Line, days_ago: float = 1) -> None:
        at = self.now - timedelta(days=days_ago)
        self._put(Kind.BASKETS, Basket(id, who, "s1", at, at, lines))

    def awaits(self, who: str, product: str) -> None:
        place = f"awaited:{product}"
        at = self.now - timedelta(days=9)
        self._put(Kind.SUBSCRIPTIONS, Subscription(f"{who}:{product}", place, "", f"{who}@shop.ru", person=who, at=at))

    def change(self, product: str, **values: Any) -> None:
        """A product is read again and is different."""
        rows = self.source.rows[Kind.PRODUCTS]
        self.source.rows[Kind.PRODUCTS] = [
            replace(row, **values) if row.external_id == product else row for row in rows
        ]

    def _put(self, kind: Kind, record: Any) -> None:
        self.source.rows[kind].append(record)

    def reader(self, who: str, *, subject: str = "") -> Reader:
        with self.engine.connect() as connection:
            contact = connection.scalar(sa.select(contacts.c.id).where(contacts.c.email == f"{who}@shop.ru"))
            query = sa.select(people.c.attributes).where(people.c.external_id == who)
            attributes = connection.scalar(query)
        return Reader(contact or 0, "shop", who, attributes, subject)

    def ask(self, code: str, *readers: str | Reader, **settings: Any) -> list[Facts | None]:
        """What the block says to each reader; the statements that it took are in `statements`."""
        asked_for = [self.reader(one) if isinstance(one, str) else one for one in readers]
        block = SHELF[code]
        with self.engine.connect() as connection, self._counted():
            asked = Asked(connection, self.now, "Europe/Moscow", "RUB", self.site.url, "weekly")
            return list(block().facts(plugin.settings_of(block, settings, where=code), asked, asked_for))

    def shown(self, code: str, reader: str | Reader, **settings: Any) -> list[str]:
        """The ids of the products that the block shows to one reader."""
        [facts] = self.ask(code, reader, **settings)
        return [card.id for card in facts["cards"]] if facts else []

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.statements.clear()

        def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT"):
                self.statements.append(statement)

        sa.event.listen(self.engine, "before_cursor_execute", count)
        try:
            yield
        finally:
            sa.event.remove(self.engine, "before_cursor_execute", count)

    def publish(self, text: str, *, blocks: tuple[dict[str, Any], ...] = ()) -> Publication:
        (self.folder / "letters").mkdir(exist_ok=True)
        (self.folder / "letters" / "own.html").write_text(text, "utf-8")
        press = Press(self.site, (self.folder,), blocks=SHELF)
        return compose.publish(press, replace(ISSUE, blocks=blocks), MAILING, at=self.now)

    def letter(self, text: str, who: str = "anna", *, subject: str = "", **more: Any) -> Letter:
        """A letter with this text, all the way: published, its blocks asked, filled in."""
        letter = self.written(self.publish(text, **more), who, subject=subject)
        if isinstance(letter, VestnikError):
            raise letter
        return letter

    def written(self, publication: Publication, who: str, *, subject: str = "") -> Letter | Refused:
        """What comes of a published letter for one person."""
        reader = self.reader(who, subject=subject)
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(people).where(people.c.external_id == who)).mappings().one()
            addressee = Addressee(reader.contact_id, 1, f"{who}@shop.ru", compose.person_values(row), subject=subject)
            asked = compose.gathered(connection, publication, [addressee], shelf=SHELF, now=self.now)
        [letter] = compose.compose(publication, asked, key="key")
        return letter


def bought(id: str, product: str, price: Any = 100, quantity: Any = 1, **values: Any) -> Line:
    """One line of an order or a basket."""
    named = {"name": f"Товар {product}", "currency": "RUB"} | values
    return Line(f"{id}:{product}", product, quantity=Decimal(quantity), price=Decimal(price), **named)


@pytest.fixture
def shop(engine: sa.Engine, tmp_path: Path) -> Shop:
    """A shop with one person and nothing on its shelves."""
    shop = Shop(engine, tmp_path)
    shop.person("anna")
    return shop
