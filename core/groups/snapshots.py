"""Who was in a group and when: each posting keeps a compressed set of contacts; two moments can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pyroaring import BitMap64

from core import groups, tables
from core.db import insert_ignoring, upsert
from core.errors import N_, Misconfigured
from core.rules import WHO, Group, Tree, World

_snapshots, _members, _groups = tables.group_snapshots, tables.group_members, tables.recipient_groups


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The members of a group at a moment; `kept`: False when they were worked out now from what the facts still say."""

    at: datetime
    members: BitMap64
    include: Tree
    exclude: Tree | None
    kept: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Who came and who went between two moments."""

    before: Snapshot
    after: Snapshot

    @property
    def joined(self) -> BitMap64:
        return self.after.members - self.before.members

    @property
    def left(self) -> BitMap64:
        return self.before.members - self.after.members

    @property
    def rule_changed(self) -> bool:
        """Whether the rule itself is another one now."""
        return (self.before.include, self.before.exclude) != (self.after.include, self.after.exclude)


def keep(
    connection: sa.Connection, group: Group, contact_ids: Iterable[int], *, at: datetime, posting_id: int | None = None
) -> int:
    """Write down who is in `group` at that moment; how many they are. The first snapshot of a moment stays.

    It takes 131 KB for a group of every second of a million contacts (measured), less for smaller ones.
    """
    found = BitMap64(contact_ids)
    found.run_optimize()
    row = {
        "group": group.code,
        "at": at,
        "posting_id": posting_id,
        "size": len(found),
        "include": dict(group.include),
        "exclude": None if group.exclude is None else dict(group.exclude),
        "members": found.serialize(),
    }
    insert_ignoring(connection, _snapshots, [row])
    return len(found)


def asked(connection: sa.Connection, group: Group, world: World) -> BitMap64:
    """Who is in `group` at the world's moment, as a set of contact ids."""
    query = sa.select(WHO).where(*groups.condition([group], world)).distinct()
    return BitMap64(connection.scalars(query.execution_options(yield_per=10_000)))


def history(connection: sa.Connection, code: str, *, limit: int = 100) -> list[sa.RowMapping]:
    """The newest snapshots of a group: at, size, posting_id."""
    columns = (_snapshots.c.at, _snapshots.c.size, _snapshots.c.posting_id)
    query = sa.select(*columns).where(_snapshots.c.group == code).order_by(_snapshots.c.at.desc()).limit(limit)
    return list(connection.execute(query).mappings())


def compare(connection: sa.Connection, group: Group, world: World, *, since: datetime, until: datetime) -> Difference:
    """Who joined and left `group` between two moments.

    Each side is the last snapshot not later than its moment. Where none was kept, or the moment is now, the members are
    worked out from what the mirror still knows of it. Raises Misconfigured when `since` is not before `until`.
    """
    if since >= until:
        raise Misconfigured(N_("--from must be before --to."))
    before = _kept(connection, group.code, since) or _worked_out(connection, group, world, since)
    after = None if until >= world.now else _kept(connection, group.code, until, after=before.at)
    return Difference(before, after or _worked_out(connection, group, world, until))


def _kept(connection: sa.Connection, code: str, at: datetime, *, after: datetime | None = None) -> Snapshot | None:
    query = sa.select(_snapshots).where(_snapshots.c.group == code, _snapshots.c.at <= at)
    if after is not None:
        query = query.where(_snapshots.c.at > after)
    row = connection.execute(query.order_by(_snapshots.c.at.desc()).limit(1)).first()
    if row is None:
        return None
    return Snapshot(row.at, BitMap64.deserialize(row.members), row.include, row.exclude, kept=True)


def _worked_out(connection: sa.Connection, group: Group, world: World, at: datetime) -> Snapshot:
    found = asked(connection, group, replace(world, now=at))
    return Snapshot(at, found, group.include, group.exclude, kept=False)


def freeze(connection: sa.Connection, group: Group, world: World) -> int:
    """Make `group` static: its list is whoever is in it at the world's moment; how many they are."""
    connection.execute(sa.delete(_members).where(_members.c.group == group.code))
    who = groups.condition([replace(group, static=False)], world)
    query = sa.select(sa.literal(group.code, tables.Code), WHO).where(*who).distinct()
    frozen = connection.execute(sa.insert(_members).from_select(["group", "contact_id"], query)).rowcount
    _mark(connection, group.code, static=True, frozen_at=world.now)
    return frozen


def copy_frozen(connection: sa.Connection, group: Group, world: World, *, code: str, name: str) -> int:
    """A new static group `code`: whoever is in `group` now. Raises Misconfigured when there is one of that code."""
    if connection.scalar(sa.select(_groups.c.id).where(_groups.c.code == code)) is not None:
        raise Misconfigured(N_("There is a group {code!r} already."), code=code)
    row = {
        "code": code,
        "name": name,
        "include": dict(group.include),
        "exclude": None if group.exclude is None else dict(group.exclude),
        "static": True,
        "changed_at": world.now,
    }
    upsert(connection, _groups, [row], key=("code",))
    return freeze(connection, replace(group, code=code, name=name, static=False), world)


def thaw(connection: sa.Connection, group: Group, world: World) -> None:
    """Make `group` dynamic again: its rule is asked anew each time from the world's moment on."""
    connection.execute(sa.delete(_members).where(_members.c.group == group.code))
    _mark(connection, group.code, static=False, frozen_at=None, changed_at=world.now)


def _mark(connection: sa.Connection, code: str, **values: Any) -> None:
    connection.execute(sa.update(_groups).where(_groups.c.code == code).values(**values))
