"""The door for coupons: shut unless the admin opens it, no wider than documented, each fault said in words."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql.writing import WritableShop
from core.errors import Misconfigured, Unreachable
from core.model import CouponFate
from tests import services
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.connectors.sources.bitrix_mysql.coupon_shop import (
    NOW,
    a_rule,
    at,
    create,
    gift,
    old_catalogue,
    on_mariadb,
    rows,
    use,
)

WRITER = f"vestnik_coupons_{os.getpid()}"
DOCS = Path(__file__).parents[4] / "docs" / "mysql.md"


def test_without_a_url_for_coupons_there_are_none(bitrix: Bitrix) -> None:
    assert bitrix.source.coupons() is None
    assert [what for what in bitrix.findings() if what.startswith("coupons")] == []


def test_the_doctor_tries_the_rights_and_changes_nothing(bitrix: Bitrix) -> None:
    a_rule(bitrix)
    code = create(gift(bitrix)).code
    before = rows(bitrix)
    bitrix.settings["coupon_url"] = bitrix.engine.url.render_as_string(hide_password=False)
    assert bitrix.findings()["coupons: discount rules 7 Подарок"].ok
    assert rows(bitrix) == before
    bitrix.run("UPDATE b_sale_discount SET ACTIVE = 'N'")
    finding = bitrix.findings()["coupons: discount rules none"]
    assert not finding.ok
    assert "make one in the shop" in str(finding.advice)
    assert code == rows(bitrix)[0]["COUPON"]


def test_the_doctor_says_that_the_door_for_coupons_is_shut(bitrix: Bitrix) -> None:
    bitrix.settings["coupon_url"] = f"mysql://vestnik:s3cret@127.0.0.1:{services.free_port()}/shop"
    finding = bitrix.findings()["coupons"]
    assert not finding.ok
    assert "does not answer" in str(finding.advice)
    assert "s3cret" not in str(finding.advice)


def test_a_bad_url_for_coupons_is_refused_by_its_name() -> None:
    with pytest.raises(Misconfigured, match="coupon_url: postgresql is not a database of Bitrix"):
        at("postgresql://h/b")


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"there is no file .*shop\.db"):
        create(at(f"sqlite:///{tmp_path}/shop.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_shop_without_coupons_is_said_to_be_one(bitrix: Bitrix) -> None:
    bitrix.run("ALTER TABLE b_sale_discount_coupon RENAME TO hidden")
    try:
        with pytest.raises(Misconfigured, match=r"no table b_sale_discount_coupon.*docs/mysql\.md"):
            create(gift(bitrix))
    finally:
        bitrix.run("ALTER TABLE hidden RENAME TO b_sale_discount_coupon")


@pytest.fixture
def writer(bitrix: Bitrix) -> Iterator[str]:
    """The URL of a user that has no right yet."""
    engine, name = bitrix.engine, WRITER
    with engine.begin() as connection:
        for host in ("%%", "localhost"):
            connection.exec_driver_sql(f"CREATE OR REPLACE USER {name}@'{host}' IDENTIFIED BY 'pw'")
    yield engine.url.set(username=name, password="pw").render_as_string(hide_password=False)
    with engine.begin() as connection:
        for host in ("%%", "localhost"):
            connection.exec_driver_sql(f"DROP USER {name}@'{host}'")


def documented_grants(bitrix: Bitrix) -> Iterator[str]:
    chapter = DOCS.read_text("utf-8").partition("## Coupons")[2].partition("\n## ")[0]
    block = re.sub(r"--.*", "", chapter.partition("```sql")[2].partition("```")[0])
    for statement in block.split(";"):
        if "GRANT" in statement:
            yield statement.replace("sitemanager", str(bitrix.engine.url.database))


def grant(bitrix: Bitrix, statement: str) -> None:
    for host in ("%", "localhost"):
        bitrix.run(re.sub(r"'vestnik_coupons'@'[^']*'", f"'{WRITER}'@'{host}'", statement))


@on_mariadb
def test_the_documented_rights_are_enough_and_not_too_much(bitrix: Bitrix, writer: str) -> None:
    old_catalogue(bitrix, "OLD")
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=5)
    a_rule(bitrix, groups=(5,))
    for statement in documented_grants(bitrix):
        grant(bitrix, statement)
    one = at(writer)
    assert all(finding.ok for finding in one.findings())
    first, second, third = (create(one, key).code for key in "abc")
    use(bitrix, first)
    assert one.usage([first])[first].orders == ("1",)
    assert one.expire([first, second], ending=CouponFate.DELETED, now=NOW)[second] is CouponFate.DELETED
    assert one.expire([third], ending=CouponFate.DEACTIVATED, now=NOW)[third] is CouponFate.DEACTIVATED
    for statement in (
        "UPDATE b_sale_discount SET USE_COUPONS = 'N'",
        "UPDATE b_sale_discount_coupon SET COUPON = 'MINE'",
        "DELETE FROM b_sale_order_coupons",
        "SELECT USER_ID FROM b_user_group",
    ):
        with pytest.raises(Misconfigured, match="denied"), one._opened() as shop:
            shop.change(sa.text(statement))


@on_mariadb
def test_a_user_that_may_only_read_is_told_the_grant_to_run(bitrix: Bitrix, writer: str) -> None:
    a_rule(bitrix)
    grant(bitrix, f"GRANT SELECT ON {bitrix.engine.url.database}.* TO 'vestnik_coupons'@''")
    with pytest.raises(Misconfigured, match=r"INSERT command denied .* Run in the shop's database: GRANT") as caught:
        create(at(writer))
    with pytest.raises(Misconfigured, match="GRANT SELECT, INSERT, DELETE"):
        list(at(writer).findings())
    bitrix.run(str(caught.value).partition("Run in the shop's database: ")[2])
    code = create(at(writer)).code
    assert at(writer).expire([code], ending=CouponFate.DELETED, now=NOW) == {code: CouponFate.DELETED}


@on_mariadb
def test_a_wrong_password_is_said_to_be_one(bitrix: Bitrix, writer: str) -> None:
    with pytest.raises(Misconfigured, match="1045"):
        create(at(writer.replace("pw", "wrong")))


@on_mariadb
def test_a_database_that_may_only_be_read_is_taken_for_a_replica(bitrix: Bitrix) -> None:
    with pytest.raises(Misconfigured, match="not a replica"):
        deleting(bitrix, lambda shop: shop.change(sa.text("SET SESSION TRANSACTION READ ONLY")))


@on_mariadb
def test_a_lost_connection_may_be_tried_again(bitrix: Bitrix) -> None:
    with pytest.raises(Unreachable):
        deleting(bitrix, lambda shop: bitrix.run(f"KILL {shop.scalar(sa.select(sa.func.connection_id()))}"))


def deleting(bitrix: Bitrix, befalls: Callable[[WritableShop], None]) -> None:
    """Something befalls the connection, and then it shall write."""
    with gift(bitrix)._opened() as shop:
        befalls(shop)
        shop.change(sa.text("DELETE FROM b_sale_discount_coupon"))
