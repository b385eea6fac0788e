"""How a table of the shop is walked: page by page along a key, from a cursor that any later process can take up.

{"since": T, "began": T', "after": 1234}   under way: what changed since T (null: everything), the walk began at T'
{"since": T'}                              at rest: the next walk asks what changed since T'

Beside them stand "hands", where it has looks that go round a table (rolling.py): as they stood when the walk began,
at rest as they stand now.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.rolling import OVERLAP, Hands
from connectors.sources.bitrix_mysql.shop import Shop
from core.db import chunks
from core.errors import VestnikError
from core.model import Record
from core.source import Bad, Cursor, Page

PAGE = 500  # records at a time


@dataclass(frozen=True, slots=True)
class Read:
    """Records made of some keys, and the rows that could not be read."""

    records: Sequence[Record]
    bad: Sequence[Bad] = ()


class Reader:
    """One kind of record in one shop: which keys there are, which have changed, and what they are.

    A walk that asks what changed gives it `hands` to look with before it asks.
    """

    hands: Hands

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
    on_the_way = {**place, "since": place.get("since"), "began": began.isoformat()}
    if since is not None:
        reader.hands = Hands(shop, place.get("hands", {}), since=since, now=began)
    for keys in chunks(reader.keys(int(place.get("after", 0)), since), PAGE):
        shop.pace.wait()
        read = careful(reader, keys)
        yield Page(read.records, {**on_the_way, "after": keys[-1]}, read.bad, total)
    rest = {} if since is None else _hands(reader.hands, taken_up="after" in place)
    yield Page([], {"since": (began - OVERLAP).isoformat(), **rest}, total=total)


def _hands(hands: Hands, *, taken_up: bool) -> Cursor:
    """Where they stand at rest. A walk that was taken up again leaves them: the next one looks at the same slice.

    It may have found keys in the slice that lie before those from which it went on, and has not poured them.
    """
    found = hands.stood if taken_up else hands.reached
    return {"hands": found} if found else {}


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
