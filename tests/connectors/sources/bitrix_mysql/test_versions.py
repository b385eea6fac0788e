"""Twenty years of Bitrix: what an older version lacks is left out, and everything else is read as ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import BitrixMysql
from core import plugin
from core.model import Kind
from core.sample.shop import make_shop
from tests.bitrix import KINDS, shop_engine

LACKS: dict[str, list[str]] = {
    "2019": [
        *("b_user.BLOCKED", "b_user.PASSWORD_EXPIRED", "b_sale_order_props_value.ENTITY_ID", "b_user_phone_auth"),
        *("b_sale_order_props_value.ENTITY_TYPE", "b_sale_order.IS_SYNC_B24", "b_iblock.REST_ON"),
    ],
    "2018": [
        "b_sale_basket.XML_ID",
        "b_sale_basket.MARKING_CODE_GROUP",
        "b_sale_order.SEARCH_CONTENT",
        "b_iblock.API_CODE",
    ],
    "2016": ["b_sale_basket.DATE_REFRESH", "b_sale_basket.PRICE_TYPE_ID", "b_catalog_product.AVAILABLE"],
}


@pytest.fixture(scope="module", params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    server = request.getfixturevalue("mariadb") if request.param == "mariadb" else None
    with shop_engine(request.param, tmp_path_factory.mktemp("old"), server=server) as engine:
        make_shop(engine, today=date(2026, 11, 24), users=150)
        yield engine


def poured(engine: sa.Engine) -> dict[Kind, int]:
    url = engine.url.render_as_string(hide_password=False)
    source = BitrixMysql("shop", plugin.settings_of(BitrixMysql, {"url": url, "site": "s1"}, where="shop"))
    counts = {}
    for kind in Kind:
        pages = list(source.pull(kind, None))
        counts[kind] = sum(len(page.records) for page in pages)
        list(source.pull(kind, pages[-1].cursor))
    assert [finding for finding in source.check() if not finding.ok] == []
    return counts


def test_older_versions_are_read_as_the_newest_is(shop: sa.Engine) -> None:
    """The versions one after the other on the same shop, each with less than the one before."""
    newest = poured(shop)
    assert min(newest.values()) > 0
    for version, missing in LACKS.items():
        with shop.begin() as connection:
            for name in missing:
                _drop(connection, name)
        assert poured(shop) == newest, version


def _drop(connection: sa.Connection, name: str) -> None:
    table, _, column = name.partition(".")
    if not column:
        connection.exec_driver_sql(f"DROP TABLE {table}")
        return
    for index in sa.inspect(connection).get_indexes(table):
        if column in index["column_names"]:
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.exec_driver_sql(f"DROP INDEX {index['name']}{on}")
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")


@pytest.mark.parametrize("charset", ["utf8mb3", "cp1251"])
def test_bases_of_other_charsets_are_read_as_people_wrote_them(mariadb: str, tmp_path: Path, charset: str) -> None:
    collation = {"utf8mb3": "utf8mb3_unicode_ci", "cp1251": "cp1251_general_ci"}[charset]
    with shop_engine("mariadb", tmp_path, server=mariadb, collation=collation) as engine:
        make_shop(engine, today=date(2026, 11, 24), users=150)
        url = engine.url.render_as_string(hide_password=False)
        source = BitrixMysql("shop", plugin.settings_of(BitrixMysql, {"url": url, "site": "s1"}, where="shop"))
        people = [person for page in source.pull(Kind.PEOPLE, None) for person in page.records]
        names = {person.name for person in people}
    assert {"Анна", "Ольга 😀"} & names, "Cyrillic, and the emoji that such a base keeps as :f09f9880:"
    assert not {name for name in names if "?" in name or "Ð" in name}


def test_one_charset_of_the_connection_serves_all(mariadb: str) -> None:
    """TLS, a socket and a certificate stand in the URL, as SQLAlchemy and PyMySQL name them."""
    url = sa.make_url("mysql+pymysql://u:p@h/b?unix_socket=/run/m.sock&ssl_ca=/ca.pem&ssl_check_hostname=true")
    _, options = url.get_dialect()().create_connect_args(url)
    assert options["unix_socket"] == "/run/m.sock"
    assert options["ssl"] == {"ca": "/ca.pem", "check_hostname": True}
