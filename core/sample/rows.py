"""Rows of the sample shop, gathered by table and written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import sqlalchemy as sa

ZERO_DATE, ZERO_MOMENT = "0000-00-00", "0000-00-00 00:00:00"
_DAYTIME = (8, 9, 10, 11, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23)


class Rows:
    """What will be inserted where, and the numbers given out so far.

    Moments are naive, in the shop's own time. `last` tells the highest ID that a table holds already.
    """

    def __init__(self, today: date, seed: int | str, *, last: Callable[[str], int] = lambda _: 0) -> None:
        self.random = Random(f"{seed}:{today}")
        self.today = today
        self.end = datetime.combine(today, time())  # a new shop holds nothing later than the midnight before `today`
        self.begin = self.end - timedelta(days=180)
        self._last = last
        self._ids: dict[str, int] = {}
        self._tables: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, table: str, **values: Any) -> int:
        """One row more; its ID, counted up where the caller gives none (0 in tables whose key is no number)."""
        number = values.get("ID")
        if number is None and table not in _WITHOUT_ID:
            number = values["ID"] = self.next_id(table)
        self._tables[table].append({name: stored(value) for name, value in values.items()})
        if not isinstance(number, int):
            return 0
        self._ids[table] = max(self._ids.get(table, 0), number)
        return number

    def next_id(self, table: str) -> int:
        """The ID that the next row of `table` will get."""
        if table not in self._ids:
            self._ids[table] = self._last(table)
        return self._ids[table] + 1

    def of(self, table: str) -> list[dict[str, Any]]:
        """The rows of `table` so far; they may still be changed."""
        return self._tables[table]

    def between(self, start: datetime, stop: datetime) -> datetime:
        """A random second of [start, stop], by day rather than by night where that is possible."""
        at = start + timedelta(seconds=self.random.randint(0, max(0, int((stop - start).total_seconds()))))
        shifted = at.replace(hour=self.random.choice(_DAYTIME), microsecond=0)
        return shifted if start <= shifted <= stop else at

    def write(self, connection: sa.Connection) -> None:
        """Insert everything, one executemany for each set of columns of a table, and forget it."""
        for table, rows in self._tables.items():
            for columns, part in _alike(rows):
                names: list[sa.ColumnClause[Any]] = [sa.column(name) for name in columns]
                connection.execute(sa.insert(sa.table(table, *names)), part)
        self._tables.clear()


_WITHOUT_ID = frozenset(
    "b_option b_lang b_lang_domain b_language b_user_group b_user_field_lang b_user_phone_auth b_uts_user "
    "b_iblock_site b_iblock_type_lang b_iblock_section_element b_iblock_element_prop_s2 b_catalog_iblock "
    "b_catalog_currency b_catalog_currency_lang b_sale_status_lang b_subscription_rubric b_sender_contact_list "
    "b_sender_mailing_subscription".split()
)


def stored(value: Any) -> Any:
    """`value` as both databases take it: moments and money as text."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def moment(value: str) -> datetime:
    """A stored moment back again."""
    return datetime.fromisoformat(value)


def _alike(rows: Iterable[dict[str, Any]]) -> Iterable[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row)].append(row)
    return groups.items()


def php(value: Any) -> str:
    """PHP's serialize() of texts, whole numbers, None, and arrays (mappings or sequences) of them; lengths in bytes."""
    if value is None:
        return "N;"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = value.items() if isinstance(value, Mapping) else enumerate(_sequence(value))
    return f"a:{len(value)}:{{{''.join(php(key) + php(item) for key, item in pairs)}}}"


def _sequence(value: Any) -> Sequence[Any]:
    if not isinstance(value, Sequence):
        raise TypeError(f"cannot be serialised: {value!r}")
    return value
