"""The tables of a Bitrix shop, made from their data dictionary on SQLite or MySQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
import yaml

Column = Sequence[str]  # [type, "null" | "not null", "default …", …]
_BY_ID = ("primary", "ID")
_NUMBERS = ("int", "bigint", "smallint", "tinyint", "double", "decimal")

UTS_USER: Mapping[str, Column] = {
    "VALUE_ID": ["int(11)", "not null", "PRI"],
    "UF_BONUS": ["double", "null"],
    "UF_NEWS": ["int(11)", "null"],
    "UF_SEGMENT": ["int(11)", "null"],
    "UF_ANNIVERSARY": ["date", "null"],
    "UF_TAGS": ["text", "null"],
    "UF_CARD": ["text", "null"],
    "UF_LAST_CALL": ["datetime", "null"],
}
_UTM_INDEXES = {"ix_utm_USER_2": ["index", "VALUE_ID"], "ix_utm_USER_4": ["index", "FIELD_ID, VALUE_ID, VALUE_INT"]}
UTM_USER: Mapping[str, Column] = {
    "ID": ["int(11)", "not null", "PRI", "auto_increment"],
    "VALUE_ID": ["int(11)", "not null"],
    "FIELD_ID": ["int(11)", "not null"],
    "VALUE": ["text", "null"],
    "VALUE_INT": ["int(11)", "null"],
    "VALUE_DOUBLE": ["double", "null"],
    "VALUE_DATE": ["datetime", "null"],
}
_PROPERTY_TYPES = {"S": "text", "N": "decimal(18,4)", "L": "int(11)", "E": "int(11)", "F": "int(11)", "G": "int(11)"}
_MULTIPLE: Mapping[str, Column] = {
    "ID": ["bigint(20)", "not null", "PRI", "auto_increment"],
    "IBLOCK_ELEMENT_ID": ["int(11)", "not null"],
    "IBLOCK_PROPERTY_ID": ["int(11)", "not null"],
    "VALUE": ["text", "not null"],
    "VALUE_ENUM": ["int(11)", "null"],
    "VALUE_NUM": ["decimal(18,4)", "null"],
    "DESCRIPTION": ["varchar(255)", "null"],
}
_MULTIPLE_INDEXES = ("IBLOCK_ELEMENT_ID, IBLOCK_PROPERTY_ID", "IBLOCK_PROPERTY_ID", "VALUE_ENUM, IBLOCK_PROPERTY_ID")
_DIRECTORY: Mapping[str, Column] = {
    "ID": ["int(11) unsigned", "not null", "PRI", "auto_increment"],
    "UF_NAME": ["text", "null"],
    "UF_SORT": ["double", "null"],
    "UF_XML_ID": ["text", "null"],
    "UF_LINK": ["text", "null"],
    "UF_DESCRIPTION": ["text", "null"],
    "UF_FULL_DESCRIPTION": ["text", "null"],
    "UF_DEF": ["int(11)", "null"],
    "UF_FILE": ["int(11)", "null"],
}


@cache
def dictionary() -> Mapping[str, Any]:
    """Table → {"columns": {name: [type, nullness, …]}, "indexes": {name: [kind, columns]}}."""
    text = files("core").joinpath("sample", "bitrix.yaml").read_text("utf-8")
    tables: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["tables"]  # noqa: S506
    return tables


def create(connection: sa.Connection, *, tables: Iterable[str] | None = None) -> None:
    """Make all tables of the dictionary, or only `tables`, as Bitrix's own installer would."""
    for name in dictionary() if tables is None else tables:
        create_table(connection, name, dictionary()[name]["columns"], dictionary()[name].get("indexes", {}))


