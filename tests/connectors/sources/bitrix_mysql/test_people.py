"""People: real users and the buyers registered at the checkout, never the technical ones; a bad field costs itself."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from connectors.sources.bitrix_mysql.people import TECHNICAL
from core.model import Kind
from core.sample import schema
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.connectors.sources.bitrix_mysql.test_php import php


def people(bitrix: Bitrix) -> list[str]:
    return sorted(bitrix.pull(Kind.PEOPLE).records)


def test_ordinary_and_social_users_and_checkout_buyers_are_people(bitrix: Bitrix) -> None:
    bitrix.user(1, EXTERNAL_AUTH_ID=None)
    bitrix.user(2, EXTERNAL_AUTH_ID="")
    bitrix.user(3, EXTERNAL_AUTH_ID="socservices")
    bitrix.user(4, EXTERNAL_AUTH_ID="shop")
    for number, technical in enumerate(TECHNICAL, start=10):
        bitrix.user(number, EXTERNAL_AUTH_ID=technical)
    bitrix.user(99)
    bitrix.add("b_option", MODULE_ID="sale", NAME="anonymous_user_id", VALUE="99")
    assert people(bitrix) == ["1", "2", "3", "4"]


def test_blocked_and_unconfirmed_users_are_not_active(bitrix: Bitrix) -> None:
    bitrix.user(1)
    bitrix.user(2, ACTIVE="N", CONFIRM_CODE="abcd")
    bitrix.user(3, BLOCKED="Y")
    active = {key: person.active for key, person in bitrix.pull(Kind.PEOPLE).records.items()}
    assert active == {"1": True, "2": False, "3": False}


def test_an_old_base_without_blocked_is_read_all_the_same(bitrix: Bitrix) -> None:
    bitrix.user(1)
    bitrix.run("ALTER TABLE b_user DROP COLUMN BLOCKED")
    try:
        assert bitrix.pull(Kind.PEOPLE).records["1"].active
    finally:
        bitrix.run("ALTER TABLE b_user ADD COLUMN BLOCKED char(1) NOT NULL DEFAULT 'N'")


def test_every_field_of_a_person(bitrix: Bitrix) -> None:
    bitrix.user(
        7,
        EMAIL=" Anna@Shop.RU ",
        NAME="Анна :f09f9880:",
        LAST_NAME="Иванова",
        SECOND_NAME="Петровна",
        PERSONAL_GENDER="F",
        PERSONAL_BIRTHDAY="1996-02-29",
        PERSONAL_MOBILE="",
        PERSONAL_PHONE="+7 900",
        PERSONAL_CITY="Орёл",
        LID="s1",
        TIME_ZONE="Asia/Omsk",
        DATE_REGISTER="2026-01-10 12:00:00",
        LAST_LOGIN="2026-11-20 09:30:00",
    )
    person = bitrix.pull(Kind.PEOPLE).records["7"]
    assert (person.email, person.name, person.last_name) == ("Anna@Shop.RU", "Анна 😀", "Иванова")
    assert (person.gender, person.birthday, person.phone, person.city) == ("f", date(1996, 2, 29), "+7 900", "Орёл")
    assert person.registered_at == datetime(2026, 1, 10, 9, tzinfo=UTC)
    assert person.last_login_at == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    assert person.last_activity_at is None


def test_the_confirmed_number_is_the_persons_phone(bitrix: Bitrix) -> None:
    bitrix.user(1, PERSONAL_MOBILE="+7 900")
    bitrix.user(2, PERSONAL_MOBILE="+7 901", WORK_PHONE="+7 495")
    bitrix.user(3, WORK_PHONE="+7 495", CONFIRM_CODE="abcd", ACTIVE="N")
    bitrix.add("b_user_phone_auth", USER_ID=1, PHONE_NUMBER="+79991112233", CONFIRMED="Y")
    bitrix.add("b_user_phone_auth", USER_ID=2, PHONE_NUMBER="+79994445566", CONFIRMED="N")
    found = bitrix.pull(Kind.PEOPLE).records
    assert {key: person.phone for key, person in found.items()} == {"1": "+79991112233", "2": "+7 901", "3": "+7 495"}
    assert {key: person.confirmed for key, person in found.items()} == {"1": True, "2": True, "3": False}


def test_a_zero_birthday_is_none(bitrix: Bitrix) -> None:
    bitrix.run("SET SESSION sql_mode=''") if bitrix.kind == "mariadb" else None
    bitrix.user(1, PERSONAL_BIRTHDAY="0000-00-00", LAST_LOGIN="0000-00-00 00:00:00")
    person = bitrix.pull(Kind.PEOPLE).records["1"]
    assert (person.birthday, person.last_login_at) == (None, None)


def test_a_field_beyond_reading_is_reported_and_the_person_kept(bitrix: Bitrix) -> None:
    bitrix.user(1, NAME="Ив\ufffd\ufffdн")
    bitrix.user(2, NAME="Èâàí")
    poured = bitrix.pull(Kind.PEOPLE)
    assert [(bad.external_id, "b_user.NAME" in bad.reason) for bad in poured.bad] == [("1", True)]
    assert (poured.records["1"].name, poured.records["1"].email) == ("", "user1@shop.ru")
    assert poured.records["2"].name == "Иван", "cp1251 bytes that were taken for latin1"


def test_people_of_another_site_are_its_own(bitrix: Bitrix) -> None:
    bitrix.user(1, LID="s1")
    bitrix.user(2, LID="s2")
    bitrix.user(3, LID=None)
    assert people(bitrix) == ["1", "3"]
    bitrix.settings = {}
    assert people(bitrix) == ["1", "2", "3"]


def test_groups_count_within_their_dates_and_while_active(bitrix: Bitrix) -> None:
    bitrix.user(1)
    for number, active in ((5, "Y"), (6, "N"), (7, "Y"), (8, "Y"), (9, "Y")):
        bitrix.add("b_group", ID=number, NAME="g", ACTIVE=active)
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=5)
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=6)
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=7, DATE_ACTIVE_TO="2020-01-01 00:00:00")
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=8, DATE_ACTIVE_FROM="2990-01-01 00:00:00")
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=9, DATE_ACTIVE_FROM="2020-01-01 00:00:00")
    assert bitrix.pull(Kind.PEOPLE).records["1"].attributes == {"groups": [5, 9]}


FIELDS = {
    "UF_BONUS": ("double", "N", "double"),
    "UF_NEWS": ("boolean", "N", "int(11)"),
    "UF_SEGMENT": ("enumeration", "N", "int(11)"),
    "UF_SINCE": ("date", "N", "date"),
    "UF_TAGS": ("string", "Y", "text"),
    "UF_SEGMENTS": ("enumeration", "Y", "text"),
}


@pytest.fixture
def fields(bitrix: Bitrix) -> Bitrix:
    columns = {"VALUE_ID": ["int(11)", "not null", "PRI"]} | {name: [f[2], "null"] for name, f in FIELDS.items()}
    with bitrix.engine.begin() as connection:
        schema.create_table(connection, "b_uts_user", columns)
    for name, (kind, multiple, _) in FIELDS.items():
        bitrix.add("b_user_field", ENTITY_ID="USER", FIELD_NAME=name, USER_TYPE_ID=kind, MULTIPLE=multiple)
    bitrix.add("b_user_field", ENTITY_ID="USER", FIELD_NAME="UF_NO_COLUMN", USER_TYPE_ID="string", MULTIPLE="N")
    for number, value in ((31, "Новый"), (32, "Постоянный")):
        bitrix.add("b_user_field_enum", ID=number, USER_FIELD_ID=3, VALUE=value, XML_ID=value)
    bitrix.user(1)
    bitrix.user(2)
    return bitrix


def test_uf_fields_are_attributes_with_readable_values(fields: Bitrix) -> None:
    row = {"UF_BONUS": 12.5, "UF_NEWS": 0, "UF_SEGMENT": 32, "UF_SINCE": "2015-03-01"}
    fields.add("b_uts_user", VALUE_ID=1, **row, UF_TAGS=php(["чай", "кофе"]), UF_SEGMENTS=php([31, 32]))
    poured = fields.pull(Kind.PEOPLE)
    assert poured.bad == []
    assert poured.records["1"].attributes == {
        "UF_BONUS": 12.5,
        "UF_NEWS": False,
        "UF_SEGMENT": "Постоянный",
        "UF_SINCE": "2015-03-01",
        "UF_TAGS": ["чай", "кофе"],
        "UF_SEGMENTS": ["Новый", "Постоянный"],
        "groups": [],
    }
    assert poured.records["2"].attributes == {"groups": []}, "no row means no values"


def test_a_broken_uf_value_costs_that_field_only(fields: Bitrix) -> None:
    fields.add("b_uts_user", VALUE_ID=1, UF_BONUS=3, UF_TAGS='a:1:{i:0;s:99:"чай";}')
    poured = fields.pull(Kind.PEOPLE)
    assert poured.records["1"].attributes == {"UF_BONUS": 3.0, "groups": []}
    assert [bad.external_id for bad in poured.bad] == ["1"]
    assert "b_uts_user.UF_TAGS" in poured.bad[0].reason


def test_a_login_is_noticed_though_timestamp_x_stays(bitrix: Bitrix) -> None:
    for number in (1, 2, 3, 4):
        bitrix.user(number)
    rest = bitrix.pull(Kind.PEOPLE).cursor
    assert bitrix.pull(Kind.PEOPLE, rest).records == {}
    bitrix.run("UPDATE b_user SET TIMESTAMP_X = TIMESTAMP_X, LAST_LOGIN = '2990-01-01 00:00:00' WHERE ID = 2")
    bitrix.run("UPDATE b_user SET TIMESTAMP_X = '2030-01-01 00:00:00' WHERE ID = 3")
    bitrix.run("UPDATE b_user SET TIMESTAMP_X = TIMESTAMP_X, LAST_ACTIVITY_DATE = '2990-01-01 00:00:00' WHERE ID = 4")
    assert sorted(bitrix.pull(Kind.PEOPLE, rest).records) == ["2", "3", "4"]


def test_timestamp_columns_are_compared_as_utc(bitrix: Bitrix) -> None:
    """TIMESTAMP_X is a `timestamp`: MySQL shows it in the session's zone, `datetime` columns in none."""
    rest = bitrix.pull(Kind.PEOPLE).cursor
    now = "CURRENT_TIMESTAMP" if bitrix.kind == "mariadb" else "datetime('now', '+3 hours')"  # PHP's clock is Moscow's
    bitrix.user(1)
    bitrix.run(f"UPDATE b_user SET TIMESTAMP_X = {now}")
    assert list(bitrix.pull(Kind.PEOPLE, rest).records) == ["1"]
    bitrix.run("UPDATE b_user SET TIMESTAMP_X = '2026-01-01 00:00:00'")
    assert bitrix.pull(Kind.PEOPLE, rest).records == {}
