"""The benchmark of groups runs: both databases hold the same small crowd, and every peer finds whom the rule finds."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from tests.benchmarks import answers, groups
from tests.benchmarks.questions import QUESTIONS


def in_process(way: str, url: str, code: str) -> dict[str, Any]:
    found = answers.ASKED.get(way)
    told = answers.asked(found, url, code) if found else answers.WRITTEN[way](url, code)
    return told | {"peak_mb": answers.peak_mb()}


def test_the_benchmark_tells_every_figure(
    mariadb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(groups, "SERVER", mariadb)
    monkeypatch.setattr(groups, "asked", in_process)  # a process for each of them would take a minute
    groups.main(["--scale", "0.002", "--database", f"vestnik_bench_groups_test_{os.getpid()}"])
    printed = capsys.readouterr().out
    for question in QUESTIONS.values():
        lite, maria = re.findall(rf"^\| {re.escape(question.title)} \| ([\d,]+) \| \d", printed, re.MULTILINE)
        assert lite == maria, f"{question.title}: {lite} in SQLite, {maria} in MariaDB"
    sizes = re.findall(
        r"^\| (?:SQLite|MariaDB) \| 2,000 \| 4,000 \| 10,000 \| 200 \| ([\d,]+) \|", printed, re.MULTILINE
    )
    assert len(sizes) == 2
    assert sizes[0] == sizes[1]
