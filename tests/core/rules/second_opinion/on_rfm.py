"""The second opinion on RFM: what sort of buyer somebody is, and how near to being another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.rules import Scale
from tests.core.rules.second_opinion.facts import Somebody
from tests.core.rules.second_opinion.naive import Asked, answers, several, written

Value = Mapping[str, Any]
_LOST = ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose")
SEGMENTS = {  # by R: the segments by the mean of F and M, 1 to 5, halves rounded up
    5: ("new", "potential_loyalist", "potential_loyalist", "champions", "champions"),
    4: ("promising", "potential_loyalist", "potential_loyalist", "loyal", "loyal"),
    3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    2: _LOST,
    1: _LOST,
}


def segment(r: int, f: int, m: int) -> str:
    """The segment of these scores."""
    return SEGMENTS[r][-(-(f + m) // 2) - 1]


@answers("rfm")
def rfm(asked: Asked, one: Somebody, value: Any) -> bool:
    """As a buyer of some source (of those named, else any)."""
    value = written(value, "segment")
    scales = [scale for scale in asked.scales if "source" not in value or scale.source in several(value["source"])]
    return any(_scored(asked, one, scale, value) for scale in scales)


def _scored(asked: Asked, one: Somebody, scale: Scale, value: Value) -> bool:
    found = [
        order
        for whose, source, order in asked.life.orders
        if whose == one.email and source == scale.source and order.cancelled_at is None
    ]
    if not found:
        return False
    revenue = sum((order.total for order in found if order.currency == asked.currency), Decimal(0))
    buyer = _Buyer(asked, scale, max(order.created_at for order in found), len(found), revenue)
    return buyer.answers(value)


class _Buyer:
    def __init__(self, asked: Asked, scale: Scale, last: datetime, orders: int, revenue: Decimal) -> None:
        self.asked, self.scale, self.last, self.orders, self.revenue = asked, scale, last, orders, revenue
        self.r, self.f, self.m = self._r(0), self._f(orders), self._m(revenue)

    def answers(self, value: Value) -> bool:
        tests: Mapping[str, Callable[[Any], bool]] = {
            "segment": lambda wanted: segment(self.r, self.f, self.m) in several(wanted),
            "r": lambda wanted: self.r in _numbers(wanted),
            "f": lambda wanted: self.f in _numbers(wanted),
            "m": lambda wanted: self.m in _numbers(wanted),
            "cell": lambda wanted: wanted == f"{self.r}{self.f}{self.m}",
        }
        if not all(tests[name](wanted) for name, wanted in value.items() if name in tests):
            return False
        if "border" not in value and "toward" not in value:
            return True
        sides = {"up": self._up(), "down": self._down()}
        wanted = [sides[value["border"]]] if value.get("border") in sides else list(sides.values())
        toward = several(value["toward"]) if "toward" in value else None
        return any(side is not None and (toward is None or side in toward) for side in wanted)

    def _up(self) -> str | None:
        """Of one order more, of a tenth more revenue, or lost within the last days."""
        return self._other(
            segment(self.r, self._f(self.orders + 1), self.m),
            segment(self.r, self.f, self._m(self.revenue * Decimal("1.1"))),
            segment(self._r(1), self.f, self.m),
        )

    def _down(self) -> str | None:
        return self._other(segment(self._r(-1), self.f, self.m))

    def _other(self, *segments: str) -> str | None:
        return next((one for one in segments if one != segment(self.r, self.f, self.m)), None)

    def _r(self, step: int) -> int:
        """The score where each cut-off is moved by `step` margins: a tenth of it, at least a day."""
        age = self.asked.now - self.last
        cuts = [timedelta(days=cut + step * max(1, cut // 10)) for cut in self.scale.recency]
        return next((5 - place for place, cut in enumerate(cuts) if age <= cut), 1)

    def _f(self, orders: int) -> int:
        return next((5 - place for place, cut in enumerate(self.scale.frequency) if orders >= cut), 1)

    def _m(self, revenue: Decimal) -> int:
        return next((5 - place for place, cut in enumerate(self.scale.monetary) if revenue >= cut), 1)


def _numbers(value: Any) -> Sequence[int]:
    return value if isinstance(value, list) else [value]
