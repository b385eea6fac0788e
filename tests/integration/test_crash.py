"""kill -9 in the middle of 2,000 letters, again and again: none twice, none lost, those on the wire marked unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from core import intake, mailings, postings, tables
from core.app import App
from core.model import Kind, Person, PostingStatus, Status
from core.testing import MemorySource
from tests.installation import Installation, until
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


@pytest.fixture
def installation(database: str, tmp_path: Path) -> Installation:
    """2,000 people in the mirror, an issue for all of them; leases run out fast so that the test need not wait."""
    made = Installation(tmp_path)
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


def _posting(app: App) -> int:
    with app.engine.connect() as connection:
        issue = mailings.issue(connection, "news")
    return postings.by_hand(app.engine, issue, now=app.clock())


def _rows(app: App, posting: int) -> list[sa.RowMapping]:
    table = tables.recipients
    with app.engine.connect() as connection:
        return list(connection.execute(sa.select(table).where(table.c.posting_id == posting)).mappings())


def _check(app: App, posting: int, sink: Sink, *, in_flight: int) -> None:
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


def test_killed_again_and_again_everybody_gets_one_letter(installation: Installation) -> None:
    kills = (300, 700, 1100, 1500)
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port})
        app = installation.app()
        posting = _posting(app)
        for letters in kills:
            process = installation.start("run")
            until(lambda: len(sink.seen) >= letters, what=f"{letters} letters")  # noqa: B023 - called at once
            process.kill()
            process.wait()
            assert len(sink.seen) < LETTERS, "killed in the middle"
        process = installation.start("run")
        until(lambda: postings.posting(app.engine, posting).status is PostingStatus.DONE, what="the end of the posting")
        process.terminate()
        assert process.wait(30) == 0, installation.logs()
        _check(app, posting, sink, in_flight=2 * len(kills))


def test_stopped_politely_nothing_is_unknown(installation: Installation) -> None:
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port})
        app = installation.app()
        posting = _posting(app)
        for letters in (200, 600):
            process = installation.start("run")
            until(lambda: len(sink.seen) >= letters, what=f"{letters} letters")  # noqa: B023 - called at once
            process.terminate()
            assert process.wait(30) == 0, installation.logs()
            counts = postings.counts(app.engine, posting)
            assert counts == {"sent": len(sink.seen), "new": LETTERS - len(sink.seen)}
        assert installation.run("send", "news").startswith(f"Posting {posting}: sent {LETTERS}"), (
            "the same posting goes on"
        )
        _check(app, posting, sink, in_flight=0)


def test_two_installations_on_one_database_share_the_work(installation: Installation) -> None:
    """Two of everything at once: two clocks, two times two workers."""
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port})
        app = installation.app()
        processes = [installation.start("run") for _ in range(2)]
        until(lambda: installation.logs().count("Open in the browser") == 2, what="both to start")
        posting = _posting(app)
        until(lambda: postings.posting(app.engine, posting).status is PostingStatus.DONE, what="the end of the posting")
        for process in processes:
            process.terminate()
            assert process.wait(30) == 0, installation.logs()
        _check(app, posting, sink, in_flight=0)


def test_a_relay_that_goes_away_and_comes_back_costs_nothing(installation: Installation) -> None:
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port, "timeout_seconds": 5})
        app = installation.app()
        posting = _posting(app)
        process = installation.start("run")
        until(lambda: len(sink.seen) >= 300, what="300 letters")
    assert process.poll() is None
    with Sink(port=sink.port, seen=sink.seen, recipients=sink.recipients, letters=sink.letters) as again:
        until(lambda: postings.posting(app.engine, posting).status is PostingStatus.DONE, what="the end of the posting")
        process.terminate()
        assert process.wait(30) == 0, installation.logs()
        _check(app, posting, again, in_flight=2)
