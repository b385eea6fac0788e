"""Why somebody is in a group, or is not: the rule answered leaf by leaf for one person, now or at another moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import tables
from core.db import chunks
from core.errors import N_, VestnikError
from core.rules import Condition, Group, Said, Tree, Word, World, tree
from core.rules.forms import Quantity

_people, _contacts = tables.people, tables.contacts
AT_ONCE = 100
"""Leaves asked in one statement: SQLite takes 2000 columns and 32,766 values in one."""


@dataclass(frozen=True, slots=True)
class Told:
    """One node of a rule answered: a word with the value it looked at, or a joint (all, any, none, not, exclude …)."""

    code: str
    holds: bool
    title: str = ""
    what: Said | None = None
    value: Quantity | None = None
    wanted: Said | None = None
    dated: bool = True  # False: the value is today's, whatever moment was asked about
    parts: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a group's rule says of one person with the address; whoever shares it has an explanation of their own."""

    person_id: int
    source: str
    external_id: str
    name: str
    alive: bool  # active, and still in the source: others are in no group
    inside: bool  # the address is in the group
    told: Told


@dataclass(frozen=True, slots=True)
class _Joint:
    code: str
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    word: Word
    number: int  # its column among the leaves
    parts: tuple[_Node, ...] = ()


_Node = _Joint | _Asked


class _Plan:
    """The tree with its leaves numbered, and each leaf's condition and value."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.leaves: list[tuple[Condition, sa.ColumnElement[Any] | None, str, Said, Said | None]] = []

    def group(self, group: Group) -> tuple[_Node, ...]:
        if group.static:
            frozen = tree.taken(group, self.world)
            self.leaves.append((frozen, None, "text", Said(N_("on the frozen list")), None))
            return (_Asked(tree.known("in_group"), len(self.leaves) - 1),)
        include = _Joint("include", self.tree(group.include))
        return (include, _Joint("exclude", self.tree(group.exclude))) if group.exclude else (include,)

    def tree(self, rule: Tree) -> tuple[_Node, ...]:
        return tuple(node for code, value in rule.items() for node in self._entry(code, value))

    def _entry(self, code: str, value: Any) -> Iterator[_Node]:
        if code in tree.JOINTS:
            branches = tree.branches(code, value)
            yield _Joint(code, tuple(_Joint("all", self.tree(branch)) for branch in branches))
        else:
            yield self._word(tree.known(code), value)

    def _word(self, word: Word, value: Any) -> _Asked:
        leaf = word.leaf(value, self.world)
        self.leaves.append((leaf.condition, leaf.value, leaf.unit, leaf.wanted, leaf.what))
        number = len(self.leaves) - 1
        if word.code != "in_group":
            return _Asked(word, number)
        named = [self.world.groups[name] for name in word.read(value).groups]
        return _Asked(word, number, tuple(_Joint("group", self.group(one)) for one in named))


def explain(connection: sa.Connection, group: Group, world: World, *, email: str) -> list[Explanation]:
    """What the rule of `group` says of everybody with this (normalised) address; empty for an unknown one."""
    contact_id = connection.scalar(sa.select(_contacts.c.id).where(_contacts.c.email == email))
    if contact_id is None:
        return []
    narrow = replace(world, only=contact_id)
    plan = _Plan(narrow)
    nodes = plan.group(group)
    inside = bool(connection.scalar(tree.contacts_where(tree.taken(group, narrow), narrow).limit(1)))
    there = sa.select(_people).where(_people.c.contact_id == contact_id).order_by(_people.c.id)
    return [
        Explanation(
            person_id=row["id"],
            source=row["source"],
            external_id=row["external_id"],
            name=" ".join(filter(None, (row["name"], row["last_name"]))),
            alive=bool(row["active"]) and row["gone_at"] is None,
            inside=inside,
            told=_told(nodes, group, answers, plan),
        )
        for row in connection.execute(there).mappings().all()
        for answers in [_answers(connection, plan, row["id"])]
    ]


def _answers(connection: sa.Connection, plan: _Plan, person_id: int) -> list[tuple[bool, Any]]:
    """(holds, value) of every leaf for this person."""
    found: list[tuple[bool, Any]] = []
    for part in chunks(plan.leaves, AT_ONCE):
        columns: list[sa.ColumnElement[Any]] = []
        for condition, value, *_ in part:
            columns += [sa.func.coalesce(condition, sa.false()), sa.null() if value is None else value]
        query = sa.select(*(column.label(f"c{number}") for number, column in enumerate(columns)))
        row = connection.execute(query.select_from(_people).where(_people.c.id == person_id)).one()
        found += [(bool(row[number]), row[number + 1]) for number in range(0, len(columns), 2)]
    return found


def _told(nodes: tuple[_Node, ...], group: Group, answers: list[tuple[bool, Any]], plan: _Plan) -> Told:
    parts = tuple(_node(node, answers, plan) for node in nodes)
    holds = all(not part.holds if part.code == "exclude" else part.holds for part in parts)
    return Told("group", holds, title=group.name, parts=parts)


def _node(node: _Node, answers: list[tuple[bool, Any]], plan: _Plan) -> Told:
    parts = tuple(_node(part, answers, plan) for part in node.parts)
    if isinstance(node, _Joint):
        return Told(node.code, _JOINED[node.code]([part.holds for part in parts]), parts=parts)
    holds, value = answers[node.number]
    _, _, unit, wanted, what = plan.leaves[node.number]
    currency = plan.world.currency
    return Told(
        code=node.word.code,
        holds=holds,
        title=node.word.title,
        what=_in_currency(what, currency) if what else None,
        value=None if value is None else _priced(Quantity(_local(value, plan.world), unit), currency),
        wanted=_in_currency(wanted, currency),
        dated=node.word.dated,
        parts=parts,
    )


def _one_group(holds: list[bool]) -> bool:
    """Include, and not exclude."""
    return holds[0] and not any(holds[1:])


_JOINED: Mapping[str, Any] = {
    "include": all,
    "exclude": all,
    "all": all,
    "any": any,
    "none": lambda holds: not any(holds),
    "not": lambda holds: not all(holds),
    "group": lambda holds: _one_group(holds) if holds else False,
}


def _in_currency(said: Said, currency: str) -> Said:
    """`said` with its sums in this currency."""
    values = {name: _value(value, currency) for name, value in said.values.items()}
    return VestnikError(said.template, **values)


def _value(value: Any, currency: str) -> Any:
    if isinstance(value, VestnikError):
        return _in_currency(value, currency)
    return _priced(value, currency) if isinstance(value, Quantity) else value


def _priced(quantity: Quantity, currency: str) -> Quantity:
    return Quantity(quantity.value, currency) if quantity.unit == "money" else quantity


def _local(value: Any, world: World) -> Any:
    return value.astimezone(ZoneInfo(world.timezone)) if isinstance(value, datetime) else value


def flips(before: Told, after: Told) -> list[tuple[Told, Told]]:
    """The words whose answer differs between two explanations of the same rule, in their order."""
    if not before.parts and not after.parts:
        return [(before, after)] if before.code == after.code and before.holds != after.holds else []
    inner = [pair for one, other in zip(before.parts, after.parts, strict=False) for pair in flips(one, other)]
    return inner or ([(before, after)] if before.holds != after.holds else [])
