"""A join whose tables are read in the order in which they are written: STRAIGHT_JOIN in MySQL, CROSS JOIN in SQLite."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.selectable import Join


class InOrder(Join):
    """``left`` is read first, then of ``right`` what belongs to it."""

    inherit_cache = True


@compiles(InOrder, "sqlite")
def _sqlite(element: InOrder, compiler: Any, **kwargs: Any) -> str:
    return _joined(element, compiler, "CROSS JOIN", **kwargs)


@compiles(InOrder, "mysql")
@compiles(InOrder, "mariadb")
def _mysql(element: InOrder, compiler: Any, **kwargs: Any) -> str:
    return _joined(element, compiler, "STRAIGHT_JOIN", **kwargs)


def _joined(element: InOrder, compiler: Any, word: str, **kwargs: Any) -> str:
    kwargs["asfrom"] = True
    left, right = compiler.process(element.left, **kwargs), compiler.process(element.right, **kwargs)
    kwargs.pop("asfrom")
    return f"{left} {word} {right} ON {compiler.process(element.onclause, **kwargs)}"
