"""Order data: the reader's own order, and never another one's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from core.model import Payment, Shipment
from tests.blocks.conftest import Shop, bought


@pytest.fixture
def ordered(shop: Shop) -> Shop:
    shop.product("kettle", url="/goods/kettle/")
    shop.person("boris")
    shop.order("17", "anna", "kettle", days_ago=9)
    shop.order(
        "18",
        "anna",
        lines=(bought("18", "kettle", "1990.50", 2, name="Чайник"), bought("18", "lost", 10)),
        number="A-18",
        total=Decimal("4341"),
        delivery_price=Decimal(350),
        status_name="Собирается",
        payments=(Payment("Картой", Decimal(4341), paid_at=shop.now), Payment("Бонусами", Decimal(0), returned=True)),
        shipments=(Shipment("1", "Почта", Decimal(350), shop.now, "RB1"), Shipment("2", "Курьер")),
    )
    shop.order("19", "boris", "kettle", days_ago=1)
    return shop


def test_the_whole_order_is_told(ordered: Shop) -> None:
    ordered.pull()
    [facts] = ordered.ask("order_data", "anna", url="/orders/{id}/?n={number}")
    assert facts
    assert (facts["number"], facts["status"], facts["created"]) == ("A-18", "Собирается", date(2026, 11, 23))
    assert (facts["goods_total"], facts["delivery_price"], facts["total"]) == (Decimal(3991), 350, 4341)
    kettle, lost = facts["lines"]
    assert (kettle.name, kettle.quantity, kettle.total) == ("Чайник", "2", Decimal(3981))
    assert (kettle.url, kettle.picture_url) == ("https://shop.ru/goods/kettle/", "https://shop.ru/i/kettle.jpg")
    assert (lost.name, lost.url, lost.picture_url) == ("Товар lost", "", "")
    assert [(one["name"], one["paid"], one["returned"]) for one in facts["payments"]] == [
        ("Картой", True, False),
        ("Бонусами", False, True),
    ]
    assert [(one["name"], one["tracking_number"]) for one in facts["parcels"]] == [("Почта", "RB1"), ("Курьер", "")]
    assert facts["link"] == "https://shop.ru/orders/18/?n=A-18"


def test_the_letters_order_is_shown_even_when_it_was_cancelled(ordered: Shop) -> None:
    ordered.order("20", "anna", "kettle", cancelled_at=ordered.now)
    ordered.pull()
    [about, last] = ordered.ask("order_data", ordered.reader("anna", subject="20"), "anna")
    assert about
    assert last
    assert (about["number"], last["number"]) == ("A-20", "A-18"), "a cancelled order is not the last one"


def test_another_ones_order_is_never_shown(ordered: Shop) -> None:
    ordered.order("21", "anna", "kettle", email="boris@shop.ru")  # anna's account, boris's address
    ordered.pull()
    for subject in ("19", "21", "404"):
        assert ordered.ask("order_data", ordered.reader("anna", subject=subject)) == [None]
    nothing, own = ordered.ask("order_data", ordered.reader("boris", subject="18"), "anna")
    assert nothing is None
    assert own
    assert own["number"] == "A-18", "nor does a stranger's question move the answers of a batch"
    [facts] = ordered.ask("order_data", ordered.reader("boris", subject="21"))
    assert facts, "it goes to the address that the order was made with"


def test_an_order_of_the_same_number_in_another_shop_is_not_shown(ordered: Shop) -> None:
    ordered.pull()
    reader = replace(ordered.reader("anna", subject="18"), source="other")
    assert ordered.ask("order_data", reader) == [None]


def test_an_order_whose_goods_are_gone_links_to_nothing(ordered: Shop) -> None:
    ordered.change("kettle", active=False)
    ordered.pull()
    [facts] = ordered.ask("order_data", "anna")
    assert facts
    assert facts["lines"][0].url == ""
    assert facts["lines"][0].picture_url


def test_whoever_ordered_nothing_is_told_nothing(shop: Shop) -> None:
    shop.pull()
    assert shop.ask("order_data", "anna") == [None]


def test_two_hundred_orders_take_four_statements(ordered: Shop) -> None:
    for number in range(200):
        ordered.person(f"p{number}")
        ordered.order(f"p{number}", f"p{number}", "kettle")
    ordered.pull()
    readers = [ordered.reader(f"p{n}", subject=f"p{n}" if n % 2 else "") for n in range(200)]
    assert all(ordered.ask("order_data", *readers))
    assert len(ordered.statements) <= 6
