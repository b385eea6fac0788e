"""When an issue of a mailing fires: a line of text and a time zone in, moments out.

Clock changes follow Debian cron. A line that names its hour and minute keeps the local clock: it fires once on the
night that hour is skipped (at the first moment after the gap) and once on the night it comes twice (the first time).
A line with ``*`` in minute or hour keeps real time: it fires whenever the local clock shows a matching minute.
A calendar date a zone never had (Samoa, 30 December 2011) does not fire.
"""

from __future__ import annotations

import difflib
import heapq
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby, takewhile, tee
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from core.errors import N_, Misconfigured

EXAMPLES = (
    "0 5 * * *; daily at 05:00; weekly mon,thu at 09:30; monthly 1,15,last at 10:00; at 2026-12-01 10:00; "
    "ежедневно в 5:00; по пн,чт в 9:30; ежемесячно 1,последний в 10:00; один раз 2026-12-01 10:00"
)
DURATIONS = "90s; 5m; 12h; 2d; 5 minutes; 30 мин; 12 ч; 2 дня"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """One understood line, made by `parse`: five words in `cron`, or the only firing in `moment` (UTC)."""

    text: str
    timezone: str
    cron: str = ""
    moment: datetime | None = None

    def next_after(self, moment: datetime) -> datetime | None:
        """The first firing strictly after `moment` (aware), in UTC; None when there will be none."""
        return next(self._stream(moment), None)

    def firings(self, after: datetime, until: datetime, *, limit: int = 1000) -> list[datetime]:
        """Every firing f with `after` < f <= `until`, in UTC, oldest first; of more than `limit` the newest `limit`."""
        window = min(_DAY, until - after)
        while True:  # widened backwards, so that firings older than the newest `limit` cost nothing
            newest = deque(takewhile(lambda firing: firing <= until, self._stream(until - window)), maxlen=limit)
            if len(newest) == limit or window == until - after:
                return list(newest)
            window = min(window * 4, until - after)

    def describe(self, language: str) -> str:
        """The schedule as a human phrase, in Russian ("ru") or English: ``ежедневно в 05:00 (Europe/Moscow)``."""
        return f"{_phrase(self, language if language in _PHRASES else 'en')} ({self.timezone})"

    def _stream(self, after: datetime) -> Iterator[datetime]:
        if after.tzinfo is None:
            raise ValueError("a schedule needs an aware datetime")
        if self.moment is not None:
            return iter([self.moment] if self.moment > after else [])
        moments = _moments(self.cron, after, ZoneInfo(self.timezone))
        return (moment for moment, _ in groupby(moments) if moment > after)


@dataclass(frozen=True, slots=True)
class Due:
    """What to do now: `fire` has at most one moment, `missed` those to write down and leave; oldest first."""

    fire: list[datetime]
    missed: list[datetime]


def parse(text: str, timezone: str) -> Schedule:
    """Read a schedule line in the clock of `timezone` (a tz database name).

    Cron: five words. Plain: ``daily at 05:00``, ``weekly mon,thu at 09:30`` (also ``mon-fri``), ``monthly 1,last at
    10:00``, ``at 2026-12-01 10:00`` and the same in Russian. Day 31 in a shorter month does not fire: that is what
    ``last`` is for. Raises Misconfigured naming the wrong part.
    """
    zone = _zone(timezone)
    line = " ".join(text.lower().split())
    if re.match(r"[\d*]", line):
        return Schedule(text, timezone, cron=_checked(text, line.split()))
    plain = _PLAIN.fullmatch(line)
    if plain is None:
        raise _bad(N_("Schedule “{text}” is not understood. Write it like one of: {examples}."), text)
    hour, minute = _clock(text, plain["clock"])
    if plain["once"]:
        return Schedule(text, timezone, moment=_once(text, f"{plain['days'] or plain['clock']} {hour}:{minute}", zone))
    return Schedule(text, timezone, cron=f"{minute} {hour} {_days(text, plain)}")


def due(schedule: Schedule, *, last: datetime, now: datetime, catch_up: timedelta) -> Due:
    """Split the firings in (`last`, `now`]: the newest not older than `catch_up` fires, all others are missed.

    Only one fires, so a week of downtime does not greet the customer seven times. At most 1000 newest are listed.
    """
    firings = schedule.firings(last, now)
    fire = [firing for firing in firings[-1:] if now - firing <= catch_up]
    return Due(fire=fire, missed=firings[: len(firings) - len(fire)])


