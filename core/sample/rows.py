"""Rows of the sample shop, gathered by table and written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

ZERO_DATE = "0000-00-00"


class Rows:
    """What will be inserted where, and the numbers given out so far."""

    def __init__(self, today: date, seed: int) -> None:
        self.today = today
        self.random = Random(f"{seed}:{today}")
        self.end = datetime.combine(today, time(4, 0))  # nothing in the shop is later than this
        self._tables: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, table: str, **values: Any) -> int:
        """One row more; its ID, counted up from 1 where the caller gives none."""
        rows = self._tables[table]
        if "ID" not in values and table not in _WITHOUT_ID:
            values["ID"] = len(rows) + 1
        rows.append({name: _stored(value) for name, value in values.items()})
        return int(values.get("ID", 0)) if str(values.get("ID", 0)).isdigit() else 0

    def of(self, table: str) -> list[dict[str, Any]]:
        """The rows of `table` so far; they may still be changed."""
        return self._tables[table]

    def moment(self, *, days: float, since: float = 0) -> datetime:
        """A random second between `days` and `since` days before the end, by day rather than by night."""
        seconds = self.random.randint(int(since * 86400), int(days * 86400))
        at = self.end - timedelta(seconds=seconds)
        shifted = at.replace(hour=self.random.choice((8, 9, 10, 11, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23)))
        return min(shifted, self.end)

    def write(self, connection: sa.Connection) -> None:
        """Insert everything, one executemany for each set of columns of a table."""
        for table, rows in self._tables.items():
            for columns, part in _alike(rows):
                names: list[sa.ColumnClause[Any]] = [sa.column(name) for name in columns]
                connection.execute(sa.insert(sa.table(table, *names)), part)


_WITHOUT_ID = frozenset(
    "b_option b_module b_lang b_user_group b_uts_user b_iblock_site b_iblock_section_element b_catalog_iblock "
    "b_catalog_currency b_sale_status b_sale_status_lang b_iblock_element_prop_s2 b_hlbd_material".split()
)


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value


def _alike(rows: Iterable[dict[str, Any]]) -> Iterable[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row)].append(row)
    return groups.items()


def php(values: dict[str, str] | list[str]) -> str:
    """PHP's serialize() of an array of strings; lengths are in bytes."""
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    body = "".join(_php_key(key) + f's:{len(text.encode())}:"{text}";' for key, text in pairs)
    return f"a:{len(values)}:{{{body}}}"


def _php_key(key: str | int) -> str:
    return f"i:{key};" if isinstance(key, int) else f's:{len(key.encode())}:"{key}";'
