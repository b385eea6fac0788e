"""One open, read-only connection to a Bitrix database, and what can be asked of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pymysql
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.lists import FIT, among
from connectors.sources.bitrix_mysql.pace import Pace
from connectors.sources.bitrix_mysql.settings import Settings
from connectors.sources.bitrix_mysql.values import Cells, Row
from core.db import chunks
from core.errors import N_, Misconfigured, Unreachable, VestnikError, masked

_NO_RIGHT = {1044, 1045, 1142, 1143, 1227, 1698}
_NOT_THERE = {1049, 1054, 1146}
_TOO_SLOW = {1969, 3024}  # MariaDB's and MySQL's limit of one statement


class Shop:
    """What the readers ask: tables as they really are, rows, options, and the clock of the shop.

    Bitrix has grown for twenty years: a column or a whole module may be missing, so SELECT lists are built from what
    is there. `zone` is the zone in which PHP wrote its dates.
    """

    def __init__(self, name: str, settings: Settings, connection: sa.Connection) -> None:
        self.name, self.settings, self._connection = name, settings, connection
        self.zone = ZoneInfo(settings.timezone)
        self.pace = Pace(self._threads_running, settings.busy_threads)

    @cached_property
    def columns(self) -> dict[str, set[str]]:
        """Every table that this user can see, with its columns."""
        found: dict[str, set[str]] = {}
        query = _COLUMNS_SQLITE if self.sqlite else _COLUMNS_MYSQL
        for table, column in self._connection.execute(sa.text(query)):
            found.setdefault(table, set()).add(column)
        return found

    @property
    def sqlite(self) -> bool:
        return self._connection.dialect.name == "sqlite"

    def _threads_running(self) -> int | None:
        if self.sqlite:
            return None
        row = self._connection.execute(sa.text("SHOW GLOBAL STATUS LIKE 'Threads_running'")).first()
        return int(row[1]) if row else None

    def has(self, table: str) -> bool:
        """Whether the table is there and may be read."""
        return table in self.columns

    def table(self, name: str, alias: str = "") -> sa.FromClause:
        """The table with the columns that it has here. Raises Misconfigured when it cannot be seen."""
        if name not in self.columns:
            raise Misconfigured(
                N_("Source {source!r}: no table {table}, or no right to read it. Grant SELECT, see docs/mysql.md."),
                source=self.name,
                table=name,
            )
        made = sa.table(name, *(sa.column(column) for column in sorted(self.columns[name])))
        return made.alias(alias) if alias else made

    def some(self, table: sa.FromClause, *names: str, **defaults: Any) -> list[sa.ColumnElement[Any]]:
        """Columns of `table` under their own names; one of `defaults` that this version lacks is that value."""
        found: list[sa.ColumnElement[Any]] = [table.c[name] for name in names]
        for name, default in defaults.items():
            found.append(table.c[name] if name in table.c else sa.literal(default).label(name))
        return found

    def rows(self, query: sa.Executable) -> Sequence[Row]:
        """All rows of `query`."""
        return cast("Sequence[Row]", self._connection.execute(query).mappings().all())

    def keys(self, query: sa.Select[Any]) -> list[int]:
        """The numbers in the one column of `query`, ascending.

        They come as one text: 0.6 µs each, where PyMySQL and SQLAlchemy take 3.5 for a row.
        """
        column = query.selected_columns[0]
        joined = sa.func.count(), sa.func.group_concat(column)
        count, text = self._connection.execute(query.with_only_columns(*joined, maintain_column_froms=True)).one()
        found = sorted(map(int, text.split(","))) if text else []
        if len(found) == count:
            return found
        return sorted(self._connection.scalars(query))  # cut: somebody between us has changed the session's limit

    def rows_in(self, query: sa.Select[Any], column: sa.ColumnElement[Any], ids: Iterable[Any]) -> Iterator[Row]:
        """Rows of `query` whose `column` is among `ids`; a statement names no more than fit."""
        for part in chunks(sorted(set(ids)), FIT):
            yield from self.rows(query.where(among(column, part)))

    def tuples_in(self, query: sa.Select[Any], column: sa.ColumnElement[Any], ids: Iterable[Any]) -> Iterator[Cells]:
        """The same without names, in the order of the query's columns: for what is read by the million."""
        for part in chunks(sorted(set(ids)), FIT):
            yield from self._connection.execute(query.where(among(column, part))).all()

    def scalar(self, query: sa.Select[Any]) -> Any:
        """The first value of the first row, None when there is no row."""
        return self._connection.scalar(query)

    def option(self, module: str, name: str, default: str = "") -> str:
        """A setting of the shop: the site's own in `b_option_site`, else the common one in `b_option`."""
        for table, of_site in (("b_option_site", True), ("b_option", False)):
            if not self.has(table) or (of_site and not self.settings.site):
                continue
            options = self.table(table)
            query = sa.select(options.c.VALUE).where(options.c.MODULE_ID == module, options.c.NAME == name)
            value = self.scalar(query.where(options.c.SITE_ID == self.settings.site) if of_site else query)
            if value:
                return str(value)
        return default

    def now(self) -> datetime:
        """The shop's clock: the moment by which "changed since" is asked the next time."""
        now = values.moment(self.scalar(sa.select(sa.func.current_timestamp())), None)
        assert now is not None
        return now

    def moment(self, value: Any) -> datetime | None:
        """A `datetime` column, which holds PHP's local time."""
        return values.moment(value, self.zone)

    def stamp(self, value: Any) -> datetime | None:
        """A `timestamp` column: UTC, because our session says so; the sample's SQLite holds local time."""
        return values.moment(value, self.zone if self.sqlite else None)

    def local(self, at: datetime) -> str:
        """`at` as a `datetime` column would hold it."""
        return at.astimezone(self.zone).strftime(_FORMAT)

    def stamped(self, at: datetime) -> str:
        """`at` as a `timestamp` column is compared in our session."""
        return self.local(at) if self.sqlite else at.astimezone(UTC).strftime(_FORMAT)


