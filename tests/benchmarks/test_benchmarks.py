"""The benchmark runs: a tiny shop is read in every way that is measured, and all ways read the same people."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from tests.benchmarks import pull, shop

KINDS = ("people", "products", "baskets", "orders", "order_changes", "views")


@pytest.fixture
def database(mariadb: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = f"vestnik_bench_test_{os.getpid()}"
    monkeypatch.setattr(pull, "SERVER", mariadb)
    yield name
    shop.drop(mariadb, name)


def test_the_benchmark_tells_every_figure(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    pull.main(["--scale", "0.001", "--rows", "200", "--database", database])
    printed = capsys.readouterr().out
    for kind in KINDS:
        read = re.search(rf"^\| {kind} \((\d+)\) \| \d+ \| \d+ \(\d+\.\d\d\)", printed, re.MULTILINE)
        assert read, f"no full read of {kind} in:\n{printed}"
        assert int(read[1]) > 0
        assert re.search(rf"^\| {kind} \| \d+\.\d\d \| [1-9]\d*", printed, re.MULTILINE)
    found = dict(re.findall(r"^\| (SQLite|MariaDB) \| (\d+ \| \d+) \|", printed, re.MULTILINE))
    assert found["SQLite"] == found["MariaDB"], "both mirrors hold the same people"


def test_a_shop_is_filled_once(mariadb: str, database: str) -> None:
    first = shop.large_shop(mariadb, database, scale=0.001)
    assert shop.large_shop(mariadb, database, scale=0.001) == first
    assert shop.large_shop(mariadb, database, scale=0.002).url == first.url
