"""The mirrors that benchmarks write: a file of SQLite's and a database of MariaDB's, new at each run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from core import db, tables
from tests.benchmarks import shop

_APART = 10_000_000  # between the ids of one copy and of the next


@contextmanager
def mirrors(server: str, name: str, folder: Path) -> Iterator[dict[str, str]]:
    """Name of the database → URL of an empty mirror in it; both are gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.db"
    found = {
        "SQLite": f"sqlite:///{file}",
        "MariaDB": sa.make_url(server).set(database=name).render_as_string(hide_password=False),
    }
    with ExitStack() as rest:
        rest.callback(shop.drop, server, name)
        rest.callback(_unlink, file)
        _unlink(file)
        shop.make(server, name)
        for url in found.values():
            engine = db.connect(url)
            tables.metadata.create_all(engine)
            engine.dispose()
        yield found


def _unlink(file: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)


def grow(url: str, people: int) -> None:
    """Copy the people in the mirror at `url`, each copy with an address of its own, until there are about `people`."""
    engine = db.connect(url)
    with engine.connect() as connection:
        there = connection.scalar(sa.select(sa.func.count()).select_from(tables.people)) or 1
    for copy in range(1, people // there):
        with db.writing(engine) as connection:
            connection.execute(_copied(tables.contacts, copy, "email"))
            connection.execute(_copied(tables.people, copy, "external_id"))
    with db.writing(engine) as connection:
        for table in (tables.contacts, tables.people):
            connection.exec_driver_sql(f"ANALYZE {'TABLE ' if engine.dialect.name != 'sqlite' else ''}{table.name}")
    engine.dispose()


def _copied(table: sa.Table, copy: int, unique: str) -> sa.Insert:
    apart = copy * _APART
    changed = {unique: sa.literal(f"{copy}.") + table.c[unique]}
    changed |= {name: table.c[name] + apart for name in ("id", "contact_id") if name in table.c}
    columns = [changed.get(column.name, column) for column in table.c]
    return sa.insert(table).from_select([*table.c.keys()], sa.select(*columns).where(table.c.id < _APART))
