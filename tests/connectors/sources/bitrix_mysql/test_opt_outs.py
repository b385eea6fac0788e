"""Everybody who left the old letters is told of, wherever Bitrix keeps it and whatever its age."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Misconfigured
from core.model import Kind, OptOut
from core.source import Cursor
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix

OPT_OUTS = Kind.OPT_OUTS
AT, LATER = "2026-11-01 12:00:00", "2037-01-01 00:00:00"


def contact(bitrix: Bitrix, number: int, **values: Any) -> None:
    row = {"ID": number, "TYPE_ID": 1, "CODE": f"c{number}@shop.ru", "DATE_INSERT": AT, "DATE_UPDATE": AT}
    bitrix.add("b_sender_contact", **row | values)


def by_link(bitrix: Bitrix, number: int, contact: int, at: str = AT) -> None:
    bitrix.add("b_sender_posting_recipient", ID=number, POSTING_ID=1, CONTACT_ID=contact, STATUS="N")
    bitrix.add("b_sender_posting_unsub", ID=number, RECIPIENT_ID=number, POSTING_ID=1, DATE_INSERT=at)


def left(bitrix: Bitrix, cursor: Cursor | None = None) -> dict[str, tuple[str, str]]:
    """Identifier → (address, reason)."""
    records = bitrix.pull(OPT_OUTS, cursor).records
    assert all(isinstance(one, OptOut) and one.mailing == "" for one in records.values())
    return {key: (one.email, one.reason) for key, one in records.items()}


def test_the_blacklist_of_the_site_stops_everything(bitrix: Bitrix) -> None:
    bitrix.add("b_main_mail_blacklist", ID=1, CODE="a@shop.ru", DATE_INSERT=AT, CATEGORY_ID=1)
    bitrix.add("b_main_mail_blacklist", ID=2, CODE="79001234567", DATE_INSERT=AT, CATEGORY_ID=1)
    assert left(bitrix) == {"blacklist:1": ("a@shop.ru", "blacklisted")}


def test_contacts_that_left_everything_or_are_blacklisted_are_told_of(bitrix: Bitrix) -> None:
    contact(bitrix, 1)
    contact(bitrix, 2, IS_UNSUB="Y")
    contact(bitrix, 3, BLACKLISTED="Y", IS_UNSUB="Y")
    contact(bitrix, 4, IS_UNSUB="Y", TYPE_ID=2, CODE="79001234567")
    assert left(bitrix) == {"contact:2": ("c2@shop.ru", "imported"), "contact:3": ("c3@shop.ru", "blacklisted")}


def test_who_left_one_mailing_has_left_everything(bitrix: Bitrix) -> None:
    for number in (1, 2, 3):
        contact(bitrix, number)
    for mailing, number, flag in ((1, 1, "N"), (1, 2, "Y"), (1, 2, "N"), (2, 1, "Y"), (3, 3, "N"), (4, 99, "Y")):
        bitrix.add("b_sender_mailing_subscription", MAILING_ID=mailing, CONTACT_ID=number, IS_UNSUB=flag)
    assert left(bitrix) == {"mailing:1:2": ("c2@shop.ru", "imported"), "mailing:2:1": ("c1@shop.ru", "imported")}


def test_who_left_by_a_link_is_told_of(bitrix: Bitrix) -> None:
    contact(bitrix, 1)
    by_link(bitrix, 7, 1)
    by_link(bitrix, 8, 99)  # a contact that is no more
    assert left(bitrix) == {"unsub:7": ("c1@shop.ru", "imported")}


def test_a_complaint_says_that_it_is_one(bitrix: Bitrix) -> None:
    bitrix.add("b_sender_abuse", ID=1, CONTACT_CODE="a@shop.ru", DATE_INSERT=AT)
    bitrix.add("b_sender_abuse", ID=2, CONTACT_CODE="79001234567", DATE_INSERT=AT)
    assert left(bitrix) == {"abuse:1": ("a@shop.ru", "complaint")}


def test_a_subscription_that_was_switched_off_stops_everything(bitrix: Bitrix) -> None:
    for number, active, confirmed in ((1, "Y", "Y"), (2, "N", "Y"), (3, "Y", "N")):
        row = {"EMAIL": f"s{number}@shop.ru", "ACTIVE": active, "CONFIRMED": confirmed, "DATE_INSERT": AT}
        bitrix.add("b_subscription", ID=number, **row)
    assert left(bitrix) == {"subscriber:2": ("s2@shop.ru", "imported")}


@pytest.mark.parametrize("examined_rows", [0, 200_000])
def test_who_leaves_after_the_last_read_is_met_by_the_next(bitrix: Bitrix, examined_rows: int) -> None:
    bitrix.settings["examined_rows"] = examined_rows
    for number in range(1, 6):
        contact(bitrix, number)
    cursor = bitrix.pull(OPT_OUTS).cursor
    assert left(bitrix, cursor) == {}
    bitrix.add("b_main_mail_blacklist", ID=1, CODE="a@shop.ru", DATE_INSERT=LATER, CATEGORY_ID=1)
    bitrix.run("UPDATE b_sender_contact SET IS_UNSUB = 'Y', DATE_UPDATE = '2037-01-01 00:00:00' WHERE ID = 2")
    by_link(bitrix, 7, 3, LATER)
    bitrix.add("b_sender_abuse", ID=1, CONTACT_CODE="c4@shop.ru", DATE_INSERT=LATER)
    row = {"EMAIL": "s1@shop.ru", "ACTIVE": "N", "DATE_INSERT": AT, "DATE_UPDATE": LATER}
    bitrix.add("b_subscription", ID=1, **row)
    assert sorted(left(bitrix, cursor)) == ["abuse:1", "blacklist:1", "contact:2", "subscriber:1", "unsub:7"]


def test_a_mailing_left_without_a_date_is_met_all_the_same(bitrix: Bitrix) -> None:
    contact(bitrix, 1)
    cursor = bitrix.pull(OPT_OUTS).cursor
    bitrix.add("b_sender_mailing_subscription", MAILING_ID=3, CONTACT_ID=1, IS_UNSUB="Y", DATE_INSERT=AT)
    assert list(left(bitrix, cursor)) == ["mailing:3:1"]


def test_a_walk_over_several_mailings_goes_on_where_it_stood(bitrix: Bitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sources.bitrix_mysql.walk.PAGE", 2)
    for number in range(1, 6):
        contact(bitrix, number)
        for mailing in (1, 2, 300):
            bitrix.add("b_sender_mailing_subscription", MAILING_ID=mailing, CONTACT_ID=number, IS_UNSUB="Y")
    whole, seen = set(left(bitrix)), set[str]()
    assert len(whole) == 15
    for page in bitrix.source.pull(OPT_OUTS, None):
        seen |= {record.external_id for record in page.records}
        rest = set(left(bitrix, page.cursor))
        assert seen | rest == whole
        assert not seen & rest or "after" not in page.cursor["left_mailings"]


def test_the_old_layout_of_module_sender_is_read_too(bitrix: Bitrix) -> None:
    """Before 2019 an address stood in EMAIL, and recipients had one of their own."""
    tables = ("b_sender_contact", "b_sender_posting_recipient", "b_sender_abuse", "b_main_mail_blacklist")
    for table in tables:
        bitrix.run(f"ALTER TABLE {table} RENAME TO new_{table}")
    try:
        bitrix.run(
            "CREATE TABLE b_sender_contact (ID INT, EMAIL VARCHAR(255), NAME VARCHAR(255), DATE_INSERT DATETIME)"
        )
        bitrix.run("CREATE TABLE b_sender_posting_recipient (ID INT, POSTING_ID INT, EMAIL VARCHAR(255))")
        bitrix.add("b_sender_contact", ID=1, EMAIL="c1@shop.ru")
        bitrix.add("b_sender_mailing_subscription", MAILING_ID=3, CONTACT_ID=1, IS_UNSUB="Y")
        bitrix.add("b_sender_posting_recipient", ID=7, POSTING_ID=1, EMAIL="r7@shop.ru")
        bitrix.add("b_sender_posting_unsub", ID=1, RECIPIENT_ID=7, POSTING_ID=1, DATE_INSERT=AT)
        assert left(bitrix) == {"mailing:3:1": ("c1@shop.ru", "imported"), "unsub:1": ("r7@shop.ru", "imported")}
        finding = bitrix.findings()["opt_outs, blacklist"]
        assert finding.ok
        assert "b_main_mail_blacklist" in str(finding.advice)
    finally:
        for table in tables:
            if table in tables[:2]:
                bitrix.run(f"DROP TABLE IF EXISTS {table}")
            bitrix.run(f"ALTER TABLE new_{table} RENAME TO {table}")


def test_a_right_that_is_missing_costs_its_place_and_is_said(bitrix: Bitrix) -> None:
    contact(bitrix, 1, IS_UNSUB="Y")
    row = {"EMAIL": "s1@shop.ru", "ACTIVE": "N", "DATE_INSERT": AT}
    bitrix.add("b_subscription", ID=1, **row)
    bitrix.add("b_module", ID="sender")
    bitrix.run("ALTER TABLE b_sender_posting_unsub RENAME TO hidden")
    seen: list[str] = []
    try:
        with pytest.raises(Misconfigured, match="no table b_sender_posting_unsub"):
            seen.extend(one.external_id for page in bitrix.source.pull(OPT_OUTS, None) for one in page.records)
    finally:
        bitrix.run("ALTER TABLE hidden RENAME TO b_sender_posting_unsub")
    assert seen == ["contact:1", "subscriber:1"]
