"""The pools: how soon the clients of each product and of each section come back, counted from all contacts at once.

Memory grows with the number of products, not of contacts: a contact is one number in a tally of days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from core import tables
from core.bulk import among, insert
from core.db import chunks, retried, writing
from core.rhythms.histories import History
from core.rhythms.mixing import NOBODY, Pool, pool, typical

_pools = tables.rhythm_pools
_NAMES = ("source", "kind", "code", "buyers", "clients", "share", "low", "median", "high", "lately")
_NUMBERS = tuple(_pools.c[name] for name in _NAMES[3:])
LATELY = timedelta(days=90)
Key = tuple[str, str]
"""``("product", id)`` or ``("section", id)``."""


@dataclass(slots=True)
class Tally:
    """The contacts counted so far."""

    since: datetime  # what was bought later was bought lately
    buyers: Counter[Key] = field(default_factory=Counter)
    lately: Counter[Key] = field(default_factory=Counter)
    days: dict[Key, Counter[int]] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)  # product → section

    def add(self, histories: Iterable[History]) -> None:
        """Count these contacts; all histories of a contact come together."""
        for _, own in groupby(histories, key=attrgetter("contact_id")):
            inside: dict[str, list[int]] = {}
            for one in own:
                self.sections[one.product] = max(one.section, self.sections.get(one.product, ""))
                self._count(("product", one.product), one.intervals)
                self.lately["product", one.product] += sum(at > self.since for at in one.moments)
                inside.setdefault(one.section, []).extend(one.intervals)
            for section, intervals in inside.items():
                if section:
                    self._count(("section", section), intervals)

    def _count(self, key: Key, intervals: Collection[int]) -> None:
        self.buyers[key] += 1
        if intervals:
            self.days.setdefault(key, Counter())[typical(list(intervals))] += 1

    def pools(self) -> Iterator[tuple[Key, Pool]]:
        """What the contacts come to, key by key."""
        sections = {code: self._pool(("section", code)) for kind, code in self.buyers if kind == "section"}
        for kind, code in sorted(self.buyers):
            if kind == "section":
                yield (kind, code), sections[code]
            else:
                yield (kind, code), self._pool((kind, code), sections.get(self.sections[code], NOBODY))

    def _pool(self, key: Key, section: Pool = NOBODY) -> Pool:
        return pool(self.days.get(key, Counter()), self.buyers[key], section, lately=self.lately[key])


@retried
def keep(engine: sa.Engine, source: str, found: Collection[tuple[Key, Pool]]) -> None:
    """Write these pools in place of those that were there."""
    with writing(engine) as connection:
        connection.execute(sa.delete(_pools).where(_pools.c.source == source))
        for part in chunks(found, 2000):
            insert(connection, _pools, _NAMES, [(source, *key, *_numbers(one)) for key, one in part])


def _numbers(one: Pool) -> tuple[Any, ...]:
    return one.buyers, one.clients, one.share, one.low, one.median, one.high, one.lately


def find(connection: sa.Connection, source: str, kind: str, codes: Iterable[str]) -> dict[str, Pool]:
    """The pools of these products or sections, by code; of which nothing is known are left out."""
    found: dict[str, Pool] = {}
    for part in chunks(sorted(set(codes)), 2000):
        query = sa.select(_pools.c.code, *_NUMBERS).where(_pools.c.source == source, _pools.c.kind == kind)
        found |= {
            code: Pool(*numbers) for code, *numbers in connection.execute(query.where(among(_pools.c.code, part)))
        }
    return found
