"""Birthdays, days of the calendar, ends of terms: what begins at midnight of the site."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core import db, tables
from core.anchoring import midnights
from core.errors import Misconfigured
from core.model import Kind, Person
from core.rules import World
from core.rules.forms import midnight
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago, line
from tests.scenarios.anchors.town import DAY, HOUR, LONG_AGO, Town

MIDNIGHT = datetime(2026, 11, 23, 21, tzinfo=UTC)  # 24 November begins in Moscow
SECOND = timedelta(seconds=1)


def born(town: Town, name: str, year: int, month: int, day: int) -> None:
    town.person(name, birthday=date(year, month, day))


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


# ---- birthday ----


def test_a_birthday_begins_at_midnight_of_the_site(town: Town) -> None:
    born(town, "anna", 1990, 11, 24)
    born(town, "boris", 1985, 11, 25)
    town.person("vera")
    town.pour()
    [one] = town.entered("birthday", ago(1), NOW)
    assert (one.name, one.at, one.key, one.entry.person) == ("anna", MIDNIGHT, "2026", "anna")
    assert town.entered("birthday", MIDNIGHT, NOW) == []
    assert len(town.entered("birthday", MIDNIGHT - SECOND, MIDNIGHT)) == 1


def test_another_zone_has_another_midnight(town: Town) -> None:
    born(town, "anna", 1990, 11, 24)
    town.pour()
    kamchatka = replace(MOSCOW, timezone="Asia/Kamchatka")
    assert [one.at for one in town.entered("birthday", ago(1), world=kamchatka)] == [at(2026, 11, 23, 12)]


def test_birthdays_that_are_yet_to_come_are_found(town: Town) -> None:
    born(town, "anna", 1990, 12, 1)
    born(town, "boris", 1990, 1, 1)
    town.pour()
    came = town.entered("birthday", NOW, NOW + timedelta(days=60))
    assert [(one.name, one.key, one.at) for one in came] == [
        ("anna", "2026", at(2026, 11, 30, 21)),
        ("boris", "2027", at(2026, 12, 31, 21)),
    ]


def test_29_february_is_celebrated_on_the_28th_of_common_years(town: Town) -> None:
    born(town, "anna", 2000, 2, 29)
    born(town, "boris", 2000, 2, 28)
    town.pour()
    common = town.entered("birthday", at(2027, 2, 26), at(2027, 3, 2))
    assert [(one.name, one.at) for one in common] == [("anna", at(2027, 2, 27, 21)), ("boris", at(2027, 2, 27, 21))]
    leap = town.entered("birthday", at(2028, 2, 26), at(2028, 3, 2))
    assert [(one.name, one.at) for one in leap] == [("boris", at(2028, 2, 27, 21)), ("anna", at(2028, 2, 28, 21))]


def test_every_year_is_an_entry_of_its_own(town: Town) -> None:
    born(town, "anna", 1990, 11, 24)
    town.pour()
    assert [one.key for one in town.entered("birthday", at(2024, 1, 1), at(2027, 1, 1))] == ["2024", "2025", "2026"]


def test_people_who_share_an_address_have_one_birthday_a_year(town: Town) -> None:
    town.person("anna", birthday=date(1990, 11, 24))
    for number, day in (("a2", date(1985, 11, 24)), ("a3", date(1985, 11, 26))):
        town.source.rows[Kind.PEOPLE].append(Person(number, "anna@shop.ru", birthday=day))
    town.pour()
    span = Span(MOSCOW, ago(5), NOW + 5 * DAY)
    assert [(one.entry.person, one.at) for one in town.asked("birthday", span)] == [("anna", MIDNIGHT)]


def test_who_is_inactive_or_has_no_address_has_no_birthday(town: Town) -> None:
    town.person("anna", birthday=date(1990, 11, 24), active=False)
    town.person("boris", birthday=date(1990, 11, 24), email="")
    town.pour()
    assert town.entered("birthday", ago(1)) == []


# ---- calendar ----


def test_a_day_of_the_calendar_is_everybodys(town: Town) -> None:
    town.people("anna", "boris")
    town.person("vera", active=False)
    town.source.rows[Kind.PEOPLE].append(Person("a2", "anna@shop.ru"))
    town.pour()
    came = town.entered("calendar", ago(1), dates=["11-24"])
    assert [(one.name, one.at, one.key, one.entry.person) for one in came] == [
        ("anna", MIDNIGHT, "2026-11-24", "anna"),
        ("boris", MIDNIGHT, "2026-11-24", "boris"),
    ]


def test_a_contact_whose_first_account_is_inactive_is_asked_by_the_second(town: Town) -> None:
    town.person("anna", active=False)
    town.source.rows[Kind.PEOPLE].append(Person("a2", "anna@shop.ru"))
    town.pour()
    assert [one.entry.person for one in town.entered("calendar", ago(1), dates=["11-24"])] == ["a2"]


def test_days_of_one_year_and_of_each_year(town: Town) -> None:
    town.people("anna")
    town.pour()
    came = town.entered("calendar", at(2025, 1, 1), at(2027, 1, 2), dates=["12-31", "2026-05-09", date(2026, 3, 8)])
    assert [one.key for one in came] == ["2025-12-31", "2026-03-08", "2026-05-09", "2026-12-31"]


def test_a_day_named_twice_is_one_entry(town: Town) -> None:
    town.people("anna")
    town.pour()
    assert len(town.entered("calendar", ago(1), dates=["11-24", "2026-11-24"])) == 1


def test_29_february_of_the_calendar_is_the_28th_in_common_years(town: Town) -> None:
    town.people("anna")
    town.pour()
    came = town.entered("calendar", at(2027, 1, 1), at(2028, 12, 1), dates=["02-29"])
    assert [one.key for one in came] == ["2027-02-28", "2028-02-29"]


def test_a_day_that_is_none_is_refused(town: Town) -> None:
    for wrong in ("31.12", "13-01", "02-30", "2026-02-29", "2026-1-1", "20261231", "2026-W01-1", "", 5):
        with pytest.raises(Misconfigured, match="dates"):
            town.entered("calendar", dates=[wrong])


# ---- the end of a term ----


@pytest.mark.parametrize(
    "written", ["2026-11-24", "24.11.2026", "24.11.2026 00:00:00", "2026-11-24 00:00:00", "2026-11-23T21:00:00+00:00"]
)
def test_a_term_ends_on_the_day_that_the_shop_has_written(town: Town, written: str) -> None:
    town.person("anna", attributes={"UF_END": written})
    town.person("boris", attributes={"UF_END": "2026-11-25"})
    town.person("vera", attributes={"UF_OTHER": "2026-11-24"})
    town.pour()
    [one] = town.entered("term_end", ago(1), attribute="UF_END")
    assert (one.name, one.at, one.entry.person) == ("anna", MIDNIGHT, "anna")


def test_an_hour_of_the_last_day_is_that_day(town: Town) -> None:
    town.person("anna", attributes={"UF_END": "2026-11-24T20:59:00+00:00"})  # 23:59 in Moscow
    town.person("boris", attributes={"UF_END": "2026-11-24T21:00:00+00:00"})
    town.pour()
    came = town.entered("term_end", ago(2), NOW + 3 * DAY, attribute="UF_END")
    assert [(one.name, one.at) for one in came] == [("anna", MIDNIGHT), ("boris", MIDNIGHT + DAY)]


@pytest.mark.parametrize("zone", ["Europe/London", "America/Havana", "Asia/Kamchatka", "Africa/Cairo", "UTC"])
def test_an_hour_is_of_the_sites_own_day_whatever_the_clocks_do(town: Town, zone: str) -> None:
    """Each third hour of some weeks around the change of the clocks, in spring and in autumn."""
    world = World(NOW, zone)
    moments = [start + number * 3 * HOUR for start in (at(2026, 3, 1), at(2026, 10, 20)) for number in range(30 * 8)]
    for number, moment in enumerate(moments):
        town.person(f"p{number}", attributes={"UF_END": moment.isoformat()})
    town.pour()
    span = Span(world, at(2026, 2, 1), at(2026, 12, 1))
    came = {one.name: one.at for one in town.asked("term_end", span, attribute="UF_END")}
    local = [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]
    begun = {f"p{number}": midnight(day, world).astimezone(UTC) for number, day in enumerate(local)}
    assert came == begun


def test_what_is_no_day_ends_no_term(town: Town) -> None:
    for number, wrong in enumerate(("", "never", "2026-13-01", 20261124, None, ["2026-11-24"], {"a": 1}, True)):
        town.person(f"p{number}", attributes={"UF_END": wrong})
    town.pour()
    assert town.entered("term_end", at(2026, 1, 1), at(2027, 6, 1), attribute="UF_END") == []


def test_a_term_made_longer_is_a_new_entry(town: Town) -> None:
    town.person("anna", attributes={"UF_END": "2026-11-24"})
    town.source.rows[Kind.PEOPLE].append(Person("a2", "anna@shop.ru", attributes={"UF_END": "2027-11-24"}))
    town.pour()
    came = town.entered("term_end", ago(1), NOW + timedelta(days=400), attribute="UF_END")
    assert len({one.key for one in came}) == 2


def bought(town: Town, name: str, days: float, *products: str, **values: object) -> None:
    town.order(name, ago(days), lines=tuple(line(product) for product in products), **values)


def test_a_term_ends_so_many_days_after_the_purchase(town: Town) -> None:
    bought(town, "anna", 30, "filter")  # 25 October, 05:00 in Moscow
    bought(town, "boris", 30, "lamp")
    town.pour()
    [one] = town.entered("term_end", ago(1), after_purchase_days=30, products=["filter"])
    assert (one.name, one.subject, one.key, one.at) == ("anna", "o1", "shop/o1", MIDNIGHT)
    ahead = town.entered("term_end", NOW, NOW + timedelta(days=90), after_purchase_days=60, products="filter")
    assert [one.at for one in ahead] == [MIDNIGHT + timedelta(days=30)]


def test_the_whole_day_of_the_purchase_counts_from_its_midnight(town: Town) -> None:
    first = MIDNIGHT - timedelta(days=30)
    for name, later in (("anna", 0 * DAY), ("boris", DAY - SECOND), ("vera", DAY), ("zoya", -SECOND)):
        town.order(name, first + later, lines=(line("filter"),))
    town.pour()
    came = town.entered("term_end", ago(3), NOW + 3 * DAY, after_purchase_days=30, products=["filter"])
    assert [(one.name, one.at) for one in came] == [
        ("zoya", MIDNIGHT - DAY),
        ("anna", MIDNIGHT),
        ("boris", MIDNIGHT),
        ("vera", MIDNIGHT + DAY),
    ]


def test_a_later_purchase_renews_the_term(town: Town) -> None:
    bought(town, "anna", 30, "filter")
    bought(town, "anna", 10, "filter")
    bought(town, "boris", 30, "filter")
    bought(town, "boris", 10, "filter", cancelled_at=ago(9))
    bought(town, "vera", 30, "filter")
    bought(town, "vera", 10, "lamp")
    town.pour()
    settings = {"after_purchase_days": 30, "products": ["filter"]}
    came = town.entered("term_end", ago(1), NOW + timedelta(days=30), **settings)
    assert [(one.name, one.subject) for one in came] == [("boris", "o3"), ("vera", "o5"), ("anna", "o2")]
    then = replace(MOSCOW, now=ago(20))  # the later purchase is not known yet
    asked = town.entered("term_end", ago(1), NOW, world=then, **settings)
    assert [one.name for one in asked] == ["anna", "boris", "vera"]


def test_anothers_purchase_neither_renews_a_term_nor_has_one_here(town: Town) -> None:
    bought(town, "anna", 30, "filter")
    bought(town, "boris", 10, "filter")
    bought(town, "vera", 30, "filter")
    town.pour()
    with db.writing(town.engine) as connection:
        moved = sa.update(tables.orders).where(tables.orders.c.person == "vera")
        connection.execute(moved.values(contact_id=town.contact(connection, "boris")))
    came = town.entered("term_end", ago(1), after_purchase_days=30, products=["filter"])
    assert [one.name for one in came] == ["anna"]


def test_a_cancelled_purchase_has_no_term(town: Town) -> None:
    bought(town, "anna", 30, "filter", cancelled_at=ago(29))
    town.pour()
    assert town.entered("term_end", ago(1), after_purchase_days=30, products=["filter"]) == []


def test_the_goods_may_be_those_of_a_section(town: Town) -> None:
    town.product("filter", section="12")
    town.product("lamp", section="13")
    bought(town, "anna", 30, "filter", "lamp")
    bought(town, "boris", 30, "lamp")
    town.pour()
    days = {"after_purchase_days": 30}
    assert [one.name for one in town.entered("term_end", ago(1), **days, sections=[12])] == ["anna"]
    both = town.entered("term_end", ago(1), **days, sections=["12"], products=["lamp"])
    assert [one.name for one in both] == ["anna", "boris"]


def test_a_term_needs_its_date_or_its_goods(town: Town) -> None:
    for wrong in (
        {},
        {"attribute": "UF_END", "after_purchase_days": 3, "products": ["1"]},
        {"attribute": "UF_END", "products": ["1"]},
        {"after_purchase_days": 3},
        {"products": ["1"]},
        {"attribute": "UF-END') --"},
        {"after_purchase_days": 0, "products": ["1"]},
    ):
        with pytest.raises(Misconfigured):
            town.entered("term_end", **wrong)  # type: ignore[arg-type]


# ---- all of them ----

DATED = (
    ("birthday", {}),
    ("calendar", {"dates": ["11-24"]}),
    ("term_end", {"attribute": "UF_END"}),
    ("term_end", {"after_purchase_days": 30, "products": ["filter"]}),
)


@pytest.mark.parametrize(("code", "settings"), DATED)
def test_between_two_midnights_nothing_is_read(town: Town, code: str, settings: dict[str, object]) -> None:
    plan = town.plan(town.query(code, Span(MOSCOW, MIDNIGHT, MIDNIGHT + 23 * HOUR), **settings))
    assert not [step for step in plan if any(name in step for name in ("people", "facts", "orders"))], plan
    plan = town.plan(town.query(code, Span(MOSCOW, MIDNIGHT - SECOND, MIDNIGHT), **settings))
    assert [step for step in plan if "people" in step or "facts" in step], plan


@pytest.mark.parametrize(("code", "settings"), DATED)
def test_a_span_without_midnight_holds_nobody(town: Town, code: str, settings: dict[str, object]) -> None:
    town.person("anna", birthday=date(1990, 11, 24), attributes={"UF_END": "2026-11-24"})
    bought(town, "anna", 30, "filter")
    town.pour()
    assert town.entered(code, MIDNIGHT, NOW, **settings) == []
    assert town.entered(code, NOW, ago(1), **settings) == []  # the wrong way round
    assert len(town.entered(code, MIDNIGHT - SECOND, MIDNIGHT, **settings)) == 1


@pytest.mark.parametrize(("code", "settings"), DATED[:3])
def test_dates_are_not_learnt(town: Town, code: str, settings: dict[str, object]) -> None:
    town.person("anna", birthday=date(1990, 11, 24), attributes={"UF_END": "2026-11-24"})
    town.pour()
    assert town.asked(code, Span(MOSCOW, LONG_AGO, NOW, learnt=0), **settings) == []


def test_a_purchase_learnt_late_is_asked_alone(town: Town) -> None:
    bought(town, "anna", 30, "filter")
    town.pour()
    settings = {"after_purchase_days": 30, "products": ["filter"]}
    assert len(town.asked("term_end", Span(MOSCOW, LONG_AGO, NOW, learnt=0), **settings)) == 1
    assert town.asked("term_end", Span(MOSCOW, LONG_AGO, NOW, learnt=town.learnt()), **settings) == []


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        ("Europe/Berlin", date(2026, 3, 29), at(2026, 3, 28, 23)),  # summer time begins that night
        ("Europe/Berlin", date(2026, 3, 30), at(2026, 3, 29, 22)),
        ("Europe/Berlin", date(2026, 10, 26), at(2026, 10, 25, 23)),
        ("Africa/Cairo", date(2026, 4, 24), at(2026, 4, 23, 22)),  # that day has no midnight: it begins at one
        ("America/Havana", date(2026, 11, 1), at(2026, 11, 1, 4)),
    ],
)
def test_days_begin_where_the_clocks_are_changed(town: Town, zone: str, day: date, moment: datetime) -> None:
    town.people("anna")
    town.pour()
    world = World(NOW, zone)
    came = town.entered("calendar", moment - 3 * DAY, moment + 3 * DAY, world=world, dates=[day.isoformat()])
    assert [one.at for one in came] == [moment]


@given(
    start=st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1)),
    hours=st.integers(0, 24 * 20),
    zone=st.sampled_from(["Europe/Moscow", "Europe/Berlin", "Africa/Cairo", "America/Havana", "Asia/Kamchatka", "UTC"]),
)
def test_each_day_begins_once(start: datetime, hours: int, zone: str) -> None:
    """However a span is cut, its pieces hold the midnights of the whole, and these are a day after another."""
    since = start.replace(tzinfo=UTC)
    world, until, middle = World(since, zone), since + hours * HOUR, since + (hours // 3) * HOUR
    whole = list(midnights(Span(world, since, until)))
    assert whole == [*midnights(Span(world, since, middle)), *midnights(Span(world, middle, until))]
    days = [day for day, _ in whole]
    assert days == [days[0] + number * DAY for number in range(len(days))] if days else hours <= 26
