"""How a shop is walked: resumed from any page, page by page, one broken row never costing more than itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.sources.bitrix_mysql import pace, shop, walk
from core.model import Kind
from core.source import Page
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "PAGE", 3)
    monkeypatch.setattr(pace, "LARGEST", 4)
    monkeypatch.setattr(pace, "SMALLEST", 2)


def ids(pages: list[Page]) -> list[str]:
    return [record.external_id for page in pages for record in page.records]


def test_a_walk_may_be_taken_up_after_any_page(bitrix: Bitrix) -> None:
    for number in [*range(1, 9), 100, 2000, 2001]:
        bitrix.user(number)
    whole = list(bitrix.source.pull(Kind.PEOPLE, None))
    assert len(ids(whole)) == 11
    assert max(len(page.records) for page in whole) == 3
    assert {page.total for page in whole} == {11}
    for place, page in enumerate(whole):
        cursor = json.loads(json.dumps(page.cursor))
        rest = list(bitrix.source.pull(Kind.PEOPLE, cursor))
        assert ids(whole[: place + 1]) + ids(rest) == ids(whole)


def test_an_incremental_walk_broken_off_goes_on_with_the_same_question(bitrix: Bitrix) -> None:
    for number in range(1, 9):
        bitrix.user(number)
    rest = list(bitrix.source.pull(Kind.PEOPLE, None))[-1].cursor
    bitrix.run("UPDATE b_user SET LAST_LOGIN = '2990-01-01 00:00:00'")
    walk_on = bitrix.source.pull(Kind.PEOPLE, rest)
    first = next(walk_on)
    assert first.total is None
    walk_on.close()  # type: ignore[attr-defined]
    again = list(bitrix.source.pull(Kind.PEOPLE, first.cursor))
    assert ids([first]) + ids(again) == [str(number) for number in range(1, 9)]


def test_the_next_walk_looks_back_before_the_last_one_began(bitrix: Bitrix) -> None:
    """A row may be dated before its transaction is committed: five minutes are read twice rather than none missed."""
    bitrix.user(1)
    cursor = list(bitrix.source.pull(Kind.PEOPLE, None))[-1].cursor
    bitrix.user(2, LAST_LOGIN=_minutes_ago(bitrix, 4))
    bitrix.user(3, LAST_LOGIN=_minutes_ago(bitrix, 6))
    assert ids(list(bitrix.source.pull(Kind.PEOPLE, cursor))) == ["2"]


def _minutes_ago(bitrix: Bitrix, minutes: int) -> str:
    with shop.opened("shop", bitrix.source.settings) as door:
        return door.local(door.now() - timedelta(minutes=minutes))


def test_rows_that_break_a_page_are_found_one_by_one(bitrix: Bitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.sources.bitrix_mysql.people import People

    read = People.read

    def poisoned(self: People, keys: Any) -> Any:
        if {2, 7} & set(keys):
            raise UnicodeDecodeError("utf-8", b"\xc8", 0, 1, "invalid start byte")
        return read(self, keys)

    monkeypatch.setattr(People, "read", poisoned)
    for number in range(1, 9):
        bitrix.user(number)
    poured = bitrix.pull(Kind.PEOPLE)
    assert sorted(poured.records) == ["1", "3", "4", "5", "6", "8"]
    assert [bad.external_id for bad in poured.bad] == ["2", "7"]
    assert "invalid start byte" in poured.bad[0].reason


def test_keys_that_somebody_cuts_short_are_read_one_by_one(bitrix: Bitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come as one text, whose length is a setting of the session: a proxy may reset it."""
    if bitrix.kind == "sqlite":
        pytest.skip("SQLite knows no such limit")
    monkeypatch.setattr(pace, "LARGEST", 100)
    monkeypatch.setattr(shop, "_JOINED_BYTES", 8)
    for number in range(1001, 1021):
        bitrix.user(number)
    assert ids(list(bitrix.source.pull(Kind.PEOPLE, None))) == [str(number) for number in range(1001, 1021)]