_FORMAT = "%Y-%m-%d %H:%M:%S"
_COLUMNS_MYSQL = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
_COLUMNS_SQLITE = (
    "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type IN ('table', 'view')"
)


@contextmanager
def opened(name: str, settings: Settings) -> Iterator[Shop]:
    """A connection for the time of the block. Database errors leave it as Unreachable or Misconfigured."""
    engine = _engine(name, settings)
    try:
        with engine.connect() as connection:
            yield Shop(name, settings, connection)
    except (sa.exc.DBAPIError, pymysql.MySQLError, sqlite3.Error) as error:
        raise explained(name, error) from None
    finally:
        engine.dispose()


# moments stay texts until `values.moment` reads them in C: PyMySQL's own regular expression takes five times as long
_CONVERSIONS = {
    key: value
    for key, value in pymysql.converters.conversions.items()
    if key not in {pymysql.constants.FIELD_TYPE.DATETIME, pymysql.constants.FIELD_TYPE.TIMESTAMP}
}


def _engine(name: str, settings: Settings) -> sa.Engine:
    url = sa.make_url(settings.url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        return _sqlite(name, url)
    return mysql(url, settings, session=["TRANSACTION READ ONLY"], conversions=_CONVERSIONS)


def mysql(
    url: sa.URL,
    settings: Settings,
    *,
    session: Sequence[str],
    pool: type[sa.Pool] = sa.NullPool,
    conversions: Mapping[Any, Any] | None = None,
) -> sa.Engine:
    """How to connect to a shop's MySQL: sessions speak UTC, give up a slow statement, and are what `session` SETs."""
    if url.drivername in {"mysql", "mariadb"}:
        url = url.set(drivername=f"{url.drivername}+pymysql")
    options: dict[str, Any] = {"connect_timeout": 10, "read_timeout": int(settings.statement_seconds) + 30}
    engine = sa.create_engine(
        url.update_query_dict({"charset": settings.charset}),
        isolation_level="AUTOCOMMIT",  # no transaction stays open in the shop while we write our own rows
        poolclass=pool,
        connect_args=options | ({"conv": conversions} if conversions else {}),
    )
    sa.event.listen(engine, "connect", lambda connection, _: _begin(connection, settings.statement_seconds, session))
    return engine


_JOINED_BYTES = 2**20  # of the keys of one range: 20,000 of them, and commas


def _begin(connection: Any, seconds: float, session: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        mariadb = "mariadb" in str(cursor.fetchone()[0]).lower()
        limit = f"max_statement_time = {seconds}" if mariadb else f"max_execution_time = {int(seconds * 1000)}"
        for words in (f"time_zone = '+00:00', {limit}, group_concat_max_len = {_JOINED_BYTES}", *session):
            cursor.execute(f"SET SESSION {words}")


def existing_file(name: str, url: sa.URL) -> None:
    """Raises Unreachable unless the SQLite file of `url` is there: SQLite would make it."""
    if not url.database or not Path(url.database).is_file():
        raise Unreachable(N_("Source {source!r}: there is no file {file}."), source=name, file=str(url.database))


def _sqlite(name: str, url: sa.URL) -> sa.Engine:
    existing_file(name, url)
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def _read_only(connection: sqlite3.Connection, _record: Any) -> None:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.execute("PRAGMA query_only = ON")

    return engine


def explained(name: str, error: Exception) -> VestnikError:
    """What a database error means to the admin."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    code = cause.args[0] if cause.args and isinstance(cause.args[0], int) else 0
    values = {"source": name, "error": masked(str(cause.args[-1] if cause.args else cause)), "code": code}
    if code in _NO_RIGHT:
        return Misconfigured(N_("Source {source!r}: {error} ({code}). Grant SELECT, see docs/mysql.md."), **values)
    if code in _NOT_THERE or "no such" in str(cause):
        return Misconfigured(N_("Source {source!r}: {error} ({code}). Is it a Bitrix database?"), **values)
    if code in _TOO_SLOW:
        return Unreachable(
            N_("Source {source!r}: the shop's database was too slow: {error}. Raise statement_seconds, or wait."),
            **values,
        )
    return Unreachable(N_("Source {source!r} does not answer: {error} ({code})."), **values)
