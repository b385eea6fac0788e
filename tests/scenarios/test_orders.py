"""Letters about an order: made, moved on, done; and those that follow when it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import consent, db, switching
from core.errors import Misconfigured, Refused
from core.journeys import printing
from tests.scenarios.house import installation
from tests.scenarios.shop import ON_SQLITE, Shop

WITH = "С этим товаром покупают"
THANKS = ("# Обязательно:", "blocks = { coupon = { percent = 10, days = 14 } }\n# Обязательно:")


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """Others buy lamps with bulbs."""
    shop.sells("lamp", "bulb", "vase")
    shop.knows("anna")
    shop.together("lamp", "bulb")
    shop.passes(days=1)
    return shop


def test_a_new_order_brings_its_data_at_once_also_at_night_and_what_is_bought_with_it(shop: Shop) -> None:
    shop.runs("order_new")
    shop.at(2026, 11, 26, 3, 0)
    shop.orders("anna", "lamp")
    shop.tick()
    letter = shop.letter_to("anna")
    assert letter.code == "order_new/new"
    assert letter.subject == "Ваш заказ принят"
    assert "Заказ № A-1004 от 26 ноября 2026" in letter.text
    assert letter.under("Статус: Принят") == ["lamp"]
    assert letter.under(WITH) == ["bulb"]


@ON_SQLITE
def test_an_order_at_a_till_and_a_cancelled_one_bring_none(shop: Shop) -> None:
    shop.runs("order_new")
    shop.orders("anna", "lamp", offline=True)
    order = shop.orders("anna", "vase")
    shop.waits(seconds=20)
    shop.cancels(order)
    shop.tick()
    assert shop.codes_to("anna") == []


def test_the_letter_is_about_its_own_order_though_another_one_followed(shop: Shop) -> None:
    shop.runs("order_new")
    shop.orders("anna", "lamp")
    shop.waits(minutes=1)
    shop.orders("anna", "vase")
    shop.tick()
    assert [letter.under("Статус: Принят") for letter in shop.letters_to("anna")] == [["lamp"], ["vase"]]


def test_each_change_of_status_is_told_with_what_is_bought_with_it(shop: Shop) -> None:
    order = shop.orders("anna", "lamp")
    shop.runs("order_status")
    for status, name in (("P", "Оплачен"), ("S", "Отправлен")):
        shop.passes(hours=3)
        shop.moves(order, status)
        shop.tick()
        letter = shop.letter_to("anna")
        assert letter.code == "order_status/status"
        assert letter.under(f"Статус: {name}") == ["lamp"]
        assert letter.under(WITH) == ["bulb"]
    assert len(shop.letters_to("anna")) == 2, "no caps, no intervals: it is no advertisement"
    shop.passes(hours=3)
    shop.moves(order, "F")
    shop.tick()
    assert len(shop.letters_to("anna")) == 2, "the letter of thanks says it"


@ON_SQLITE
def test_of_two_changes_at_once_only_the_last_is_told(shop: Shop) -> None:
    order = shop.orders("anna", "lamp")
    shop.runs("order_status")
    shop.passes(hours=3)
    shop.moves(order, "P")
    shop.waits(minutes=1)
    shop.moves(order, "S")
    shop.tick()
    [letter] = shop.letters_to("anna")
    assert "Отправлен" in letter.text


def test_a_status_is_told_also_to_those_who_want_no_advertisements(shop: Shop) -> None:
    order = shop.orders("anna", "lamp")
    shop.runs("order_status")
    with db.writing(shop.engine) as connection:
        consent.suppress(connection, "anna@shop.ru", mailing="", reason="unsubscribed", source="test", now=shop.now)
    shop.passes(hours=3)
    shop.moves(order, "P")
    shop.tick()
    assert shop.codes_to("anna") == ["order_status/status"]


def test_at_the_final_status_thanks_with_the_shops_own_coupon_and_what_is_bought_with_it(shop: Shop) -> None:
    order = shop.orders("anna", "lamp")
    shop.edit("order_thanks", THANKS)
    shop.runs("order_thanks")
    shop.passes(hours=3)
    shop.moves(order, "S")
    shop.tick()
    assert shop.codes_to("anna") == []
    shop.passes(hours=3)
    shop.moves(order, "F")
    shop.tick()
    letter = shop.letter_to("anna")
    assert letter.code == "order_thanks/thanks"
    assert letter.subject == "Anna, спасибо за покупку"
    assert letter.coupon == ("ten", 14)
    assert letter.under(WITH) == ["bulb"]
    shop.passes(days=1)
    shop.moves(order, "S")
    shop.passes(days=1)
    shop.moves(order, "F")
    shop.tick()
    assert shop.codes_to("anna") == ["order_thanks/thanks"], "thanks are said once"


@ON_SQLITE
def test_thanks_whose_coupon_nobody_has_decided_on_are_refused_with_what_to_write(shop: Shop) -> None:
    scenario = shop.scenario("order_thanks")
    with shop.engine.connect() as connection, pytest.raises(Refused) as error:
        printing.publish(connection, shop.press, scenario, scenario.chain[0], at=shop.now)
    assert "block coupon needs percent, days" in str(error.value)
    assert "blocks = { coupon = { percent = …, days = … } }" in str(error.value)


@pytest.fixture
def done(shop: Shop) -> Shop:
    """Anna's order is done on a Wednesday, at 12:00."""
    shop.runs("after_order")
    order = shop.orders("anna", "lamp")
    shop.moves(order, "F")
    shop.tick()
    return shop


