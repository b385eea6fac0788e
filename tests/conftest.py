"""Services that tests talk to: found on 127.0.0.1 or named by the environment, else started here, else skipped loudly.

    VESTNIK_TEST_MARIADB   mysql://root@127.0.0.1:3306/
    VESTNIK_TEST_REDIS     redis://127.0.0.1:6379/0
    VESTNIK_TEST_RABBITMQ  amqp://guest:guest@127.0.0.1:5672

With CI=true a missing service is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import hypothesis
import pytest
import sqlalchemy as sa

pytest.register_assert_rewrite(
    "core.testing.conformance", "core.testing.coupon_conformance"
)  # before anything imports it

pytest_plugins = ("tests.browser",)

from core import db  # noqa: E402
from core.tables import metadata  # noqa: E402
from tests import services  # noqa: E402

hypothesis.settings.register_profile("vestnik", deadline=None)  # no test asserts on wall time
hypothesis.settings.load_profile("vestnik")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 05:00 in Moscow


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """URL of a MariaDB server (no database in it), for the whole run."""
    with services.mariadb() as url:
        if url is None:
            services.missing("MariaDB")
        yield url


@pytest.fixture(scope="session")
def mariadb_engine(mariadb: str) -> Iterator[sa.Engine]:
    """Our tables in a database of this run's own."""
    name = f"vestnik_test_{os.getpid()}"
    server = db.connect(mariadb)
    with server.begin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    engine = db.connect(mariadb.rstrip("/") + f"/{name}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()
    with server.begin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


@pytest.fixture(params=["sqlite", "mariadb"])
def engine(request: pytest.FixtureRequest, tmp_path: os.PathLike[str]) -> Iterator[sa.Engine]:
    """Our own database, empty: each test that asks for it runs on SQLite and on MariaDB."""
    if request.param == "sqlite":
        engine = db.connect(f"sqlite:///{tmp_path}/vestnik.db")
        metadata.create_all(engine)
        yield engine
        engine.dispose()
        return
    engine = request.getfixturevalue("mariadb_engine")
    yield engine
    with db.writing(engine) as connection:
        for table in metadata.sorted_tables:
            connection.execute(sa.delete(table))
