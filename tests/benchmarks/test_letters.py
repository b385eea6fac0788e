"""The benchmark of letters runs: both ways write the same HTML, and every way is told."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import letters


def test_the_benchmark_of_letters_tells_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    letters.main(letters=2, rounds=1)
    printed = capsys.readouterr().out
    size, links = re.findall(r"A letter: (\d+) bytes of HTML .*its (\d+) links", printed)[0]
    assert 20_000 <= int(size) <= 25_000
    assert links == "45"
    for name in (letters.BARE, "ours, every card different", "ours, cards shared", "message built", letters.USUAL):
        assert re.search(rf"^{re.escape(name)} +\d+ ", printed, re.MULTILINE), name
