"""A look that goes round a table, one slice at each pull: for changes whose dates no index of the shop holds.

{"since": T, "began": T', "after": 1234}   under way: this round asks what changed since T, and began at T'
{"since": T'}                              the next pull begins a round, which asks what changed since T'

T' lies before every look of the round that ended, and a slice is asked for what changed since then: so whatever changed
behind the hand is met when the hand comes round. A table of no more keys than a slice is gone round at each pull.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.ranges import ranges
from connectors.sources.bitrix_mysql.shop import Shop
from core.source import Cursor

OVERLAP = timedelta(minutes=5)
"""A row is dated before its transaction is committed, and clocks differ: so far each look goes back."""


class Hands:
    """Where the looks of one walk stand, by the name of their table.

    They turn from `stood` to `reached`. A table that is not named there was seen whole by the walk before: `since` is
    the moment of that. `now` is when this walk began.
    """

    def __init__(self, shop: Shop, stood: Mapping[str, Cursor], *, since: datetime, now: datetime) -> None:
        self._shop, self._since, self._now = shop, since, now
        self.stood: dict[str, Cursor] = dict(stood)
        self.reached: dict[str, Cursor] = {}

    def changed(self, table: str, key: sa.ColumnElement[Any], chosen: Callable[[datetime], sa.Select[Any]]) -> set[int]:
        """What `chosen` (given the moment since when) finds in the next slice along `key`, the table's primary key."""
        place = self.stood.setdefault(table, {"since": self._since.isoformat()})
        began = datetime.fromisoformat(place["began"]) if "began" in place else self._now
        found: set[int] = set()
        examined = 0
        wanted = chosen(datetime.fromisoformat(place["since"]))
        for part in ranges(self._shop, key, wanted, int(place.get("after", 0))):
            found.update(part.keys)
            examined += part.end - part.after
            if examined >= self._shop.settings.examined_rows and self._goes_on(key, part.end):
                self.reached[table] = {"since": place["since"], "began": began.isoformat(), "after": part.end}
                return found
        self.reached[table] = {"since": (began - OVERLAP).isoformat()}
        return found

    def _goes_on(self, key: sa.ColumnElement[Any], end: int) -> bool:
        return self._shop.scalar(sa.select(sa.func.min(key)).where(key > end)) is not None
