"""Leases: who is at it until when, so that two of everything can run and only one does the work."""

from __future__ import annotations

import os
import socket
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import tables
from core.db import insert_ignoring, writing

_leases = tables.leases


def owner() -> str:
    """A name for one holder: host, process, and a random part (process numbers come back)."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def take(engine: sa.Engine, name: str, *, owner: str, now: datetime, seconds: float) -> bool:
    """Take or renew the lease `name`; False while somebody else holds it."""
    until = now + timedelta(seconds=seconds)
    with writing(engine) as connection:
        taken = connection.execute(
            sa.update(_leases)
            .where(_leases.c.name == name, sa.or_(_leases.c.owner == owner, _leases.c.until < now))
            .values(owner=owner, until=until)
        )
        if taken.rowcount == 0:
            insert_ignoring(connection, _leases, [{"name": name, "owner": owner, "until": until}])
        return connection.scalar(sa.select(_leases.c.owner).where(_leases.c.name == name)) == owner


def free(engine: sa.Engine, name: str, *, owner: str) -> None:
    """Give the lease back at once."""
    with writing(engine) as connection:
        connection.execute(sa.delete(_leases).where(_leases.c.name == name, _leases.c.owner == owner))
