from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.address import normalised
from core.errors import Refused
from core.sample.shop import make_shop
from core.sample.traps import EMOJI, LOST, MOJIBAKE
from tests.bitrix import shop_engine
from tests.core.sample.believable import BREACHES
from tests.core.sample.conftest import TODAY, Shop, everything

TECHNICAL = set(  # UserTable::getExternalUserTypes without "shop", whose people are real buyers
    "bot email __controller replica imconnector sale saleanonymous call document_editor calendar_sharing".split()
)


@pytest.mark.parametrize("rule", BREACHES)
def test_the_shop_is_believable(sample: Shop, rule: str) -> None:
    assert sample.ask(BREACHES[rule]) == []


def test_the_same_date_and_seed_make_the_same_shop_and_others_another(tmp_path: Path) -> None:
    found = []
    for today, seed in ((TODAY, 1), (TODAY, 1), (TODAY, 2), (date(2026, 11, 25), 1)):
        with shop_engine("sqlite", tmp_path) as engine:
            summary = make_shop(engine, today=today, seed=seed, users=120)
            found.append((summary, everything(engine)))
    first, again, other_seed, other_day = found
    assert first == again
    for other in (other_seed, other_day):
        for table in ("b_user", "b_sale_order", "b_sale_basket", "b_iblock_element", "b_catalog_viewed_product"):
            assert first[1][table] != other[1][table]


def test_both_databases_hold_the_same_shop(sample: Shop, tmp_path: Path) -> None:
    with shop_engine("sqlite", tmp_path) as engine:
        other = Shop(engine, make_shop(engine, today=TODAY, users=600))
        assert other.summary == sample.summary
        for query in (
            "SELECT LOGIN, EMAIL, NAME, LAST_NAME FROM b_user ORDER BY ID",
            "SELECT ACCOUNT_NUMBER, STATUS_ID, USER_ID, PAYED FROM b_sale_order ORDER BY ID",
            "SELECT VALUE_ID, UF_TAGS, UF_SEGMENT FROM b_uts_user ORDER BY VALUE_ID",
        ):
            assert other.ask(query) == sample.ask(query)


@pytest.mark.parametrize(
    "today", [TODAY, date(2026, 2, 28), date(2028, 2, 28), date(2028, 2, 29), date(2026, 3, 1), date(2026, 1, 15)]
)
def test_the_summary_names_exactly_those_to_be_greeted(tmp_path: Path, today: date) -> None:
    with shop_engine("sqlite", tmp_path) as engine:
        summary = make_shop(engine, today=today, users=300)
        with engine.connect() as connection:
            people = [dict(row._mapping) for row in connection.execute(sa.text("SELECT * FROM b_user"))]
        wanted = {email for person in people if (email := _greeted(person, today))}
        assert summary.birthday_emails == tuple(sorted(wanted))
        assert len(wanted) >= 10


def test_nobody_who_is_greeted_has_left(sample: Shop) -> None:
    greeted = set(sample.summary.birthday_emails)
    for query in (
        "SELECT EMAIL FROM b_subscription WHERE ACTIVE = 'N' OR CONFIRMED = 'N'",
        "SELECT CODE FROM b_sender_contact WHERE IS_UNSUB = 'Y' OR BLACKLISTED = 'Y'",
        "SELECT CODE FROM b_main_mail_blacklist",
    ):
        left = {str(email).strip().lower() for (email,) in sample.ask(query)}
        assert left
        assert not left & greeted


@pytest.mark.parametrize("collation", ["cp1251_general_ci", "utf8mb3_general_ci"])
def test_an_old_database_in_another_charset_takes_the_shop_too(mariadb: str, tmp_path: Path, collation: str) -> None:
    with shop_engine("mariadb", tmp_path, server=mariadb, collation=collation) as engine:
        shop = Shop(engine, make_shop(engine, today=TODAY, users=100))
        assert shop.ask("SELECT NAME FROM b_user WHERE ID = 1") == [("Администратор",)]
        ((kept,),) = shop.ask(
            "SELECT TABLE_COLLATION FROM information_schema.TABLES"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'b_user'"
        )
        assert kept == collation


