"""How a tree of words becomes one SQL condition, and a group one SELECT of contacts.

A tree is what TOML or JSON writes: ``{word = value, …}`` (all of them), ``{all = […]}``, ``{any = […]}``,
``{none = […]}``, ``{not = …}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from core import tables
from core.errors import N_, Misconfigured
from core.plugin import suggestion
from core.rules import WHO, WORDS, Condition, Group, Tree, Word, World

JOINTS = ("all", "any", "none", "not")
DEEPEST = 20
"""Levels of nesting; the databases' own limits are near 100 and say so less clearly."""

DEEPEST_GROUPS = 5
"""Groups in groups: forty took a MariaDB server down with its optimizer, and SQLite's parser gives up long before."""

_people, _frozen = tables.people, tables.group_members


def compiled(tree: Tree, world: World, *, depth: int = 0) -> Condition:
    """The whole tree as one condition over `people`. Raises Misconfigured naming the word and what it understands."""
    if not isinstance(tree, Mapping):
        raise Misconfigured(
            N_("A rule must be a table of words such as {{birthday = 'today'}}, not {tree!r}."), tree=tree
        )
    if depth > DEEPEST:
        raise Misconfigured(N_("A rule may nest {deepest} levels deep at most."), deepest=DEEPEST)
    return sa.and_(sa.true(), *(_entry(code, value, world, depth) for code, value in tree.items()))


def _entry(code: str, value: Any, world: World, depth: int) -> Condition:
    if code == "not":
        return negated(compiled(value, world, depth=depth + 1))
    if code in JOINTS:
        return _JOIN[code]([compiled(tree, world, depth=depth + 1) for tree in branches(code, value)])
    return known(code).leaf(value, world).condition


def negated(condition: Condition) -> Condition:
    """SQL's NOT of "unknown" is unknown: without the coalesce, a person with no birthday would be in neither half."""
    return sa.not_(sa.func.coalesce(condition, sa.false()))


_JOIN: Mapping[str, Callable[[list[Condition]], Condition]] = {
    "all": lambda parts: sa.and_(*parts),
    "any": lambda parts: sa.or_(*parts),
    "none": lambda parts: negated(sa.or_(*parts)),
}


def branches(code: str, value: Any) -> list[Tree]:
    """The trees that a joint joins: those of a list, the one of ``not``. Raises Misconfigured for anything else."""
    if code == "not":
        return [value]
    if not isinstance(value, list) or not value:
        raise Misconfigured(N_("Rule word {word!r} needs a list of rules, not {value!r}."), word=code, value=value)
    return value


def known(code: str) -> Word:
    """The word named `code`. Raises Misconfigured with the one that was probably meant, or all."""
    if code in WORDS:
        return WORDS[code]
    hint = suggestion(code, [*WORDS, *JOINTS])
    raise Misconfigured(N_("There is no rule word {word!r}. {hint}"), word=code, hint=hint)


def leaves(tree: Tree) -> Iterator[tuple[str, Any]]:
    """Every (word, value) of the tree, however deep."""
    for code, value in tree.items():
        if code not in JOINTS:
            yield code, value
            continue
        for branch in branches(code, value):
            yield from leaves(branch)


def taken(group: Group, world: World) -> Condition:
    """Whether a person is in `group`. Whoever shares an address with a person left out is left out too."""
    if group.code in world.inside:
        path = " → ".join((*world.inside, group.code))
        raise Misconfigured(N_("Group {code!r} names itself: {path}."), code=group.code, path=path)
    if len(world.inside) >= DEEPEST_GROUPS:
        path = " → ".join((*world.inside, group.code))
        template = N_("Groups may stand in groups {deepest} deep at most: {path}.")
        raise Misconfigured(template, deepest=DEEPEST_GROUPS, path=path)
    if group.static:
        return WHO.in_(sa.select(_frozen.c.contact_id).where(_frozen.c.group == group.code))
    inner = world.within(group.code)
    included = compiled(group.include, inner)
    return sa.and_(included, WHO.not_in(whom(group.exclude, inner))) if group.exclude else included


def whom(tree: Tree, world: World) -> sa.Select[Any]:
    """The contacts that `tree` takes in, for use inside IN."""
    return contacts_where(compiled(tree, world), world)


def contacts_where(condition: Condition, world: World) -> sa.Select[Any]:
    """The contacts of whom some person answers `condition`; one that does not correlate with what is around it."""
    query = sa.select(WHO).where(*alive(world), condition)
    return query.correlate(None)


def alive(world: World) -> list[Condition]:
    """Only people count who have an address, are active, and are still in their source."""
    there = [WHO.is_not(None), *present()]
    return there if world.only is None else [*there, WHO == world.only]


def present() -> list[Condition]:
    """The person is active, and still in the source."""
    return [_people.c.active, _people.c.gone_at.is_(None)]
