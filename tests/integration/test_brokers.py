"""Clock and workers as processes of their own, on each broker: the rows are the queue, a message is only a nudge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import postings
from core.model import PostingStatus
from tests import services
from tests.installation import Installation, until
from tests.integration.crash import installed, manual_posting, reconciled
from tests.sink import Sink


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> str:
    return services.redis() if request.param == "redis" else services.rabbitmq()


@pytest.fixture
def installation(database: str, tmp_path: Path, broker: str) -> Installation:
    made = installed(tmp_path, database)
    made.configure(broker={"url": broker, "queue": f"vestnik-test-{os.getpid()}"})
    return made


@pytest.fixture(params=["mariadb"])
def store(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


def test_a_killed_worker_host_is_made_up_for_by_the_other(installation: Installation) -> None:
    with Sink(delay_seconds=0.001) as sink:
        installation.configure(smtp={"host": "127.0.0.1", "port": sink.port})
        app = installation.app()
        posting = manual_posting(app)
        clock, first, second = (installation.start(word) for word in ("clock", "workers", "workers"))
        until(lambda: len(sink.seen) >= 300, what="300 letters")
        first.kill()
        first.wait()
        until(lambda: postings.posting(app.engine, posting).status is PostingStatus.DONE, what="the end of the posting")
        for process in (clock, second):
            process.terminate()
            assert process.wait(30) == 0, installation.logs()
        reconciled(app, posting, sink, in_flight=2)
    assert "Traceback" not in installation.logs()


def test_a_broker_that_does_not_answer_is_said_by_the_doctor(installation: Installation, broker: str) -> None:
    dead = broker.rpartition(":")[0] + f":{services.free_port()}"
    installation.configure(broker={"url": dead.replace("guest:guest", "guest:s3cret")})
    said = installation.run("doctor", code=1)
    assert "does not answer" in said
    assert "[broker] url" in said
    assert "s3cret" not in said


def test_clock_and_workers_refuse_the_memory_broker(installation: Installation) -> None:
    installation.configure(broker={"url": "memory://"})
    for word in ("clock", "workers"):
        assert "Set [broker] url" in installation.run(word, code=1)
