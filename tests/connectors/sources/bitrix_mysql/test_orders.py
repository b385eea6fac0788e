"""Orders: their own address before the account's, guests without a person, history without loss."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.model import Kind
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.connectors.sources.bitrix_mysql.test_php import php

OLD = "2026-11-01 12:00:00"


@pytest.fixture
def shop(bitrix: Bitrix) -> Bitrix:
    bitrix.user(1)
    bitrix.user(99, EMAIL="anonymous_1@example.com", ACTIVE="N")
    bitrix.add("b_option", MODULE_ID="sale", NAME="anonymous_user_id", VALUE="99")
    for person_type in (1, 2):  # the same roles have other properties for each type of payer
        for place, role in enumerate(("IS_EMAIL", "IS_PAYER", "IS_PHONE")):
            number = person_type * 10 + place
            common = {"ID": number, "PERSON_TYPE_ID": person_type, "NAME": role, "CODE": f"C{number}", "TYPE": "STRING"}
            bitrix.add(
                "b_sale_order_props", **common, **dict.fromkeys(("IS_EMAIL", "IS_PAYER", "IS_PHONE"), "N") | {role: "Y"}
            )
    for status, language, name in (("N", "en", "New"), ("N", "ru", "Принят"), ("F", "en", "Done")):
        bitrix.add("b_sale_status_lang", STATUS_ID=status, LID=language, NAME=name)
    return bitrix


def order(shop: Bitrix, number: int, **values: Any) -> None:
    common = {
        "ID": number,
        "LID": "s1",
        "USER_ID": 1,
        "ACCOUNT_NUMBER": f"A-{number}",
        "STATUS_ID": "N",
        "CURRENCY": "RUB",
    }
    given = {"PRICE": 1500.5, "PRICE_DELIVERY": 300, "DATE_INSERT": OLD, "DATE_UPDATE": OLD, "DATE_STATUS": OLD}
    shop.add("b_sale_order", **common | given | {"PAYED": "N", "CANCELED": "N"} | values)


def prop(shop: Bitrix, number: int, of: int, value: str, **values: Any) -> None:
    entity = {"ENTITY_ID": of, "ENTITY_TYPE": "ORDER"}
    shop.add("b_sale_order_props_value", ORDER_ID=of, ORDER_PROPS_ID=number, NAME="", VALUE=value, **entity | values)


def test_every_field_of_an_order(shop: Bitrix) -> None:
    order(shop, 5, PAYED="Y", DATE_PAYED="2026-11-02 12:00:00", STATUS_ID="F", DATE_UPDATE="2026-11-05 12:00:00")
    prop(shop, 21, 5, "Анна")
    prop(shop, 22, 5, "+7 900")
    for number, parent in ((51, None), (52, 51)):
        row = {"FUSER_ID": 10, "ORDER_ID": 5, "PRODUCT_ID": number, "NAME": "Чай", "CURRENCY": "RUB", "LID": "s1"}
        dates = {"DATE_INSERT": OLD, "DATE_UPDATE": OLD, "SET_PARENT_ID": parent}
        shop.add("b_sale_basket", ID=number, **row, PRICE=600.25, BASE_PRICE=700, QUANTITY=2, **dates)
    poured = shop.pull(Kind.ORDERS)
    found = poured.records["5"]
    assert (found.number, found.person, found.status, found.completed) == ("A-5", "1", "F", True)
    assert found.status_name == "Done", "no Russian name: any is better than a letter"
    assert (found.name, found.phone, found.email) == ("Анна", "+7 900", "user1@shop.ru")
    assert (found.total, found.delivery_price) == (Decimal("1500.5"), Decimal(300))
    assert found.created_at == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert found.paid_at == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert found.cancelled_at is None
    [line] = found.lines
    assert (line.product, line.price, line.base_price, line.quantity) == ("51", Decimal("600.25"), 700, 2)
    assert poured.total == 1


def test_the_orders_own_address_comes_before_the_accounts(shop: Bitrix) -> None:
    order(shop, 5)
    prop(shop, 10, 5, "gift@shop.ru")
    order(shop, 6)
    order(shop, 7, USER_ID=99)
    prop(shop, 20, 7, "guest@shop.ru")
    order(shop, 8, USER_ID=99)
    order(shop, 9, USER_ID=12345)  # the user has been deleted
    found = shop.pull(Kind.ORDERS).records
    assert {key: one.email for key, one in found.items()} == {
        "5": "gift@shop.ru",
        "6": "user1@shop.ru",
        "7": "guest@shop.ru",
        "8": "",
        "9": "",
    }
    assert (found["5"].person, found["7"].person) == ("1", ""), "a guest is no person of the technical user's"


def test_payments_parcels_coupons_and_what_the_buyer_wrote(shop: Bitrix) -> None:
    order(shop, 5)
    order(shop, 6)
    prop(shop, 10, 5, "gift@shop.ru")
    prop(shop, 12, 5, php(["+7 900", "+7 901"]))
    pay = {"ORDER_ID": 5, "CURRENCY": "RUB", "PAY_SYSTEM_ID": 1}
    paid = {"PAID": "Y", "DATE_PAID": "2026-11-02 12:00:00", "IS_RETURN": "N"}
    shop.add("b_sale_order_payment", ID=1, SUM=1000.5, PAY_SYSTEM_NAME="Карта", **pay, **paid)
    shop.add("b_sale_order_payment", ID=2, SUM=500, PAY_SYSTEM_NAME="При получении", PAID="N", IS_RETURN="N", **pay)
    parcel = {"ORDER_ID": 5, "DATE_INSERT": OLD, "PRICE_DELIVERY": 300, "DELIVERY_ID": 1}
    sent = {"DEDUCTED": "Y", "DATE_DEDUCTED": "2026-11-03 12:00:00", "TRACKING_NUMBER": "RA1"}
    shop.add("b_sale_order_delivery", ID=1, DELIVERY_NAME="технический", SYSTEM="Y", DEDUCTED="N", **parcel)
    shop.add("b_sale_order_delivery", ID=2, DELIVERY_NAME="Почта", SYSTEM="N", **sent, **parcel)
    shop.add("b_sale_order_delivery", ID=3, DELIVERY_NAME="Курьер", SYSTEM="N", DEDUCTED="N", **parcel)
    shop.add("b_sale_order_coupons", ORDER_ID=5, COUPON="SL-1", TYPE=2)
    found = shop.pull(Kind.ORDERS).records
    card, cash = found["5"].payments
    assert (card.name, card.total, card.paid_at) == ("Карта", Decimal("1000.5"), datetime(2026, 11, 2, 9, tzinfo=UTC))
    assert (cash.name, cash.paid_at, cash.returned) == ("При получении", None, False)
    post, courier = found["5"].shipments
    assert (post.name, post.tracking_number, post.price) == ("Почта", "RA1", 300)
    assert (post.shipped_at, courier.shipped_at) == (datetime(2026, 11, 3, 9, tzinfo=UTC), None)
    assert found["5"].coupons == ("SL-1",)
    assert found["5"].properties == {"C10": "gift@shop.ru", "C12": "+7 900, +7 901"}
    assert (found["6"].payments, found["6"].shipments, found["6"].coupons, found["6"].properties) == ((), (), (), {})


def test_properties_of_shipments_are_not_the_orders(shop: Bitrix) -> None:
    order(shop, 5)
    prop(shop, 10, 5, "courier@shop.ru", ENTITY_ID=77, ENTITY_TYPE="SHIPMENT")
    assert shop.pull(Kind.ORDERS).records["5"].email == "user1@shop.ru"


def test_cancelling_leaves_the_status_alone(shop: Bitrix) -> None:
    order(shop, 5, CANCELED="Y", DATE_CANCELED="2026-11-03 12:00:00")
    order(shop, 6, CANCELED="Y", DATE_CANCELED=None)
    found = shop.pull(Kind.ORDERS).records
    assert found["5"].cancelled_at == datetime(2026, 11, 3, 9, tzinfo=UTC)
    assert found["5"].status_name == "Принят"
    assert found["6"].cancelled_at == found["6"].changed_at, "cancelled without a date is cancelled all the same"


def test_completed_statuses_are_the_shops_own(shop: Bitrix) -> None:
    shop.settings["completed_statuses"] = ["DD", "F"]
    order(shop, 5, STATUS_ID="DD")
    order(shop, 6, STATUS_ID="N")
    assert {key: one.completed for key, one in shop.pull(Kind.ORDERS).records.items()} == {"5": True, "6": False}


def test_saved_orders_come_again(shop: Bitrix) -> None:
    order(shop, 5)
    order(shop, 6)
    order(shop, 7, LID="s2")
    poured = shop.pull(Kind.ORDERS)
    assert sorted(poured.records) == ["5", "6"]
    shop.run("UPDATE b_sale_order SET DATE_UPDATE = '2990-01-01 00:00:00' WHERE ID IN (6, 7)")
    assert sorted(shop.pull(Kind.ORDERS, poured.cursor).records) == ["6"]


def test_an_order_without_a_date_costs_only_itself(shop: Bitrix) -> None:
    for number in range(1, 8):
        order(shop, number)
    order(shop, 8, DATE_INSERT="0000-00-00 00:00:00")
    poured = shop.pull(Kind.ORDERS)
    assert len(poured.records) == 7
    assert [(bad.external_id, "DATE_INSERT" in bad.reason) for bad in poured.bad] == [("8", True)]


# ---- history ----


def change(shop: Bitrix, number: int, kind: str, data: Any, *, of: int = 5, at: str = "2026-11-02 12:00:00") -> None:
    stored = data if isinstance(data, str) else php(data)
    shop.add(
        "b_sale_order_change", ID=number, ORDER_ID=of, TYPE=kind, DATA=stored, DATE_CREATE=at, DATE_MODIFY=at, USER_ID=1
    )


def test_each_change_is_told_with_its_meaning(shop: Bitrix) -> None:
    order(shop, 5)
    change(shop, 1, "ORDER_ADDED", {})
    change(shop, 2, "ORDER_STATUS_CHANGED", {"STATUS_ID": "N", "OLD_STATUS_ID": "A"})
    change(shop, 3, "ORDER_STATUS_CHANGED", {"STATUS_ID": "F"})
    change(shop, 4, "ORDER_PAYED", {"PAYED": "Y"})
    change(shop, 5, "ORDER_PAYED", {"PAYED": "N"})
    change(shop, 6, "ORDER_CANCELED", {"CANCELED": "Y"})
    change(shop, 7, "ORDER_CANCELED", {"CANCELED": "N"})
    change(shop, 8, "SHIPMENT_TRACKING_NUMBER_CHANGED", {"TRACKING_NUMBER": "RA1"})
    change(shop, 9, "BASKET_ADDED", {"NAME": "Чай"})
    told = [(one.what, dict(one.details)) for one in shop.pull(Kind.ORDER_CHANGES).records.values()]
    assert told == [
        ("status_changed", {"status": "N", "name": "Принят", "old": "A"}),
        ("status_changed", {"status": "F", "name": "Done"}),
        ("paid", {}),
        ("payment_cancelled", {}),
        ("cancelled", {}),
        ("restored", {}),
        ("tracking_number", {"number": "RA1"}),
    ]


def test_data_cut_at_512_characters_is_read_as_far_as_it_goes(shop: Bitrix) -> None:
    order(shop, 5)
    change(shop, 1, "ORDER_STATUS_CHANGED", ('a:2:{s:9:"STATUS_ID";s:1:"F";s:7:"COMMENT";s:900:"' + "ж" * 600)[:512])
    change(shop, 2, "ORDER_STATUS_CHANGED", "a:1:{s:7:")
    change(shop, 3, "ORDER_STATUS_CHANGED", {"OTHER": "x"})
    poured = shop.pull(Kind.ORDER_CHANGES)
    assert [dict(one.details)["status"] for one in poured.records.values()] == ["F"]
    assert [bad.external_id for bad in poured.bad] == ["2", "3"]


def test_history_goes_on_where_it_was_left(shop: Bitrix) -> None:
    order(shop, 5)
    order(shop, 6, LID="s2")
    change(shop, 1, "ORDER_PAYED", {"PAYED": "Y"})
    rest = shop.pull(Kind.ORDER_CHANGES).cursor
    assert shop.pull(Kind.ORDER_CHANGES, rest).records == {}
    change(shop, 2, "ORDER_STATUS_CHANGED", {"STATUS_ID": "F"})
    change(shop, 3, "ORDER_PAYED", {"PAYED": "Y"}, of=6)
    assert list(shop.pull(Kind.ORDER_CHANGES, rest).records) == ["2"], "the other site's order is not ours"


def test_a_change_committed_late_under_a_smaller_id_is_not_missed(shop: Bitrix) -> None:
    order(shop, 5)
    change(shop, 1, "ORDER_PAYED", {"PAYED": "Y"})
    change(shop, 3, "ORDER_STATUS_CHANGED", {"STATUS_ID": "F"}, at="2990-01-01 00:00:00")  # younger than five minutes
    poured = shop.pull(Kind.ORDER_CHANGES)
    assert list(poured.records) == ["1", "3"]
    change(shop, 2, "ORDER_CANCELED", {"CANCELED": "Y"}, at="2990-01-01 00:00:00")
    assert list(shop.pull(Kind.ORDER_CHANGES, poured.cursor).records) == ["2", "3"], "one comes twice, none is missed"


def test_an_order_from_another_channel_says_so(shop: Bitrix) -> None:
    order(shop, 5)
    order(shop, 6, EXTERNAL_ORDER="Y")
    assert [(one.external_id, one.offline) for one in shop.pull(Kind.ORDERS).records.values()] == [
        ("5", False),
        ("6", True),
    ]