def test_the_summary_counts_what_is_there(sample: Shop) -> None:
    assert sample.summary.users == 600 == sample.ask("SELECT COUNT(*) FROM b_user")[0][0]
    assert sample.summary.orders == sample.ask("SELECT COUNT(*) FROM b_sale_order")[0][0] > 200


def test_the_shop_ends_at_the_midnight_before_its_day(sample: Shop) -> None:
    for table, column in (
        ("b_user", "DATE_REGISTER"),
        ("b_user", "LAST_LOGIN"),
        ("b_sale_order", "DATE_UPDATE"),
        ("b_sale_order_change", "DATE_CREATE"),
        ("b_sale_basket", "DATE_UPDATE"),
        ("b_catalog_viewed_product", "DATE_VISIT"),
        ("b_catalog_price", "TIMESTAMP_X"),
    ):
        assert str(sample.ask(f"SELECT MAX({column}) FROM {table}")[0][0]) <= f"{TODAY} 00:00:00", f"{table}.{column}"


@pytest.mark.parametrize(
    "trap",
    [
        f"b_user WHERE NAME LIKE '%{EMOJI}'",
        f"b_user WHERE NAME = '{MOJIBAKE}'",
        f"b_user WHERE NAME = '{LOST}'",
        "b_user WHERE NAME LIKE '<b>%'",
        "b_user WHERE NAME IS NULL",
        "b_user WHERE EMAIL IS NULL",
        "b_user WHERE EMAIL = ''",
        "b_user WHERE LAST_LOGIN IS NULL",
        "b_user WHERE CAST(PERSONAL_BIRTHDAY AS CHAR) = '0000-00-00'",
        "b_user_group WHERE CAST(DATE_ACTIVE_FROM AS CHAR) = '0000-00-00 00:00:00'",
        "b_iblock_element WHERE CAST(ACTIVE_TO AS CHAR) = '0000-00-00 00:00:00'",
        "b_user WHERE EXTERNAL_AUTH_ID IS NULL",
        "b_user WHERE EXTERNAL_AUTH_ID = ''",
        "b_sale_fuser WHERE USER_ID = 0",
        "b_sale_order_change WHERE LENGTH(DATA) >= 512 AND DATA NOT LIKE '%}'",
        "b_user WHERE CAST(PERSONAL_BIRTHDAY AS CHAR) LIKE '%-02-29'",
        "b_user WHERE BLOCKED = 'Y'",
        "b_user WHERE ACTIVE = 'N' AND CONFIRM_CODE <> ''",
        "b_user WHERE EXTERNAL_AUTH_ID = 'shop'",
        "b_user_group WHERE DATE_ACTIVE_TO < '2026-11-24'",
        "b_group WHERE ACTIVE = 'N'",
        "b_sale_order WHERE USER_ID = 3",
        "b_sale_order WHERE CANCELED = 'Y'",
        "b_sale_order WHERE PAYED = 'N' AND SUM_PAID > 0",
        "b_sale_order WHERE PERSON_TYPE_ID = 2",
        "b_sale_order_props_value WHERE CODE = 'EMAIL' AND VALUE = ''",
        "b_sale_order_props_value WHERE ENTITY_TYPE = 'SHIPMENT'",
        "b_sale_order_coupons",
        "b_sale_basket WHERE ORDER_ID IS NULL AND DELAY = 'Y'",
        "b_sale_basket WHERE ORDER_ID IS NULL AND CAN_BUY = 'N'",
        "b_sale_basket WHERE QUANTITY = 0.5",
        "b_sale_basket WHERE TYPE = 1 AND SET_PARENT_ID = ID",
        "b_sale_basket WHERE TYPE = 1 AND COALESCE(SET_PARENT_ID, 0) = 0",
        "b_sale_basket WHERE SET_PARENT_ID > 0 AND SET_PARENT_ID <> ID",
        "b_sale_basket WHERE MODULE <> 'catalog'",
        "b_sale_basket b JOIN b_catalog_price p ON p.PRODUCT_ID = b.PRODUCT_ID AND p.CATALOG_GROUP_ID = 1"
        " WHERE b.BASE_PRICE <> p.PRICE",
        "b_iblock_element WHERE WF_PARENT_ELEMENT_ID IS NOT NULL",
        "b_iblock_element WHERE ACTIVE_TO < '2026-11-24'",
        "b_iblock_section WHERE ACTIVE = 'Y' AND GLOBAL_ACTIVE = 'N'",
        "b_iblock_section_element WHERE ADDITIONAL_PROPERTY_ID IS NOT NULL",
        "b_iblock_element_prop_s2 WHERE PROPERTY_7 LIKE 'a:2:%'",
        "b_iblock_element_prop_s2 s JOIN b_hlbd_material m ON m.UF_XML_ID = s.PROPERTY_2",
        "b_iblock_element_prop_m2 m JOIN b_iblock_element_prop_s2 s ON s.IBLOCK_ELEMENT_ID = m.IBLOCK_ELEMENT_ID"
        " WHERE m.IBLOCK_PROPERTY_ID = 4 AND s.PROPERTY_4 IS NULL",
        "b_iblock_element_property p JOIN b_iblock_property_enum e ON e.ID = p.VALUE_ENUM",
        "b_catalog_product WHERE TYPE IS NULL",
        "b_catalog_product WHERE TYPE = 6",
        "b_catalog_price WHERE CURRENCY = 'USD'",
        "b_catalog_price WHERE QUANTITY_FROM = 10",
        "b_catalog_product_sets WHERE SET_ID > 0",
        "b_file WHERE HANDLER_ID <> ''",
        "b_file WHERE FILE_NAME LIKE '% %'",
        "b_sale_fuser WHERE USER_ID IS NULL",
        "(SELECT USER_ID FROM b_sale_fuser WHERE USER_ID > 0 GROUP BY USER_ID HAVING COUNT(*) > 1) twice",
        "(SELECT LOWER(EMAIL) FROM b_user WHERE EMAIL LIKE '%@%' GROUP BY LOWER(EMAIL) HAVING COUNT(*) > 1) twice",
        "b_lang WHERE ACTIVE = 'N'",
        "b_subscription WHERE USER_ID IS NULL",
        "b_sender_contact WHERE TYPE_ID = 2",
        "b_sender_posting_unsub",
        "b_form_result_answer WHERE ANSWER_VALUE = 'yes'",
        "b_catalog_subscribe WHERE USER_ID IS NULL AND DATE_TO IS NULL",
        "b_user_phone_auth WHERE CONFIRMED = 'Y'",
        "b_sale_discount_coupon WHERE TYPE = 0",
        "b_sale_buyer_stat",
    ],
)
def test_what_real_bases_hold_is_there(sample: Shop, trap: str) -> None:
    assert sample.ask(f"SELECT COUNT(*) FROM {trap}")[0][0] > 0


def _greeted(person: Mapping[str, Any], today: date) -> str | None:
    """The address to greet on `today`, by Bitrix's rules, worked out anew from the row."""
    born = str(person["PERSONAL_BIRTHDAY"] or "")[5:]
    days = {f"{today:%m-%d}"} | ({"02-29"} if f"{today:%m-%d}" == "02-28" and today.year % 4 else set())
    if (
        person["ACTIVE"] != "Y"
        or person["BLOCKED"] != "N"
        or person["EXTERNAL_AUTH_ID"] in TECHNICAL
        or born not in days
    ):
        return None
    try:
        return normalised(person["EMAIL"] or "")
    except Refused:
        return None
