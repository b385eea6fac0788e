"""One measurement of groups in a process of its own: `python -m tests.benchmarks.answers '{"way": "count", …}'`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from core import compose, db, definitions, groups, mailings, postings, tables
from core.compose import Press
from core.config import Site
from core.definitions.forms import File
from core.groups import Group, explain, preview
from core.rules import World
from tests.benchmarks import questions
from tests.benchmarks.crowd import SOURCE
from tests.conftest import NOW

SITE = Site(name="Домовой", url="https://shop.ru", sender="Домовой <news@shop.ru>")
SHORT_SECONDS = 15.0
PEER = 1_000_000_000
"""The posting that the peer of a snapshot writes: one that nobody else has."""


def _count(connection: sa.Connection, code: str) -> int:
    return groups.count(connection, [_group(code)], _world(connection))


def _bare(connection: sa.Connection, code: str) -> int:
    statement = questions.bare(code, _world(connection).scales[0])
    return int(connection.scalar(sa.text(f"SELECT COUNT(*) FROM ({statement}) asked")) or 0)


def _reach(connection: sa.Connection, code: str) -> int:
    return preview.reach(connection, _group(code), _world(connection)).members


def _explain(connection: sa.Connection, code: str) -> int:
    """Why somebody with many orders is in the group or is not."""
    buyers, contacts = tables.buyers, tables.contacts
    eager = sa.select(contacts.c.email).join_from(buyers, contacts, contacts.c.id == buyers.c.contact_id)
    email = connection.scalar(eager.where(buyers.c.orders >= 50).limit(1))
    assert email is not None
    return len(explain.explain(connection, _group(code), _world(connection), email=email))


def _group(code: str) -> Group:
    return Group(code, code, questions.QUESTIONS[code].include)


def _world(connection: sa.Connection) -> World:
    return groups.world(connection, now=NOW, timezone="Europe/Moscow")


def asked(way: Callable[[sa.Connection, str], int], url: str, code: str) -> dict[str, Any]:
    """The first answer of this process, with connecting and compiling; then the median of three more."""
    cool(url)
    engine, seconds = db.connect(url), list[float]()
    while len(seconds) < 2 or (len(seconds) < 4 and max(seconds) < SHORT_SECONDS):
        began = time.perf_counter()
        with engine.connect() as connection:
            rows = way(connection, code)
        seconds.append(time.perf_counter() - began)
    return {"rows": rows, "cold": seconds[0], "warm": median(seconds[1:])}


def cool(url: str) -> None:
    """Make the first question go to the disk as far as it can be done from here.

    SQLite's file leaves the system's cache. MariaDB reads past that cache; its own pool of pages is swept by reading a
    table that is several times as large, which drives out most of it (a third is kept for what was used twice).
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = os.open(str(parsed.database), os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        return os.close(file)
    engine = db.connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT SUM(LENGTH(name)) FROM order_lines IGNORE INDEX (ix_order_lines_product)")
    engine.dispose()


def _snapshot(url: str, code: str) -> dict[str, Any]:
    """A posting to the group opened: its recipients frozen."""
    engine = db.connect(url)
    tree = {
        "groups": {code: {"include": dict(questions.QUESTIONS[code].include)}},
        "mailings": {"bench": {"name": "Bench", "groups": [code]}},
        "issues": {"bench": {"mailing": "bench", "letter": "birthday", "subject": "Bench", "schedule": "0 5 * * *"}},
    }
    definitions.apply(engine, File.model_validate(tree), Press(SITE), sources=[SOURCE], now=NOW)
    with engine.connect() as connection:
        issue, mailing = mailings.issue(connection, "bench"), mailings.mailing(connection, "bench")
    waiting = postings.posting(engine, postings.by_hand(engine, issue, now=NOW))
    publication = compose.publish(Press(SITE), issue, mailing, at=NOW)
    before = peak_mb()
    return _frozen(lambda: postings.open_posting(engine, waiting, publication, now=NOW)) | {"before_mb": before}


def _bare_snapshot(url: str, code: str) -> dict[str, Any]:
    """The peer: the same recipients by a plain INSERT … SELECT, whoever left among them as skipped."""
    engine, statement = db.connect(url), questions.QUESTIONS[code].bare
    insert = f"""INSERT INTO recipients (posting_id, contact_id, person_id, email, status, reason, message_id, attempts)
    SELECT {PEER}, asked.contact_id, NULL, c.email, CASE WHEN s.id IS NULL THEN 'new' ELSE 'skipped' END,
    COALESCE(s.reason, ''), '', 0 FROM ({statement}) asked JOIN contacts c ON c.id = asked.contact_id
    LEFT JOIN suppressions s ON s.email = c.email AND s.mailing = ''"""

    def write() -> int:
        with db.writing(engine) as connection:
            return connection.execute(sa.text(insert)).rowcount

    return _frozen(write)


def _frozen(write: Callable[[], int]) -> dict[str, Any]:
    began = time.perf_counter()
    rows = write()
    return {"rows": rows, "cold": time.perf_counter() - began}


def _swept(url: str, code: str) -> dict[str, Any]:
    """Nobody is a recipient any more."""
    engine = db.connect(url)
    with db.writing(engine) as connection:
        for table in (tables.recipients, tables.group_snapshots, tables.postings):
            connection.execute(sa.delete(table))
    return {}


def peak_mb() -> float:
    """This process's own peak, MB; getrusage would tell the parent's, if that was larger at the fork."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


ASKED: dict[str, Callable[[sa.Connection, str], int]] = {
    "count": _count,
    "bare": _bare,
    "reach": _reach,
    "explain": _explain,
}
WRITTEN: dict[str, Callable[..., dict[str, Any]]] = {
    "snapshot": _snapshot,
    "bare_snapshot": _bare_snapshot,
    "sweep": _swept,
}


def main() -> None:
    told = json.loads(sys.argv[1])
    way = told.pop("way")
    found = asked(ASKED[way], **told) if way in ASKED else WRITTEN[way](**told)
    print(json.dumps(found | {"peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
