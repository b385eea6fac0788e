"""Our own database: SQLite (WAL) or MySQL/MariaDB behind one engine, one upsert and one kind of moment."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache, wraps
from operator import itemgetter
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from core import bulk
from core.errors import N_, Misconfigured, Unreachable, VestnikError, masked, packed, unpacked

Row = Mapping[str, Any]
T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger("vestnik.db")


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as naive UTC with microseconds."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name in {"mysql", "mariadb"} else sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)

    def bind_column(self, values: Iterable[datetime | None]) -> list[str | None]:
        """As text, which both databases take for a moment: for :mod:`core.bulk`."""
        return [None if value is None else _utc_text(value.astimezone(UTC)) for value in values]


def utc_text(moment: datetime) -> str:
    """`moment` as ``2026-11-24 02:00:00.000000`` in UTC, the form that SQLAlchemy keeps in SQLite."""
    return _utc_text(moment.astimezone(UTC))


# A new person's registration is a column, a fact's date and a part of its digest. Only UTC may be the key: two moments
# of another zone that differ by `fold` are equal to each other.
@lru_cache(4096)
def _utc_text(at: datetime) -> str:
    day = f"{at.year:04d}-{_TWO[at.month]}-{_TWO[at.day]}"  # isoformat() takes three times as long
    micros = f"{at.microsecond:06d}" if at.microsecond else "000000"
    return f"{day} {_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}.{micros}"


_TWO = tuple(f"{number:02d}" for number in range(60))


class Json(sa.types.TypeDecorator[Any]):
    """A JSON value kept as text, Cyrillic readable, keys sorted so that equal values are equal bytes."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(mysql.LONGTEXT() if dialect.name in {"mysql", "mariadb"} else sa.Text())

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else _json(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else json.loads(value)

    def bind_column(self, values: Iterable[Any]) -> list[str | None]:
        """As text: for :mod:`core.bulk`."""
        return [None if value is None else _json(value) for value in values]


def _json(value: Any) -> str:
    return _EMPTY[type(value)] if type(value) in _EMPTY and not value else _encode(value)


_EMPTY: Mapping[type, str] = {dict: "{}", list: "[]", tuple: "[]"}  # what most rows have
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode  # json.dumps() makes one each time


class Reason(sa.types.TypeDecorator[Any]):
    """Why something is as it is: words, or an error of ours that is said in the reader's language when it is shown.

    An error too long for its column is kept as its English sentence, cut.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(self.length) if self.length else sa.Text())

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        if not isinstance(value, VestnikError):
            return None if value is None else str(value).lstrip("\x1e")[: self.length]
        text = packed(value)
        return text if self.length is None or len(text) <= self.length else str(value)[: self.length]

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else unpacked(value)


def connect(url: str) -> sa.Engine:
    """An engine for `url`; sessions speak UTC. Raises Misconfigured for a URL that SQLAlchemy cannot read."""
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed)
        if parsed.get_backend_name() in {"mysql", "mariadb"}:
            return _mysql(parsed)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise Misconfigured(
            N_("[database] url {url!r} cannot be read: {error}. Example: mysql+pymysql://user:password@host/base"),
            url=masked(url),
            error=str(error),
        ) from None
    raise Misconfigured(N_("[database] url {url!r}: only sqlite and mysql/mariadb are supported."), url=masked(url))


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA busy_timeout=30000")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that reads first and writes later cannot wait for the lock in WAL mode, it fails at once
        # ("database is locked"). Taking the write lock up front makes it queue for busy_timeout instead.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


def _mysql(url: sa.URL) -> sa.Engine:
    if url.drivername in {"mysql", "mariadb"}:
        url = url.set(drivername=f"{url.drivername}+pymysql")
    if "charset" not in url.query:
        url = url.update_query_dict({"charset": "utf8mb4"})
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # people's addresses and our own secret have no place in a log
        # READ COMMITTED: claiming rows by UPDATE … WHERE must not take gap locks against other workers.
        isolation_level="READ COMMITTED",
        connect_args={
            "init_command": "SET time_zone = '+00:00'",
            "connect_timeout": 10,
            "conv": bulk.conversions(),
        },
    )


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that means to write; committed at the end, rolled back by an exception."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def retried(work: Callable[P, R]) -> Callable[P, R]:
    """`work` again, for half a minute, while the database gives it up: a deadlock, a lock, a lost connection.

    What it does must bear being done twice: a commit whose answer was lost may have happened.
    """

    @wraps(work)
    def until_done(*args: P.args, **kwargs: P.kwargs) -> R:
        for delay_seconds in _DELAYS:
            try:
                return work(*args, **kwargs)
            except sa.exc.DBAPIError as error:
                if not _passing(error):
                    raise
                log.warning("%s: %s; tried again in %s s", work.__name__, masked(str(error.orig)), delay_seconds)
                time.sleep(delay_seconds * (0.5 + random.random()))
        return work(*args, **kwargs)

    return until_done


_DELAYS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 12)
# Locks and deadlocks, a server that went away. 1305: a deadlock takes the savepoint with it, and "there is no such
# savepoint" is then all that is heard of it.
_PASSING = {1205, 1213, 1305, 1053, 2002, 2003, 2006, 2013, 4031}


def _passing(error: sa.exc.DBAPIError) -> bool:
    code = error.orig.args[0] if error.orig and error.orig.args else None
    return error.connection_invalidated or code in _PASSING or "database is locked" in str(error.orig)


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row], *, key: Sequence[str]) -> None:
    """Insert `rows` (all with the same columns), or update those whose unique `key` columns exist already."""
    if rows:
        names, values = _in_columns(rows)
        bulk.upsert(connection, table, names, values, key=key)


def insert_ignoring(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert `rows` (all with the same columns), leaving out those that a unique key already holds."""
    if rows:
        bulk.insert_ignoring(connection, table, *_in_columns(rows))


def _in_columns(rows: Sequence[Row]) -> tuple[list[str], list[tuple[Any, ...]]]:
    names = list(rows[0])
    values = map(itemgetter(*names), rows)
    return names, list(values) if len(names) > 1 else [(value,) for value in values]


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """`rows` in lists of `size`; the last one may be shorter."""
    part: list[T] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def unreachable(error: sa.exc.DBAPIError, *, what: str) -> Exception:
    """`error` as Unreachable when the server did not answer, else as it is."""
    if isinstance(error, sa.exc.OperationalError):
        return Unreachable(N_("{what} does not answer: {error}"), what=what, error=masked(str(error.orig)))
    return error
