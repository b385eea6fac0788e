"""Leases: who is at it until when, so that two of everything can run and only one does the work."""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import tables
from core.db import insert_ignoring, retried, writing

_leases = tables.leases


def owner() -> str:
    """A name for one holder: host, process, and a random part (process numbers come back)."""
    return f"{_host()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


@retried
def take(engine: sa.Engine, name: str, *, owner: str, now: datetime, seconds: float) -> bool:
    """Take or renew the lease `name`; False while somebody else holds it."""
    name, until = _kept(name), now + timedelta(seconds=seconds)
    with writing(engine) as connection:
        taken = connection.execute(
            sa.update(_leases)
            .where(_leases.c.name == name, sa.or_(_leases.c.owner == owner, _leases.c.until < now))
            .values(owner=owner, until=until)
        )
        if taken.rowcount == 0:
            insert_ignoring(connection, _leases, [{"name": name, "owner": owner, "until": until}])
        return connection.scalar(sa.select(_leases.c.owner).where(_leases.c.name == name)) == owner


@retried
def free(engine: sa.Engine, name: str, *, owner: str) -> None:
    """Give the lease back at once."""
    with writing(engine) as connection:
        connection.execute(sa.delete(_leases).where(_leases.c.name == _kept(name), _leases.c.owner == owner))


def _kept(name: str) -> str:
    """`name`, or its digest when it is longer than the column: MariaDB would cut it, and never find it again."""
    return name if len(name) <= 64 else hashlib.sha256(name.encode()).hexdigest()


@retried
def free_dead(engine: sa.Engine) -> None:
    """Give back the leases of this host's dead processes, at the start of one: nobody need wait for them to run out."""
    with writing(engine) as connection:
        for owner in list(connection.scalars(sa.select(_leases.c.owner))):
            host, process, _ = owner.rsplit(":", 2)
            if host == _host() and not _alive(int(process)):
                connection.execute(sa.delete(_leases).where(_leases.c.owner == owner))


def _host() -> str:
    return socket.gethostname()[:60]


def _alive(process: int) -> bool:
    """Whether another process of that number runs; our own has only begun (in a container it has the same number)."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
