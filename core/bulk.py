"""Many rows in one statement: a column is bound at once, by its type's own conversion; a list of keys is one value.

SQLAlchemy binds value by value, PyMySQL escapes value by value: more than half of what a new row cost the processor.
Here SQLite is given tuples of bound values, and MySQL the rows written out as SQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pymysql import converters
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Rows = Sequence[Sequence[Any]]
Column = list[Any]
_STATEMENT_CHARACTERS = 400_000  # at most 1.6 MB; the smallest limit of a server is 4 MB (MySQL 5.7)


def upsert(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Rows, *, key: Sequence[str]) -> None:
    """Insert `rows` of the columns `names`, or update those whose unique `key` columns exist already.

    Defaults are the database's only. An error shows the statement, but no value of it. Raises UnicodeEncodeError for
    half a surrogate pair.
    """
    _write(connection, _upsert(table, tuple(names), tuple(key), connection.dialect), table, names, rows)


def insert(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Rows) -> None:
    """Insert `rows`, as :func:`upsert` does; one that a unique key already holds is an error."""
    _write(connection, _insert(table, tuple(names), connection.dialect), table, names, rows)


def insert_ignoring(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Rows) -> None:
    """Insert `rows`, as :func:`upsert` does, leaving out those that a unique key already holds."""
    _write(connection, _insert_ignoring(table, tuple(names), connection.dialect), table, names, rows)


# ---- the statements: {} stands for the rows ----


@lru_cache(256)
def _insert(table: sa.Table, names: tuple[str, ...], dialect: sa.Dialect) -> str:
    quoted = ", ".join(map(dialect.identifier_preparer.quote, names))
    return f"INSERT INTO {dialect.identifier_preparer.format_table(table)} ({quoted}) VALUES {{}}"  # noqa: S608 - names of ours


@lru_cache(256)
def _insert_ignoring(table: sa.Table, names: tuple[str, ...], dialect: sa.Dialect) -> str:
    plain = _insert(table, names, dialect)
    if dialect.name == "sqlite":
        return f"{plain} ON CONFLICT DO NOTHING"
    return plain.replace("INSERT", "INSERT IGNORE", 1)


@lru_cache(256)
def _upsert(table: sa.Table, names: tuple[str, ...], key: tuple[str, ...], dialect: sa.Dialect) -> str:
    quote, plain = dialect.identifier_preparer.quote, _insert(table, names, dialect)
    kept = [quote(name) for name in names if name not in key]
    if dialect.name == "sqlite":
        sets = ", ".join(f"{name} = excluded.{name}" for name in kept)
        return f"{plain} ON CONFLICT ({', '.join(map(quote, key))}) DO " + (f"UPDATE SET {sets}" if sets else "NOTHING")
    return f"{plain} ON DUPLICATE KEY UPDATE " + ", ".join(
        f"{name} = VALUES({name})" for name in kept or map(quote, key)
    )


def _write(connection: sa.Connection, statement: str, table: sa.Table, names: Sequence[str], rows: Rows) -> None:
    if not rows:
        return
    dialect = connection.dialect
    by_column = zip(names, zip(*rows, strict=True), strict=True)
    columns = [_bound(table.c[name].type, values, dialect) for name, values in by_column]
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(statement.format(f"({marks})"), list(zip(*columns, strict=True)))
        return
    for written in _written(columns):
        connection.exec_driver_sql(statement.format("%s"), (Inline(written),))


# ---- values as the driver takes them ----


def _bound(kind: sa.types.TypeEngine[Any], values: Sequence[Any], dialect: sa.Dialect) -> Sequence[Any]:
    """`values` as their type hands them to the driver; one with a quicker way for many has a method `bind_column`."""
    bind = _binder(kind, dialect)
    if bind is None:
        return values
    if _all_the_same(values):
        return bind(values[:1]) * len(values)
    return bind(values)


@lru_cache(256)
def _binder(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Callable[[Sequence[Any]], Column] | None:
    if hasattr(kind, "bind_column"):
        quick: Callable[[Sequence[Any]], Column] = kind.bind_column
        return quick
    one = kind.dialect_impl(dialect).bind_processor(dialect)
    if one is None:
        return None
    if isinstance(kind, sa.Boolean):  # drivers take True as it is
        return lambda values: [value if value is True or value is False else one(value) for value in values]
    return lambda values: list(map(one, values))


def _all_the_same(values: Sequence[Any]) -> bool:
    """Whether it is one object all along: a source's name, a moment of writing, None."""
    return values[0] is values[-1] and len(set(map(id, values))) == 1


