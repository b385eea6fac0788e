"""The contract of a rule word, and how a tree of words becomes one SQL condition.

A tree is what TOML or JSON writes: ``{word = value, …}`` (all of them), ``{all = […]}``, ``{any = […]}``,
``{not = …}``. A word is one function that turns its value into a condition over the tables `people` and `contacts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.errors import N_, Misconfigured
from core.model import Kind
from core.plugin import suggestion

Condition = sa.ColumnElement[bool]
Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """The moment at which a group is asked, and the zone whose calendar says what "today" is."""

    now: datetime
    timezone: str

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.timezone)).date()


@dataclass(frozen=True, slots=True)
class Word:
    """A rule word: its name, what it is called in the admin, one example, its condition, and what it asks."""

    code: str
    title: str
    example: Any
    condition: Callable[[World, Any], Condition]
    kinds: frozenset[Kind]


WORDS: dict[str, Word] = {}
_JOINTS = ("all", "any", "not")


def word(
    code: str, *, title: str, example: Any, kinds: Iterable[Kind] = ()
) -> Callable[[Callable[[World, Any], Condition]], Any]:
    """Declare a rule word: ``@word("birthday", title=N_("Birthday"), example="today")``.

    `kinds`: what it asks beside people; before a sending these must be fresh.
    """

    def declare(condition: Callable[[World, Any], Condition]) -> Callable[[World, Any], Condition]:
        WORDS[code] = Word(code, title, example, condition, frozenset({Kind.PEOPLE, *kinds}))
        return condition

    return declare


def compiled(tree: Tree, world: World) -> Condition:
    """The whole tree as one condition. Raises Misconfigured naming the word and what it understands."""
    if not isinstance(tree, Mapping):
        raise Misconfigured(
            N_("A rule must be a table of words such as {{birthday = 'today'}}, not {tree!r}."), tree=tree
        )
    return sa.and_(sa.true(), *(_entry(code, value, world) for code, value in tree.items()))


def _entry(code: str, value: Any, world: World) -> Condition:
    if code == "not":
        # SQL's NOT of "unknown" is unknown: without the coalesce, a person with no birthday would be in neither half
        return sa.not_(sa.func.coalesce(compiled(value, world), sa.false()))
    if code in _JOINTS:
        return _joined(code, value, world)
    if code not in WORDS:
        hint = suggestion(code, [*WORDS, *_JOINTS])
        raise Misconfigured(N_("There is no rule word {word!r}. {hint}"), word=code, hint=hint)
    return WORDS[code].condition(world, value)


def _joined(code: str, trees: Any, world: World) -> Condition:
    if not isinstance(trees, list) or not trees:
        raise Misconfigured(N_("Rule word {word!r} needs a list of rules, not {value!r}."), word=code, value=trees)
    parts = [compiled(tree, world) for tree in trees]
    return sa.and_(*parts) if code == "all" else sa.or_(*parts)


def bad(word: str, value: Any) -> Misconfigured:
    """The error of a word that does not understand its value, with its example."""
    example = {word: WORDS[word].example}
    return Misconfigured(
        N_("Rule word {word!r} does not understand {value!r}. Example: {example}"),
        word=word,
        value=value,
        example=example,
    )


def leaves(tree: Tree) -> Iterator[tuple[str, Any]]:
    """Every (word, value) of the tree, however deep."""
    for code, value in tree.items():
        if code == "not":
            yield from leaves(value)
        elif code in _JOINTS:
            for branch in value:
                yield from leaves(branch)
        else:
            yield code, value
