"""A Bitrix shop of a test's own: the real tables, empty, on SQLite and on MariaDB, and rows added by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import BitrixMysql
from core import plugin
from core.model import Kind, Record
from core.sample import schema
from core.source import Bad, Cursor, Finding
from tests.bitrix import KINDS, shop_engine

STORAGE = {1: "L", 2: "S", 3: "N", 4: "S+", 5: "S", 6: "E", 7: "S", 8: "L+", 9: "F"}  # properties of infoblock 2


@dataclass
class Poured:
    """What one pull brought."""

    records: dict[str, Any]
    bad: list[Bad]
    cursor: Cursor
    total: int | None


@dataclass
class Bitrix:
    """The shop's database, and the source that reads it."""

    engine: sa.Engine
    kind: str
    settings: dict[str, Any] = field(default_factory=lambda: {"site": "s1"})

    def add(self, table: str, **values: Any) -> None:
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in values]
        with self.engine.begin() as connection:
            connection.execute(sa.insert(sa.table(table, *columns)), values)

    def run(self, sql: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(sql), values)

    def user(self, number: int, **values: Any) -> None:
        row = {
            "ID": number,
            "LOGIN": f"user{number}",
            "EMAIL": f"user{number}@shop.ru",
            "ACTIVE": "Y",
            "DATE_REGISTER": "2026-01-01 12:00:00",
            "TIMESTAMP_X": "2026-01-01 12:00:00",
        }
        self.add("b_user", **row | values)

    @property
    def source(self) -> BitrixMysql:
        url = self.engine.url.render_as_string(hide_password=False)
        settings = plugin.settings_of(BitrixMysql, {"url": url, **self.settings}, where="sources.shop")
        return BitrixMysql("shop", settings)

    def pull(self, kind: Kind, cursor: Cursor | None = None) -> Poured:
        records: list[Record] = []
        bad: list[Bad] = []
        total = None
        for page in self.source.pull(kind, cursor):
            records += page.records
            bad += page.bad
            cursor, total = page.cursor, page.total
        assert cursor is not None
        return Poured({record.external_id: record for record in records}, bad, cursor, total)

    def findings(self) -> dict[str, Finding]:
        return {finding.what: finding for finding in self.source.check()}


def _made(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schema.relaxed(connection)
        schema.create(connection)


@pytest.fixture(scope="session")
def mariadb_shop(mariadb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    with shop_engine("mariadb", tmp_path_factory.mktemp("shop"), server=mariadb) as engine:
        _made(engine)
        yield engine


@pytest.fixture(params=KINDS)
def bitrix(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bitrix]:
    """Sites, modules and options are there; everything else is the test's."""
    if request.param == "sqlite":
        with shop_engine("sqlite", tmp_path) as engine:
            _made(engine)
            yield _furnished(Bitrix(engine, "sqlite"))
        return
    engine = request.getfixturevalue("mariadb_shop")
    before = set(sa.inspect(engine).get_table_names())
    yield _furnished(Bitrix(engine, "mariadb"))
    with engine.begin() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode=''")
        for table in sa.inspect(engine).get_table_names():
            connection.exec_driver_sql(f"{'DELETE FROM' if table in before else 'DROP TABLE'} `{table}`")


def _furnished(bitrix: Bitrix) -> Bitrix:
    bitrix.add("b_lang", LID="s1", DEF="Y", ACTIVE="Y", NAME="Shop", DIR="/", LANGUAGE_ID="ru", SERVER_NAME="shop.ru")
    for module in ("main", "iblock", "catalog", "sale"):
        bitrix.add("b_module", ID=module)
    return bitrix