def create_table(
    connection: sa.Connection,
    name: str,
    columns: Mapping[str, Column],
    indexes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Make one table from its description."""
    statements = _sqlite if connection.dialect.name == "sqlite" else _mysql
    for statement in statements(name, columns, indexes or {}):
        connection.exec_driver_sql(statement)


def create_user_fields(connection: sa.Connection) -> None:
    """The two tables of UF_ fields of users, which Bitrix makes with the first such field."""
    create_table(connection, "b_uts_user", UTS_USER)
    create_table(connection, "b_utm_user", UTM_USER, {"PRIMARY": _BY_ID, **_UTM_INDEXES})


def create_property_tables(connection: sa.Connection, iblock: int, properties: Mapping[int, str]) -> None:
    """Storage of an infoblock with VERSION=2; `properties`: id → PROPERTY_TYPE, with "+" behind it when multiple."""
    columns: dict[str, Column] = {"IBLOCK_ELEMENT_ID": ["int(11)", "not null", "PRI"]}
    for number, kind in properties.items():
        columns[f"PROPERTY_{number}"] = ["longtext" if kind.endswith("+") else _PROPERTY_TYPES[kind], "null"]
    create_table(connection, f"b_iblock_element_prop_s{iblock}", columns)
    indexes = {
        f"ix_iblock_elem_prop_m{iblock}_{place}": ("index", parts)
        for place, parts in enumerate(_MULTIPLE_INDEXES, start=1)
    }
    create_table(connection, f"b_iblock_element_prop_m{iblock}", _MULTIPLE, {"PRIMARY": _BY_ID, **indexes})


def create_directory(connection: sa.Connection, table: str) -> None:
    """The table of a highload block that a property with USER_TYPE=directory points to by UF_XML_ID."""
    create_table(connection, table, _DIRECTORY, {"PRIMARY": _BY_ID})


def relaxed(connection: sa.Connection) -> None:
    """Let MySQL take what real Bitrix bases hold (zero dates, left-out columns, long rows): Bitrix demands both."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET SESSION sql_mode='', innodb_strict_mode=OFF")


def _sqlite(name: str, columns: Mapping[str, Column], indexes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    lines = [_sqlite_column(column, words) for column, words in columns.items()]
    if "auto_increment" not in str(columns):
        keys = [column for column, words in columns.items() if "PRI" in words]
        lines += [f"PRIMARY KEY ({', '.join(keys)})"] if keys and _unique(columns, keys) else []
    yield f"CREATE TABLE {name} ({', '.join(lines)})"
    for index, (kind, parts) in indexes.items():
        if kind in {"index", "unique"}:
            plain = re.sub(r"\(\d+\)", "", parts)
            yield f"CREATE {'UNIQUE ' * (kind == 'unique')}INDEX {name}_{index} ON {name} ({plain})"


def _unique(columns: Mapping[str, Column], keys: Sequence[str]) -> bool:
    return all("not null" in columns[key] for key in keys)


def _sqlite_column(name: str, words: Column) -> str:
    if "auto_increment" in words:
        return f"{name} INTEGER PRIMARY KEY"
    number = words[0].startswith(_NUMBERS)
    kind = ("INTEGER" if "int" in words[0] else "NUMERIC") if number else "TEXT"
    return f"{name} {kind}{_nullness(words, number)}"


def _nullness(words: Column, number: bool) -> str:
    """NOT NULL with its default; without one, the empty value that sql_mode='' would put in."""
    default = next((word.removeprefix("default ") for word in words[2:] if word.startswith("default")), None)
    if words[1] == "null":
        return "" if default is None else f" DEFAULT {_literal(default)}"
    return f" NOT NULL DEFAULT {_literal(default if default is not None else ('0' if number else ''))}"


def _literal(value: str) -> str:
    return "CURRENT_TIMESTAMP" if value == "current_timestamp()" else f"'{value}'"


def _mysql(name: str, columns: Mapping[str, Column], indexes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    lines = [_mysql_column(column, words) for column, words in columns.items()]
    primary = [parts for kind, parts in indexes.values() if kind == "primary"]
    keys = primary or [", ".join(f"`{column}`" for column, words in columns.items() if "PRI" in words)]
    lines += [f"PRIMARY KEY ({keys[0]})"] if keys[0] and not _has_unique_only(indexes, primary) else []
    for index, (kind, parts) in indexes.items():
        if kind in {"index", "unique"}:
            lines.append(f"{'UNIQUE ' * (kind == 'unique')}KEY `{index}` ({parts})")
    # no charset: like Bitrix's own DDL, which takes the database's
    yield f"CREATE TABLE `{name}` ({', '.join(lines)}) ENGINE=InnoDB"


def _has_unique_only(indexes: Mapping[str, Sequence[str]], primary: Sequence[str]) -> bool:
    """information_schema says PRI of a unique index where a table has no primary key."""
    return bool(indexes) and not primary


def _mysql_column(name: str, words: Column) -> str:
    if "auto_increment" in words:
        return f"`{name}` {words[0]} NOT NULL AUTO_INCREMENT"
    default = next((word.removeprefix("default ") for word in words[2:] if word.startswith("default")), None)
    shown = "" if default is None else f" DEFAULT {default if default.endswith('()') else _literal(default)}"
    if words[0].startswith("timestamp") and words[1] == "null":
        return f"`{name}` {words[0]} NULL DEFAULT NULL"
    touched = " ON UPDATE CURRENT_TIMESTAMP" if "on update current_timestamp()" in words else ""
    return f"`{name}` {words[0]} {'NULL' if words[1] == 'null' else 'NOT NULL'}{shown}{touched}"
