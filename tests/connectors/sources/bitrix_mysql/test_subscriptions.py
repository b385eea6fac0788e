"""Addresses beside the accounts: forms, rubrics, lists of module sender, infoblocks; and what of it is switched off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Misconfigured
from core.model import Kind
from core.sample import schema
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix

SUBSCRIPTIONS = Kind.SUBSCRIPTIONS
AT = "2026-11-01 12:00:00"


def form(bitrix: Bitrix, number: int, *fields: tuple[str, str, str], sid: str = "", site: str = "") -> None:
    """Fields are (SID, title, kind of input); their ids are the form's number * 10 and so on."""
    bitrix.add("b_form", ID=number, SID=sid or f"FORM{number}", NAME=f"Форма {number}")
    for place, (code, title, kind) in enumerate(fields):
        field = number * 10 + place
        bitrix.add("b_form_field", ID=field, FORM_ID=number, SID=code, TITLE=title, C_SORT=place)
        bitrix.add("b_form_answer", ID=field, FIELD_ID=field, FIELD_TYPE=kind, MESSAGE=" ")
    if site:
        bitrix.add("b_form_2_site", FORM_ID=number, SITE_ID=site)


def filled(bitrix: Bitrix, number: int, form: int, answers: dict[int, str], **values: Any) -> None:
    bitrix.add("b_form_result", **{"ID": number, "FORM_ID": form, "DATE_CREATE": AT, "TIMESTAMP_X": AT, **values})
    for field, text in answers.items():
        bitrix.add("b_form_result_answer", RESULT_ID=number, FORM_ID=form, FIELD_ID=field, USER_TEXT=text)


def rubric(bitrix: Bitrix, number: int, name: str, site: str = "s1") -> None:
    bitrix.add("b_list_rubric", ID=number, LID=site, NAME=name, CODE=f"r{number}")


def subscriber(bitrix: Bitrix, number: int, *rubrics: int, **values: Any) -> None:
    row = {"ID": number, "EMAIL": f"s{number}@shop.ru", "ACTIVE": "Y", "CONFIRMED": "Y", "DATE_INSERT": AT}
    bitrix.add("b_subscription", **row | {"DATE_UPDATE": AT, "DATE_CONFIRM": AT} | values)
    for one in rubrics:
        bitrix.add("b_subscription_rubric", SUBSCRIPTION_ID=number, LIST_RUBRIC_ID=one)


def emails(bitrix: Bitrix, *, active: bool = True) -> dict[str, str]:
    """Identifier → address of what is poured."""
    records = bitrix.pull(SUBSCRIPTIONS).records
    return {key: record.email for key, record in records.items() if record.active is active}


# ---- forms ----


def test_whoever_filled_a_form_in_is_on_its_list(bitrix: Bitrix) -> None:
    form(bitrix, 1, ("TEXT", "Вопрос", "textarea"), ("MAIL", "Куда ответить", "email"), ("NAME", "Имя", "text"))
    filled(bitrix, 5, 1, {10: "Когда?", 11: " anna@shop.ru ", 12: "Анна"}, USER_ID=7)
    filled(bitrix, 6, 1, {10: "no address given"})
    [one] = bitrix.pull(SUBSCRIPTIONS).records.values()
    assert (one.external_id, one.list, one.title) == ("form:5", "form:1", "Форма 1")
    assert (one.email, one.name, one.person) == ("anna@shop.ru", "Анна", "7")
    assert one.at == datetime(2026, 11, 1, 9, 0, tzinfo=UTC), "Moscow time"


@pytest.mark.parametrize(
    ("sid", "title", "taken"),
    [
        ("EMAIL", "Контакт", True),
        ("F1", "Ваш e-mail", True),
        ("F1", "Ваша почта", True),
        ("USER_MAIL", "Контакт", True),
        ("MAILING_ADDRESS", "Куда доставить", False),
        ("F1", "Почтовый индекс", False),
        ("F1", "Телефон", False),
    ],
)
def test_a_text_field_is_taken_for_an_address_when_its_name_says_so(
    bitrix: Bitrix, sid: str, title: str, taken: bool
) -> None:
    form(bitrix, 1, (sid, title, "text"))
    filled(bitrix, 5, 1, {10: "a@shop.ru"})
    assert emails(bitrix) == ({"form:5": "a@shop.ru"} if taken else {})


