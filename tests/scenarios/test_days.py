"""Days of the calendar, birthdays, ends of terms, and deals of a CRM."""

from __future__ import annotations

from datetime import date

import pytest

from tests.scenarios.shop import Shop


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.knows("anna")
    shop.tick()
    return shop


def test_a_week_before_a_season_begins_something_for_it(shop: Shop) -> None:
    shop.runs("season")
    shop.at(2027, 2, 21, 12, 0)
    assert shop.inbox == {}
    shop.at(2027, 2, 22, 9, 0)
    letter = shop.letter_to("anna")
    assert letter.code == "season/1"
    assert len(letter.under("К сезону")) == 4
    shop.at(2027, 3, 1, 12, 0)
    assert shop.codes_to("anna") == ["season/1"]


def test_ten_days_before_a_holiday_presents(shop: Shop) -> None:
    shop.together("3")
    shop.runs("holiday")
    shop.at(2026, 12, 20, 12, 0)
    assert shop.inbox == {}
    shop.at(2026, 12, 21, 9, 0)
    letter = shop.letter_to("anna")
    assert letter.code == "holiday/1"
    assert letter.under("Выбирают в подарок") == ["3"]
    shop.at(2027, 2, 13, 9, 0)
    assert shop.codes_to("anna") == ["holiday/1", "holiday/1"]


def test_on_the_birthday_in_the_morning_a_greeting_once_a_year(shop: Shop) -> None:
    shop.knows("boris", birthday=date(1990, 12, 1))
    shop.knows("vera", birthday=date(1992, 2, 29))
    shop.runs("birthday")
    shop.at(2026, 12, 1, 8, 59)
    assert shop.inbox == {}
    shop.at(2026, 12, 1, 9, 0)
    assert list(shop.inbox) == ["boris"]
    assert shop.letter_to("boris").subject == "С днём рождения, Boris!"
    shop.profile("boris", birthday=date(1990, 12, 2))
    shop.at(2026, 12, 2, 9, 0)
    assert shop.codes_to("boris") == ["birthday/day"]
    shop.at(2027, 2, 28, 9, 0)
    assert shop.codes_to("vera") == ["birthday/day"]


def test_a_week_before_a_subscription_ends_it_can_be_renewed(shop: Shop) -> None:
    shop.knows("boris", attributes={"UF_TERM_END": "2027-01-20"})
    shop.knows("vera", attributes={"UF_TERM_END": "20.01.2027"})
    shop.runs("term_end")
    shop.at(2027, 1, 12, 12, 0)
    assert shop.inbox == {}
    shop.profile("vera", attributes={"UF_TERM_END": "20.01.2028"})
    shop.at(2027, 1, 13, 9, 0)
    assert list(shop.inbox) == ["boris"], "vera has renewed it"
    letter = shop.letter_to("boris")
    assert letter.code == "term_end/1"
    assert "продлите её заранее" in letter.text


def test_a_week_before_a_thing_is_worn_out_its_successor_is_shown(shop: Shop) -> None:
    shop.sells("filter", section="12")
    anchor = 'after_purchase_days = 90, sections = ["12"]'
    shop.edit("term_end", ('attribute = "UF_TERM_END" }', f"{anchor} }}"))
    shop.runs("term_end")
    shop.orders("anna", "filter")
    shop.tick()
    shop.at(2027, 2, 14, 12, 0)
    assert shop.inbox == {}
    shop.at(2027, 2, 15, 12, 0)
    letter = shop.letter_to("anna")
    assert letter.under("Продлить") == ["filter"]


def test_a_deal_made_in_the_crm_is_confirmed_at_once(shop: Shop) -> None:
    shop.runs("deal_created", "deal_stage")
    shop.at(2026, 11, 25, 23, 0)
    shop.fact("deal_created", "anna", "77")
    shop.tick()
    letter = shop.letter_to("anna")
    assert letter.code == "deal_created/1"
    assert "Мы получили вашу заявку" in letter.text


def test_a_new_stage_of_a_deal_is_told_of_several_only_the_last(shop: Shop) -> None:
    shop.runs("deal_stage")
    shop.fact("deal_stage_changed", "anna", "77", stage="WORK")
    shop.waits(minutes=10)
    shop.fact("deal_stage_changed", "anna", "77", stage="WON")
    shop.tick()
    [letter] = shop.letters_to("anna")
    assert letter.code == "deal_stage/1"
    assert "следующий этап" in letter.text
