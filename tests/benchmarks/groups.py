"""How fast groups are asked on a million people: `python -m tests.benchmarks.groups`, see docs/benchmarks.md.

Every question runs in a fresh process, and right before it the SQL that a good engineer would write for the same; both
must give the same number.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core import db, tables
from tests.benchmarks import crowd, shop
from tests.benchmarks.questions import QUESTIONS

SERVER = os.environ.get("VESTNIK_TEST_MARIADB", "mysql://root@127.0.0.1:3306/")
ROOT = Path(__file__).resolve().parents[2]
Found = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    name = options.database or f"vestnik_bench_groups_{options.scale:g}".replace(".", "_")
    with _crowds(name, options) as crowds:
        _fill(crowds, options)
        for where, url in crowds.items():
            _counts(where, url)
        _snapshots(crowds)
        _looks(crowds)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.groups", description=(__doc__ or "").partition("\n")[0])
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    parser.add_argument("--scale", type=float, default=scale, help="1: a million people")
    parser.add_argument("--keep", action="store_true", help="leave the mirrors where they are")
    parser.add_argument("--kept", action="store_true", help="take those that a run with --keep has left")
    parser.add_argument("--only", choices=("SQLite", "MariaDB"), help="one database instead of both")
    parser.add_argument("--database", help="the mirrors' name; else vestnik_bench_groups_SCALE")
    return parser.parse_args(arguments)


@contextmanager
def _crowds(name: str, options: argparse.Namespace) -> Iterator[Mapping[str, str]]:
    """Name of the database → URL of the mirror in it; both are gone afterwards, unless they are kept."""
    folder = ROOT / "var" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        "SQLite": f"sqlite:///{folder / name}.db",
        "MariaDB": sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False),
    }
    with ExitStack() as rest:
        if not options.keep:
            rest.callback(_remove, name, folder)
        if not options.kept:
            _remove(name, folder)
            shop.make(SERVER, name)
        yield {where: url for where, url in found.items() if options.only in (None, where)}


def _remove(name: str, folder: Path) -> None:
    shop.drop(SERVER, name)
    for end in ("", "-wal", "-shm"):
        (folder / f"{name}.db{end}").unlink(missing_ok=True)


def _fill(crowds: Mapping[str, str], options: argparse.Namespace) -> None:
    names = ("people", "orders", "order_lines", "products", "buyers")
    _head("rows", *names, "buyers counted, s")
    for where, url in crowds.items():
        counted = "kept" if options.kept else f"{_filled(url, options.scale)['buyers']:.0f}"
        sizes = crowd.sizes(url)
        _row(where, *(f"{sizes[name]:,}" for name in names), counted)
    print()


def _filled(url: str, scale: float) -> Mapping[str, float]:
    engine = db.connect(url)
    tables.metadata.create_all(engine)
    engine.dispose()
    return crowd.fill(url, scale)


def asked(way: str, url: str, code: str) -> Found:
    """What one measurement in a process of its own found."""
    command = [sys.executable, "-m", "tests.benchmarks.answers", json.dumps({"way": way, "url": url, "code": code})]
    found: Found = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


def _beside(way: str, peer: str, url: str, code: str) -> tuple[Found, Found]:
    """A measurement and its peer, which must have found as many."""
    bare, ours = asked(peer, url, code), asked(way, url, code)
    assert bare["rows"] == ours["rows"], f"{code}: {bare['rows']} by hand, {ours['rows']} by {way}"
    return bare, ours


def _counts(where: str, url: str) -> None:
    _head(
        f"count, {where}", "members", "bare, cold s", "ours, cold s", "ratio", "bare, warm s", "ours, warm s", "ratio"
    )
    for code, question in QUESTIONS.items():
        bare, ours = _beside("count", "bare", url, code)
        _row(question.title, f"{ours['rows']:,}", *_ratio(bare, ours, "cold"), *_ratio(bare, ours, "warm"))
    print()


def _ratio(bare: Found, ours: Found, when: str) -> tuple[str, str, str]:
    return f"{bare[when]:.2f}", f"{ours[when]:.2f}", f"{ours[when] / bare[when]:.2f}"


def _snapshots(crowds: Mapping[str, str]) -> None:
    """A posting to half a million opened, beside a bare INSERT … SELECT of the same recipients."""
    _head("snapshot", "recipients", "bare, s", "ours, s", "ratio", "peak MB", "of them before")
    for where, url in crowds.items():
        asked("sweep", url, "half")
        bare, ours = _beside("snapshot", "bare_snapshot", url, "half")
        memory = (f"{ours['peak_mb']:.0f}", f"{ours['before_mb']:.0f}")
        _row(where, f"{ours['rows']:,}", *_ratio(bare, ours, "cold"), *memory)
        asked("sweep", url, "half")
    print()


def _looks(crowds: Mapping[str, str]) -> None:
    """What else the admin does with a group: whom it reaches, why one person is in it."""
    _head("typical group", "reach, cold s", "reach, warm s", "one explained, cold s", "warm s")
    for where, url in crowds.items():
        found = [asked(way, url, "typical") for way in ("reach", "explain")]
        _row(where, *(f"{one[when]:.3f}" for one in found for when in ("cold", "warm")))


def _head(*cells: str) -> None:
    _row(*cells)
    _row(*("---" for _ in cells))


def _row(*cells: object) -> None:
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
