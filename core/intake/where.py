"""Where rows are being written: one source, one moment, one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.bulk import among
from core.db import chunks

ADDRESS, USER = "address", "user"  # the two kinds of people
_AT_ONCE = 900  # from 1000 on MariaDB makes a temporary table of an IN list


@dataclass(frozen=True, slots=True)
class Intake:
    """The transaction that a page of `source` is written in, and when that is: `now`."""

    connection: sa.Connection
    source: str
    now: datetime

    def mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows of this source, for a question that goes by contacts.

        To a plain `source = …` SQLite would answer by the key that begins with it: all people, for each page of them.
        """
        return sa.func.coalesce(table.c.source, "") == self.source

    def asked(self, query: sa.Select[Any], column: sa.ColumnElement[Any], keys: Collection[Any]) -> Iterator[Any]:
        """The rows of `query` whose `column` is one of `keys` (texts, or numbers)."""
        for part in chunks(keys, _AT_ONCE):
            yield from self.connection.execute(query.where(among(column, part)))
