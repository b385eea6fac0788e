"""What crash tests share: 2,000 people, an issue for all, and the rows held against what the relay counted."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from core import intake, mailings, postings, tables
from core.app import App
from core.model import Kind, Person, Status
from core.testing import MemorySource
from tests.installation import Installation
from tests.sink import Sink

LETTERS = 2000
DEFINITIONS = """
[groups.everybody]
include = { email_domain = "shop.ru" }

[mailings.news]
from = "news@shop.ru"
groups = ["everybody"]

[issues.news]
mailing = "news"
letter = "birthday"
subject = "Новости для {{ name }}"
"""


def installed(folder: Path, database: str) -> Installation:
    """2,000 people in the mirror, an issue for all of them; leases run out fast so that the test need not wait."""
    made = Installation(folder)
    made.configure(
        database={"url": database},
        site={"name": "Домовой", "url": "https://shop.ru", "language": "en"},
        web={"port": 0},
        clock={"tick_seconds": 0.3, "pull_seconds": 100_000},
        deliver={"lease_seconds": 2, "batch": 50, "workers": 2},
    )
    _mirror(made.app())
    made.run("apply", made.file("definitions.toml", DEFINITIONS))
    return made


def _mirror(app: App) -> None:
    shop = MemorySource("shop")
    shop.rows[Kind.PEOPLE] = [Person(str(n), f"user{n}@shop.ru", name=f"Имя{n}") for n in range(LETTERS)]
    intake.pull(app.engine, shop, clock=app.clock)


def manual_posting(app: App) -> int:
    with app.engine.connect() as connection:
        issue = mailings.issue(connection, "news")
    return postings.by_hand(app.engine, issue, now=app.clock())


def _rows(app: App, posting: int) -> list[sa.RowMapping]:
    table = tables.recipients
    with app.engine.connect() as connection:
        return list(connection.execute(sa.select(table).where(table.c.posting_id == posting)).mappings())


def reconciled(app: App, posting: int, sink: Sink, *, in_flight: int) -> None:
    """What the rows say against what the relay counted."""
    rows = _rows(app, posting)
    statuses = {row["email"]: row["status"] for row in rows}
    assert len(rows) == LETTERS
    assert set(statuses.values()) <= {Status.SENT, Status.UNKNOWN}
    assert set(sink.seen.values()) == {1}, "no letter twice"
    assert set(sink.recipients.values()) == {1}, "nobody twice"
    sent = {email for email, status in statuses.items() if status == Status.SENT}
    assert sent <= sink.recipients.keys(), "what is called sent was taken by the relay"
    unknown = statuses.keys() - sent
    assert len(unknown) <= in_flight, "only letters on the wire at a kill are unknown"
    assert sink.recipients.keys() <= statuses.keys()
    assert len(sink.recipients) >= LETTERS - len(unknown), "none is lost"
