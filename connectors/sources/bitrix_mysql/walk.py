"""How a table of the shop is walked: page by page along a key, from a cursor that any later process can take up.

{"since": T, "began": T', "after": 1234}   under way: what changed since T (null: everything), the walk began at T'
{"since": T'}                              at rest: the next walk asks what changed since T'
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.shop import Shop
from core.db import chunks
from core.errors import VestnikError
from core.model import Record
from core.source import Bad, Cursor, Page

PAGE = 500  # records at a time
OVERLAP = timedelta(minutes=5)
"""A row is dated before its transaction is committed, and clocks differ: so far each walk looks back."""


@dataclass(frozen=True, slots=True)
class Read:
    """Records made of some keys, and the rows that could not be read."""

    records: Sequence[Record]
    bad: Sequence[Bad] = ()


class Reader:
    """One kind of record in one shop: which keys there are, which have changed, and what they are."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @abstractmethod
    def count(self) -> int:
        """How many keys a full walk meets."""

    @abstractmethod
    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        """Keys greater than `after`, ascending: all of them, or those changed since that moment."""

    @abstractmethod
    def read(self, keys: Sequence[int]) -> Read:
        """The records behind `keys`. Any exception but a VestnikError or a lost connection blames one of the keys."""


def pages(reader: Reader, cursor: Cursor | None) -> Iterator[Page]:
    """All pages from `cursor` on, the last one with the cursor at rest."""
    shop, place = reader.shop, dict(cursor or {})
    since = _moment(place.get("since"))
    began = _moment(place.get("began")) or shop.now()
    total = reader.count() if since is None else None
    on_the_way = {"since": place.get("since"), "began": began.isoformat()}
    for keys in chunks(reader.keys(int(place.get("after", 0)), since), PAGE):
        shop.pace.wait()
        read = careful(reader, keys)
        yield Page(read.records, {**on_the_way, "after": keys[-1]}, read.bad, total)
    yield Page([], {"since": (began - OVERLAP).isoformat()}, total=total)


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def careful(reader: Reader, keys: Sequence[int]) -> Read:
    """A page; when some row in it breaks the reading, each key by itself, so that it costs only its own."""
    try:
        return reader.read(keys)
    except (VestnikError, sa.exc.OperationalError):
        raise
    except Exception as error:
        if len(keys) == 1:
            return Read([], [Bad(str(keys[0]), f"{type(error).__name__}: {error}"[:500])])
    half = len(keys) // 2
    first, second = careful(reader, keys[:half]), careful(reader, keys[half:])
    return Read([*first.records, *second.records], [*first.bad, *second.bad])


def in_ranges(shop: Shop, key: sa.ColumnElement[Any], chosen: sa.Select[Any], after: int) -> Iterator[int]:
    """Keys of `chosen`, asked range by range along `key` (the primary key of its table).

    For conditions without an index: a statement examines no more rows than the shop's pace allows.
    """
    while True:
        shop.pace.wait()
        started = time.monotonic()
        first = shop.scalar(sa.select(sa.func.min(key)).where(key > after))  # over gaps in one step
        if first is None:
            return
        after, end = first - 1, first - 1 + shop.pace.bite
        rows = shop.rows(chosen.where(key > after, key <= end).order_by(key))
        shop.pace.took(time.monotonic() - started)
        yield from (int(row["key"]) for row in rows)
        after = end