def test_the_settings_say_which_forms_and_which_fields(bitrix: Bitrix) -> None:
    form(bitrix, 1, ("EMAIL", "Почта", "email"), ("OTHER", "Почта друга", "text"), sid="FRIEND")
    form(bitrix, 2, ("EMAIL", "Почта", "email"))
    filled(bitrix, 5, 1, {10: "me@shop.ru", 11: "friend@shop.ru"})
    filled(bitrix, 6, 2, {20: "other@shop.ru"})
    assert emails(bitrix) == {"form:5": "me@shop.ru", "form:6": "other@shop.ru"}
    for key in ("FRIEND", "1"):
        bitrix.settings["forms"] = {key: {"email": "OTHER"}}
        assert emails(bitrix) == {"form:5": "friend@shop.ru"}


@pytest.mark.parametrize(
    ("forms", "fault"),
    [
        ({"QUESTON": {"email": "EMAIL"}}, r"no form 'QUESTON'\. Did you mean 'QUESTION'"),
        ({"QUESTION": {"email": "EMIAL"}}, r"no field 'EMIAL'\. Did you mean 'EMAIL'"),
    ],
)
def test_a_form_of_the_settings_that_is_not_there_costs_only_the_forms(
    bitrix: Bitrix, forms: dict[str, Any], fault: str
) -> None:
    form(bitrix, 1, ("EMAIL", "Почта", "email"), sid="QUESTION")
    rubric(bitrix, 2, "Новости")
    subscriber(bitrix, 3, 2)
    bitrix.settings["forms"] = forms
    seen: list[str] = []
    with pytest.raises(Misconfigured, match=fault):
        seen.extend(one.external_id for page in bitrix.source.pull(SUBSCRIPTIONS, None) for one in page.records)
    assert seen == ["rubric:2:3"]
    assert not bitrix.findings()["subscriptions, forms"].ok


def test_forms_of_another_site_are_left_alone(bitrix: Bitrix) -> None:
    form(bitrix, 1, ("EMAIL", "Почта", "email"), site="s1")
    form(bitrix, 2, ("EMAIL", "Почта", "email"), site="s2")
    form(bitrix, 3, ("EMAIL", "Почта", "email"))
    for number in (1, 2, 3):
        filled(bitrix, number, number, {number * 10: f"f{number}@shop.ru"})
    assert emails(bitrix) == {"form:1": "f1@shop.ru", "form:3": "f3@shop.ru"}


def test_a_damaged_name_costs_the_name_alone(bitrix: Bitrix) -> None:
    form(bitrix, 1, ("EMAIL", "Почта", "email"), ("NAME", "Имя", "text"))
    filled(bitrix, 5, 1, {10: "a@shop.ru", 11: "???? ????"})
    [one] = bitrix.pull(SUBSCRIPTIONS).records.values()
    assert (one.email, one.name) == ("a@shop.ru", "")


# ---- module subscribe ----


def test_only_active_and_confirmed_subscribers_are_on_a_rubric(bitrix: Bitrix) -> None:
    rubric(bitrix, 1, "Новости")
    rubric(bitrix, 2, "Акции")
    rubric(bitrix, 9, "Другой сайт", site="s2")
    subscriber(bitrix, 1, 1, 2, 9, USER_ID=5)
    subscriber(bitrix, 2, 1, ACTIVE="N")
    subscriber(bitrix, 3, 1, CONFIRMED="N")
    subscriber(bitrix, 4)
    assert sorted(emails(bitrix)) == ["rubric:1:1", "rubric:2:1"]
    one = bitrix.pull(SUBSCRIPTIONS).records["rubric:2:1"]
    assert (one.list, one.title, one.email, one.person) == ("rubric:2", "Акции", "s1@shop.ru", "5")


def test_a_rubric_that_was_left_is_noticed_before_the_next_full_read(bitrix: Bitrix) -> None:
    rubric(bitrix, 1, "Новости")
    rubric(bitrix, 2, "Акции")
    subscriber(bitrix, 1, 1, 2)
    subscriber(bitrix, 2, 1)
    cursor = bitrix.pull(SUBSCRIPTIONS).cursor
    assert bitrix.pull(SUBSCRIPTIONS, cursor).records == {}
    bitrix.run("DELETE FROM b_subscription_rubric WHERE SUBSCRIPTION_ID = 1 AND LIST_RUBRIC_ID = 2")
    bitrix.run("UPDATE b_subscription SET DATE_UPDATE = '2037-01-01 00:00:00' WHERE ID = 1")
    records = bitrix.pull(SUBSCRIPTIONS, cursor).records
    assert {key: record.active for key, record in records.items()} == {"rubric:1:1": True, "rubric:2:1": False}


