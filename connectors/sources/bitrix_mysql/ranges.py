"""A table of the shop, asked range by range along its primary key: for conditions that no index answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.shop import Shop


@dataclass(frozen=True, slots=True)
class Range:
    """One range, and the values of `chosen` in it: ascending, one value as often as there are rows of it."""

    after: int
    end: int  # the last key that may lie in it
    keys: Sequence[int]


def ranges(shop: Shop, key: sa.ColumnElement[Any], chosen: sa.Select[Any], after: int) -> Iterator[Range]:
    """The ranges behind `after` with what `chosen` finds in each, in its one column.

    A statement examines no more rows than the shop's pace allows; gaps are stepped over.
    """
    while True:
        shop.pace.wait()
        started = time.monotonic()
        first = shop.scalar(sa.select(sa.func.min(key)).where(key > after))
        if first is None:
            return
        after, end = first - 1, first - 1 + shop.pace.bite
        keys = shop.keys(chosen.where(key > after, key <= end))
        shop.pace.took(time.monotonic() - started)
        yield Range(after, end, keys)
        after = end


def in_ranges(shop: Shop, key: sa.ColumnElement[Any], chosen: sa.Select[Any], after: int) -> Iterator[int]:
    """What `chosen` finds behind `after`, for reading it one by one."""
    for found in ranges(shop, key, chosen, after):
        yield from found.keys
