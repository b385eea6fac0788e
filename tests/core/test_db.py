"""Our own database: what it gives up is tried again, and its errors tell no secrets."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from core import db, tables
from tests.conftest import NOW


def test_a_deadlock_inside_a_savepoint_is_tried_again(mariadb_engine: sa.Engine) -> None:
    leases = tables.leases
    both_hold_one = threading.Barrier(2, timeout=10)
    errors: list[BaseException] = []
    with db.writing(mariadb_engine) as connection:
        connection.execute(sa.delete(leases))
        connection.execute(sa.insert(leases), [{"name": name, "owner": "", "until": NOW} for name in ("a", "b")])

    def crossing(first: str, second: str) -> None:
        begun = threading.Event()

        @db.retried
        def work() -> None:
            with db.writing(mariadb_engine) as connection, connection.begin_nested():
                connection.execute(sa.update(leases).where(leases.c.name == first).values(owner=first + second))
                if not begun.is_set():
                    begun.set()
                    both_hold_one.wait()
                connection.execute(sa.update(leases).where(leases.c.name == second).values(owner=first + second))

        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=crossing, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with db.writing(mariadb_engine) as connection:
        connection.execute(sa.delete(leases))
    assert errors == []


def test_an_error_of_the_database_does_not_tell_what_was_written(engine: sa.Engine) -> None:
    row = {"name": "site", "secret": "hush-hush", "created_at": NOW}
    with pytest.raises(sa.exc.IntegrityError) as caught, db.writing(engine) as connection:
        connection.execute(sa.insert(tables.keys), [row, row])
    assert "hush-hush" not in str(caught.value)
