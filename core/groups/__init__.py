"""Recipient groups: a named rule over contacts, asked anew each time, answered by one SELECT."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import rules, tables
from core.buyers import cuts
from core.errors import N_, Misconfigured
from core.model import Kind
from core.plugin import suggestion
from core.rules import WHO, WORDS, Condition, Group, Tree, World, tree

for _module in pkgutil.iter_modules(rules.__path__):
    importlib.import_module(f"core.rules.{_module.name}")

_people, _contacts, _groups = tables.people, tables.contacts, tables.recipient_groups

__all__ = ["Group", "Member", "checked", "count", "find", "kinds", "members", "people_in", "read", "sources", "world"]


@dataclass(frozen=True, slots=True)
class Member:
    """A contact in a group, with the person whose rule matched (the oldest of several who share the address)."""

    contact_id: int
    person_id: int
    email: str


def world(connection: sa.Connection, *, now: datetime, timezone: str, currency: str = "RUB") -> World:
    """The world at `now` with everything that rules may name: the other groups, the RFM cut-offs."""
    scales = cuts.scales(connection)
    return World(now, timezone, currency, groups={group.code: group for group in every(connection)}, scales=scales)


def every(connection: sa.Connection) -> list[Group]:
    """All groups by code."""
    return [_group(row) for row in connection.execute(sa.select(_groups).order_by(_groups.c.code))]


def _group(row: sa.Row[Any]) -> Group:
    return Group(row.code, row.name, row.include, row.exclude, bool(row.static))


def find(connection: sa.Connection, code: str) -> Group:
    """The group named `code`. Raises Misconfigured with the known codes."""
    row = connection.execute(sa.select(_groups).where(_groups.c.code == code)).first()
    if row is None:
        raise unknown(code, list(connection.scalars(sa.select(_groups.c.code))))
    return _group(row)


def unknown(code: str, known: Sequence[str]) -> Misconfigured:
    """The error of a group that does not exist."""
    hint = suggestion(code, known) if known else ""
    return Misconfigured(N_("There is no group {code!r}. {hint}"), code=code, hint=hint)


def members(groups: Sequence[Group], world: World, *, without: Sequence[Group] = ()) -> sa.Select[Any]:
    """One SELECT of (contact_id, person_id, email): in any of `groups`, in none of `without`, one row an address.

    Only active people who are still in their source count. Whoever shares an address with an excluded person is
    excluded too: the letter would reach both.
    """
    chosen = (
        sa.select(WHO.label("contact_id"), sa.func.min(_people.c.id).label("person_id"))
        .where(*condition(groups, world, without=without))
        .group_by(WHO)
        .subquery("chosen")
    )
    columns = (chosen.c.contact_id, chosen.c.person_id, _contacts.c.email)
    return sa.select(*columns).join_from(chosen, _contacts, _contacts.c.id == chosen.c.contact_id)


def condition(groups: Sequence[Group], world: World, *, without: Sequence[Group] = ()) -> list[Condition]:
    """What a person must answer to be in any of `groups` and in none of `without`."""
    taken = sa.or_(sa.false(), *(tree.taken(group, world) for group in groups))
    left_out = (tree.contacts_where(tree.taken(group, world), world) for group in without)
    return [*tree.alive(world), taken, *(WHO.not_in(contacts) for contacts in left_out)]


def count(connection: sa.Connection, groups: Sequence[Group], world: World, *, without: Sequence[Group] = ()) -> int:
    """How many addresses are in `groups` at the world's moment."""
    return connection.scalar(counting(groups, world, without=without)) or 0


def counting(groups: Sequence[Group], world: World, *, without: Sequence[Group] = ()) -> sa.Select[Any]:
    """The SELECT of their number."""
    return sa.select(sa.func.count(WHO.distinct())).where(*condition(groups, world, without=without))


def read(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Member]:
    """The members that `query` selects, streamed."""
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield Member(*row)


def people_in(connection: sa.Connection, group: Group, world: World) -> Iterator[dict[str, Any]]:
    """The members of `group` as an export shows them: email, name, last_name, source, person (its id there)."""
    query = members([group], world).subquery()
    columns = (_people.c.name, _people.c.last_name, _people.c.source, _people.c.external_id.label("person"))
    rows = sa.select(query.c.email, *columns).join_from(query, _people, _people.c.id == query.c.person_id)
    for row in connection.execution_options(yield_per=1000).execute(rows.order_by(query.c.email)).mappings():
        yield dict(row)


def sources(groups: Sequence[Group], known: Sequence[str]) -> list[str]:
    """Which of the `known` sources feed `groups`: all, unless every group names its own by ``in_source`` at its top."""
    named = [_named(group.include) for group in groups]
    if not named or not all(named):
        return list(known)
    wanted = {source for group in named for source in group}
    return [source for source in known if source in wanted]


def kinds(groups: Sequence[Group], world: World | None = None) -> frozenset[Kind]:
    """What the rules of `groups` ask: people, and what else their words need, also through groups that they name."""
    words = {code for group in groups for code, _ in _asked(group, world)}
    return frozenset({Kind.PEOPLE}).union(*(WORDS[code].kinds for code in words))


def _asked(group: Group, world: World | None, seen: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every (word, value) that decides who is in `group`; of a static one nothing does any more."""
    if group.static or group.code in seen:
        return
    for branch in (group.include, group.exclude or {}):
        for code, value in tree.leaves(branch):
            yield code, value
            for inner in _inner(code, value, world):
                yield from _asked(inner, world, (*seen, group.code))


def _inner(code: str, value: Any, world: World | None) -> list[Group]:
    """The groups that this word names."""
    if code != "in_group" or world is None:
        return []
    return [world.groups[name] for name in WORDS[code].read(value).groups if name in world.groups]


def _named(rule: Tree) -> list[str]:
    value = rule.get("in_source", [])
    for branch in rule.get("all", []):
        value = value or branch.get("in_source", [])
    return [value] if isinstance(value, str) else list(value)


def named_sources(group: Group) -> set[str]:
    """Every source that the rules of `group` name by ``in_source``."""
    asked = [value for word, value in _asked(group, None) if word == "in_source"]
    return {source for value in asked for source in WORDS["in_source"].read(value).sources}


def checked(group: Group, world: World) -> Group:
    """`group` if all its words and values are understood; raises Misconfigured otherwise."""
    members([group], world)
    return group
