"""Wishes to be told when a product is back: e-mails only, of this site, ended when the product was bought."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.model import Kind
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix

OLD, FUTURE = "2026-11-01 12:00:00", "2990-01-01 00:00:00"


def wish(bitrix: Bitrix, number: int, **values: Any) -> None:
    row = {"ID": number, "ITEM_ID": 17, "USER_CONTACT": f"user{number}@shop.ru", "CONTACT_TYPE": 1, "SITE_ID": "s1"}
    bitrix.add("b_catalog_subscribe", **row | {"DATE_FROM": OLD, "NEED_SENDING": "N"} | values)


def test_wishes_are_poured_as_lists_of_a_product(bitrix: Bitrix) -> None:
    bitrix.add("b_iblock_element", ID=17, IBLOCK_ID=2, NAME="Лампа", ACTIVE="Y")
    wish(bitrix, 1, USER_ID=5)
    wish(bitrix, 2, DATE_TO=FUTURE, ITEM_ID=18)
    wish(bitrix, 3, DATE_TO="2026-11-02 12:00:00")
    wish(bitrix, 4, CONTACT_TYPE=2, USER_CONTACT="+7 900")
    wish(bitrix, 5, SITE_ID="s2")
    found = bitrix.pull(Kind.SUBSCRIPTIONS).records
    assert {key: one.active for key, one in found.items()} == {"awaited:1": True, "awaited:2": True, "awaited:3": False}
    first = found["awaited:1"]
    assert (first.list, first.title, first.email, first.person) == ("awaited:17", "Лампа", "user1@shop.ru", "5")
    assert first.at == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert (found["awaited:2"].title, found["awaited:2"].person) == ("18", ""), "a guest, and a product that is gone"


def test_new_and_ended_wishes_come_again(bitrix: Bitrix) -> None:
    for number in (1, 2, 3):
        wish(bitrix, number)
    rest = bitrix.pull(Kind.SUBSCRIPTIONS).cursor
    assert bitrix.pull(Kind.SUBSCRIPTIONS, rest).records == {}
    wish(bitrix, 4, DATE_FROM=FUTURE)
    # Moscow's clock
    now = "UTC_TIMESTAMP() + INTERVAL 3 HOUR" if bitrix.kind == "mariadb" else "datetime('now', '+3 hours')"
    bitrix.run(f"UPDATE b_catalog_subscribe SET DATE_TO = {now} WHERE ID = 2")
    found = bitrix.pull(Kind.SUBSCRIPTIONS, rest).records
    assert {key: one.active for key, one in found.items()} == {"awaited:2": False, "awaited:4": True}
