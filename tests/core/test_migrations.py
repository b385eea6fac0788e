"""The revisions lead an empty database, SQLite or MariaDB, to exactly the tables that the code means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core import db, migrations
from core.errors import Misconfigured, Unreachable
from core.tables import metadata
from tests.services import free_port


@pytest.fixture(params=["sqlite", "mariadb"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        engine = db.connect(f"sqlite:///{tmp_path}/empty.db")
        yield engine
        engine.dispose()
        return
    url = request.getfixturevalue("mariadb")
    name = f"vestnik_empty_{os.getpid()}"
    server = db.connect(url)
    with server.begin() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine = db.connect(url.rstrip("/") + f"/{name}")
    yield engine
    engine.dispose()
    with server.begin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


def test_an_empty_database_gets_the_tables_of_the_code(empty: sa.Engine) -> None:
    migrations.upgrade(empty)
    migrations.upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_two_processes_may_start_at_once(empty: sa.Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrations.upgrade(empty), range(4)))
    assert migrations.current(empty)


def test_the_dates_of_mariadb_keep_their_microseconds(mariadb_engine: sa.Engine) -> None:
    with mariadb_engine.connect() as connection:
        query = "SELECT COLUMN_TYPE FROM information_schema.columns WHERE TABLE_NAME = 'facts' AND COLUMN_NAME = 'at'"
        assert connection.exec_driver_sql(query).scalar() == "datetime(6)"


def test_no_server_is_said_in_a_sentence_without_the_password() -> None:
    url = f"mysql://vestnik:s3cret@127.0.0.1:{free_port()}/vestnik"
    with pytest.raises(Unreachable, match="does not answer") as error:
        migrations.upgrade(db.connect(url))
    assert "s3cret" not in str(error.value)


def test_a_wrong_password_is_said_in_a_sentence(mariadb: str) -> None:
    url = sa.make_url(mariadb).set(username="nobody_here", password="s3cret", database="vestnik")
    with pytest.raises(Misconfigured, match="Access denied") as error:
        migrations.upgrade(db.connect(url.render_as_string(hide_password=False)))
    assert "s3cret" not in str(error.value)
