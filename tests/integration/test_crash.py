"""kill -9 in the middle of 2,000 letters, again and again: none twice, none lost, those on the wire marked unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import postings
from core.model import PostingStatus
from tests.installation import Installation, until
from tests.integration.crash import LETTERS, installed, manual_posting, reconciled
from tests.sink import Sink


@pytest.fixture
def installation(database: str, tmp_path: Path) -> Installation:
    return installed(tmp_path, database)


def test_killed_again_and_again_everybody_gets_one_letter(installation: Installation) -> None:
    kills = (300, 700, 1100, 1500)
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port})
        app = installation.app()
        posting = manual_posting(app)
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
        reconciled(app, posting, sink, in_flight=2 * len(kills))


def test_stopped_politely_nothing_is_unknown(installation: Installation) -> None:
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port})
        app = installation.app()
        posting = manual_posting(app)
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
        reconciled(app, posting, sink, in_flight=0)


def test_two_installations_on_one_database_share_the_work(installation: Installation) -> None:
    """Two of everything at once: two clocks, two times two workers."""
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port})
        app = installation.app()
        processes = [installation.start("run") for _ in range(2)]
        until(lambda: installation.logs().count("Open in the browser") == 2, what="both to start")
        posting = manual_posting(app)
        until(lambda: postings.posting(app.engine, posting).status is PostingStatus.DONE, what="the end of the posting")
        for process in processes:
            process.terminate()
            assert process.wait(30) == 0, installation.logs()
        reconciled(app, posting, sink, in_flight=0)


def test_a_relay_that_goes_away_and_comes_back_costs_nothing(installation: Installation) -> None:
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port, "timeout_seconds": 5})
        app = installation.app()
        posting = manual_posting(app)
        process = installation.start("run")
        until(lambda: len(sink.seen) >= 300, what="300 letters")
    assert process.poll() is None
    with Sink(port=sink.port, seen=sink.seen, recipients=sink.recipients, letters=sink.letters) as again:
        until(lambda: postings.posting(app.engine, posting).status is PostingStatus.DONE, what="the end of the posting")
        process.terminate()
        assert process.wait(30) == 0, installation.logs()
        reconciled(app, posting, again, in_flight=2)
