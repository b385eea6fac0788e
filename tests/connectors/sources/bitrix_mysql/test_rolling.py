"""A look that goes round a table: whatever changes behind the hand is poured when the hand comes round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from connectors.sources.bitrix_mysql import pace, walk
from connectors.sources.bitrix_mysql.people import People
from connectors.sources.bitrix_mysql.shop import Shop, opened
from core.model import Kind
from core.source import Cursor
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix

BITE, SLICE = 4, 8
FUTURE = "2030-01-01 00:00:00"


@pytest.fixture(autouse=True)
def small_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "PAGE", 3)
    monkeypatch.setattr(pace, "LARGEST", BITE)
    monkeypatch.setattr(pace, "SMALLEST", BITE)


@pytest.fixture
def shop(bitrix: Bitrix) -> Bitrix:
    bitrix.settings["examined_rows"] = SLICE
    return bitrix


def turns(shop: Bitrix, kind: Kind, cursor: Cursor, *, pulls: int) -> Iterator[list[str]]:
    """What each of some pulls pours, one after the other."""
    for _ in range(pulls):
        poured = shop.pull(kind, json.loads(json.dumps(cursor)))
        cursor = poured.cursor
        yield sorted(poured.records, key=int)


def test_a_table_is_gone_round_slice_by_slice(shop: Bitrix) -> None:
    for number in range(1, 19):
        shop.user(number)
    rest = shop.pull(Kind.PEOPLE).cursor
    shop.run("UPDATE b_user SET TIMESTAMP_X = :at", at=FUTURE)
    first, second, third, again = turns(shop, Kind.PEOPLE, rest, pulls=4)
    assert first == [str(number) for number in range(1, 9)]
    assert second == [str(number) for number in range(9, 17)]
    assert third == ["17", "18"]
    assert again == first, "a date in the future is always new"


def test_a_table_no_larger_than_a_slice_is_seen_whole_at_each_pull(shop: Bitrix) -> None:
    for number in range(1, SLICE + 1):
        shop.user(number)
    rest = shop.pull(Kind.PEOPLE).cursor
    assert list(turns(shop, Kind.PEOPLE, rest, pulls=2)) == [[], []]
    shop.run("UPDATE b_user SET TIMESTAMP_X = :at WHERE ID IN (1, 8)", at=FUTURE)
    assert list(turns(shop, Kind.PEOPLE, rest, pulls=2)) == [["1", "8"], ["1", "8"]]


def test_a_login_behind_the_slice_is_met_at_once(shop: Bitrix) -> None:
    for number in range(1, 31):
        shop.user(number)
    rest = shop.pull(Kind.PEOPLE).cursor
    shop.run("UPDATE b_user SET TIMESTAMP_X = TIMESTAMP_X, LAST_LOGIN = '2990-01-01 00:00:00' WHERE ID = 30")
    assert list(turns(shop, Kind.PEOPLE, rest, pulls=1)) == [["30"]]


def test_a_price_stock_or_text_behind_the_slice_is_met_within_a_round(shop: Bitrix) -> None:
    """The three tables have hands of their own: prices, of which there are two of each product, take twice as long."""
    shop.settings["infoblocks"] = [2]
    shop.add("b_iblock", ID=2, CODE="goods", ACTIVE="Y", NAME="x", IBLOCK_TYPE_ID="c", LID="s1", VERSION=1)
    shop.add("b_iblock_site", IBLOCK_ID=2, SITE_ID="s1")
    old = "2026-01-01 12:00:00"
    for number in range(1, 17):
        shop.add("b_iblock_element", ID=number, IBLOCK_ID=2, NAME="x", ACTIVE="Y", TIMESTAMP_X=old, DATE_CREATE=old)
        shop.add("b_catalog_product", ID=number, QUANTITY=1, TIMESTAMP_X=old)
        for kind in (1, 2):
            price = {"CATALOG_GROUP_ID": kind, "PRICE": 1, "CURRENCY": "RUB", "TIMESTAMP_X": old}
            shop.add("b_catalog_price", ID=2 * number + kind - 2, PRODUCT_ID=number, **price)
    rest = shop.pull(Kind.PRODUCTS).cursor
    assert list(turns(shop, Kind.PRODUCTS, rest, pulls=4)) == [[], [], [], []]
    shop.run("UPDATE b_iblock_element SET TIMESTAMP_X = :at WHERE ID = 7", at=FUTURE)
    shop.run("UPDATE b_catalog_product SET TIMESTAMP_X = :at WHERE ID = 9", at=FUTURE)
    shop.run("UPDATE b_catalog_price SET TIMESTAMP_X = :at WHERE PRODUCT_ID = 16 AND CATALOG_GROUP_ID = 2", at=FUTURE)
    assert list(turns(shop, Kind.PRODUCTS, rest, pulls=4)) == [["7"], ["9"], ["7"], ["9", "16"]]


class Life:
    """A shop whose people change at random between pulls, some of which are broken off and taken up again later."""

    def __init__(self, shop: Shop, bitrix: Bitrix, chance: Random) -> None:
        self.shop, self.bitrix, self.chance = shop, bitrix, chance
        self.clock = datetime(2026, 6, 1, 9, tzinfo=UTC)
        self.cursor: Cursor | None = None
        self.waiting: set[str] = set()  # who has changed and was not poured since
        shop.now = lambda: self.clock  # type: ignore[method-assign]

    def change(self, number: int) -> None:
        """A row is dated before it is committed, by five minutes at most."""
        dated = self.clock - timedelta(seconds=self.chance.randrange(290))
        at = self.shop.local(dated)  # as PHP says it
        self.bitrix.run("UPDATE b_user SET TIMESTAMP_X = :at WHERE ID = :number", at=at, number=number)
        self.waiting.add(str(number))

    def pull(self, *, pages: int | None = None) -> int:
        """A pull, broken off after so many `pages`; how many records it poured."""
        poured = 0
        for place, page in enumerate(walk.pages(People(self.shop), self.cursor), start=1):
            self.cursor = json.loads(json.dumps(page.cursor))
            self.waiting -= {record.external_id for record in page.records}
            poured += len(page.records)
            if place == pages:
                break
        return poured

    def wait(self) -> None:
        self.clock += timedelta(seconds=self.chance.randrange(1, 900))


@pytest.mark.parametrize("seed", range(12))
def test_every_change_is_poured_within_two_rounds(shop: Bitrix, seed: int) -> None:
    chance = Random(seed)
    people = sorted(chance.sample(range(1, 60), 30))
    for number in people:
        shop.user(number)
    two_rounds = 2 * (60 // SLICE + 1)
    with opened("shop", shop.source.settings) as connection:
        life = Life(connection, shop, chance)
        life.pull()
        for _ in range(60):
            for number in chance.sample(people, chance.randrange(4)):
                life.change(number)
            life.wait()
            life.pull(pages=chance.choice([None, None, 1, 2]))
            connection.pace.bite = chance.choice([BITE, 2 * BITE])  # a server that answers fast is asked for more
        for _ in range(two_rounds):
            life.wait()
            life.pull()
        assert life.waiting == set()
        life.clock += timedelta(days=1)
        assert [life.pull() for _ in range(two_rounds)][two_rounds // 2 :] == [0] * (two_rounds // 2), "and no more"


def test_a_walk_taken_up_again_with_wider_ranges_leaves_nothing_out(shop: Bitrix) -> None:
    """The wider slice holds changes that lie before the page from which the walk goes on: they are not poured by it."""
    for number in range(1, 41):
        shop.user(number)
    rest = shop.pull(Kind.PEOPLE).cursor
    shop.run("UPDATE b_user SET TIMESTAMP_X = :at WHERE ID IN (1, 2, 10)", at=FUTURE)
    shop.run("UPDATE b_user SET TIMESTAMP_X = TIMESTAMP_X, LAST_LOGIN = '2990-01-01 00:00:00' WHERE ID = 40")
    first = next(iter(shop.source.pull(Kind.PEOPLE, rest)))
    assert [record.external_id for record in first.records] == ["1", "2", "40"]
    shop.settings["examined_rows"] = 12
    resumed = shop.pull(Kind.PEOPLE, first.cursor)
    assert resumed.records == {}
    shop.run("UPDATE b_user SET LAST_LOGIN = NULL")
    assert "10" in next(turns(shop, Kind.PEOPLE, resumed.cursor, pulls=1))


def test_cursors_of_before_the_rolling_look_are_understood(shop: Bitrix) -> None:
    for number in range(1, 31):
        shop.user(number)
    cursor: dict[str, Any] = {"since": "2026-06-01T00:00:00+00:00"}
    assert list(turns(shop, Kind.PEOPLE, cursor, pulls=2)) == [[], []]
    shop.run("UPDATE b_user SET TIMESTAMP_X = '2026-06-02 00:00:00' WHERE ID = 10")
    assert list(turns(shop, Kind.PEOPLE, cursor, pulls=3)) == [[], ["10"], []]
