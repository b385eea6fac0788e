"""Recipient groups: a named rule over contacts, asked anew each time, answered by one SELECT."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core import rules, tables
from core.errors import N_, Misconfigured
from core.model import Kind
from core.plugin import suggestion
from core.rules import Tree, World

for _module in pkgutil.iter_modules(rules.__path__):
    importlib.import_module(f"core.rules.{_module.name}")

_people, _contacts, _groups = tables.people, tables.contacts, tables.recipient_groups


@dataclass(frozen=True, slots=True)
class Group:
    """A group of recipients: whom its rule takes in, and whom it leaves out."""

    code: str
    name: str
    include: Tree
    exclude: Tree | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A contact in a group, with the person whose rule matched (the oldest of several who share the address)."""

    contact_id: int
    person_id: int
    email: str


def find(connection: sa.Connection, code: str) -> Group:
    """The group named `code`. Raises Misconfigured with the known codes."""
    row = connection.execute(sa.select(_groups).where(_groups.c.code == code)).first()
    if row is None:
        known = list(connection.scalars(sa.select(_groups.c.code)))
        hint = suggestion(code, known) if known else ""
        raise Misconfigured(N_("There is no group {code!r}. {hint}"), code=code, hint=hint)
    return Group(row.code, row.name, row.include, row.exclude)


def members(groups: Sequence[Group], world: World, *, without: Sequence[Group] = ()) -> sa.Select[Any]:
    """One SELECT of (contact_id, person_id, email): in any of `groups`, in none of `without`, one row an address.

    Only active people who are still in their source count. Whoever shares an address with an excluded person is
    excluded too: the letter would reach both.
    """
    taken = sa.or_(sa.false(), *(_taken(group, world) for group in groups))
    columns = (_contacts.c.id.label("contact_id"), sa.func.min(_people.c.id).label("person_id"), _contacts.c.email)
    query = _base(sa.select(*columns)).where(taken)
    for tree in [group.include for group in without]:
        query = query.where(_contacts.c.id.not_in(_whom(tree, world)))
    return query.group_by(_contacts.c.id, _contacts.c.email)


def _taken(group: Group, world: World) -> rules.Condition:
    included = rules.compiled(group.include, world)
    if not group.exclude:
        return included
    return sa.and_(included, _contacts.c.id.not_in(_whom(group.exclude, world)))


def _whom(tree: Tree, world: World) -> sa.Select[Any]:
    """The contacts that `tree` takes in, for use inside NOT IN; aliased so that it does not correlate."""
    return _base(sa.select(_contacts.c.id)).where(rules.compiled(tree, world)).correlate(None)


def _base(query: sa.Select[Any]) -> sa.Select[Any]:
    joined = _people.join(_contacts, _people.c.contact_id == _contacts.c.id)
    return query.select_from(joined).where(_people.c.active, _people.c.gone_at.is_(None))


def count(connection: sa.Connection, groups: Sequence[Group], world: World) -> int:
    """How many addresses are in `groups` at the world's moment."""
    return connection.scalar(sa.select(sa.func.count()).select_from(members(groups, world).subquery())) or 0


def read(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Member]:
    """The members that `query` selects, streamed."""
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield Member(*row)


def people_in(connection: sa.Connection, group: Group, world: World) -> Iterator[dict[str, Any]]:
    """The members of `group` as an export shows them: email, name, last_name, source, person (its id there)."""
    query = members([group], world).subquery()
    columns = (_people.c.name, _people.c.last_name, _people.c.source, _people.c.external_id.label("person"))
    rows = sa.select(_contacts.c.email, *columns).select_from(
        query.join(_people, _people.c.id == query.c.person_id).join(_contacts, _contacts.c.id == query.c.contact_id)
    )
    for row in connection.execution_options(yield_per=1000).execute(rows.order_by(_contacts.c.email)).mappings():
        yield dict(row)


def sources(groups: Sequence[Group], known: Sequence[str]) -> list[str]:
    """Which of the `known` sources feed `groups`: all, unless every group names its own by ``in_source`` at its top."""
    named = [_named(group.include) for group in groups]
    if not named or not all(named):
        return list(known)
    wanted = {source for group in named for source in group}
    return [source for source in known if source in wanted]


def kinds(groups: Sequence[Group]) -> frozenset[Kind]:
    """What the rules of `groups` ask: people, and what else their words need."""
    words = (
        code for group in groups for tree in (group.include, group.exclude or {}) for code, _ in rules.leaves(tree)
    )
    return frozenset({Kind.PEOPLE}).union(*(rules.WORDS[code].kinds for code in words))


def _named(tree: Tree) -> list[str]:
    value = tree.get("in_source", [])
    for branch in tree.get("all", []):
        value = value or branch.get("in_source", [])
    return [value] if isinstance(value, str) else list(value)


def named_sources(group: Group) -> set[str]:
    """Every source that the rules of `group` name by ``in_source``."""
    found: set[str] = set()
    for tree in (group.include, group.exclude or {}):
        for word, value in rules.leaves(tree):
            if word == "in_source":
                found.update([value] if isinstance(value, str) else value)
    return found


def checked(group: Group, world: World) -> Group:
    """`group` if all its words and values are understood; raises Misconfigured otherwise."""
    members([group], world)
    return group