def duration(text: str | int) -> timedelta:
    """Read ``90s``, ``5m``, ``12h``, ``2d``, ``1w``, ``5 minutes``, ``12 ч``; a bare number is seconds.

    Raises Misconfigured for anything else; a length is never negative.
    """
    shape = re.fullmatch(r"([0-9]{1,9})\s*([a-zа-я]*)\.?", str(text).strip().lower())
    seconds = _UNITS.get(shape[2]) if shape else None
    if shape is None or seconds is None or int(shape[1]) * seconds > 10**12:
        template = N_("“{text}” is not a length of time. Write it like one of: {examples}.")
        raise Misconfigured(template, text=str(text), examples=DURATIONS)
    return timedelta(seconds=int(shape[1]) * seconds)


def weekdays(text: str) -> frozenset[int]:
    """Read ``mon-fri``, ``mon,thu``, ``пн-вс`` as ISO weekdays, Monday 1. Raises Misconfigured for anything else."""
    numbers: set[int] = set()
    for word in re.findall(r"[^\s,]+", text.lower().replace("–", "-")) or _fail(text, text):
        first, *last = map(int, _weekdays(text, word).split("-"))
        numbers.update(range(first, (last or [first])[0] + 1))
    return frozenset(numbers)


def clock(text: str) -> time:
    """Read ``9:30`` as a time of day; 24:00 is midnight. Raises Misconfigured."""
    return time(0) if text.strip() == "24:00" else time(*_clock(text, text.strip()))


