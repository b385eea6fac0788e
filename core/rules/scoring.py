"""RFM in SQL: a buyer's three scores, the segment that they come to, and the segments that are one small step away.

Nothing of it is stored: these are expressions over the table `buyers` and the cut-offs of its source, so they are right
at every moment, also one gone by or to come, as far as the orders are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import sqlalchemy as sa

from core.errors import N_
from core.rules import Condition, Scale
from core.tables import buyers

Number = sa.ColumnElement[Any]
Letter = sa.ColumnElement[str]

SEGMENTS: Mapping[str, str] = {  # from the best to the most lost
    "champions": N_("Champions"),
    "loyal": N_("Loyal"),
    "potential_loyalist": N_("Potential loyalists"),
    "new": N_("New"),
    "promising": N_("Promising"),
    "need_attention": N_("Need attention"),
    "about_to_sleep": N_("About to sleep"),
    "at_risk": N_("At risk"),
    "cant_lose": N_("Can't lose them"),
    "hibernating": N_("Hibernating"),
}
LETTERS = dict(zip("abcdefghij", SEGMENTS, strict=True))  # how SQL names them
GRID = {  # by R: the segments by (F + M) / 2 from 1 to 5, halves rounded up
    5: "dccaa",
    4: "eccbb",
    3: "ggfbb",
    2: "jjhhi",
    1: "jjhhi",
}
# One look-up instead of ten comparisons: a row for each R, in it a letter for each F + M from 2 to 10.
_LOOKED_UP = "".join(GRID[r][(both + 1) // 2 - 1] for r in range(1, 6) for both in range(2, 11))
STEP = 10
"""The small step is one in so many: a tenth more revenue, a tenth of a recency cut-off (at least a day)."""


def segment_of(r: int, f: int, m: int) -> str:
    """The code of the segment of these scores, 1 to 5 each."""
    return LETTERS[GRID[r][(f + m + 1) // 2 - 1]]


@dataclass(frozen=True)
class Scored:
    """The scores of a source's buyers, 1 to 5 each, and what one small step would make of them: columns of SQL."""

    source: str
    r: Number  # recency: 5 within the first cut-off of days
    f: Number  # frequency: 5 from the first cut-off of orders on
    m: Number  # monetary: 5 from the first cut-off of revenue on
    r_soon: Number  # a tenth of the cut-off later, without an order
    r_lately: Number  # so long before
    f_more: Number  # with one order more
    m_more: Number  # with a tenth more revenue

    STEPS: ClassVar[tuple[str, ...]] = ("r", "f", "m", "r_soon", "r_lately", "f_more", "m_more")

    @property
    def mine(self) -> Condition:
        """Only the source's own buyers may be asked."""
        return buyers.c.source == self.source

    @cached_property
    def segment(self) -> Letter:
        """The segment's letter, see LETTERS."""
        return _letter(self.r, self.f, self.m)

    @cached_property
    def up(self) -> Letter:
        """The segment just above: that of one order more, of a tenth more revenue, or left lately; else NULL."""
        return self._other(
            _letter(self.r, self.f_more, self.m),
            _letter(self.r, self.f, self.m_more),
            _letter(self.r_lately, self.f, self.m),
        )

    @cached_property
    def down(self) -> Letter:
        """The segment that the buyer soon falls into unless there is an order; else NULL."""
        return self._other(_letter(self.r_soon, self.f, self.m))

    @cached_property
    def cell(self) -> Letter:
        """The scores as a text: "543"."""
        return sa.cast(self.r * 100 + self.f * 10 + self.m, sa.String(3))

    @cached_property
    def named(self) -> Letter:
        """The segment's code and the cell as a text: "champions 545"."""
        return sa.case(LETTERS, value=self.segment, else_="") + " " + self.cell

    def _other(self, *letters: Letter) -> Letter:
        return sa.case(*((letter != self.segment, letter) for letter in letters), else_=sa.null())


def scored(scale: Scale, now: datetime) -> Scored:
    """The buyers of the scale's source as it scores them at a moment: columns over `buyers`."""
    days, orders, revenue = scale.recency, buyers.c.orders, buyers.c.revenue
    return Scored(
        scale.source,
        r=_within(days, now),
        f=_at_least(orders, scale.frequency),
        m=_at_least(revenue, scale.monetary),
        r_soon=_within([cut - margin(cut) for cut in days], now),
        r_lately=_within([cut + margin(cut) for cut in days], now),
        f_more=_at_least(orders + 1, scale.frequency),
        # whole factors, because SQLite's 1.1 is none
        m_more=_at_least(revenue * (STEP + 1), [cut * STEP for cut in scale.monetary]),
    )


def _within(cuts: Sequence[int], now: datetime) -> Number:
    """As the words about periods count: "within 30 days" is not longer ago than 30 times 24 hours."""
    whens = [(buyers.c.last_at >= now - timedelta(days=days), 5 - place) for place, days in enumerate(cuts)]
    return sa.case(*whens, else_=1)


def margin(days: int) -> int:
    """How near to a recency cut-off of so many days is on its border."""
    return max(1, days // STEP)


def _at_least(column: Number, cuts: Sequence[int]) -> Number:
    return sa.case(*((column >= cut, 5 - place) for place, cut in enumerate(cuts)), else_=1)


def _letter(r: Number, f: Number, m: Number) -> Letter:
    return sa.func.substr(_LOOKED_UP, (r - 1) * 9 + f + m - 1, 1, type_=sa.String(1))


def letters_of(codes: Sequence[str]) -> list[str]:
    """The letters of these segments."""
    return [letter for letter, code in LETTERS.items() if code in codes]
