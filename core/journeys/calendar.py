"""The calendar of scenarios: when a letter is due after its anchor, which anchors are due now, which hours are polite.

Hours and minutes are real time. Days, weeks, months and years keep the clock on the wall of the contact's zone:
31 January and a month is the last of February, 29 February and a year is 28 February. A time that the wall never
shows is the end of the gap, one that it shows twice is the first; an anchor of the second showing counts as its end.
Then nobody who entered earlier is due later; only the days that a shorter month lacks share its last day, each with
its own clock.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from core.config import Hours as Hours
from core.errors import N_, Misconfigured

EXAMPLES = "4 hours; 3 days; 2 weeks; 1 month; 1 year; -7 days; 0; 4 часа; 3 дня; 1 месяц"
_SECOND, _MINUTE, _HOUR, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_FIRST, _LAST = datetime(200, 1, 1, tzinfo=UTC), datetime(9800, 1, 1, tzinfo=UTC)  # room for any offset on both sides
_ACROSS = timedelta(hours=26)  # Samoa went over the date line in 2011, and by its summer hour
_YEARS = 100  # the longest offset


@dataclass(frozen=True, slots=True)
class Offset:
    """How long after its anchor a letter is due; only one of the three numbers is not 0."""

    text: str
    minutes: int = 0
    days: int = 0
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> Offset:
        """Read ``4 hours``, ``3 days``, ``2 weeks``, ``1 month``, ``1 year``, ``-7 days``, ``0``, ``4 часа``.

        Raises Misconfigured with examples for anything else, and for more than a hundred years.
        """
        words = re.fullmatch(r"([+−-]?)\s*([0-9]{1,8})\s*([a-zа-яё]*)\.?", text.strip().lower())
        kind, size = _UNITS.get(words[3] if words else "", ("", 0))
        count = int(words[2]) if words else 1
        if count * max(size, 1) > _LONGEST[kind]:
            raise Misconfigured(
                N_("“{text}” does not say how long after the anchor. Write it like one of: {examples}."),
                text=text,
                examples=EXAMPLES,
            )
        sign = -1 if words and words[1] in {"-", "−"} else 1
        return cls(text, **{kind: sign * count * size} if kind else {})


def due_at(anchor_at: datetime, offset: Offset, zone: str) -> datetime:
    """When a letter is due that goes `offset` after `anchor_at`, on the wall of `zone`; a whole minute, UTC."""
    anchor_at = min(max(anchor_at, _FIRST), _LAST)  # a shop may date something 9999-12-31
    if not (offset.days or offset.months):
        return whole_minute(anchor_at + offset.minutes * _MINUTE)
    wall = _moved(_wall(anchor_at, _zone(zone)), offset.months) + offset.days * _DAY
    return whole_minute(_landing(wall, _zone(zone)))


def anchors_due(
    offset: Offset, since: datetime, until: datetime, zones: Iterable[str] | None = None
) -> tuple[datetime, datetime]:
    """(after, last): whatever has become due in (since, until] has its anchor in (after, last].

    Nothing can be due if `last` is not later than `after`. With the `zones` of the contacts no more is looked at than
    their clocks' changes ask for; without them about a day more on both sides.
    """
    since, until = (_floor(min(max(moment, _FIRST), _LAST)) for moment in (since, until))
    if not (offset.days or offset.months):
        return since - offset.minutes * _MINUTE, until - offset.minutes * _MINUTE
    if since >= until:
        return since, since
    if zones is None:
        pairs = [(hours * _HOUR, hours * _HOUR) for hours in range(-13, 16)]
        return _bounds(offset, since, until, pairs, slack=_ACROSS)
    bounds = [_bounds(offset, since, until, _pairs(offset, since, until, _zone(zone))) for zone in zones]
    return min((after for after, _ in bounds), default=since), max((last for _, last in bounds), default=since)


@lru_cache(maxsize=4096)  # thousands are asked about at one moment in a few zones: 60 µs each otherwise
def next_polite(moment: datetime, hours: Hours, zone: str) -> datetime:
    """`moment` itself if it lies in the polite hours of `zone`, else the minute in which they next begin."""
    windows = _windows(moment.astimezone(_zone(zone)).date() - _DAY, hours, _zone(zone))
    return next(max(moment, opens) for opens, closes in windows if moment < closes)


def next_day(moment: datetime, zone: str) -> datetime:
    """The first minute of the next day on the wall of `zone`."""
    return whole_minute(_landing(datetime.combine(local_day(moment, zone) + _DAY, time()), _zone(zone)))


def local_day(moment: datetime, zone: str) -> date:
    """The day that the calendar on the wall of `zone` shows."""
    return moment.astimezone(_zone(zone)).date()


def whole_minute(moment: datetime) -> datetime:
    """`moment` in UTC, rounded up to a whole minute."""
    floor = _floor(moment)
    return floor if floor == moment else floor + _MINUTE


_UNITS = {
    name: (kind, size)
    for kind, size, names in (
        ("minutes", 1, "m min mins minute minutes м мин минута минуту минуты минут"),
        ("minutes", 60, "h hr hour hours ч час часа часов"),
        ("days", 1, "d day days д дн день дня дней сутки суток"),
        ("days", 7, "w week weeks нед неделя неделю недели недель"),
        ("months", 1, "month months мес месяц месяца месяцев"),
        ("months", 12, "y year years г год года лет"),
    )
    for name in names.split()
}
_LONGEST = {"": 0, "minutes": _YEARS * 365 * 24 * 60, "days": _YEARS * 365, "months": _YEARS * 12}


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _moved(wall: datetime, months: int) -> datetime:
    """`wall` so many months later, on the last day of a month that is too short."""
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    return wall.replace(year=year, month=month + 1, day=min(wall.day, calendar.monthrange(year, month + 1)[1]))


def _last_day(wall: datetime) -> int:
    return calendar.monthrange(wall.year, wall.month)[1]


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows; while it shows an hour for the second time, the end of that hour."""
    local = moment.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    first = local.replace(fold=0)
    return _turn(first.astimezone(UTC), moment, zone).astimezone(UTC).replace(tzinfo=None) + _offset(first, zone)


