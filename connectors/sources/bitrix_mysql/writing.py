"""The one door by which a Bitrix database may be changed: a connection and a user of its own, for coupons alone."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
import sqlalchemy as sa

from connectors.sources.bitrix_mysql.settings import Settings
from connectors.sources.bitrix_mysql.shop import Shop, existing_file, explained, mysql
from core.errors import N_, Misconfigured, VestnikError, masked

_NO_RIGHT = {1142, 1143}  # of a table, of a column
_READ_ONLY = {1290, 1792, 1836}
_AGAIN = {1020, 1213, 1467}  # a row that changed meanwhile, deadlocks (the last: over the next id); all undone whole
_TRIES = 50
_PAUSE_SECONDS = 0.05
_LOCK_SECONDS = 10
# sql_mode as PHP has it; REPEATABLE READ, for "insert unless it is there" locks the place where it would be
_SESSION = (
    "TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    f"sql_mode = '', innodb_lock_wait_timeout = {_LOCK_SECONDS}",
)


class WritableShop(Shop):
    """A shop in which a statement may also change rows; every statement is its own transaction."""

    def change(self, statement: sa.Executable) -> None:
        """Run `statement`; one that the database undid for the sake of another is run again."""
        for _ in range(_TRIES):
            try:
                self._connection.execute(statement)
                return
            except sa.exc.OperationalError as error:
                if _code(error) not in _AGAIN:
                    raise
                time.sleep(random.random() * _PAUSE_SECONDS)
        self._connection.execute(statement)


@contextmanager
def writable(name: str, settings: Settings, engine: sa.Engine) -> Iterator[WritableShop]:
    """A connection of `engine` for the time of the block; errors leave it as Unreachable or Misconfigured."""
    try:
        with engine.connect() as connection:
            try:
                yield WritableShop(name, settings, connection)
            except sa.exc.DBAPIError as error:
                raise _refused(name, error, connection) from None
    except (sa.exc.DBAPIError, pymysql.MySQLError, sqlite3.Error) as error:
        raise explained(name, error) from None


def engine_of(name: str, settings: Settings, *, pool: type[sa.Pool] = sa.NullPool) -> sa.Engine:
    """How to connect to `coupon_url`; without a `pool` no connection is kept. Raises Unreachable for a missing file."""
    url = sa.make_url(settings.coupon_url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        existing_file(name, url)
        return sa.create_engine(
            url, isolation_level="AUTOCOMMIT", poolclass=pool, connect_args={"timeout": _LOCK_SECONDS}
        )
    return mysql(url, settings, session=_SESSION, pool=pool)


def _code(error: sa.exc.DBAPIError) -> Any:
    return error.orig.args[0] if error.orig and error.orig.args else None


def _refused(name: str, error: sa.exc.DBAPIError, connection: sa.Connection) -> VestnikError:
    """What it means that a statement failed, with the GRANT to run where a right is missing."""
    code = _code(error)
    if code in _NO_RIGHT:
        return _lacking(name, error, connection)
    if code in _READ_ONLY:
        template = N_("Source {source!r}: {error}. coupon_url must name the shop's main database, not a replica.")
        return Misconfigured(template, source=name, error=_words(error))
    return explained(name, error)


def _lacking(name: str, error: sa.exc.DBAPIError, connection: sa.Connection) -> Misconfigured:
    user, _, host = str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar()).rpartition("@")
    return Misconfigured(
        N_(
            "Source {source!r}: {error}. Run in the shop's database: "
            "GRANT SELECT, INSERT, DELETE, UPDATE (ACTIVE, TIMESTAMP_X) ON {table} TO {user};"
        ),
        source=name,
        error=_words(error),
        table=f"`{connection.engine.url.database}`.b_sale_discount_coupon",
        user=f"'{user}'@'{host}'",
    )


def _words(error: sa.exc.DBAPIError) -> str:
    return masked(str(error.orig.args[-1] if error.orig else error))
