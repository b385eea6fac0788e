"""How much memory a source holds while its pages are taken one by one."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from dataclasses import dataclass
from itertools import islice

from core.model import Kind
from core.source import Page, Source

FEW_PAGES = 8  # a kind of fewer pages fits into what is allowed, however it is read
WATCHED_PAGES = 40
HELD_PAGES = 4
SPARE_BYTES = 4_000_000  # keys, buffers of the connection, caches


@dataclass(frozen=True, slots=True)
class Weight:
    """The most that was held at a time, and the largest page, in bytes."""

    peak: int
    page: int

    @property
    def allowed(self) -> int:
        """What a source may hold that lets each page go."""
        return HELD_PAGES * self.page + SPARE_BYTES


def has_pages(source: Source, kind: Kind) -> bool:
    """Whether a full read of `kind` has so many pages that its memory can be judged."""
    return sum(1 for _ in islice(source.pull(kind, None), FEW_PAGES)) == FEW_PAGES


def weight(source: Source, kind: Kind) -> Weight:
    """What the first pages of a full read take; a source that reads everything beforehand shows it at the first."""
    peak = largest = 0
    gc.collect()
    tracemalloc.start()
    try:
        for page in islice(source.pull(kind, None), WATCHED_PAGES):
            peak = max(peak, tracemalloc.get_traced_memory()[1])
            largest = max(largest, _size(page))
            tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    return Weight(peak, largest)


def _size(page: Page) -> int:
    """What its records take, all of them made anew."""
    pickled = pickle.dumps(list(page.records))
    before = tracemalloc.get_traced_memory()[0]
    copy = pickle.loads(pickled)  # noqa: S301 - our own, made above
    size = tracemalloc.get_traced_memory()[0] - before
    del copy
    return size
