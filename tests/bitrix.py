"""An empty database for a Bitrix shop of tests, on SQLite and on MariaDB.

A fixture that uses it:

    @pytest.fixture(params=KINDS)
    def shop(request, tmp_path):
        server = request.getfixturevalue("mariadb") if request.param == "mariadb" else None
        with shop_engine(request.param, tmp_path, server=server) as engine:
            make_shop(engine, today=date(2026, 11, 24), users=200)
            yield engine

A shop that tests only read may be of module scope, with a folder of `tmp_path_factory`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from core import db
from tests import services

KINDS = ("sqlite", "mariadb")
_numbers = count(1)


@contextmanager
def shop_engine(
    kind: str,
    folder: Path,
    *,
    server: str | None = None,
    collation: str = "utf8mb4_unicode_ci",
    time_zone: str = "+03:00",
) -> Iterator[sa.Engine]:
    """An empty database for a shop: a file in `folder`, or a database of `server` that is dropped afterwards.

    Sessions write as Bitrix does: sql_mode='' and innodb_strict_mode=OFF (zero dates, left-out columns, long rows), in
    the shop's own time zone; tables take the charset of `collation`. `server` is the URL of a MariaDB server without a
    database (the `mariadb` fixture); left out, one is found or started, which takes seconds. Skips when there is none.
    """
    if kind == "sqlite":
        engine = db.connect(f"sqlite:///{folder / f'shop{next(_numbers)}.db'}")
        try:
            yield engine
        finally:
            engine.dispose()
    elif server is None:
        with (
            services.mariadb() as found,
            shop_engine(
                kind, folder, server=found or services.missing("MariaDB"), collation=collation, time_zone=time_zone
            ) as engine,
        ):
            yield engine
    else:
        with _database(server, collation) as url, _bitrix_session(url, time_zone) as engine:
            yield engine


@contextmanager
def _database(server: str, collation: str) -> Iterator[sa.URL]:
    name = f"vestnik_shop_{os.getpid()}_{next(_numbers)}"
    engine = db.connect(server)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} COLLATE {collation}")
    try:
        yield engine.url.set(database=name)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        engine.dispose()


@contextmanager
def _bitrix_session(url: sa.URL, time_zone: str) -> Iterator[sa.Engine]:
    words = f"SET SESSION sql_mode='', innodb_strict_mode=OFF, time_zone='{time_zone}'"
    engine = sa.create_engine(url, connect_args={"init_command": words})
    try:
        yield engine
    finally:
        engine.dispose()
