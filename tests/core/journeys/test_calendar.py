"""The calendar of scenarios: letters fall due on the wall of the contact, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.config import Hours
from core.errors import Misconfigured
from core.i18n import message
from core.journeys.calendar import Offset, anchors_due, due_at, local_day, next_day, next_polite, whole_minute

MOSCOW, BERLIN, NEW_YORK, APIA = "Europe/Moscow", "Europe/Berlin", "America/New_York", "Pacific/Apia"
ZONES = (
    MOSCOW,
    BERLIN,
    NEW_YORK,
    APIA,
    "Asia/Magadan",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def wall(text: str, zone: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def due(anchor: str, offset: str, zone: str = MOSCOW, fold: int = 0) -> str:
    found = due_at(wall(anchor, zone, fold), Offset.parse(offset), zone)
    assert found.tzinfo is UTC
    return found.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %z")


# ---- offsets ----


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4 hours", {"minutes": 240}),
        ("1 hour", {"minutes": 60}),
        ("30 minutes", {"minutes": 30}),
        ("4h", {"minutes": 240}),
        ("3 days", {"days": 3}),
        ("2 weeks", {"days": 14}),
        ("1 month", {"months": 1}),
        ("1 year", {"months": 12}),
        ("-7 days", {"days": -7}),
        ("− 2 months", {"months": -2}),
        ("+1 day", {"days": 1}),
        ("0", {}),
        ("0 days", {}),
        ("4 часа", {"minutes": 240}),
        ("  1   Месяц ", {"months": 1}),
        ("2 недели", {"days": 14}),
        ("5 лет", {"months": 60}),
        ("30 мин.", {"minutes": 30}),
        ("100 years", {"months": 1200}),
    ],
)
def test_an_offset_is_read_as_people_write_it(text: str, said: dict[str, int]) -> None:
    assert Offset.parse(text) == Offset(text, **said)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "-1",
        "days",
        "4 fortnights",
        "1.5 days",
        "1 day 4 hours",
        "--1 day",
        "101 years",
        "99999999 days",
        "٣ days",
    ],
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Misconfigured, match="4 hours; 3 days") as refused:
        Offset.parse(text)
    assert text in message(refused.value, "ru")


# ---- due ----


@pytest.mark.parametrize(
    ("anchor", "offset", "expected"),
    [
        ("2026-01-31 10:00", "1 month", "2026-02-28 10:00 +0300"),
        ("2028-01-31 10:00", "1 month", "2028-02-29 10:00 +0300"),
        ("2028-02-29 10:00", "1 year", "2029-02-28 10:00 +0300"),
        ("2026-03-31 10:00", "-1 month", "2026-02-28 10:00 +0300"),
        ("2026-12-15 10:00", "3 months", "2027-03-15 10:00 +0300"),
        ("2026-01-15 10:00", "-2 months", "2025-11-15 10:00 +0300"),
        ("2026-01-31 10:00", "2 weeks", "2026-02-14 10:00 +0300"),
        ("2026-01-03 10:00", "-7 days", "2025-12-27 10:00 +0300"),
        ("2026-01-31 23:00", "4 hours", "2026-02-01 03:00 +0300"),
        ("2026-01-31 10:00", "0", "2026-01-31 10:00 +0300"),
    ],
)
def test_a_letter_is_due_by_the_calendar(anchor: str, offset: str, expected: str) -> None:
    assert due(anchor, offset) == expected


@pytest.mark.parametrize(("second", "expected"), [("00", "10:00"), ("00.000001", "10:01"), ("59", "10:01")])
@pytest.mark.parametrize("offset", ["0", "4 hours", "1 day", "1 month"])
def test_a_due_moment_is_rounded_up_to_the_minute(second: str, expected: str, offset: str) -> None:
    moment = due(f"2026-05-05 10:00:{second}", offset)[11:16]
    assert moment == (expected if "hours" not in offset else f"14{expected[2:]}")


def test_days_keep_the_clock_on_the_wall_and_hours_keep_real_time() -> None:
    assert due("2026-03-28 12:00", "1 day", BERLIN) == "2026-03-29 12:00 +0200"
    assert due("2026-03-28 12:00", "24 hours", BERLIN) == "2026-03-29 13:00 +0200"
    assert due("2026-10-01 12:00", "1 month", BERLIN) == "2026-11-01 12:00 +0100"


def test_a_time_that_the_wall_never_shows_is_the_end_of_the_gap() -> None:
    assert due("2026-03-28 02:30", "1 day", BERLIN) == "2026-03-29 03:00 +0200"
    assert due("2026-03-28 02:30:15.5", "1 day", BERLIN) == "2026-03-29 03:00 +0200"
    assert due("2026-02-28 02:30", "1 month", NEW_YORK) == "2026-03-28 02:30 -0400"
    assert due("2011-12-29 10:00", "1 day", APIA) == "2011-12-31 00:00 +1400", "Samoa had no 30 December"


def test_a_time_that_the_wall_shows_twice_is_the_first() -> None:
    assert due("2026-10-24 02:30", "1 day", BERLIN) == "2026-10-25 02:30 +0200"


def test_an_anchor_of_the_second_showing_counts_as_its_end() -> None:
    assert due("2026-10-25 02:59", "1 day", BERLIN) == "2026-10-26 02:59 +0100"
    assert due("2026-10-25 02:10", "1 day", BERLIN, fold=1) == "2026-10-26 03:00 +0100"
    assert due("2026-10-25 03:00", "1 day", BERLIN) == "2026-10-26 03:00 +0100"


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("offset", ["-100 years", "36500 days", "800000 hours", "0"])
def test_a_date_at_the_end_of_all_days_breaks_nothing(year: int, offset: str) -> None:
    far = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) if year > 1 else datetime(1, 1, 1, tzinfo=UTC)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert (due_at(far, Offset.parse(offset), MOSCOW) > now) is (year > 1)
    anchors_due(Offset.parse(offset), far, far, [MOSCOW])


TURNS = [wall("2026-03-29 03:00", BERLIN), wall("2026-10-25 03:00", BERLIN), wall("2011-12-31 00:00", APIA)]
NEAR = st.builds(
    lambda turn, seconds: turn + timedelta(seconds=seconds), st.sampled_from(TURNS), st.integers(-3 * 86400, 3 * 86400)
)
MOMENTS = NEAR | st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
DAYS = st.integers(-400, 400).map(lambda days: Offset("", days=days))
MONTHS = st.integers(-30, 30).map(lambda months: Offset("", months=months))
REAL = st.integers(-100_000, 100_000).map(lambda minutes: Offset("", minutes=minutes))


@given(MOMENTS, st.integers(0, 100_000), DAYS | REAL, st.sampled_from(ZONES))
@example(wall("2026-10-25 02:50", BERLIN), 20 * 60, Offset("", days=1), BERLIN)
@example(wall("2026-03-28 02:30", BERLIN), 40 * 60, Offset("", days=1), BERLIN)
def test_who_entered_earlier_is_never_due_later(anchor: datetime, seconds: int, offset: Offset, zone: str) -> None:
    assert due_at(anchor, offset, zone) <= due_at(anchor + timedelta(seconds=seconds), offset, zone)


@given(MOMENTS, st.integers(0, 400_000), MONTHS, st.sampled_from(ZONES))
def test_the_days_that_a_short_month_lacks_share_its_last_day(
    anchor: datetime, seconds: int, offset: Offset, zone: str
) -> None:
    first, second = (due_at(at, offset, zone) for at in (anchor, anchor + timedelta(seconds=seconds)))
    assert local_day(first - MINUTE, zone) <= local_day(second, zone), "a minute: rounding up may pass midnight"


@given(MOMENTS, MONTHS | DAYS | REAL, st.sampled_from(ZONES))
def test_a_due_moment_is_a_whole_minute(anchor: datetime, offset: Offset, zone: str) -> None:
    found = due_at(anchor, offset, zone)
    assert (found.second, found.microsecond) == (0, 0)


# ---- the inverse ----

WIDTHS = st.integers(1, 600) | st.integers(1, 10_000_000)


@example(wall("2026-02-28 20:00", MOSCOW), 16 * 3600, 14 * 3600, Offset("", months=1), MOSCOW, True)
@example(wall("2011-12-31 00:00", APIA), 1, 0, Offset("", months=-4), APIA, False)
@given(MOMENTS, WIDTHS, st.integers(0, 10_000_000), MONTHS | DAYS | REAL, st.sampled_from(ZONES), st.booleans())
def test_whatever_is_due_has_its_anchor_within_the_bounds(
    anchor: datetime, width: int, place: int, offset: Offset, zone: str, known: bool
) -> None:
    until = due_at(anchor, offset, zone) + timedelta(seconds=place % width)  # so that it is due in (since, until]
    since = until - timedelta(seconds=width)
    after, last = anchors_due(offset, since, until, [MOSCOW, zone] if known else None)
    assert after < anchor <= last


def bounded(anchor: datetime, offset: Offset, zone: str) -> bool:
    """Whether `anchor` is found in the very minute in which it is due, and at either end of ten days."""
    due = due_at(anchor, offset, zone)
    spans = [(due - MINUTE, due), (due - 10 * DAY, due), (due - MINUTE, due + 10 * DAY)]
    bounds = (anchors_due(offset, since, until, [zone]) for since, until in spans)
    return all(after < anchor <= last for after, last in bounds)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("offset", ["1 day", "-1 day", "30 days", "1 month", "-1 month", "5 months", "-1 year"])
def test_where_clocks_are_turned_nobody_is_missed(turn: datetime, offset: str) -> None:
    zone = APIA if turn.year == 2011 else BERLIN
    found = Offset.parse(offset)
    back = turn - found.days * DAY - found.months * timedelta(days=30.44)  # due about when the clock is turned
    for middle in (turn, back):
        missed = [at for quarter in range(-300, 300) if not bounded(at := middle + quarter * 15 * MINUTE, found, zone)]
        assert not missed


@pytest.mark.parametrize("months", [1, -1, 2, 11, 12, -13])
def test_where_months_end_nobody_is_missed(months: int) -> None:
    for start in ("2026-01-27", "2026-02-26", "2028-02-27", "2026-04-28", "2026-08-29"):
        first = wall(start, MOSCOW)
        missed = [
            at
            for half in range(250)
            if not bounded(at := first + half * 30 * MINUTE, Offset("", months=months), MOSCOW)
        ]
        assert not missed


@given(MOMENTS, st.integers(1, 100_000), REAL)
def test_of_real_time_the_bounds_are_exact(since: datetime, seconds: int, offset: Offset) -> None:
    until = since + timedelta(seconds=seconds)
    after, last = anchors_due(offset, since, until)
    second = timedelta(microseconds=1)
    assert due_at(after, offset, MOSCOW) <= since < due_at(after + second, offset, MOSCOW)
    assert due_at(last, offset, MOSCOW) <= until < due_at(last + second, offset, MOSCOW)


def test_within_a_minute_nothing_is_looked_for() -> None:
    since = datetime(2026, 11, 30, 10, 0, 5, tzinfo=UTC)  # a last day, which stands for others
    for offset in ("4 hours", "3 days", "1 month", "0"):
        after, last = anchors_due(Offset.parse(offset), since, since + timedelta(seconds=50), [MOSCOW])
        assert after >= last


def test_clocks_that_are_not_turned_widen_nothing() -> None:
    since = datetime(2026, 11, 24, 10, tzinfo=UTC)
    zones = [MOSCOW, "Asia/Kamchatka"]
    bounds = anchors_due(Offset.parse("3 days"), since, since + 5 * MINUTE, zones)
    assert bounds == (since - 3 * DAY, since - 3 * DAY + 5 * MINUTE)
    bounds = anchors_due(Offset.parse("1 month"), since, since + 5 * MINUTE, zones)
    assert bounds == (since - 31 * DAY, since - 31 * DAY + 5 * MINUTE)


def test_a_clock_that_was_turned_widens_by_its_turn() -> None:
    since = datetime(2026, 11, 24, 10, tzinfo=UTC)
    after, last = anchors_due(Offset.parse("60 days"), since, since + 5 * MINUTE, [MOSCOW, BERLIN])
    assert (after, last) == (since - 60 * DAY - timedelta(hours=1), since - 60 * DAY + 5 * MINUTE)


def test_without_zones_the_bounds_are_two_days_and_little_more() -> None:
    since = datetime(2026, 11, 24, 10, tzinfo=UTC)
    after, last = anchors_due(Offset.parse("3 days"), since, since + MINUTE)
    assert 2 * DAY < last - after <= 2 * DAY + timedelta(hours=4, minutes=1)


# ---- polite hours ----


def polite(text: str, zone: str = MOSCOW, **settings: str) -> str:
    found = next_polite(wall(text, zone), Hours.model_validate(settings), zone)
    return found.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-24 09:00", "2026-11-24 09:00"),
        ("2026-11-24 20:59", "2026-11-24 20:59"),
        ("2026-11-24 21:00", "2026-11-25 09:00"),
        ("2026-11-24 08:59", "2026-11-24 09:00"),
        ("2026-11-24 00:00", "2026-11-24 09:00"),
    ],
)
def test_by_default_letters_go_from_nine_to_nine(moment: str, expected: str) -> None:
    assert polite(moment) == expected


def test_other_days_of_the_week_are_passed_over() -> None:
    assert polite("2026-11-27 22:00", weekdays="mon-fri") == "2026-11-30 09:00", "Friday night to Monday"
    assert polite("2026-11-28 12:00", weekdays="fri") == "2026-12-04 09:00"


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = {"start": "22:00", "end": "06:00", "weekdays": "fri"}
    assert polite("2026-11-28 03:00", **night) == "2026-11-28 03:00", "of Friday's night"
    assert polite("2026-11-27 03:00", **night) == "2026-11-27 22:00"
    assert polite("2026-11-28 06:00", **night) == "2026-12-04 22:00"


@pytest.mark.parametrize("day", [{"start": "00:00", "end": "24:00"}, {"start": "10:00", "end": "10:00"}])
def test_a_whole_day_is_polite_from_end_to_end(day: dict[str, str]) -> None:
    for moment in ("2026-11-24 00:00", "2026-11-24 10:00", "2026-11-24 23:59"):
        assert polite(moment, **day) == moment


def test_hours_that_the_clock_jumps_over_are_those_of_the_next_day() -> None:
    hours = {"start": "02:00", "end": "03:00"}
    assert polite("2026-03-28 12:00", BERLIN, **hours) == "2026-03-30 02:00"
    assert polite("2026-03-28 12:00", BERLIN, weekdays="sun", **hours) == "2026-04-05 02:00"
    assert polite("2026-03-28 12:00", BERLIN, start="02:30", end="05:00") == "2026-03-29 03:00"


def test_it_is_the_clock_of_the_zone_that_counts() -> None:
    assert polite("2026-11-24 08:00", "Asia/Vladivostok") == "2026-11-24 09:00"
    assert next_polite(wall("2026-11-24 08:00", "Asia/Vladivostok"), Hours(), MOSCOW) == wall(
        "2026-11-24 09:00", MOSCOW
    )


TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
WEEKDAYS = st.sets(st.sampled_from("mon tue wed thu fri sat sun".split()), min_size=1).map(",".join)


@given(MOMENTS, TIMES, TIMES, WEEKDAYS, st.sampled_from(ZONES))
def test_the_next_polite_moment_is_polite_and_the_first(
    moment: datetime, start: str, end: str, weekdays: str, zone: str
) -> None:
    hours = Hours.model_validate({"start": start, "end": end, "weekdays": weekdays})
    found = next_polite(moment, hours, zone)
    assert found >= moment
    assert next_polite(found, hours, zone) == found, "polite"
    assert found == moment or found == whole_minute(found)
    for share in (0.1, 0.5, 0.99):  # no moment between is polite: each waits for the same one
        assert next_polite(moment + (found - moment) * share, hours, zone) in {found, moment}


@given(MOMENTS, st.sampled_from(ZONES))
def test_the_next_day_begins_where_this_one_ends(moment: datetime, zone: str) -> None:
    found = next_day(moment, zone)
    assert local_day(found - MINUTE, zone) <= local_day(moment, zone) < local_day(found, zone)
    assert found > moment


def test_days_follow_each_other() -> None:
    days = [wall("2026-03-27 12:00", BERLIN)]
    for _ in range(4):
        days.append(next_day(days[-1], BERLIN))
    assert [(later - earlier) // timedelta(hours=1) for earlier, later in pairwise(days)] == [12, 24, 23, 24]