def _landing(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock on the wall first shows `wall`, or has jumped over it; UTC."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _turn(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment, zone)


def _turn(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second, later than `before` and not later than `after`, at which the clock was turned."""
    start, turned = before.replace(microsecond=0), _offset(after, zone)
    low, high = 0, (after - start) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(start + middle * _SECOND, zone) == turned else (middle, high)
    return start + high * _SECOND


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


Pairs = Iterable[tuple[timedelta, timedelta]]
"""Offsets from UTC: of the clock at the anchor, and of the same clock when the letter is due."""


def _bounds(
    offset: Offset, since: datetime, until: datetime, pairs: Pairs, *, slack: timedelta = timedelta()
) -> tuple[datetime, datetime]:
    starts, ends = [], []
    for at_anchor, at_due in pairs:
        starts.append(_moved(since + at_due - offset.days * _DAY, -offset.months) - at_anchor)
        ends.append(_latest(until + at_due - offset.days * _DAY, offset.months) - at_anchor)
    return min(starts) - slack, max(ends) + slack


def _latest(wall: datetime, months: int) -> datetime:
    """The latest that the wall of an anchor shows whose letter is due by `wall`: a last day stands for up to four."""
    anchor = _moved(wall, -months)
    its_own = anchor.day == wall.day and wall.day < _last_day(wall)
    if not months or its_own:
        return anchor
    return anchor.replace(day=_last_day(anchor), hour=0, minute=0) + _DAY


def _pairs(offset: Offset, since: datetime, until: datetime, zone: ZoneInfo) -> Pairs:
    """What the clock of `zone` shows where the bounds are: further in, its turns move no bound."""
    anchors = [_moved(moment - offset.days * _DAY, -offset.months) for moment in (since, until)]
    at_anchor = {_offset(moment, zone) for moment in _around(anchors)}
    at_due = {_offset(moment, zone) for moment in _around([since, until])}
    return [(one, other) for one in at_anchor for other in at_due]


def _around(moments: Iterable[datetime]) -> Iterator[datetime]:
    """Before and after each of the moments, as far as a last day that stands for four may lead, and the date line."""
    for moment in moments:
        yield moment - 2 * _DAY
        yield moment + 5 * _DAY


def _windows(day: date, hours: Hours, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """When the polite hours begin and end, from `day` on; a window that the clock jumps over is none."""
    overnight = _DAY if hours.end <= hours.start else timedelta()
    while True:
        if day.isoweekday() in hours.weekdays:
            opens = whole_minute(_landing(datetime.combine(day, hours.start), zone))
            closes = _landing(datetime.combine(day, hours.end) + overnight, zone)
            if opens < closes:
                yield opens, closes
        day += _DAY
