"""The door to the shop: every way it can be shut has a sentence of its own, and nothing is ever written behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import BitrixMysql
from connectors.sources.bitrix_mysql.shop import opened
from core import plugin
from core.errors import Misconfigured, Unreachable
from core.model import Kind
from tests import services
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix


def source(url: str, **settings: Any) -> BitrixMysql:
    return BitrixMysql("shop", plugin.settings_of(BitrixMysql, {"url": url, **settings}, where="sources.shop"))


def pull(one: BitrixMysql) -> None:
    for kind in Kind:
        list(one.pull(kind, None))


def test_nothing_can_be_written_through_the_source(bitrix: Bitrix) -> None:
    bitrix.user(1)
    with pytest.raises(Unreachable), opened("shop", bitrix.source.settings) as shop:
        shop.rows(sa.text("UPDATE b_user SET ACTIVE = 'N'"))
    assert bitrix.pull(Kind.PEOPLE).records["1"].active


def test_a_shop_in_order_has_nothing_to_complain_of(bitrix: Bitrix) -> None:
    bitrix.settings["infoblocks"] = [2]
    bitrix.add("b_iblock", ID=2, CODE="goods", ACTIVE="Y", NAME="x", IBLOCK_TYPE_ID="c", LID="s1", VERSION=1)
    bitrix.add("b_iblock_site", IBLOCK_ID=2, SITE_ID="s1")
    findings = bitrix.findings()
    assert [what for what, finding in findings.items() if not finding.ok] == []
    assert "site s1: https://shop.ru" in findings
    assert "infoblocks: 2 goods; price type none" in findings


def test_the_doctor_names_what_is_wrong(bitrix: Bitrix) -> None:
    bitrix.settings |= {"site": "s9"}
    bitrix.user(1, LAST_LOGIN="2990-01-01 00:00:00")
    bitrix.run("ALTER TABLE b_sale_order_change RENAME TO hidden")
    try:
        findings = bitrix.findings()
    finally:
        bitrix.run("ALTER TABLE hidden RENAME TO b_sale_order_change")
    wrong = {what: str(finding.advice) for what, finding in findings.items() if not finding.ok}
    assert "Known: s1" in wrong["site s9"]
    assert "b_sale_order_change" in wrong["order_changes"]
    assert "php.ini" in wrong["timezone Europe/Moscow"]
    assert "infoblocks = [ids]" in wrong["infoblocks: none; price type none"]


def test_a_module_that_is_not_installed_is_no_fault(bitrix: Bitrix) -> None:
    bitrix.run("DELETE FROM b_module WHERE ID = 'sale'")
    bitrix.run("ALTER TABLE b_sale_order_change RENAME TO hidden")
    try:
        assert bitrix.pull(Kind.ORDER_CHANGES).records == {}
        assert "order_changes: module sale is not installed, nothing will be read" in bitrix.findings()
    finally:
        bitrix.run("ALTER TABLE hidden RENAME TO b_sale_order_change")


def test_a_missing_table_of_an_installed_module_is_said_by_its_name(bitrix: Bitrix) -> None:
    bitrix.run("ALTER TABLE b_sale_order_change RENAME TO hidden")
    try:
        with pytest.raises(Misconfigured, match=r"'shop': no table b_sale_order_change.*docs/mysql\.md"):
            bitrix.pull(Kind.ORDER_CHANGES)
    finally:
        bitrix.run("ALTER TABLE hidden RENAME TO b_sale_order_change")


def test_an_unreachable_server_is_said_without_its_password() -> None:
    one = source(f"mysql://vestnik:s3cret@127.0.0.1:{services.free_port()}/shop")
    with pytest.raises(Unreachable, match=r"Source 'shop' does not answer: .*2003") as caught:
        pull(one)
    assert "s3cret" not in str(caught.value)
    [finding] = one.check()
    assert not finding.ok
    assert "s3cret" not in repr(one.settings) + str(finding.advice)


def test_a_missing_file_is_not_made(tmp_path: Any) -> None:
    with pytest.raises(Unreachable, match=r"there is no file .*shop\.db"):
        pull(source(f"sqlite:///{tmp_path}/shop.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_no_bitrix_is_said_to_be_none(tmp_path: Any) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/other.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE wp_users (ID int)")
    engine.dispose()
    with pytest.raises(Misconfigured, match="no table b_user"):
        pull(source(f"sqlite:///{tmp_path}/other.db"))


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"url": "нет"}, "url: is not a database URL"),
        ({"url": "postgresql://h/b"}, "postgresql is not a database of Bitrix"),
        ({"url": "sqlite:///x", "timezone": "Moscow"}, "did you mean Europe/Moscow"),
        ({"url": "sqlite:///x", "time_zone": "UTC"}, "unknown key; did you mean 'timezone'"),
        ({}, "url: is missing"),
    ],
)
def test_bad_settings_are_refused_by_name(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(Misconfigured, match=fault):
        plugin.settings_of(BitrixMysql, settings, where="sources.shop")


# ---- rights: a MySQL user of the test's own ----

READER = f"vestnik_reader_{os.getpid()}"


@pytest.fixture
def reader(mariadb: str, mariadb_shop: sa.Engine) -> Iterator[tuple[sa.Engine, str]]:
    """A user without rights yet, and the URL with which it enters the shop."""
    name = READER
    with mariadb_shop.begin() as connection:
        connection.exec_driver_sql(f"CREATE OR REPLACE USER {name}@'%%' IDENTIFIED BY 'pw'")
        connection.exec_driver_sql(f"CREATE OR REPLACE USER {name}@'localhost' IDENTIFIED BY 'pw'")
    url = mariadb_shop.url.set(username=name, password="pw").render_as_string(hide_password=False)
    yield mariadb_shop, url
    with mariadb_shop.begin() as connection:
        for host in ("%%", "localhost"):
            connection.exec_driver_sql(f"DROP USER {name}@'{host}'")


def grant(engine: sa.Engine, what: str) -> None:
    with engine.begin() as connection:
        for host in ("%%", "localhost"):
            connection.exec_driver_sql(f"GRANT {what} TO {READER}@'{host}'")


def test_a_wrong_password_and_a_missing_right_are_told_apart(reader: tuple[sa.Engine, str]) -> None:
    engine, url = reader
    with pytest.raises(Misconfigured, match=r"\(1045\)\. Grant SELECT"):
        pull(source(url.replace("pw", "wrong")))
    with pytest.raises(Misconfigured, match=r"\(1044\)\. Grant SELECT"):
        pull(source(url))
    grant(engine, f"SELECT ON {engine.url.database}.b_user")
    with pytest.raises(Misconfigured, match="no table b_iblock"):
        pull(source(url))
    people = list(source(url).pull(Kind.PEOPLE, None))
    assert [page.records for page in people] == [[]], "what may be read is read"


def test_select_is_all_that_is_needed(reader: tuple[sa.Engine, str]) -> None:
    engine, url = reader
    grant(engine, f"SELECT ON {engine.url.database}.*")
    pull(source(url))
    rights = next(finding for finding in source(url).check() if finding.what.startswith("rights"))
    assert rights.advice == ""
    grant(engine, f"INSERT, UPDATE ON {engine.url.database}.*")
    rights = next(finding for finding in source(url).check() if finding.what.startswith("rights"))
    assert "may also INSERT, UPDATE" in str(rights.advice)


def test_a_statement_that_takes_too_long_is_given_up(mariadb_shop: sa.Engine) -> None:
    url = mariadb_shop.url.render_as_string(hide_password=False)
    with (
        pytest.raises(Unreachable, match=r"too slow.*statement_seconds"),
        opened("shop", source(url, statement_seconds=0.2).settings) as shop,
    ):
        shop.rows(sa.text("SELECT COUNT(*) FROM seq_1_to_10000 a, seq_1_to_10000 b, seq_1_to_1000 c WHERE SLEEP(1)"))
