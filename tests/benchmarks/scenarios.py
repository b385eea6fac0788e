"""How fast all scenarios are walked and planned on a million people: `python -m tests.benchmarks.scenarios`.

Beside each figure stands what the database takes for the least that must be asked: one range of its index a letter.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from core import db, definitions, journeys, plugin, tables
from core.block import Block
from core.compose import Press
from core.config import Site
from core.definitions.forms import File
from core.journeys import Manners, Scenario, Shelf, Tick, Walker, book
from core.journeys.planning import Planner, Window, plan
from core.scenario import Anchor
from tests.benchmarks import crowd, shop
from tests.benchmarks.happenings import happen
from tests.conftest import NOW

SERVER = os.environ.get("VESTNIK_TEST_MARIADB", "mysql://root@127.0.0.1:3306/")
FOLDER = Path(__file__).resolve().parents[2] / "var" / "benchmarks"
NAME = "vestnik_bench_scenarios"
SITE = Site(name="Домовой", url="https://shop.ru", sender="Домовой <news@shop.ru>")
PERCENTS = {percent: str(percent) for percent in range(1, 51)}


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    with ExitStack() as rest:
        for where, url in _mirrors(rest, options).items():
            _measure(where, url)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.scenarios", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=float(os.environ.get("BENCH_SCALE", "1")), help="1: a million")
    parser.add_argument("--only", choices=("SQLite", "MariaDB"), help="one database instead of both")
    parser.add_argument("--keep", action="store_true", help="leave the mirrors where they are")
    parser.add_argument("--kept", action="store_true", help="take those that a run with --keep has left")
    return parser.parse_args(arguments)


def _mirrors(rest: ExitStack, options: argparse.Namespace) -> Mapping[str, str]:
    """Name of the database → URL of a mirror with a crowd to which much has happened."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = {
        "SQLite": f"sqlite:///{FOLDER / NAME}.db",
        "MariaDB": sa.make_url(SERVER).set(database=NAME).render_as_string(hide_password=False),
    }
    found = {where: url for where, url in found.items() if options.only in (None, where)}
    if not options.keep:
        rest.callback(_remove)
    if not options.kept:
        _remove()
        shop.make(SERVER, NAME)
        for where, url in found.items():
            engine = db.connect(url)
            tables.metadata.create_all(engine)
            engine.dispose()
            crowd.fill(url, options.scale)
            print(f"{where}: {happen(url, options.scale):,} facts", flush=True)
    return found


def _remove() -> None:
    shop.drop(SERVER, NAME)
    for end in ("", "-wal", "-shm"):
        (FOLDER / f"{NAME}.db{end}").unlink(missing_ok=True)


def _measure(where: str, url: str) -> None:
    engine = db.connect(url)
    shelf = Shelf(plugin.shelf("scenarios.anchors", Anchor))  # type: ignore[type-abstract]
    press = Press(SITE, blocks=plugin.shelf("blocks", Block), discounts=PERCENTS)  # type: ignore[type-abstract]
    mailings = {"scenarios": {"groups": []}, "service": {"groups": []}}
    definitions.apply(engine, File.model_validate({"mailings": mailings}), press, sources=[], now=NOW)
    walker = Walker(engine, press, Manners(SITE.timezone))
    scenarios = _switched_on(engine, shelf)
    steps = sum(len(one.chain) for one in scenarios)
    print(f"\n{where}: {len(scenarios)} scenarios, {steps} letters")
    _row("first look after a minute", *_walked(walker, scenarios, NOW + timedelta(minutes=1)))
    for seconds in (65, 70, 120, 125, 180):
        name = f"tick with nothing due, second {seconds % 60} of a minute"
        _row(name, *_walked(walker, scenarios, NOW + timedelta(seconds=seconds)))
    began = time.perf_counter()
    _least(engine, steps)
    print(f"{'one index range a letter, alone':40} {time.perf_counter() - began:8.3f} s")
    _plan(engine, shelf, walker.manners)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    engine.dispose()


def _plan(engine: sa.Engine, shelf: Shelf, manners: Manners) -> None:
    """A whole day of all scenarios, planned without the products of each letter."""
    planner = Planner(engine, shelf, manners, NOW)
    began, lines = time.perf_counter(), 0
    with engine.connect() as connection:
        cast = book.active(connection, shelf)
    for _ in plan(planner, cast, Window(NOW, NOW + timedelta(days=1))):
        lines += 1
    print(f"{'a day planned':40} {time.perf_counter() - began:8.1f} s   {lines} letters", flush=True)


def _switched_on(engine: sa.Engine, shelf: Shelf) -> list[Scenario]:
    """Every scenario, on for a year, and looked at until now."""
    with engine.connect() as connection:
        found, broken = book.every(connection, shelf)
    assert not broken, broken
    for one in found:
        book.switch_off(engine, shelf, one.code, now=NOW)
        book.switch_on(engine, shelf, one.code, now=NOW, past=timedelta(days=400))
    with db.writing(engine) as connection:
        newest = connection.scalar(sa.select(sa.func.max(tables.facts.c.id)))
        rows = [
            {"scenario": one.code, "step": step.code, "looked_to": NOW, "learnt_to": newest, "swept_at": NOW}
            for one in found
            for step in one.chain
        ]
        db.upsert(connection, tables.scenario_looks, rows, key=("scenario", "step"))
    with engine.connect() as connection:
        return book.active(connection, shelf)


def _walked(walker: Walker, scenarios: Sequence[Scenario], now: datetime) -> tuple[float, int, dict[str, float]]:
    """Seconds of one tick, letters decided on, and seconds by scenario."""
    took, decided = {}, 0
    began = time.perf_counter()
    tick = Tick.at(walker.engine, walker.manners, now)
    took["(the tick itself)"] = time.perf_counter() - began
    for scenario in scenarios:
        began = time.perf_counter()
        tally = journeys.walk(walker, scenario, now=now, tick=tick)
        took[scenario.code] = time.perf_counter() - began
        decided += tally.queued + tally.deferred + tally.skipped
    return sum(took.values()), decided, took


def _row(name: str, seconds: float, decided: int, took: Mapping[str, float]) -> None:
    slowest = sorted(took, key=lambda code: -took[code])[:4]
    parts = ", ".join(f"{code} {took[code]:.3f}" for code in slowest)
    print(f"{name:40} {seconds:8.3f} s   {decided} letters decided on   slowest: {parts}", flush=True)


def _least(engine: sa.Engine, steps: int) -> None:
    with engine.connect() as connection:
        for number in range(steps):
            since = NOW - timedelta(days=number)
            query = sa.select(tables.facts.c.id).where(
                tables.facts.c.what == "registered",
                tables.facts.c.at > since,
                tables.facts.c.at <= since + timedelta(seconds=5),
            )
            connection.execute(query).all()


if __name__ == "__main__":
    main()
