"""Single values of a Bitrix base: zero dates, local times, emoji of old bases, Cyrillic from a wrong charset."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.sources.bitrix_mysql import values

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize("stored", [None, "", "0000-00-00", "0000-00-00 00:00:00"])
def test_a_zero_date_is_none(stored: Any) -> None:
    assert values.moment(stored, MOSCOW) is None
    assert values.day(stored) is None


def test_datetime_columns_hold_phps_local_time() -> None:
    utc = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert values.moment("2026-11-24 05:00:00", MOSCOW) == utc
    assert values.moment(datetime(2026, 11, 24, 5), MOSCOW) == utc
    assert values.moment("2014-10-26 01:30:00", MOSCOW) == datetime(2014, 10, 25, 21, 30, tzinfo=UTC), "the first 01:30"


ZONES = ["Europe/Moscow", "Asia/Omsk", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]


@given(st.datetimes(datetime(1970, 1, 2), datetime(2037, 12, 31)), st.sampled_from(ZONES))
@example(datetime(2014, 10, 26, 1, 30), "Europe/Moscow")
@example(datetime(2011, 12, 30, 12), "Pacific/Apia")  # a day that never was
@example(datetime(2018, 11, 4, 0, 30), "America/Sao_Paulo")  # no such minute: summer time begins at midnight
def test_a_moment_is_what_its_zone_says(local: datetime, zone: str) -> None:
    """The difference to UTC is kept for whole days, and asked anew on a day that changes it."""
    local = local.replace(microsecond=0)
    expected = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert values.moment(str(local), ZoneInfo(zone)) == expected
    assert values.moment(local.isoformat(), ZoneInfo(zone)) == expected


def test_the_last_day_of_the_calendar_is_a_moment_too() -> None:
    assert values.moment("9999-12-31 23:59:59", MOSCOW) == datetime(9999, 12, 31, 20, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("stored", ["2026-13-01 00:00:00", "2026-01-10 25:00:00", "завтра, в 12:00:00!!"])
def test_a_text_that_is_no_moment_is_refused(stored: str) -> None:
    with pytest.raises(ValueError):
        values.moment(stored, MOSCOW)


@pytest.mark.parametrize(
    ("stored", "read"), [("1990-02-29", None), ("31.12.1990", None), ("1990-12-31", date(1990, 12, 31))]
)
def test_a_text_that_is_no_date_is_refused(stored: str, read: date | None) -> None:
    if read is None:
        with pytest.raises(ValueError):
            values.day(stored)
    else:
        assert values.day(stored) == read


@pytest.mark.parametrize("stored", ["1990-00-10", "1990-05-00"])
def test_a_date_with_a_zero_part_is_none(stored: str) -> None:
    assert values.day(stored) is None


def test_numbers_carry_no_binary_noise() -> None:
    assert values.decimal(0.1) == Decimal("0.1")
    assert values.decimal(None) == 0
    for stored in ("дорого", "nan", float("inf"), Decimal("nan")):
        with pytest.raises(ValueError):
            values.decimal(stored)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("Иван", "Иван"),
        ("  Иван ", "Иван"),
        ("Иван".encode("cp1251").decode("cp1252"), "Иван"),
        ("Мария".encode().decode("cp1252", "replace").replace("\ufffd", ""), "ÐœÐ°Ñ€Ð¸Ñ"),  # a byte is lost: left alone
        ("Дом".encode().decode("latin-1"), "Дом"),
        ("Анна".encode().decode("cp1251"), "Анна"),
        ("Ёж".encode("cp1251").decode("ascii", "surrogateescape"), "Ёж"),
        ("José", "José"),
        ("Élève", "Élève"),
        ("Müller", "Müller"),
        ("Øre", "Øre"),
        ("Ольга :f09f9880:", "Ольга 😀"),
        (":12345678:", ":12345678:"),
        ("?", "?"),
        ("Кто там??", "Кто там??"),
        (None, ""),
    ],
)
def test_texts_are_read_as_people_meant_them(stored: str | None, read: str) -> None:
    assert values.text(stored) == read


@pytest.mark.parametrize("stored", ["Ив\ufffd\ufffdн", "Иван \udcc8", "????", "???? ??"])
def test_a_text_beyond_mending_is_refused(stored: str) -> None:
    with pytest.raises(ValueError):
        values.text(stored)