def _moments(cron: str, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Firings around and after `after`, in UTC, ascending; some may repeat or lie before it."""
    local, tomorrow = after.astimezone(zone), (after + _DAY).astimezone(zone)
    turned_back = (local.utcoffset() or _DAY) - (tomorrow.utcoffset() or _DAY)
    # A clock about to be turned back will show minutes again that it has already shown.
    walls = CronSim(cron, local.replace(tzinfo=None) - max(turned_back, timedelta()))
    minute, hour = cron.split()[:2]
    if "*" in (minute[0], hour[0]):
        return _shown(walls, zone)
    return (moment for wall in walls if (moment := _landing(wall, zone)))


def _shown(walls: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """Every moment the clock of `zone` shows one of `walls`: twice when it is turned back, never inside a gap."""
    first, again = tee(wall for wall in walls if _exists(wall, zone))
    return heapq.merge((_utc(wall, zone) for wall in first), (_utc(wall.replace(fold=1), zone) for wall in again))


def _landing(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The first moment the clock of `zone` shows `wall` or, past a gap, later; None if the whole date was skipped."""
    shown = wall
    while not _exists(shown, zone):
        shown += timedelta(minutes=1)
    whole_date_skipped = shown.date() > wall.date() and not _exists(wall.replace(hour=0, minute=0), zone)
    return None if whole_date_skipped else _utc(shown, zone)


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return _utc(wall, zone).astimezone(zone).replace(tzinfo=None) == wall


def _utc(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


_PLAIN = re.compile(
    r"(?:(?P<daily>daily|ежедневно)|(?P<weekly>weekly|еженедельно(?: по)?|по)|(?P<monthly>monthly|ежемесячно)"
    r"|(?P<once>once|at|один раз))(?: (?P<days>.+?))??(?: (?:at|в))? (?P<clock>\S+)"
)
_WEEKDAYS = "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday пн вт ср чт пт сб вс"
_WEEKDAY = {name: place % 7 + 1 for place, name in enumerate(_WEEKDAYS.split())}
_UNITS = {"": 1} | {
    name: seconds
    for seconds, names in (
        (1, "s sec second seconds с сек секунда секунду секунды секунд"),
        (60, "m min minute minutes м мин минута минуту минуты минут"),
        (3600, "h hr hour hours ч час часа часов"),
        (86400, "d day days д дн день дня дней сутки суток"),
        (604800, "w week weeks нед неделя неделю недели недель"),
    )
    for name in names.split()
}
_PHRASES = {
    "ru": ("один раз {:%d.%m.%Y в %H:%M}", "ежедневно в {}", "еженедельно по {1} в {0}", "ежемесячно {1} числа в {0}",
           "по cron-строке «{}»", "вс пн вт ср чт пт сб вс", "последнего", " и "),
    "en": ("once on {:%Y-%m-%d at %H:%M}", "daily at {}", "weekly on {1} at {0}", "monthly on {1} at {0}",
           "by the cron line “{}”", "Sun Mon Tue Wed Thu Fri Sat Sun", "the last day", " and "),
}  # fmt: skip


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, sorted(available_timezones()), n=3, cutoff=0.5)
        template = N_("Time zone “{name}” does not exist. Perhaps you meant: {near}.")
        raise Misconfigured(template, name=name, near=", ".join(near or ["Europe/Moscow", "UTC"])) from None


def _checked(text: str, words: list[str]) -> str:
    if len(words) != 5:
        raise _bad(N_("Cron line “{text}” needs five words and has {part}. Try: {examples}."), text, str(len(words)))
    alone = [" ".join(["*"] * place + [word] + ["*"] * (4 - place)) for place, word in enumerate(words)]
    wrong = [word for word, line in zip(words, alone, strict=True) if not _is_cron(line)]
    if wrong or not _is_cron(" ".join(words)):  # words good one by one can still ask for 31 February
        template = N_("Cron line “{text}”: “{part}” cannot stand there. The words are minute, hour, day of month, "
                      "month, day of week. Write it like one of: {examples}.")  # fmt: skip
        raise _bad(template, text, wrong[0] if wrong else words[2])
    return " ".join(words)


def _is_cron(line: str) -> bool:
    try:
        return bool(CronSim(line, datetime(2000, 1, 1)))
    except (CronSimError, ValueError):
        return False


def _clock(text: str, word: str) -> tuple[int, int]:
    shape = re.fullmatch(r"(0?[0-9]|1[0-9]|2[0-3]):([0-5][0-9])", word)
    if shape is None:
        raise _bad(N_("Schedule “{text}”: “{part}” is not a time 00:00–23:59. Try: {examples}."), text, word)
    return int(shape[1]), int(shape[2])


def _once(text: str, words: str, zone: ZoneInfo) -> datetime:
    try:
        moment = _landing(datetime.strptime(words, "%Y-%m-%d %H:%M"), zone)
    except (ValueError, OverflowError):
        moment = None
    return moment or _fail(text, words.split()[0])


def _days(text: str, plain: re.Match[str]) -> str:
    """The last three cron words: day of month, month, day of week."""
    days = re.findall(r"[^\s,]+", plain["days"] or "")
    if bool(days) == bool(plain["daily"]):
        _fail(text, plain["days"] or plain["clock"])
    if plain["weekly"]:
        return "* * " + ",".join(_weekdays(text, day) for day in days)
    return ",".join(_month_day(text, day) for day in days) + " * *" if days else "* * *"


def _weekdays(text: str, word: str) -> str:
    numbers = [_WEEKDAY.get(name, 0) for name in word.split("-")]
    rising = all(numbers) and numbers == sorted(set(numbers)) and len(numbers) <= 2
    return "-".join(map(str, numbers)) if rising else _fail(text, word)


def _month_day(text: str, word: str) -> str:
    if word in ("last", "последний"):
        return "L"
    return str(int(word)) if re.fullmatch(r"0?[1-9]|[12][0-9]|3[01]", word) else _fail(text, word)


def _fail(text: str, part: str) -> NoReturn:
    raise _bad(N_("Schedule “{text}”: “{part}” is not a day that fits here. Try: {examples}."), text, part)


def _bad(template: str, text: str, part: str = "") -> Misconfigured:
    return Misconfigured(template, text=text, part=part, examples=EXAMPLES)


def _phrase(schedule: Schedule, language: str) -> str:
    once, daily, weekly, monthly, other, names, last, _ = _PHRASES[language]
    if schedule.moment is not None:
        return once.format(schedule.moment.astimezone(ZoneInfo(schedule.timezone)))
    line = re.fullmatch(r"(\d+) (\d+) (\*|[\dl,]+) \* (\*|[\d,-]+)", schedule.cron.lower())
    if line is None or "*" not in line.group(3, 4):
        return other.format(schedule.cron)
    clock, day, weekday = f"{int(line[2]):02}:{int(line[1]):02}", line[3], line[4]
    if day != "*":
        return monthly.format(clock, _listed(day.replace("l", last), language))
    days = re.sub(r"\d", lambda digit: names.split()[int(digit[0])], weekday).replace("-", "–")
    return daily.format(clock) if weekday == "*" else weekly.format(clock, _listed(days, language))


def _listed(items: str, language: str) -> str:
    return _PHRASES[language][-1].join(items.replace(",", ", ").rsplit(", ", 1))
