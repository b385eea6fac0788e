"""Not seen for long: three letters until somebody comes back, and the chain that ends with an offer to leave."""

from __future__ import annotations

import pytest

from core.config import Frequency
from tests.scenarios.shop import ON_SQLITE, Shop


@pytest.fixture
def away(shop: Shop) -> Shop:
    """Anna logs in on the last day of August and does not come back. Goods of every age are shown more and more."""
    shop.at(2026, 8, 31, 12, 0)
    shop.runs("last_login")
    shop.knows("anna")
    shop.logs_in("anna")
    shop.passes(minutes=5)
    return shop


def stock(shop: Shop, *months: int) -> None:
    """Products named by their age in months, the older the more shown."""
    for age in months:
        years, month = divmod(shop.now.year * 12 + shop.now.month - 1 - age, 12)
        at = shop.now.replace(year=years, month=month + 1, day=10)
        shop.sells(f"age{age}", created_at=at, shows=100 + age, section="30")


def test_after_three_months_the_most_shown_products_of_the_last_one_to_five_months(away: Shop) -> None:
    away.at(2026, 11, 30, 11, 59)
    assert away.codes_to("anna") == []
    stock(away, 0, 2, 3, 4, 6)
    away.at(2026, 11, 30, 12, 0)
    letter = away.letter_to("anna")
    assert letter.code == "last_login/3m"
    assert letter.under("Чаще всего смотрят")[:3] == ["age4", "age3", "age2"]
    assert not {"age0", "age6"} & set(letter.goods)
    assert letter.coupon is None


def test_after_six_months_the_most_shown_products_of_the_last_one_to_eight_months(away: Shop) -> None:
    away.at(2026, 11, 30, 12, 0)
    away.at(2027, 2, 28, 11, 59)
    stock(away, 0, 2, 7, 9)
    assert away.codes_to("anna") == ["last_login/3m"]
    away.at(2027, 2, 28, 12, 0)  # 31 August and six months
    letter = away.letter_to("anna")
    assert letter.code == "last_login/6m"
    assert letter.under("Полюбилось за полгода")[:2] == ["age7", "age2"]
    assert not {"age0", "age9"} & set(letter.goods)
    assert letter.coupon is None


def test_after_a_year_products_of_one_to_sixteen_months_and_a_coupon_of_five_percent_for_five_days(away: Shop) -> None:
    away.at(2026, 11, 30, 12, 0)
    away.at(2027, 2, 28, 12, 0)
    away.at(2027, 8, 31, 11, 59)
    stock(away, 0, 2, 15, 17)
    assert away.codes_to("anna") == ["last_login/3m", "last_login/6m"]
    away.at(2027, 8, 31, 12, 0)
    letter = away.letter_to("anna")
    assert letter.code == "last_login/12m"
    assert letter.under("Что появилось за год")[:2] == ["age15", "age2"]
    assert not {"age0", "age17"} & set(letter.goods)
    assert letter.coupon == ("five", 5)


def test_whoever_returns_to_the_site_gets_no_more_and_three_months_later_begins_anew(away: Shop) -> None:
    away.at(2026, 11, 30, 12, 0)
    away.at(2027, 1, 15, 12, 0)
    away.logs_in("anna")
    away.at(2027, 2, 28, 12, 0)
    assert away.codes_to("anna") == ["last_login/3m"]
    away.at(2027, 4, 15, 12, 0)
    assert away.codes_to("anna") == ["last_login/3m", "last_login/3m"]


@ON_SQLITE
def test_a_look_without_a_login_is_a_return_too(away: Shop) -> None:
    away.at(2026, 10, 1, 12, 0)
    away.looks("anna", "1")
    away.at(2026, 11, 30, 12, 0)
    assert away.codes_to("anna") == []
    assert (
        away.why_not("anna", "last_login/3m") == "skipped: the goal is reached: looked at a product, 01.10.2026 12:00"
    )


@ON_SQLITE
def test_a_registration_without_any_later_login_counts_as_the_last_one(shop: Shop) -> None:
    shop.runs("last_login")
    shop.registers("anna")
    shop.at(2027, 2, 24, 12, 0)
    assert shop.codes_to("anna") == ["last_login/3m"]


@pytest.fixture
def silent(shop: Shop) -> Shop:
    """Anna orders and then is silent."""
    shop.runs("reactivation")
    shop.knows("anna")
    shop.sells("new", created_at=shop.now)
    shop.orders("anna", "1")
    shop.passes(minutes=5)
    return shop


def test_sixty_days_without_a_sign_of_life_bring_a_promo_code_of_ones_own_and_what_is_new(silent: Shop) -> None:
    silent.passes(days=59, hours=23, minutes=54)
    assert silent.codes_to("anna") == []
    silent.sells("newer", created_at=silent.now)
    silent.passes(minutes=1)
    letter = silent.letter_to("anna")
    assert letter.code == "reactivation/1"
    assert letter.coupon == ("five", 5)
    assert letter.under("Новинки")[0] == "newer"


def test_after_ninety_days_the_reasons_are_asked_for(silent: Shop) -> None:
    silent.passes(days=60)
    silent.passes(days=30)
    letter = silent.letter_to("anna")
    assert letter.code == "reactivation/2"
    assert "Что вам помешало?" in letter.text
    assert "Дорого" in letter.text
    assert letter.coupon is None


def test_after_half_a_year_one_may_leave_with_one_click(silent: Shop) -> None:
    for days in (60, 30, 90):
        silent.passes(days=days)
    letter = silent.letter_to("anna")
    assert letter.code == "reactivation/3"
    assert "отпишитесь одним нажатием" in letter.text
    assert letter.letter.html.count("/p/u/") >= 2, "in the text and in the footer"
    assert letter.coupon is None


@ON_SQLITE
@pytest.mark.parametrize("does", ["orders", "looks"])
def test_whoever_came_back_while_the_letter_waited_for_the_morning_gets_none(shop: Shop, does: str) -> None:
    shop.runs("reactivation", "last_login")
    shop.knows("anna")
    shop.at(2026, 11, 25, 3, 0)
    shop.logs_in("anna")
    shop.tick()
    shop.at(2027, 1, 24, 3, 0)
    shop.at(2027, 1, 24, 8, 0)
    getattr(shop, does)("anna", "1")
    shop.at(2027, 1, 24, 9, 0)
    assert shop.codes_to("anna") == []
    assert shop.why_not("anna", "reactivation/1").startswith("skipped: ")


@ON_SQLITE
def test_any_sign_of_life_ends_it(silent: Shop) -> None:
    silent.frequency = Frequency(sale_of=0)  # else one promo code were enough for so few letters
    silent.passes(days=60)
    silent.passes(hours=1)
    silent.opens("anna")
    silent.passes(days=30)
    silent.passes(days=31)
    assert silent.codes_to("anna") == ["reactivation/1"], "nor does it begin again for half a year"
    silent.passes(days=79)
    silent.looks("anna", "1")
    silent.passes(days=60)
    assert silent.codes_to("anna") == ["reactivation/1", "reactivation/1"]