# ---- module sender ----


def test_contacts_of_a_list_are_on_it_unless_they_left(bitrix: Bitrix) -> None:
    bitrix.add("b_sender_list", ID=5, NAME="С выставки", CODE="fair")
    for number, values in enumerate(
        ({"NAME": "Анна"}, {"IS_UNSUB": "Y"}, {"BLACKLISTED": "Y"}, {"TYPE_ID": 2, "CODE": "79001234567"}), start=1
    ):
        row = {"ID": number, "TYPE_ID": 1, "CODE": f"c{number}@shop.ru", "DATE_INSERT": AT}
        bitrix.add("b_sender_contact", **row | values)
        bitrix.add("b_sender_contact_list", CONTACT_ID=number, LIST_ID=5)
    bitrix.add("b_sender_contact", ID=9, TYPE_ID=1, CODE="nolist@shop.ru", DATE_INSERT=AT)
    assert emails(bitrix) == {"sender:5:1": "c1@shop.ru"}
    assert emails(bitrix, active=False) == {"sender:5:2": "c2@shop.ru", "sender:5:3": "c3@shop.ru"}
    one = bitrix.pull(SUBSCRIPTIONS).records["sender:5:1"]
    assert (one.list, one.title, one.name) == ("sender:5", "С выставки", "Анна")


# ---- infoblocks ----


def infoblock(bitrix: Bitrix, version: int) -> None:
    bitrix.settings["addresses"] = {7: {"email": "MAIL", "name": "WHO"}}
    bitrix.add("b_iblock", ID=7, CODE="subs", NAME="Подписчики", IBLOCK_TYPE_ID="x", LID="s1", VERSION=version)
    for number, code, multiple in ((70, "MAIL", "Y"), (71, "WHO", "N")):
        row = {"ID": number, "IBLOCK_ID": 7, "CODE": code, "NAME": code, "PROPERTY_TYPE": "S", "VERSION": version}
        bitrix.add("b_iblock_property", **row, MULTIPLE=multiple)
    if version == 2:
        with bitrix.engine.begin() as connection:
            schema.create_property_tables(connection, 7, {70: "S+", 71: "S"})


def element(bitrix: Bitrix, number: int, version: int, emails: tuple[str, ...], name: str = "", **values: Any) -> None:
    row = {"ID": number, "IBLOCK_ID": 7, "NAME": "x", "ACTIVE": "Y", "WF_STATUS_ID": 1, "DATE_CREATE": AT}
    bitrix.add("b_iblock_element", **row | {"TIMESTAMP_X": AT} | values)
    many = "b_iblock_element_property" if version == 1 else "b_iblock_element_prop_m7"
    for email in emails:
        bitrix.add(many, IBLOCK_ELEMENT_ID=number, IBLOCK_PROPERTY_ID=70, VALUE=email)
    if version == 1:
        bitrix.add(many, IBLOCK_ELEMENT_ID=number, IBLOCK_PROPERTY_ID=71, VALUE=name)
    else:
        bitrix.add("b_iblock_element_prop_s7", IBLOCK_ELEMENT_ID=number, PROPERTY_71=name)


@pytest.mark.parametrize("version", [1, 2])
def test_elements_of_an_infoblock_are_subscribers_by_their_property(bitrix: Bitrix, version: int) -> None:
    infoblock(bitrix, version)
    element(bitrix, 1, version, ("anna@shop.ru",), "Анна")
    element(bitrix, 2, version, ("b@shop.ru", "c@shop.ru"))
    element(bitrix, 3, version, ())
    element(bitrix, 4, version, ("off@shop.ru",), ACTIVE="N")
    element(bitrix, 5, version, ("draft@shop.ru",), WF_PARENT_ELEMENT_ID=1)
    assert emails(bitrix) == {"iblock:1": "anna@shop.ru", "iblock:2": "b@shop.ru", "iblock:2:2": "c@shop.ru"}
    assert emails(bitrix, active=False) == {"iblock:4": "off@shop.ru"}
    one = bitrix.pull(SUBSCRIPTIONS).records["iblock:1"]
    assert (one.list, one.title, one.name) == ("iblock:7", "Подписчики", "Анна")


