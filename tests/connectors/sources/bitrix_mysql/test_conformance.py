"""The Bitrix source keeps the contract that every source is held to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import BitrixMysql
from core import plugin
from core.model import Kind
from core.source import Source
from core.testing.conformance import SourceConformance
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.services import free_port


class TestBitrixMysql(SourceConformance):
    @pytest.fixture
    def source(self, bitrix: Bitrix) -> Source:
        bitrix.settings["infoblocks"] = [2]
        bitrix.add("b_iblock", ID=2, CODE="goods", ACTIVE="Y", NAME="x", IBLOCK_TYPE_ID="c", LID="s1", VERSION=1)
        bitrix.add("b_iblock_site", IBLOCK_ID=2, SITE_ID="s1")
        for number in range(1, 6):
            bitrix.user(number)
        return bitrix.source

    @pytest.fixture
    def unreachable(self) -> Source:
        url = f"mysql+pymysql://vestnik:s3cret-w0rd@127.0.0.1:{free_port()}/shop"
        return BitrixMysql("shop", plugin.settings_of(BitrixMysql, {"url": url}, where="sources.shop"))

    @pytest.fixture
    def newcomer(self, source: Source, bitrix: Bitrix) -> Callable[[], tuple[Kind, str]]:
        def come() -> tuple[Kind, str]:
            now = datetime.now(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M:%S")
            bitrix.user(99, TIMESTAMP_X=now, DATE_REGISTER=now)
            return Kind.PEOPLE, "99"

        return come


def test_many_people_are_read_in_the_memory_of_a_few_pages(bitrix: Bitrix) -> None:
    columns = ("ID", "LOGIN", "EMAIL", "ACTIVE", "NAME", "DATE_REGISTER", "TIMESTAMP_X")
    old = "2026-01-01 12:00:00"
    with bitrix.engine.begin() as connection:
        connection.execute(
            sa.insert(sa.table("b_user", *map(sa.column, columns))),
            [
                dict(zip(columns, (number, f"u{number}", f"u{number}@shop.ru", "Y", "Анна", old, old), strict=True))
                for number in range(1, 12_001)
            ],
        )
    SourceConformance().test_it_holds_no_more_than_a_few_pages_at_a_time(bitrix.source)
