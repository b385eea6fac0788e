"""How fast a large shop is read: `python -m tests.benchmarks.pull`, see docs/benchmarks.md.

Every measurement runs in a fresh process; the source and its peer take turns in one, so that their ratio stands
whatever else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import mirrors, shop
from tests.benchmarks.bare import STATEMENTS

SERVER = os.environ.get("VESTNIK_TEST_MARIADB", "mysql://root@127.0.0.1:3306/")
ROOT = Path(__file__).resolve().parents[2]
WHOLE = 2**31


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    name = options.database or f"vestnik_bench_{options.scale:g}".replace(".", "_")
    large = shop.large_shop(SERVER, name, scale=options.scale, refill=options.refill)
    print(f"A shop of {int(1_000_000 * options.scale)} users, {SERVER.rpartition('@')[2]}{name}\n", flush=True)
    with mirrors.mirrors(SERVER, f"{name}_mirror", ROOT / "var" / "benchmarks") as copies:
        _idle(large)
        _full(large.url, copies, options.rows or WHOLE)
        _birthday(copies, int(1_000_000 * options.scale))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.pull", description=(__doc__ or "").partition("\n")[0])
    scale, rows = os.environ.get("BENCH_SCALE", "1"), os.environ.get("BENCH_ROWS", "30000")
    parser.add_argument("--scale", type=float, default=float(scale), help="1: a million users")
    parser.add_argument("--rows", type=int, default=int(rows), help="records of a kind that are read; 0: all")
    parser.add_argument("--refill", action="store_true", help="make the shop anew")
    parser.add_argument("--database", help="its name; else vestnik_bench_SCALE")
    return parser.parse_args(arguments)


def measured(way: str, **asked: Any) -> dict[str, Any]:
    """What one measurement in a process of its own found."""
    command = [sys.executable, "-m", "tests.benchmarks.measure", json.dumps({"way": way, **asked})]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(output)
    return found


def _full(url: str, copies: dict[str, str], limit: int) -> None:
    """Reading from the start: the peer, the source alone, then into each mirror, and once more when all is known."""
    written_to = [f"into {name}" for name in copies]
    _head("full read, records/s", "bare cursor", "source", *written_to, "again", "peak MB", "counting, s")
    for kind in STATEMENTS:
        asked = {"url": url, "kind": kind, "limit": limit}
        source = measured("source", **asked)
        bare = source["peer"]
        written = [measured("mirror", mirror=mirror, **asked) for mirror in copies.values()]
        again = measured("again", mirror=copies["MariaDB"], **asked)
        peak = max(found["peak_mb"] for found in (source, *written, again))
        rates = [_rate(found, bare) for found in (source, *written, again)]
        last = (f"{peak:.0f}", f"{source['counting']:.1f}")
        _row(f"{kind} ({source['rows']})", f"{_per_second(bare):.0f}", *rates, *last)
    print()


def _rate(found: dict[str, Any], peer: dict[str, Any]) -> str:
    return f"{_per_second(found):.0f} ({_per_second(found) / _per_second(peer):.2f})"


def _per_second(found: dict[str, Any]) -> float:
    return float(found["rows"] / found["seconds"])


def _idle(large: shop.LargeShop) -> None:
    """A pull when nothing is new: what each kind costs the shop's server, and which statements read much."""
    _head("nothing new", "seconds", "rows the server read", "records poured", "peak MB")
    heavy: Counter[str] = Counter()
    for kind in STATEMENTS:
        found = measured("idle", url=large.url, kind=kind, since=large.made_at.isoformat())
        _row(kind, f"{found['seconds']:.2f}", found["examined"], found["rows"], f"{found['peak_mb']:.0f}")
        heavy.update(f"{kind}: {one['rows']} rows by {_plan(one)}\n    {_short(one)}" for one in found["large"])
    print("\nStatements of these that read more than 5000 rows:\n")
    print("\n".join(f"{times} × {told}" for told, times in heavy.items()) or "none", end="\n\n", flush=True)


def _plan(one: dict[str, Any]) -> str:
    return ", ".join(f"{step['table']}: {step['type']} of {step['key']}" for step in one["plan"])


def _short(one: dict[str, Any]) -> str:
    """The statement, its lists of parameters and of numbers cut short."""
    return re.sub(r"\([^()]{60,}\)", "(…)", one["statement"])


def _birthday(copies: dict[str, str], people: int) -> None:
    _head("group {birthday = today}", "people", "members", "seconds", "peak MB")
    for name, mirror in copies.items():
        mirrors.grow(mirror, people)
        found = measured("birthday", mirror=mirror)
        _row(name, found["people"], found["rows"], f"{found['seconds']:.3f}", f"{found['peak_mb']:.0f}")


def _head(*cells: str) -> None:
    _row(*cells)
    _row(*("---" for _ in cells))


def _row(*cells: object) -> None:
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