def test_an_infoblock_added_to_the_settings_is_read_from_its_beginning(bitrix: Bitrix) -> None:
    infoblock(bitrix, 1)
    element(bitrix, 1, 1, ("anna@shop.ru",))
    wanted = bitrix.settings.pop("addresses")
    cursor = bitrix.pull(SUBSCRIPTIONS).cursor
    bitrix.settings["addresses"] = wanted
    found = bitrix.pull(SUBSCRIPTIONS, cursor)
    assert list(found.records) == ["iblock:1"]
    assert bitrix.pull(SUBSCRIPTIONS, found.cursor).records == {}


@pytest.mark.parametrize(
    ("addresses", "fault"),
    [
        ({8: {"email": "MAIL"}}, "no infoblock 8"),
        ({7: {"email": "MIAL"}}, r"no property 'MIAL'\. Did you mean 'MAIL'"),
    ],
)
def test_an_infoblock_or_property_that_is_not_there_is_named(
    bitrix: Bitrix, addresses: dict[int, Any], fault: str
) -> None:
    infoblock(bitrix, 1)
    bitrix.settings["addresses"] = addresses
    with pytest.raises(Misconfigured, match=fault):
        bitrix.pull(SUBSCRIPTIONS)
    [wrong] = [finding for finding in bitrix.findings().values() if "infoblock_" in finding.what]
    assert not wrong.ok


# ---- modules ----


def test_a_module_that_is_not_there_switches_its_place_off(bitrix: Bitrix) -> None:
    form(bitrix, 1, ("EMAIL", "Почта", "email"))
    filled(bitrix, 5, 1, {10: "a@shop.ru"})
    bitrix.run("ALTER TABLE b_subscription_rubric RENAME TO hidden")
    try:
        assert emails(bitrix) == {"form:5": "a@shop.ru"}
        assert "subscriptions, rubrics: module subscribe is not installed, nothing will be read" in bitrix.findings()
        bitrix.add("b_module", ID="subscribe")
        with pytest.raises(Misconfigured, match="no table b_subscription_rubric"):
            bitrix.pull(SUBSCRIPTIONS)
        assert "b_subscription_rubric" in str(bitrix.findings()["subscriptions, rubrics"].advice)
    finally:
        bitrix.run("ALTER TABLE hidden RENAME TO b_subscription_rubric")


def test_what_is_new_in_each_place_is_met_from_the_last_cursor(bitrix: Bitrix) -> None:
    bitrix.settings["examined_rows"] = 0
    form(bitrix, 1, ("EMAIL", "Почта", "email"))
    rubric(bitrix, 1, "Новости")
    bitrix.add("b_sender_list", ID=5, NAME="x")
    infoblock(bitrix, 1)
    filled(bitrix, 1, 1, {10: "old@shop.ru"})
    cursor = bitrix.pull(SUBSCRIPTIONS).cursor
    now = "2037-01-01 00:00:00"
    filled(bitrix, 2, 1, {10: "a@shop.ru"}, TIMESTAMP_X=now)
    subscriber(bitrix, 2, 1, DATE_UPDATE=now)
    bitrix.add("b_sender_contact", ID=2, TYPE_ID=1, CODE="c@shop.ru", DATE_INSERT=now)
    bitrix.add("b_sender_contact_list", CONTACT_ID=2, LIST_ID=5)
    element(bitrix, 2, 1, ("e@shop.ru",), TIMESTAMP_X=now)
    assert sorted(bitrix.pull(SUBSCRIPTIONS, cursor).records) == ["form:2", "iblock:2", "rubric:1:2", "sender:5:2"]


def test_a_read_that_broke_in_one_place_does_not_begin_the_others_anew(bitrix: Bitrix) -> None:
    form(bitrix, 1, ("EMAIL", "Почта", "email"))
    filled(bitrix, 5, 1, {10: "a@shop.ru"})
    rubric(bitrix, 1, "Новости")
    subscriber(bitrix, 1, 1)
    broken = next(page for page in bitrix.source.pull(SUBSCRIPTIONS, None) if "rubrics" in page.cursor)
    assert [record.external_id for record in broken.records] == ["rubric:1:1"]
    assert bitrix.pull(SUBSCRIPTIONS, broken.cursor).records == {}


def test_a_full_read_says_how_much_it_expects(bitrix: Bitrix) -> None:
    form(bitrix, 1, ("EMAIL", "Почта", "email"))
    filled(bitrix, 5, 1, {10: "a@shop.ru"})
    rubric(bitrix, 1, "Новости")
    subscriber(bitrix, 1, 1)
    poured = bitrix.pull(SUBSCRIPTIONS)
    assert poured.total == len(poured.records) == 2
    assert bitrix.pull(SUBSCRIPTIONS, poured.cursor).total is None
