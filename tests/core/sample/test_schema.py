from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa

from core.sample import schema
from core.sample.catalogue import DIRECTORY, PRODUCTS, STORAGE_V2

KEYS = {"PRI", "UNI", "MUL"}


@pytest.fixture
def made(empty: sa.Engine) -> sa.Engine:
    with empty.begin() as connection:
        schema.create(connection)
        schema.create_user_fields(connection)
        schema.create_property_tables(connection, PRODUCTS, STORAGE_V2)
        schema.create_directory(connection, DIRECTORY)
    return empty


def test_every_table_of_the_dictionary_has_its_columns_in_their_order(made: sa.Engine) -> None:
    found = sa.inspect(made)
    for table, described in schema.dictionary().items():
        assert [column["name"] for column in found.get_columns(table)] == list(described["columns"]), table


def test_every_index_that_a_source_may_need_is_there(made: sa.Engine) -> None:
    found = sa.inspect(made)
    for table, described in schema.dictionary().items():
        wanted = {
            _columns(parts) for kind, parts in described.get("indexes", {}).values() if kind in {"index", "unique"}
        }
        assert wanted <= {tuple(str(name) for name in index["column_names"]) for index in found.get_indexes(table)}, (
            table
        )


def test_mariadb_reads_back_what_the_dictionary_says(made: sa.Engine) -> None:
    if made.dialect.name == "sqlite":
        pytest.skip("SQLite has no information_schema")
    with made.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLUMN_KEY, EXTRA"
            " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION"
        ).all()
    found: dict[str, dict[str, list[str]]] = {}
    for table, column, *words in rows:
        found.setdefault(table, {})[column] = _described(*words)
    for table, described in schema.dictionary().items():
        assert {name: _without_fulltext(table, words) for name, words in found[table].items()} == {
            name: _without_fulltext(table, words) for name, words in described["columns"].items()
        }, table


def test_mariadb_has_the_indexes_of_the_dictionary_and_no_others(made: sa.Engine) -> None:
    if made.dialect.name == "sqlite":
        pytest.skip("SQLite has no information_schema")
    with made.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ', ')"
            " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY 1, 2, 3"
        ).all()
    found: dict[str, dict[str, list[str]]] = {}
    for table, index, repeats, columns in rows:
        kind = "primary" if index == "PRIMARY" else "index" if repeats else "unique"
        found.setdefault(table, {})[index] = [kind, columns]
    for table, described in schema.dictionary().items():
        wanted = {
            name: [kind, ", ".join(_columns(parts))]
            for name, (kind, parts) in described.get("indexes", {}).items()
            if kind != "fulltext"
        }
        assert found.get(table, {}) == wanted, table


def test_tables_made_at_run_time_are_as_bitrix_makes_them(made: sa.Engine) -> None:
    found = sa.inspect(made)
    assert {f"PROPERTY_{number}" for number in STORAGE_V2} < _names(found.get_columns("b_iblock_element_prop_s2"))
    assert {"UF_NAME", "UF_XML_ID", "UF_FILE"} < _names(found.get_columns(DIRECTORY))
    assert {"VALUE_ID", "UF_TAGS"} < _names(found.get_columns("b_uts_user"))
    multiple = {tuple(index["column_names"]) for index in found.get_indexes("b_iblock_element_prop_m2")}
    assert {("IBLOCK_ELEMENT_ID", "IBLOCK_PROPERTY_ID"), ("IBLOCK_PROPERTY_ID",)} < multiple


def _described(kind: str, nullable: str, default: str | None, key: str, extra: str) -> list[str]:
    words = [kind, "null" if nullable == "YES" else "not null"]
    if default not in {None, "NULL"}:
        words.append(f"default {str(default).strip(chr(39))}")
    return words + [word for word in (key, *extra.split(", ")) if word]


def _without_fulltext(table: str, words: list[str]) -> list[str]:
    """A full-text index, which nothing reads, is not made; information_schema shows it as MUL."""
    return [word for word in words if not (word == "MUL" and table == "b_sale_order" and words[0] == "mediumtext")]


def _columns(parts: str) -> tuple[str, ...]:
    return tuple(part.strip().partition("(")[0] for part in parts.split(","))


def _names(columns: Iterable[Any]) -> set[str]:
    return {column["name"] for column in columns}
