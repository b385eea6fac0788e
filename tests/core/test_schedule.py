"""Schedules: a line of text fires at the right moments, whatever the clocks of its zone do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Misconfigured
from core.i18n import message
from core.schedule import Due, clock, due, duration, parse, weekdays

MOSCOW, BERLIN, NEW_YORK = "Europe/Moscow", "Europe/Berlin", "America/New_York"


def local(text: str, zone: str, first: str, last: str) -> list[str]:
    """The firings between two local moments as the clock of `zone` shows them, with its offset."""
    start, end = (datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)) for moment in (first, last))
    found = parse(text, zone).firings(start.astimezone(UTC), end.astimezone(UTC))
    assert all(moment.tzinfo is UTC for moment in found)
    return [moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M %z") for moment in found]


def days(text: str, zone: str = MOSCOW, first: str = "2026-01-01", last: str = "2026-03-01") -> list[str]:
    return [moment[:11] for moment in local(text, zone, first, last)]


# ---- the forms ----


@pytest.mark.parametrize(
    ("text", "firings"),
    [
        ("0 5 * * *", ["01-01 05:00", "01-02 05:00", "01-03 05:00"]),
        ("daily at 05:00", ["01-01 05:00", "01-02 05:00", "01-03 05:00"]),
        ("daily 5:00", ["01-01 05:00", "01-02 05:00", "01-03 05:00"]),
        ("ежедневно в 5:00", ["01-01 05:00", "01-02 05:00", "01-03 05:00"]),
        ("  Ежедневно   в 05:00 ", ["01-01 05:00", "01-02 05:00", "01-03 05:00"]),
        ("weekly fri at 09:30", ["01-02 09:30"]),
        ("weekly thu, sat at 09:30", ["01-01 09:30", "01-03 09:30"]),
        ("weekly thu-sat at 09:30", ["01-01 09:30", "01-02 09:30", "01-03 09:30"]),
        ("weekly thursday at 09:30", ["01-01 09:30"]),
        ("по чт,сб в 9:30", ["01-01 09:30", "01-03 09:30"]),
        ("еженедельно по чт в 9:30", ["01-01 09:30"]),
        ("monthly 1,3 at 10:00", ["01-01 10:00", "01-03 10:00"]),
        ("ежемесячно 2 в 10:00", ["01-02 10:00"]),
        ("at 2026-01-02 10:00", ["01-02 10:00"]),
        ("once 2026-01-02 10:00", ["01-02 10:00"]),
        ("один раз 2026-01-02 в 10:00", ["01-02 10:00"]),
        ("0 12 */2 * *", ["01-01 12:00", "01-03 12:00"]),
        ("0 0,12 1 1 *", ["01-01 12:00"]),
        ("0 9 * * fri", ["01-02 09:00"]),
    ],
)
def test_a_line_fires_as_it_says(text: str, firings: list[str]) -> None:
    assert days(text, last="2026-01-04") == firings


@pytest.mark.parametrize("text", ["monthly last at 10:00", "ежемесячно последний в 10:00", "0 10 L * *"])
def test_the_last_day_is_the_last_of_each_month(text: str) -> None:
    assert days(text) == ["01-31 10:00", "02-28 10:00"]


def test_day_31_does_not_fire_in_a_shorter_month() -> None:
    assert days("monthly 31 at 10:00", last="2026-06-01") == ["01-31 10:00", "03-31 10:00", "05-31 10:00"]


def test_29_february_comes_in_leap_years() -> None:
    assert parse("0 9 29 2 *", MOSCOW).next_after(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(
        2028, 2, 29, 6, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", ""),
        ("every day", "every day"),
        ("каждый день в 5:00", "каждый день"),
        ("0 5 * *", "and has 4."),
        ("0 5 * * * *", "and has 6."),
        ("60 5 * * *", "“60”"),
        ("0 24 * * *", "“24”"),
        ("0 5 32 * *", "“32”"),
        ("0 5 * 13 *", "“13”"),
        ("0 5 * * 8", "“8”"),
        ("0 5 * * пн", "“пн”"),
        ("0 5 31 2 *", "“31”"),
        ("daily at 25:00", "“25:00”"),
        ("daily at 5", "“5”"),
        ("ежедневно в 5.00", "“5.00”"),
        ("daily mon at 5:00", "“mon”"),
        ("weekly at 9:30", "“9:30”"),
        ("weekly mno at 9:30", "“mno”"),
        ("weekly fri-mon at 9:30", "“fri-mon”"),
        ("weekly mon-wed-fri at 9:30", "“mon-wed-fri”"),
        ("по понедельникам в 9:30", "“понедельникам”"),
        ("monthly 32 at 10:00", "“32”"),
        ("monthly 0 at 10:00", "“0”"),
        ("monthly at 10:00", "“10:00”"),
        ("at 2026-02-30 10:00", "“2026-02-30”"),
        ("at 30.12.2026 10:00", "“30.12.2026”"),
        ("at 10:00", "“10:00”"),
        ("at 2026-01-01 10:00\x00", "10:00\x00"),
        ("5" * 10_000, "and has 1."),
    ],
)
def test_a_wrong_line_is_refused_by_its_wrong_part(text: str, part: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(text, MOSCOW)
    assert part in str(refused.value)
    assert "daily at 05:00" in str(refused.value), "an example is given"
    assert "ежедневно в 5:00" in message(refused.value, "ru")


@pytest.mark.parametrize("zone", ["Europe/Moskow", "", "Moscow", "../etc/passwd", "Europe", "МСК", "\x00"])
def test_an_unknown_zone_gets_near_names(zone: str) -> None:
    with pytest.raises(Misconfigured, match=r"does not exist\. Perhaps you meant: "):
        parse("daily at 5:00", zone)


# ---- clock changes ----


@pytest.mark.parametrize(
    ("zone", "night", "before", "after"),
    [(BERLIN, "2026-03-29", "+0100", "+0200"), (NEW_YORK, "2026-03-08", "-0500", "-0400")],
)
def test_an_hour_that_is_skipped_fires_once_after_the_gap(zone: str, night: str, before: str, after: str) -> None:
    found = local("30 2 * * *", zone, f"{night} 00:00", f"{night} 23:59")
    assert found == [f"{night[5:]} 03:00 {after}"]
    assert local("59 1 * * *", zone, f"{night} 00:00", f"{night} 23:59") == [f"{night[5:]} 01:59 {before}"]


@pytest.mark.parametrize(
    ("zone", "night", "hour", "first"),
    [(BERLIN, "2026-10-25", 2, "+0200"), (NEW_YORK, "2026-11-01", 1, "-0400")],
)
def test_an_hour_that_comes_twice_fires_the_first_time(zone: str, night: str, hour: int, first: str) -> None:
    found = local(f"30 {hour} * * *", zone, f"{night} 00:00", f"{night} 23:59")
    assert found == [f"{night[5:]} 0{hour}:30 {first}"]


def test_two_lines_of_the_gap_are_one_firing() -> None:
    assert local("0,30 2 * * *", BERLIN, "2026-03-29 00:00", "2026-03-29 23:59") == ["03-29 03:00 +0200"]


@pytest.mark.parametrize(("night", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_every_hour_keeps_real_time(night: str, hours: int) -> None:
    start = datetime.fromisoformat(night).replace(tzinfo=ZoneInfo(BERLIN))
    end = start + timedelta(days=1)
    found = parse("0 * * * *", BERLIN).firings(start - timedelta(seconds=1), end - timedelta(seconds=1))
    assert len(found) == hours
    assert {second - first for first, second in pairwise(found)} == {timedelta(hours=1)}


def test_every_quarter_of_the_second_hour_fires_in_both() -> None:
    found = local("*/30 2 * * *", BERLIN, "2026-10-25 00:00", "2026-10-25 23:59")
    assert found == ["10-25 02:00 +0200", "10-25 02:30 +0200", "10-25 02:00 +0100", "10-25 02:30 +0100"]
    assert local("*/30 2 * * *", BERLIN, "2026-03-29 00:00", "2026-03-29 23:59") == []


def test_asked_inside_the_hour_that_comes_twice_nothing_is_lost() -> None:
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 in Berlin for the second time
    assert parse("30 2 * * *", BERLIN).next_after(second) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    assert parse("30 * * * *", BERLIN).next_after(second) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_asked_just_before_the_clock_is_turned_back_the_second_showing_is_not_lost() -> None:
    first = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 02:50 in Berlin for the first time
    assert parse("30 * * * *", BERLIN).next_after(first) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_moscow_2014_turned_back_for_good() -> None:
    assert local("30 1 * * *", MOSCOW, "2014-10-25 00:00", "2014-10-27 23:59") == [
        "10-25 01:30 +0400",
        "10-26 01:30 +0400",
        "10-27 01:30 +0300",
    ]


def test_moscow_2011_turned_forward_for_good() -> None:
    assert local("30 2 * * *", MOSCOW, "2011-03-26 00:00", "2011-03-28 23:59") == [
        "03-26 02:30 +0300",
        "03-27 03:00 +0400",
        "03-28 02:30 +0400",
    ]


@pytest.mark.parametrize("text", ["0 9 * * *", "*/30 9 * * *"])
def test_samoa_never_had_30_december_2011(text: str) -> None:
    found = local(text, "Pacific/Apia", "2011-12-29 00:00", "2011-12-31 23:59")
    assert {moment[:5] for moment in found} == {"12-29", "12-31"}


def test_an_only_firing_on_a_day_that_never_was_is_refused() -> None:
    with pytest.raises(Misconfigured, match="2011-12-30"):
        parse("at 2011-12-30 09:00", "Pacific/Apia")


def test_lord_howe_moves_its_clock_by_half_an_hour() -> None:
    zone = "Australia/Lord_Howe"
    assert local("15 2 * * *", zone, "2026-10-04 00:00", "2026-10-04 23:59") == ["10-04 02:30 +1100"]
    assert local("45 1 * * *", zone, "2026-04-05 00:00", "2026-04-05 23:59") == ["04-05 01:45 +1100"]
    assert local("45 * * * *", zone, "2026-04-05 00:00", "2026-04-05 03:00") == [
        "04-05 00:45 +1100",
        "04-05 01:45 +1100",
        "04-05 01:45 +1030",
        "04-05 02:45 +1030",
    ]


def test_an_only_firing_in_a_gap_comes_after_it() -> None:
    assert parse("at 2026-03-29 02:30", BERLIN).moment == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


# ---- properties ----

minute_or_hour = st.sampled_from(["0", "30", "59", "*", "*/20", "1,2", "2-3"])
cron_lines = st.builds(
    lambda minute, hour, day, weekday: f"{minute} {hour} {day} * {weekday}",
    minute_or_hour,
    st.sampled_from(["0", "2", "3", "23", "*", "*/5", "1,2", "1-3"]),
    st.sampled_from(["*", "1", "25", "29", "L", "*/7"]),
    st.sampled_from(["*", "0", "7", "1-5"]),
)
zones = st.sampled_from([MOSCOW, BERLIN, NEW_YORK, "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"])
moments = st.one_of(
    st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(
        ["2026-03-29", "2026-10-25", "2026-11-01", "2026-03-08", "2011-12-30", "2014-10-26", "2026-04-04"]
    ).map(lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC)),
)


@given(cron_lines, zones, moments, st.integers(1, 16))
@settings(max_examples=150, deadline=None)
def test_firings_ascend_and_agree_with_next_after(line: str, zone: str, after: datetime, hours: int) -> None:
    schedule, until = parse(line, zone), after + timedelta(hours=hours)
    found = schedule.firings(after, until)
    assert all(first < second for first, second in pairwise(found))
    walked, moment = [], after
    while (firing := schedule.next_after(moment)) and firing <= until and len(walked) < 40:
        walked.append(firing)
        moment = firing
    assert found[: len(walked)] == walked
    assert len(walked) == 40 or len(found) == len(walked)


@given(cron_lines, zones, moments, st.integers(0, 5 * 24 * 60), st.integers(0, 5 * 24 * 60))
@settings(max_examples=100, deadline=None)
def test_a_span_cut_in_two_has_the_same_firings(line: str, zone: str, after: datetime, first: int, second: int) -> None:
    schedule = parse(line, zone)
    middle = after + timedelta(minutes=first)
    end = middle + timedelta(minutes=second)
    whole = schedule.firings(after, end, limit=10_000)
    assert schedule.firings(after, middle, limit=10_000) + schedule.firings(middle, end, limit=10_000) == whole


@given(st.integers(0, 59), st.integers(0, 23), zones, moments)
@settings(max_examples=100, deadline=None)
def test_a_daily_line_fires_once_a_day(minute: int, hour: int, zone: str, after: datetime) -> None:
    found = parse(f"{minute} {hour} * * *", zone).firings(after, after + timedelta(days=7))
    dates = [moment.astimezone(ZoneInfo(zone)).date() for moment in found]
    assume((zone, dates[0].year) != ("Pacific/Apia", 2011))
    assert len(set(dates)) == len(dates)
    assert len(dates) == (max(dates) - min(dates)).days + 1


# ---- due ----

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 05:00 in Moscow
DAILY = parse("daily at 05:00", MOSCOW)
HALF_A_DAY = timedelta(hours=12)


def test_at_the_minute_itself_it_is_due() -> None:
    assert due(DAILY, last=NOW - timedelta(days=1), now=NOW, catch_up=HALF_A_DAY) == Due([NOW], [])


def test_a_firing_that_was_seen_is_not_due_again() -> None:
    assert due(DAILY, last=NOW, now=NOW + timedelta(hours=1), catch_up=HALF_A_DAY) == Due([], [])


def test_after_a_week_of_downtime_only_the_newest_fires() -> None:
    found = due(DAILY, last=NOW - timedelta(days=7), now=NOW + timedelta(hours=1), catch_up=HALF_A_DAY)
    assert found == Due([NOW], [NOW - timedelta(days=back) for back in (6, 5, 4, 3, 2, 1)])


def test_the_newest_too_is_missed_when_it_is_too_old() -> None:
    late = NOW + timedelta(hours=12)
    assert due(DAILY, last=NOW - timedelta(days=1), now=late, catch_up=HALF_A_DAY) == Due([NOW], [])
    later = late + timedelta(seconds=1)
    assert due(DAILY, last=NOW - timedelta(days=1), now=later, catch_up=HALF_A_DAY) == Due([], [NOW])


def test_a_clock_that_went_backwards_fires_nothing() -> None:
    assert due(DAILY, last=NOW, now=NOW - timedelta(days=3), catch_up=HALF_A_DAY) == Due([], [])


def test_after_years_of_downtime_the_newest_thousand_are_listed() -> None:
    found = due(parse("*/5 * * * *", MOSCOW), last=NOW - timedelta(days=3650), now=NOW, catch_up=HALF_A_DAY)
    assert found.fire == [NOW]
    assert len(found.missed) == 999
    assert found.missed[-1] == NOW - timedelta(minutes=5)


def test_an_only_firing_is_due_once_and_never_again() -> None:
    once = parse("at 2026-11-24 05:00", MOSCOW)
    assert due(once, last=NOW - timedelta(days=1), now=NOW, catch_up=HALF_A_DAY) == Due([NOW], [])
    assert once.next_after(NOW) is None


def test_a_moment_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="aware"):
        DAILY.next_after(datetime(2026, 1, 1))


# ---- words ----


@pytest.mark.parametrize(
    ("text", "russian", "english"),
    [
        ("0 5 * * *", "ежедневно в 05:00", "daily at 05:00"),
        ("ежедневно в 5:00", "ежедневно в 05:00", "daily at 05:00"),
        ("weekly mon,thu at 9:30", "еженедельно по пн и чт в 09:30", "weekly on Mon and Thu at 09:30"),
        ("weekly mon-fri at 9:30", "еженедельно по пн–пт в 09:30", "weekly on Mon–Fri at 09:30"),
        ("по вс в 9:30", "еженедельно по вс в 09:30", "weekly on Sun at 09:30"),
        ("0 9 * * 0", "еженедельно по вс в 09:00", "weekly on Sun at 09:00"),
        (
            "monthly 1,15,last at 10:00",
            "ежемесячно 1, 15 и последнего числа в 10:00",
            "monthly on 1, 15 and the last day at 10:00",
        ),
        ("at 2026-12-01 10:00", "один раз 01.12.2026 в 10:00", "once on 2026-12-01 at 10:00"),
        ("*/5 * * * *", "по cron-строке «*/5 * * * *»", "by the cron line “*/5 * * * *”"),
        ("0 9 13 * 5", "по cron-строке «0 9 13 * 5»", "by the cron line “0 9 13 * 5”"),
    ],
)
def test_a_schedule_is_described_in_words(text: str, russian: str, english: str) -> None:
    schedule = parse(text, MOSCOW)
    assert schedule.describe("ru") == f"{russian} (Europe/Moscow)"
    assert schedule.describe("en") == schedule.describe("de") == f"{english} (Europe/Moscow)"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("12h", 43_200),
        ("2d", 172_800),
        ("1w", 604_800),
        ("5 minutes", 300),
        ("30 мин", 1800),
        ("30 мин.", 1800),
        ("12 ч", 43_200),
        ("2 дня", 172_800),
        ("1 НЕДЕЛЯ", 604_800),
        ("45", 45),
        (45, 45),
        ("0", 0),
        (" 5 m ", 300),
    ],
)
def test_a_length_of_time_is_read_in_both_languages(text: str | int, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-5m", "5 лет", "1.5h", "m", "5m 3s", "٣m", "9" * 50, "999999999w"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="is not a length of time") as refused:
        duration(text)
    assert text in str(refused.value)


# ---- parts of a line by themselves ----


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("mon-sun", {1, 2, 3, 4, 5, 6, 7}),
        ("mon,thu", {1, 4}),
        ("Пн–Ср, сб", {1, 2, 3, 6}),
        ("sunday", {7}),
        ("mon-fri wed", {1, 2, 3, 4, 5}),
    ],
)
def test_days_of_the_week_are_read(text: str, numbers: set[int]) -> None:
    assert weekdays(text) == numbers


@pytest.mark.parametrize("text", ["", " , ", "fri-mon", "mno", "mon-wed-fri", "1-5", "mon-"])
def test_what_is_no_day_of_the_week_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        weekdays(text)


def test_a_time_of_day_is_read() -> None:
    assert (clock("9:30"), clock(" 21:00 "), clock("24:00")) == (time(9, 30), time(21), time(0))
    for text in ("", "9", "24:01", "9:60", "9.30"):
        with pytest.raises(Misconfigured):
            clock(text)
