"""How long a contact's product lasts: their own intervals, drawn towards those of everybody else who buys it again.

With n intervals of one's own, these weigh n / (n + 2) and the others' the rest. The others are the clients who came
back for that very product, drawn in the same way towards those who came back for anything of its section: c clients
weigh c / (c + 10). All are medians, so one order for a whole year, or one forgotten month, moves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

LATEST = 10
"""So many of a contact's last intervals count: habits change."""
_OTHERS_WEIGH = 2  # as much as two intervals of one's own
_SECTION_WEIGHS = 10  # as much as ten clients of the product
_SECTION_BUYERS = 20  # the share of those who buy again is drawn to the section's as if so many more had bought
LEAST_CLIENTS = 5
"""A contact who bought once follows others only if so many of them came back."""
LEAST_SHARE = 1
"""And if so many of a hundred buyers do: of sofas, too, somebody buys a second one."""


@dataclass(frozen=True, slots=True)
class Pool:
    """What is known of everybody who bought a product, or something of a section.

    `clients`: the buyers who bought the same product again. Half of them do after `low` to `high` days.
    """

    buyers: int
    clients: int
    share: int  # of buyers who buy again, in percent
    low: int | None = None
    median: int | None = None
    high: int | None = None
    lately: int = 0  # purchases in the last 90 days


NOBODY = Pool(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Mixed:
    """An interval in days, and what it was mixed of."""

    days: int
    evidence: Mapping[str, Any]


def mixed(own: Sequence[int], product: Pool = NOBODY, section: Pool = NOBODY) -> Mixed | None:
    """The interval after which a contact wants a product again; `own`: their intervals so far, the oldest first.

    None when nobody knows: the contact bought it once, and too few others came back for such a product.
    """
    latest, others = list(own[-LATEST:]), _others(product, section)
    if not latest and (others is None or not _trusted(product, section)):
        return None
    weight = len(latest) / (len(latest) + _OTHERS_WEIGH) if others is not None else 1.0
    mine = float(median(latest)) if latest else 0.0
    days = mine * weight + (others or 0.0) * (1 - weight)
    evidence = {
        "own": latest,
        "own_percent": round(weight * 100),
        "product_median": product.median,
        "section_median": section.median,
        "others": None if others is None else _whole(others),
    }
    return Mixed(_whole(days), evidence)


def _others(product: Pool, section: Pool) -> float | None:
    """The median of the product's clients drawn towards that of the section's; the other one where one is missing."""
    if product.median is None or section.median is None:
        only = section.median if product.median is None else product.median
        return None if only is None else float(only)
    weight = product.clients / (product.clients + _SECTION_WEIGHS)
    return product.median * weight + section.median * (1 - weight)


def _trusted(product: Pool, section: Pool) -> bool:
    share = product.share if product.buyers else section.share
    return max(product.clients, section.clients) >= LEAST_CLIENTS and share >= LEAST_SHARE


def pool(days: Counter[int], buyers: int, section: Pool = NOBODY, *, lately: int = 0) -> Pool:
    """The pool of `buyers`, of whom each one who came back is counted in `days` by their own interval.

    A product's `section` speaks for it until enough have bought it.
    """
    clients = days.total()
    weight = _SECTION_BUYERS if section.buyers else 0
    share = round((clients * 100 + section.share * weight) / max(1, buyers + weight))
    if not clients:
        return Pool(buyers, 0, share, lately=lately)
    low, middle, high = (_quantile(days, clients, quarter) for quarter in (1, 2, 3))
    return Pool(buyers, clients, share, low, middle, high, lately)


def _quantile(days: Counter[int], clients: int, quarter: int) -> int:
    """The least interval that so many quarters of the clients do not exceed."""
    seen = 0
    for value in sorted(days):
        seen += days[value]
        if seen * 4 >= clients * quarter:
            return value
    raise AssertionError("a quarter of the clients is never more than all of them")


def typical(own: Sequence[int]) -> int:
    """The one interval by which a client counts in a pool."""
    return _whole(float(median(own)))


def _whole(days: float) -> int:
    return max(1, int(days + 0.5))