# ---- values as MySQL reads them ----


@dataclass(frozen=True, slots=True)
class Inline:
    """SQL made of values, which PyMySQL puts into a statement as one parameter: so SQLAlchemy hides it in errors."""

    sql: str


def conversions() -> dict[Any, Any]:
    """What PyMySQL has to know for :class:`Inline`: its argument `conv`."""
    return {**converters.conversions, Inline: lambda inline, _mapping: inline.sql}


def _written(columns: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The rows of `columns` as they stand behind VALUES, as many at a time as go into one statement."""
    rows = list(map(",".join, zip(*map(_literals, columns), strict=True)))
    for part in _fitting(rows):
        written = f"({'),('.join(part)})"
        written.encode()  # PyMySQL before 1.2 lets half a surrogate pair through, as a broken byte
        yield written


def _fitting(rows: list[str]) -> Iterator[list[str]]:
    if len(rows) == 1 or sum(map(len, rows)) <= _STATEMENT_CHARACTERS:
        yield rows
        return
    half = len(rows) // 2
    yield from _fitting(rows[:half])
    yield from _fitting(rows[half:])


def _literals(values: Sequence[Any]) -> list[str]:
    if len(values) > 1 and _all_the_same(values):
        return _literals(values[:1]) * len(values)
    kinds = set(map(type, values))
    if kinds == {str}:
        return _texts(values)
    if len(kinds) == 1:
        return list(map(_LITERAL.get(kinds.pop(), _other), values))
    return [_LITERAL.get(type(value), _other)(value) for value in values]


def _texts(values: Sequence[str]) -> list[str]:
    """Texts as literals. Names have no quotes or backslashes in them, as a rule: one look tells it of all of them."""
    together = "".join(values)
    if "'" in together or "\\" in together or "\0" in together:
        return list(map(_text, values))
    return [f"'{value}'" for value in values]


def _text(value: str) -> str:
    """One text, such that it is read alike whether or not the server's mode has NO_BACKSLASH_ESCAPES."""
    if "\\" in value or "\0" in value:
        return f"_utf8mb4 X'{value.encode().hex()}'"
    return "'" + value.replace("'", "''") + "'"


def _other(value: Any) -> str:
    return _text(str(value)) if isinstance(value, str) else str(converters.escape_item(value, "utf8mb4"))


_LITERAL: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    str: _text,
    int: str,
    bool: lambda value: "1" if value else "0",
    bytes: lambda value: f"X'{value.hex()}'",
    date: lambda value: f"'{value}'",
    Decimal: lambda value: f"{value:f}",
}


# ---- column IN (…) ----


def among(column: sa.ColumnElement[Any], values: Iterable[Any]) -> sa.ColumnElement[bool]:
    """`column` IN `values` (texts, or numbers): one parameter, however many. SQLAlchemy's in_() takes 2 us for each."""
    listed = sa.bindparam(None, list(values), type_=_List(), unique=True)
    return column.op("IN", is_comparison=True, return_type=sa.Boolean())(_Unrolled(listed))


class _List(sa.types.UserDefinedType[Any]):
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any]:
        return _as_json if dialect.name == "sqlite" else _as_list


def _as_json(values: list[Any]) -> str:
    return json.dumps(values)


def _as_list(values: list[Any]) -> Inline:
    return Inline(",".join(_literals(values)) if values else "NULL")


class _Unrolled(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Unrolled)
def _in_list(element: _Unrolled, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses.clauses[0], **options)})"


@compiles(_Unrolled, "sqlite")
def _in_json(element: _Unrolled, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses.clauses[0], **options)}))"  # noqa: S608
