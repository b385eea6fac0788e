"""A group looked at before it is saved: how many, whom letters can reach, who they are, what asking them costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core import consent, groups, tables
from core.errors import N_, Misconfigured
from core.rules import WHO, Group, World, tree
from core.rules.tree import contacts_where

_people, _contacts = tables.people, tables.contacts


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a letter by e-mail can reach, in addresses; and people who cannot be addressed at all."""

    members: int
    reachable: int
    agreed: int  # of the reachable: owners of a confirmed account, or on a list
    on_list: int  # of the reachable: on a list of the shop
    withheld: dict[str, int]  # reason → addresses that have left
    without_address: int  # people who answer the rule and have no address that works
    inactive: int  # people who answer the rule and are switched off, or gone from their source


@dataclass(frozen=True, slots=True)
class Cost:
    """What one counting took: seconds, and the rows that the server read (None where it does not tell: SQLite)."""

    seconds: float
    rows_read: int | None
    plan: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another group: its size, and how many addresses are in both."""

    code: str
    name: str
    size: int
    both: int


def reach(connection: sa.Connection, group: Group, world: World) -> Reach:
    """Whom letters to `group` would reach at the world's moment, were they of a mailing that nobody left alone."""
    chosen = groups.members([group], world).subquery("chosen")
    columns = (
        consent.reason(chosen.c.email, chosen.c.contact_id, mailing=consent.EVERYTHING, basis=consent.ANY).label("why"),
        sa.case((consent.consented(chosen.c.contact_id, consent.AGREED), 1), else_=0).label("agreed"),
        sa.case((consent.consented(chosen.c.contact_id, consent.LIST), 1), else_=0).label("listed"),
    )
    each = sa.select(*columns).select_from(chosen).subquery("each")
    query = sa.select(each.c.why, sa.func.count(), sa.func.sum(each.c.agreed), sa.func.sum(each.c.listed))
    rows = {row[0]: row for row in connection.execute(query.group_by(each.c.why))}
    free = rows.pop(None, None)
    return Reach(
        members=sum(row[1] for row in rows.values()) + (free[1] if free else 0),
        reachable=free[1] if free else 0,
        agreed=int(free[2]) if free else 0,
        on_list=int(free[3]) if free else 0,
        withheld={why: row[1] for why, row in sorted(rows.items())},
        without_address=_besides(connection, group, world, _people.c.contact_id.is_(None), _people.c.gone_at.is_(None)),
        inactive=_besides(connection, group, world, WHO.is_not(None), sa.not_(sa.and_(*tree.present()))),
    )


def _besides(connection: sa.Connection, group: Group, world: World, *who: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(_people).where(*who, tree.taken(group, world))
    return connection.scalar(query) or 0


def sample(connection: sa.Connection, group: Group, world: World, *, size: int = 10) -> list[sa.RowMapping]:
    """Some members: email, name, last_name, source, person; the newest contacts first."""
    chosen = groups.members([group], world)
    chosen = chosen.order_by(_contacts.c.id.desc()).limit(size)
    some = chosen.subquery("some")
    columns = (_people.c.name, _people.c.last_name, _people.c.source, _people.c.external_id.label("person"))
    query = sa.select(some.c.email, *columns).join_from(some, _people, _people.c.id == some.c.person_id)
    return list(connection.execute(query.order_by(some.c.contact_id.desc())).mappings())


def overlap(connection: sa.Connection, group: Group, world: World, others: Sequence[Group]) -> list[Overlap]:
    """How much each of the `others` has in common with `group`, the most first."""
    found = [
        Overlap(
            other.code,
            other.name,
            groups.count(connection, [other], world),
            connection.scalar(
                groups.counting([group], world).where(WHO.in_(contacts_where(tree.taken(other, world), world)))
            )
            or 0,
        )
        for other in others
        if other.code != group.code
    ]
    return sorted(found, key=lambda one: (-one.both, one.code))


def cost(connection: sa.Connection, group: Group, world: World) -> Cost:
    """One counting of `group`, timed, with the database's own plan for it."""
    query = groups.counting([group], world)
    before = _rows_read(connection)
    started = time.perf_counter()
    connection.execute(query).all()
    seconds = time.perf_counter() - started
    after = _rows_read(connection)
    return Cost(seconds, None if after is None or before is None else after - before, plan(connection, query))


def _rows_read(connection: sa.Connection) -> int | None:
    """The session's counter of rows read so far."""
    if connection.dialect.name == "sqlite":
        return None
    found = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'")
    return sum(int(row[1]) for row in found)


def plan(connection: sa.Connection, query: sa.Select[Any]) -> tuple[str, ...]:
    """How the database goes about it, a line a step. Raises Misconfigured when the rule is more than it can take."""
    try:
        return _plan(connection, query)
    except sa.exc.OperationalError as error:
        if "stack" not in str(error.orig) and "deep" not in str(error.orig):
            raise
        template = N_("The rule is nested deeper than the database can read: {error}. Use fewer groups in groups.")
        raise Misconfigured(template, error=str(error.orig)) from None


def _plan(connection: sa.Connection, query: sa.Select[Any]) -> tuple[str, ...]:
    lite = connection.dialect.name == "sqlite"
    text = query.compile(connection, compile_kwargs={"literal_binds": True})
    rows = connection.exec_driver_sql(("EXPLAIN QUERY PLAN " if lite else "EXPLAIN ") + str(text)).mappings()
    if lite:
        return tuple(row["detail"] for row in rows)
    return tuple(f"{row['table']}: {row['type']}, {row['key'] or '–'}, {row['rows']} rows" for row in rows)
