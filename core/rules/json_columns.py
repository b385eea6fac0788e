"""Looking into a JSON column: SQLite and MySQL spell it differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

_NUMBER = "^-?[0-9]+([.][0-9]+)?$"  # neither a date nor a version


class Spelled(sa.sql.functions.GenericFunction[Any]):
    """A function that each of the databases spells in its own way, from the SQL of its arguments."""

    _register = False  # it is no function itself
    inherit_cache = True
    sqlite: ClassVar[Callable[..., str]]
    mysql: ClassVar[Callable[..., str]]


@compiles(Spelled, "sqlite")
def _sqlite(element: Spelled, compiler: Any, **kwargs: Any) -> str:
    return element.sqlite(*(compiler.process(clause, **kwargs) for clause in element.clauses))


@compiles(Spelled, "mysql")
@compiles(Spelled, "mariadb")
def _mysql(element: Spelled, compiler: Any, **kwargs: Any) -> str:
    return element.mysql(*(compiler.process(clause, **kwargs) for clause in element.clauses))


class JsonText(Spelled):
    """The text of one member of a JSON column, NULL when it is not there: ``JsonText(column, "$.UF_CARD")``."""

    type = sa.String()
    inherit_cache = True
    name = "json_text"

    @staticmethod
    def sqlite(column: str, path: str) -> str:
        return f"CAST(json_extract({column}, {path}) AS TEXT)"

    @staticmethod
    def mysql(column: str, path: str) -> str:
        member = f"CONCAT(JSON_EXTRACT({column}, {path}))"
        return f"JSON_UNQUOTE(NULLIF({member}, 'null'))"  # JSON's null; the text "null" still has its quotes here


class JsonNumber(Spelled):
    """The number in one member of a JSON column, also when written as a text; NULL when there is none."""

    type = sa.Numeric(20, 6)
    inherit_cache = True
    name = "json_number"

    @staticmethod
    def sqlite(column: str, path: str) -> str:
        text = JsonText.sqlite(column, path)
        shape = "*[^0-9.-]*", "?*-*", "*.*.*", "*[^0-9]", "-[^0-9]*", "[^-0-9]*", ""  # neither a date nor a version
        plain = " AND ".join(f"{text} NOT GLOB '{wrong}'" for wrong in shape)
        return f"CASE WHEN {plain} THEN CAST({text} AS NUMERIC) END"

    @staticmethod
    def mysql(column: str, path: str) -> str:
        text = f"JSON_UNQUOTE(CONCAT(JSON_EXTRACT({column}, {path})))"
        return f"CASE WHEN {text} REGEXP '{_NUMBER}' THEN CAST({text} AS DECIMAL(30, 6)) END"


class JsonHolds(Spelled):
    """Whether a member of a JSON column is this text, or a list that holds it: ``JsonHolds(column, path, text)``."""

    type = sa.Boolean()
    inherit_cache = True
    name = "json_holds"

    @staticmethod
    def sqlite(column: str, path: str, text: str) -> str:
        return f"EXISTS (SELECT 1 FROM json_each({column}, {path}) AS held WHERE CAST(held.value AS TEXT) = {text})"  # noqa: S608

    @staticmethod
    def mysql(column: str, path: str, text: str) -> str:
        member = f"JSON_EXTRACT({column}, {path})"
        quoted = f"JSON_CONTAINS({member}, JSON_QUOTE({text}))"
        bare = f"CASE WHEN {text} REGEXP '{_NUMBER}' THEN JSON_CONTAINS({member}, {text}) ELSE 0 END"
        return f"(COALESCE({quoted}, 0) OR COALESCE({bare}, 0))"


class JsonHasItem(Spelled):
    """Whether a list of objects has one with all these members: ``JsonHasItem(column, '{"buyable": true}')``."""

    type = sa.Boolean()
    inherit_cache = True
    name = "json_has_item"

    @staticmethod
    def sqlite(column: str, members: str) -> str:
        differs = "json_extract(item.value, asked.fullkey) IS NOT asked.value"
        other = f"SELECT 1 FROM json_each({members}) AS asked WHERE {differs}"  # noqa: S608
        return f"EXISTS (SELECT 1 FROM json_each({column}) AS item WHERE NOT EXISTS ({other}))"  # noqa: S608

    @staticmethod
    def mysql(column: str, members: str) -> str:
        return f"COALESCE(JSON_CONTAINS({column}, {members}), 0)"


class JsonMembers(Spelled):
    """The JSON list of one member of each object of a list: ``JsonMembers(column, "product")``; none may lack it."""

    type = sa.String()
    inherit_cache = True
    name = "json_members"

    @staticmethod
    def sqlite(column: str, member: str) -> str:
        value = f"json_extract(item.value, '$.' || {member})"
        return f"(SELECT json_group_array({value}) FROM json_each({column}) AS item)"  # noqa: S608

    @staticmethod
    def mysql(column: str, member: str) -> str:
        return f"JSON_EXTRACT({column}, CONCAT('$[*].', {member}))"


class JsonLength(Spelled):
    """How many items a JSON list has; NULL when there is none."""

    type = sa.Integer()
    inherit_cache = True
    name = "json_length"

    @staticmethod
    def sqlite(column: str) -> str:
        return f"json_array_length({column})"

    @staticmethod
    def mysql(column: str) -> str:
        return f"json_length({column})"


class JsonItemLike(Spelled):
    """Whether a list of objects has one whose member is like a pattern, ``/`` escaping: ``(column, "name", "%a/_b%")``.

    The member's name is in small letters: MySQL 8 compares JSON byte by byte, so the whole text is asked in small ones.
    """

    type = sa.Boolean()
    inherit_cache = True
    name = "json_item_like"

    @staticmethod
    def sqlite(column: str, member: str, pattern: str) -> str:
        like = f"json_extract(item.value, '$.' || {member}) LIKE {pattern} ESCAPE '/'"
        return f"EXISTS (SELECT 1 FROM json_each({column}) AS item WHERE {like})"  # noqa: S608

    @staticmethod
    def mysql(column: str, member: str, pattern: str) -> str:
        path = f"CONCAT('$[*].', {member})"
        return f"(JSON_SEARCH(LOWER({column}), 'one', LOWER({pattern}), '/', {path}) IS NOT NULL)"


def contained(text: str) -> str:
    """The pattern of ``LIKE … ESCAPE '/'`` for whatever has `text` in it."""
    for special in "/%_":
        text = text.replace(special, "/" + special)
    return f"%{text}%"
