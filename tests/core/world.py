"""A small installation for tests of postings and delivery: people, one group, one mailing, one issue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import compose, db, definitions, deliver, intake, mailings, postings, signing, tables
from core.compose import Press
from core.config import Deliver, Site
from core.definitions.forms import File
from core.deliver import Desk
from core.model import Kind, Person
from core.testing import MemoryChannel, MemorySource
from tests.conftest import NOW

SITE = Site(name="Домовой", url="https://shop.ru", sender="Домовой <news@shop.ru>")
PRESS = Press(SITE)
DEFINITIONS: dict[str, Any] = {
    "groups": {"birthday": {"include": {"birthday": "today"}}},
    "mailings": {"greetings": {"name": "Поздравления", "groups": ["birthday"]}},
    "issues": {
        "birthday": {
            "mailing": "greetings",
            "letter": "birthday",
            "subject": "С днём рождения, {{ name }}",
            "schedule": "0 5 * * *",
        }
    },
}


@dataclass
class Clock:
    """A clock that tests turn by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def on(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class World:
    """What a test holds in its hands."""

    engine: sa.Engine
    clock: Clock = field(default_factory=Clock)
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    source: MemorySource = field(default_factory=lambda: MemorySource("shop"))
    settings: Deliver = field(default_factory=lambda: Deliver(batch=10))

    def people(self, count: int, birthday: date = date(1990, 11, 24)) -> None:
        """`count` people born on that day, mirrored."""
        self.source.rows[Kind.PEOPLE] = [
            Person(str(number), f"user{number}@shop.ru", name=f"Имя{number}", birthday=birthday)
            for number in range(count)
        ]
        intake.pull(self.engine, self.source, clock=self.clock, full=True)

    def apply(self, **issue: Any) -> None:
        """The definitions, the issue with changes."""
        tree = {**DEFINITIONS, "issues": {"birthday": {**DEFINITIONS["issues"]["birthday"], **issue}}}
        definitions.apply(self.engine, File.model_validate(tree), PRESS, sources=["shop"], now=self.clock())

    def issue(self) -> mailings.Issue:
        with self.engine.connect() as connection:
            return mailings.issue(connection, "birthday")

    def open(self, posting_id: int | None = None, *, again: bool = False) -> int:
        """An open posting of the issue, by hand unless one is given."""
        issue = self.issue()
        chosen = posting_id or postings.by_hand(self.engine, issue, now=self.clock())
        with self.engine.connect() as connection:
            mailing = mailings.mailing(connection, issue.mailing)
        publication = compose.publish(PRESS, issue, mailing, at=self.clock())
        waiting = postings.posting(self.engine, chosen)
        postings.open_posting(self.engine, waiting, publication, now=self.clock(), again=again)
        return chosen

    def desk(self, **changes: Any) -> Desk:
        key = signing.secret(self.engine, now=self.clock())
        return Desk(self.engine, key, self.settings, self.clock, **changes)

    def send(self, posting_id: int, **changes: Any) -> None:
        """Deliver what is waiting, over the memory channel."""
        with self.channel.open() as session:
            deliver.work(self.desk(**changes), postings.posting(self.engine, posting_id), session)
        postings.finish(self.engine, posting_id, now=self.clock())

    def recipients(self, posting_id: int) -> dict[str, sa.RowMapping]:
        table = tables.recipients
        with self.engine.connect() as connection:
            query = sa.select(table).where(table.c.posting_id == posting_id)
            return {row["email"].partition("@")[0]: row for row in connection.execute(query).mappings()}

    def counts(self, posting_id: int) -> dict[str, int]:
        return postings.counts(self.engine, posting_id)

    def suppress(self, email: str, mailing: str = "") -> None:
        from core import consent

        with db.writing(self.engine) as connection:
            consent.suppress(connection, email, mailing=mailing, reason="unsubscribed", source="test", now=self.clock())
