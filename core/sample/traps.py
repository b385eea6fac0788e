"""People as real Bitrix bases hold them: odd addresses, technical users, broken names, and birthdays among all that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.sample.rows import ZERO_DATE, ZERO_MOMENT, Rows

MOJIBAKE = "Ольга".encode().decode("cp1251")  # a base moved from cp1251 with the wrong charset
LOST = "?????"  # the same, moved the other way: nothing brings it back
EMOJI = ":f09f9880:"  # how bases in MySQL's three-byte utf8 keep 😀

_GREETED: tuple[Mapping[str, Any], ...] = (
    {"EXTERNAL_AUTH_ID": "shop"},  # bought without registering: a real buyer
    {"EXTERNAL_AUTH_ID": "socservices"},
    {"EMAIL": "  Big.Letters@Example.COM "},
    {"EMAIL": "family@example.com"},
    {"EMAIL": "Family@example.com"},
    {"NAME": f"Ольга {EMOJI}"},
    {"NAME": "<b>Иван</b>", "LAST_NAME": 'O\'Нил & "сыновья"'},
    {"LAST_LOGIN": None},
)
_NEVER_GREETED: tuple[Mapping[str, Any], ...] = (
    {"ACTIVE": "N"},
    {"BLOCKED": "Y"},
    {"ACTIVE": "N", "CONFIRM_CODE": "a1b2c3d4"},  # has not confirmed the registration
    *({"EXTERNAL_AUTH_ID": kind} for kind in ("bot", "imconnector", "sale", "email", "replica", "call")),
    {"EMAIL": ""},
    {"EMAIL": None},
    {"EMAIL": "   "},
    {"EMAIL": "ivan@@mail"},
    {"EMAIL": "нет почты"},
    {"EMAIL": "anna@example.com, ivan@example.com"},
    {"EMAIL": "Анна <anna@example.com>"},
)
_ODD: tuple[Mapping[str, Any], ...] = (
    {"NAME": MOJIBAKE},
    {"NAME": LOST, "LAST_NAME": LOST},
    {"NAME": "", "LAST_NAME": ""},
    {"NAME": None, "LAST_NAME": None, "SECOND_NAME": None, "PERSONAL_GENDER": None},
    {"NAME": "  мария  ", "LAST_NAME": "ИВАНОВА"},
    {"NAME": "Анна &quot;Аня&quot;", "PERSONAL_CITY": "<script>alert(1)</script>"},
    {"NAME": "Код :12345678:"},  # not an emoji: those are not four bytes of UTF-8
    {"NAME": "{{ 7 * 7 }}"},
    {"LAST_LOGIN": ZERO_MOMENT},
    {"PERSONAL_MOBILE": "нет", "PERSONAL_PHONE": "8(912)345-67-89 доб. 12"},
    {"EMAIL": "twice@example.com"},
    {"EMAIL": "twice@example.com", "ACTIVE": "N"},
    {"EMAIL": "anonymous_5f1@example.com", "EXTERNAL_AUTH_ID": "saleanonymous", "ACTIVE": "N"},
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who will register; `greeted` on the day if a birthday mailing is right."""

    birthday: date | str | None
    changes: Mapping[str, Any] = field(default_factory=dict)
    greeted: bool = False


def plans(rows: Rows) -> Iterator[Plan]:
    """Everybody whom a source must not stumble over."""
    yield from (Plan(born_today(rows), changes, greeted=True) for changes in _GREETED)
    yield from (Plan(born_today(rows), changes) for changes in _NEVER_GREETED)
    yield from (Plan(date(year, 2, 29), greeted=leap_day_is_celebrated(rows.today)) for year in (1988, 1996))
    other = date(1990, 1, 15) if rows.today.month != 1 else date(1990, 7, 15)
    yield from (Plan(other, changes) for changes in _ODD)
    yield from (
        Plan(birthday) for birthday in (ZERO_DATE, other.replace(year=1900), other.replace(year=rows.today.year))
    )


def born_today(rows: Rows) -> date:
    """A birthday that is celebrated today."""
    year = rows.random.randint(1955, 2004)
    if (rows.today.month, rows.today.day) == (2, 29):
        year -= year % 4
    return rows.today.replace(year=year)


def leap_day_is_celebrated(day: date) -> bool:
    """Whether people of 29 February have their birthday on `day`: on the 28th in common years."""
    leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    return (day.month, day.day) == (2, 29 if leap else 28)
