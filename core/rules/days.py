"""How many days lie between two moments: SQLite and MySQL reckon it differently."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles


class DaysBetween(sa.sql.functions.GenericFunction[Any]):
    """``DaysBetween(earlier, later)`` in days with their fraction; negative the other way round, NULL if one is."""

    type = sa.Numeric(12, 4)
    inherit_cache = True
    name = "days_between"


@compiles(DaysBetween, "sqlite")
def _sqlite(element: DaysBetween, compiler: Any, **kwargs: Any) -> str:
    earlier, later = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"(julianday({later}) - julianday({earlier}))"


@compiles(DaysBetween, "mysql")
@compiles(DaysBetween, "mariadb")
def _mysql(element: DaysBetween, compiler: Any, **kwargs: Any) -> str:
    earlier, later = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"(TIMESTAMPDIFF(SECOND, {earlier}, {later}) / 86400)"