def test_seven_days_after_the_final_status_the_products_bought_are_to_be_reviewed(done: Shop) -> None:
    done.passes(days=6, hours=23, minutes=59)
    assert done.codes_to("anna") == []
    done.passes(minutes=1)
    letter = done.letter_to("anna")
    assert letter.code == "after_order/7d"
    assert letter.under("Как вам покупка? Расскажите другим") == ["lamp"]
    assert letter.under(WITH) == ["bulb"]
    assert letter.coupon is None


def test_a_month_after_the_final_status_a_coupon_of_three_percent_for_three_days(done: Shop) -> None:
    done.passes(days=7)
    done.at(2026, 12, 25, 11, 59)
    assert done.codes_to("anna") == ["after_order/7d"]
    done.at(2026, 12, 25, 12, 0)
    letter = done.letter_to("anna")
    assert letter.code == "after_order/1m"
    assert letter.coupon == ("three", 3)
    assert letter.under(WITH) == ["bulb"]


def test_three_months_after_the_final_status_a_coupon_of_five_percent_for_five_days(done: Shop) -> None:
    done.passes(days=7)
    done.at(2026, 12, 25, 12, 0)
    done.at(2027, 2, 25, 11, 59)
    assert done.codes_to("anna") == ["after_order/7d", "after_order/1m"]
    done.at(2027, 2, 25, 12, 0)
    letter = done.letter_to("anna")
    assert letter.code == "after_order/3m"
    assert letter.coupon == ("five", 5)
    assert letter.under(WITH) == ["bulb"]
    done.at(2027, 6, 25, 12, 0)
    assert len(done.letters_to("anna")) == 3


@ON_SQLITE
def test_an_order_done_on_the_31st_is_a_month_old_on_the_last_day_of_a_shorter_month(shop: Shop) -> None:
    shop.runs("after_order")
    shop.at(2027, 1, 31, 12, 0)
    shop.moves(shop.orders("anna", "lamp"), "F")
    shop.tick()
    shop.at(2027, 2, 7, 12, 0)
    shop.at(2027, 2, 28, 11, 59)
    assert shop.codes_to("anna") == ["after_order/7d"]
    shop.at(2027, 2, 28, 12, 0)
    assert shop.codes_to("anna") == ["after_order/7d", "after_order/1m"]


def test_a_new_order_breaks_the_chain_off_and_begins_one_of_its_own_when_it_is_done(done: Shop) -> None:
    done.passes(days=7)
    done.passes(days=10)
    second = done.orders("anna", "vase")
    done.at(2026, 12, 25, 12, 0)
    assert done.codes_to("anna") == ["after_order/7d"]
    assert done.why_not("anna", "after_order/1m") == "skipped: the goal is reached: ordered, 12.12.2026 12:00"
    done.moves(second, "F")
    done.tick()
    done.passes(days=7)
    assert done.letter_to("anna").under("Как вам покупка? Расскажите другим") == ["vase"]


@ON_SQLITE
def test_an_order_that_came_back_is_not_asked_after(done: Shop) -> None:
    done.passes(days=3)
    done.cancels("1004")
    done.passes(days=4)
    assert done.codes_to("anna") == []
    assert done.why_not("anna", "after_order/7d") == "skipped: it is over: the order was cancelled, 28.11.2026 12:00"


@ON_SQLITE
def test_two_orders_done_one_after_the_other_are_one_chain(shop: Shop) -> None:
    shop.runs("after_order")
    first, second = shop.orders("anna", "lamp"), shop.orders("anna", "vase")
    shop.moves(first, "F")
    shop.passes(days=2)
    shop.moves(second, "F")
    shop.tick()
    shop.passes(days=5)
    shop.passes(days=2)
    assert shop.codes_to("anna") == ["after_order/7d"]
    assert "was in this scenario before" in shop.why_not("anna", "after_order/7d")


@ON_SQLITE
def test_thanks_are_not_switched_on_before_percent_and_days_are_written(shop: Shop, tmp_path: Path) -> None:
    app = installation(shop, tmp_path)
    with pytest.raises(Misconfigured, match=r"order_thanks/thanks: .*block coupon needs percent, days"):
        switching.on(app, "order_thanks")
    assert not shop.scenario("order_thanks").active
    shop.edit("order_thanks", THANKS)
    assert switching.on(app, "order_thanks").active
