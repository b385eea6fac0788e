"""One measurement in a process of its own: `python -m tests.benchmarks.measure '{"way": "source", …}'` prints JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import BitrixMysql
from connectors.sources.bitrix_mysql.rolling import OVERLAP
from core import db, groups, intake, plugin, tables
from core.groups import Group
from core.model import Kind
from core.rules import World
from core.source import Cursor, Page
from tests.benchmarks import bare
from tests.benchmarks.reading import Reading, watched

SHORT_SECONDS = 15.0


class Part(BitrixMysql):
    """The source, which stops after about `limit` records of a kind.

    `counting_seconds`: until its first page it counts what a whole read would meet, which a part of one cannot pay for.
    """

    limit: int
    counting_seconds: float = 0.0

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        poured, began = 0, time.perf_counter()
        for page in super().pull(kind, cursor):
            if not poured:
                self.counting_seconds = time.perf_counter() - began
            yield page
            poured += len(page.records)
            if poured >= self.limit:
                return


def source(url: str, limit: int) -> Part:
    """The shop at `url` as an installation would read it."""
    told = {"url": url, "site": "s1", "busy_threads": 1000}  # what else runs on this server is no reason to wait
    settings = plugin.settings_of(Part, told, where="sources.shop")
    made = Part("shop", settings)
    made.limit = limit
    return made


def at_rest(kind: Kind, since: datetime, last: int) -> Cursor:
    """The cursor that a pull would have left at the end of the shop's life."""
    return {"after": last} if kind is Kind.ORDER_CHANGES else {"since": (since - OVERLAP).isoformat()}


def _source(url: str, kind: Kind, limit: int, **_: Any) -> dict[str, Any]:
    """The source and its peer by turns, the best of three of each: what else the machine does only adds to a time."""
    shop = source(url, limit)
    own: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    for _turn in range(3):
        beside.append(_once(lambda: bare.streamed(url, kind, limit)))
        own.append(_once(lambda: sum(len(page.records) for page in shop.pull(kind, None)), shop))
    best, peer = (min(found, key=lambda one: float(one["seconds"])) for found in (own, beside))
    return best | {"counting": shop.counting_seconds, "peer": peer}


def _mirror(url: str, kind: Kind, limit: int, mirror: str, **_: Any) -> dict[str, Any]:
    """The first read of a kind; it cannot be repeated, the mirror would know the rows."""
    engine, shop = db.connect(mirror), source(url, limit)
    return _timed(lambda: _pulled(engine, shop, kind, full=True), shop, again=False)


def _again(url: str, kind: Kind, limit: int, mirror: str, **_: Any) -> dict[str, Any]:
    """The nightly full read, which finds every row in the mirror as it was."""
    return _mirror(url, kind, limit, mirror)


def _pulled(engine: sa.Engine, shop: Part, kind: Kind, *, full: bool) -> int:
    (report,) = intake.pull(engine, shop, clock=lambda: datetime.now(UTC), full=full, kinds=[kind])
    if report.error:
        raise report.error
    return report.read


def _idle(url: str, kind: Kind, since: str, **_: Any) -> dict[str, Any]:
    """A pull when nothing is new; and, in a run more that is not timed, what it made the server read."""
    shop, cursor = source(url, 2**62), at_rest(kind, datetime.fromisoformat(since), _last_change(url))
    found = _timed(lambda: sum(len(page.records) for page in shop.pull(kind, cursor)))
    reading = Reading()
    with watched(reading):
        list(shop.pull(kind, cursor))
    return found | {"examined": reading.rows, "large": reading.explained(url)}


def _last_change(url: str) -> int:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        return int(connection.scalar(sa.text("SELECT MAX(ID) FROM b_sale_order_change")) or 0)


def _birthday(mirror: str, **_: Any) -> dict[str, Any]:
    engine, world = db.connect(mirror), World(now=datetime.now(UTC), timezone="Europe/Moscow")
    group = Group("birthday", "Birthday", {"birthday": "today"})
    with engine.connect() as connection:
        people = connection.scalar(sa.select(sa.func.count()).select_from(tables.people))
        found = _timed(lambda: sum(1 for _ in groups.read(connection, groups.members([group], world))))
    return found | {"people": people}


def _timed(work: Callable[[], int], shop: Part | None = None, *, again: bool = True) -> dict[str, Any]:
    """Rows and seconds of `work`, without the counting; the median of three where it is short and may be done again."""
    found = [_once(work, shop)]
    while again and len(found) < 3 and max(one["seconds"] for one in found) < SHORT_SECONDS:
        found.append(_once(work, shop))
    return {"rows": found[-1]["rows"], "seconds": median(one["seconds"] for one in found)}


def _once(work: Callable[[], int], shop: Part | None = None) -> dict[str, Any]:
    began = time.perf_counter()
    rows = work()
    return {"rows": rows, "seconds": time.perf_counter() - began - (shop.counting_seconds if shop else 0)}


def _peak_mb() -> float:
    """This process's own peak, MB; getrusage would tell the parent's, if that was larger at the fork."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


WAYS: dict[str, Callable[..., dict[str, Any]]] = {
    "source": _source,
    "mirror": _mirror,
    "again": _again,
    "idle": _idle,
    "birthday": _birthday,
}


def main() -> None:
    asked = json.loads(sys.argv[1])
    if "kind" in asked:
        asked["kind"] = Kind(asked["kind"])
    found = WAYS[asked.pop("way")](**asked)
    print(json.dumps(found | {"peak_mb": _peak_mb()}))


if __name__ == "__main__":
    main()
