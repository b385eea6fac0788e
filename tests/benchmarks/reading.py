"""What statements make a MariaDB server read: the session's Handler_read counters around each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

MANY = 5000  # rows in one statement that are worth an EXPLAIN


@dataclass(slots=True)
class Reading:
    """How many rows were read in all, and the statements that read many, with their parameters."""

    rows: int = 0
    large: list[tuple[int, str, Any]] = field(default_factory=list)

    def explained(self, url: str) -> list[dict[str, Any]]:
        """The statements that read many rows: what they are, and by which index the server finds them."""
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            return [
                {
                    "rows": rows,
                    "statement": " ".join(statement.split()),
                    "plan": [
                        {"table": step.table, "type": step.type, "key": step.key}
                        for step in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                    ],
                }
                for rows, statement, parameters in self.large
            ]


@contextmanager
def watched(reading: Reading) -> Iterator[None]:
    """Count in `reading` what every statement of the block reads, whatever engine it goes through."""

    def begin(_connection: Any, cursor: Any, *_: Any) -> None:
        cursor.execute("FLUSH STATUS")  # of this session only

    def end(connection: sa.Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        with connection.connection.cursor() as own:
            own.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
            rows = sum(int(value) for _, value in own.fetchall())
        reading.rows += rows
        if rows > MANY:
            reading.large.append((rows, statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", begin)
    sa.event.listen(sa.Engine, "after_cursor_execute", end)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", begin)
        sa.event.remove(sa.Engine, "after_cursor_execute", end)
