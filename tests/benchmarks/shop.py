"""A large Bitrix shop for benchmarks: the real tables, filled inside MariaDB, kept between runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import db
from core.sample import schema
from tests.benchmarks import rows

ZONE = ZoneInfo("Europe/Moscow")
_SESSION = (
    "SET SESSION sql_mode='', innodb_strict_mode=OFF, time_zone='+03:00', "
    "unique_checks=0, foreign_key_checks=0"  # with both off, MariaDB sorts a whole table's index instead of growing it
)


@dataclass(frozen=True, slots=True)
class LargeShop:
    """One filled shop: where it is, and the moment at which its life ends."""

    url: str
    made_at: datetime


def large_shop(server: str, name: str, *, scale: float, refill: bool = False) -> LargeShop:
    """The shop in database `name` of the MariaDB at `server`; filled if it is not there, or in another way."""
    url = sa.make_url(server).set(drivername="mysql+pymysql", database=name)
    made_at = None if refill else _made_at(server, name, scale)
    if made_at is None:
        make(server, name)
        made_at = _filled(url, scale)
    return LargeShop(url.render_as_string(hide_password=False), made_at)


def make(server: str, name: str) -> None:
    """An empty database `name`, whatever it held before."""
    drop(server, name)
    _run(server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")


def drop(server: str, name: str) -> None:
    """Remove database `name`, if it is there."""
    _run(server, f"DROP DATABASE IF EXISTS {name}")


def _run(server: str, statement: str) -> None:
    engine = db.connect(server)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _made_at(server: str, name: str, scale: float) -> datetime | None:
    engine = db.connect(server)
    query = sa.text(f"SELECT made_at FROM {name}.benchmark WHERE scale = :scale AND recipe = :recipe")
    try:
        with engine.connect() as connection:
            found = connection.scalar(query, {"scale": str(scale), "recipe": rows.RECIPE})
    except sa.exc.ProgrammingError:  # no such database, or one that was not filled to its end
        return None
    finally:
        engine.dispose()
    return found.replace(tzinfo=ZONE) if found else None


def _filled(url: sa.URL, scale: float) -> datetime:
    engine = sa.create_engine(url, connect_args={"init_command": _SESSION})
    with engine.begin() as connection:
        schema.create(connection)
        schema.create_user_fields(connection)
        schema.create_property_tables(connection, rows.GOODS, rows.GOODS_STORAGE)
        schema.create_property_tables(connection, rows.OFFERS, rows.OFFERS_STORAGE)
    for table, columns in rows.small():
        _insert(engine, table, columns)
    for table, count, values in rows.large(scale):
        _pour(engine, table, count, values)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE benchmark (scale VARCHAR(20), recipe INT, made_at DATETIME)")
        connection.exec_driver_sql("INSERT INTO benchmark SELECT %s, %s, NOW()", (str(scale), rows.RECIPE))
        made_at = connection.scalar(sa.text("SELECT made_at FROM benchmark"))
    engine.dispose()
    assert isinstance(made_at, datetime)
    return made_at.replace(tzinfo=ZONE)


def _insert(engine: sa.Engine, table: str, values: dict[str, Any]) -> None:
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in values]
    with engine.begin() as connection:
        connection.execute(sa.insert(sa.table(table, *columns)), values)


def _pour(engine: sa.Engine, table: str, count: int, values: dict[str, str]) -> None:
    """`count` rows made by the server itself: 2,000,000 orders in a minute instead of twenty."""
    statement = f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM seq_1_to_{count}"
    with engine.begin() as connection:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ANALYZE TABLE {table}")
