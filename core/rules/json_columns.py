"""Looking into a JSON column: SQLite and MySQL spell it differently."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles


class JsonText(sa.sql.functions.GenericFunction[str]):
    """The text of one member of a JSON column, NULL when it is not there: ``JsonText(column, "$.UF_CARD")``."""

    type = sa.String()
    inherit_cache = True
    name = "json_text"


@compiles(JsonText, "sqlite")
def _sqlite(element: JsonText, compiler: Any, **kwargs: Any) -> str:
    return f"CAST(json_extract({compiler.process(element.clauses, **kwargs)}) AS TEXT)"


@compiles(JsonText, "mysql")
@compiles(JsonText, "mariadb")
def _mysql(element: JsonText, compiler: Any, **kwargs: Any) -> str:
    member = f"CONCAT(JSON_EXTRACT({compiler.process(element.clauses, **kwargs)}))"
    return f"JSON_UNQUOTE(NULLIF({member}, 'null'))"  # JSON's null; the text "null" still has its quotes here


class JsonNumber(sa.sql.functions.GenericFunction[Any]):
    """The number in one member of a JSON column, also when written as a text; NULL when there is none."""

    type = sa.Numeric(20, 6)
    inherit_cache = True
    name = "json_number"


@compiles(JsonNumber, "sqlite")
def _sqlite_number(element: JsonNumber, compiler: Any, **kwargs: Any) -> str:
    text = f"CAST(json_extract({compiler.process(element.clauses, **kwargs)}) AS TEXT)"
    shape = "*[^0-9.-]*", "?*-*", "*.*.*", "*[^0-9]", "-[^0-9]*", "[^-0-9]*", ""  # neither a date nor a version
    plain = " AND ".join(f"{text} NOT GLOB '{wrong}'" for wrong in shape)
    return f"CASE WHEN {plain} THEN CAST({text} AS NUMERIC) END"


@compiles(JsonNumber, "mysql")
@compiles(JsonNumber, "mariadb")
def _mysql_number(element: JsonNumber, compiler: Any, **kwargs: Any) -> str:
    text = f"JSON_UNQUOTE(CONCAT(JSON_EXTRACT({compiler.process(element.clauses, **kwargs)})))"
    return f"CASE WHEN {text} REGEXP '^-?[0-9]+([.][0-9]+)?$' THEN CAST({text} AS DECIMAL(30, 6)) END"


class JsonHolds(sa.sql.functions.GenericFunction[bool]):
    """Whether a member of a JSON column is this text, or a list that holds it: ``JsonHolds(column, path, text)``."""

    type = sa.Boolean()
    inherit_cache = True
    name = "json_holds"


@compiles(JsonHolds, "sqlite")
def _sqlite_holds(element: JsonHolds, compiler: Any, **kwargs: Any) -> str:
    column, path, text = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({column}, {path}) AS held WHERE CAST(held.value AS TEXT) = {text})"  # noqa: S608


@compiles(JsonHolds, "mysql")
@compiles(JsonHolds, "mariadb")
def _mysql_holds(element: JsonHolds, compiler: Any, **kwargs: Any) -> str:
    column, path, text = (compiler.process(clause, **kwargs) for clause in element.clauses)
    member = f"JSON_EXTRACT({column}, {path})"
    quoted = f"JSON_CONTAINS({member}, JSON_QUOTE({text}))"
    bare = f"CASE WHEN {text} REGEXP '^-?[0-9]+([.][0-9]+)?$' THEN JSON_CONTAINS({member}, {text}) ELSE 0 END"
    return f"(COALESCE({quoted}, 0) OR COALESCE({bare}, 0))"


class JsonHasItem(sa.sql.functions.GenericFunction[bool]):
    """Whether a list of objects has one with all these members: ``JsonHasItem(column, '{"buyable": true}')``."""

    type = sa.Boolean()
    inherit_cache = True
    name = "json_has_item"


@compiles(JsonHasItem, "sqlite")
def _sqlite_has_item(element: JsonHasItem, compiler: Any, **kwargs: Any) -> str:
    column, members = (compiler.process(clause, **kwargs) for clause in element.clauses)
    other = (
        f"SELECT 1 FROM json_each({members}) AS asked WHERE json_extract(item.value, asked.fullkey) IS NOT asked.value"  # noqa: S608
    )
    return f"EXISTS (SELECT 1 FROM json_each({column}) AS item WHERE NOT EXISTS ({other}))"  # noqa: S608


@compiles(JsonHasItem, "mysql")
@compiles(JsonHasItem, "mariadb")
def _mysql_has_item(element: JsonHasItem, compiler: Any, **kwargs: Any) -> str:
    column, members = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"COALESCE(JSON_CONTAINS({column}, {members}), 0)"


class JsonMembers(sa.sql.functions.GenericFunction[str]):
    """The JSON list of one member of each object of a list: ``JsonMembers(column, "product")``; none may lack it."""

    type = sa.String()
    inherit_cache = True
    name = "json_members"


@compiles(JsonMembers, "sqlite")
def _sqlite_members(element: JsonMembers, compiler: Any, **kwargs: Any) -> str:
    column, member = (compiler.process(clause, **kwargs) for clause in element.clauses)
    value = f"json_extract(item.value, '$.' || {member})"
    return f"(SELECT json_group_array({value}) FROM json_each({column}) AS item)"  # noqa: S608


@compiles(JsonMembers, "mysql")
@compiles(JsonMembers, "mariadb")
def _mysql_members(element: JsonMembers, compiler: Any, **kwargs: Any) -> str:
    column, member = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"JSON_EXTRACT({column}, CONCAT('$[*].', {member}))"


class JsonLength(sa.sql.functions.GenericFunction[int]):
    """How many items a JSON list has; NULL when there is none."""

    type = sa.Integer()
    inherit_cache = True
    name = "json_length"


@compiles(JsonLength, "sqlite")
def _sqlite_length(element: JsonLength, compiler: Any, **kwargs: Any) -> str:
    return f"json_array_length({compiler.process(element.clauses, **kwargs)})"


class JsonItemLike(sa.sql.functions.GenericFunction[bool]):
    """Whether a list of objects has one whose member is like a pattern, ``/`` escaping: ``(column, "name", "%a/_b%")``.

    The member's name is in small letters: MySQL 8 compares JSON byte by byte, so the whole text is asked in small ones.
    """

    type = sa.Boolean()
    inherit_cache = True
    name = "json_item_like"


@compiles(JsonItemLike, "sqlite")
def _sqlite_item_like(element: JsonItemLike, compiler: Any, **kwargs: Any) -> str:
    column, member, pattern = (compiler.process(clause, **kwargs) for clause in element.clauses)
    like = f"json_extract(item.value, '$.' || {member}) LIKE {pattern} ESCAPE '/'"
    return f"EXISTS (SELECT 1 FROM json_each({column}) AS item WHERE {like})"  # noqa: S608


@compiles(JsonItemLike, "mysql")
@compiles(JsonItemLike, "mariadb")
def _mysql_item_like(element: JsonItemLike, compiler: Any, **kwargs: Any) -> str:
    column, member, pattern = (compiler.process(clause, **kwargs) for clause in element.clauses)
    path = f"CONCAT('$[*].', {member})"
    return f"(JSON_SEARCH(LOWER({column}), 'one', LOWER({pattern}), '/', {path}) IS NOT NULL)"


def contained(text: str) -> str:
    """The pattern of ``LIKE … ESCAPE '/'`` for whatever has `text` in it."""
    for special in "/%_":
        text = text.replace(special, "/" + special)
    return f"%{text}%"
