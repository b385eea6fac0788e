"""Each rule takes in exactly those whom a second opinion, which knows no SQL, takes in."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from core import groups
from core.groups import Group, explain
from core.rules import WORDS, Scale, World, tree
from tests.conftest import NOW
from tests.core.rules.second_opinion import naive, trees, worlds
from tests.core.rules.second_opinion.facts import Life
from tests.core.rules.second_opinion.pouring import empty, pour

for room in ("on_people", "on_orders", "on_rfm", "on_reactions"):
    importlib.import_module(f"tests.core.rules.second_opinion.{room}")

SCALES = tuple(Scale(source, (7, 30, 90, 365), (4, 3, 2, 1), (100_000, 5_000, 1_000, 100)) for source in worlds.SOURCES)
WORLDS, RULES = 14, 20
MOMENTS = (NOW, NOW, NOW, NOW - timedelta(days=30))
ZONES = ("Europe/Moscow", "Europe/Moscow", "Asia/Vladivostok", "America/New_York")


@dataclass(frozen=True)
class Question:
    """Who is in a group, at a moment of some zone's calendar; `without`: less those of the static group."""

    group: Group
    now: datetime
    timezone: str
    without: bool


def asking(group: Group) -> st.SearchStrategy[Question]:
    without = st.sampled_from([False, False, True])
    return st.builds(Question, st.just(group), st.sampled_from(MOMENTS), st.sampled_from(ZONES), without)


words = trees.each_word().flatmap(lambda made: st.tuples(*map(asking, made)))
rules = st.lists(trees.asked().flatmap(asking), min_size=RULES, max_size=RULES)


class Example:
    """A life and what is asked of it; no dataclass, for hypothesis would print the 80 kB of one that fails."""

    def __init__(
        self, life: Life, named: Mapping[str, Group], words: Sequence[Question], rules: Sequence[Question]
    ) -> None:
        self.life, self.named, self.words, self.rules = life, named, words, rules


@st.composite
def examples(draw: st.DrawFn) -> Example:
    return Example(draw(worlds.lives()), draw(trees.groups()), draw(words), draw(rules))


def test_every_word_has_a_second_opinion_and_is_asked() -> None:
    assert naive.ANSWERS.keys() == WORDS.keys()
    assert trees.VALUES.keys() == WORDS.keys()


@pytest.mark.parametrize("code", sorted(trees.VALUES))
def test_every_value_is_understood(code: str) -> None:
    @given(trees.VALUES[code])
    @settings(max_examples=30, database=None)
    def understood(value: object) -> None:
        WORDS[code].read(value)

    understood()


@dataclass(frozen=True)
class Poured:
    """A life in the mirror, and the same life for the second opinion."""

    connection: sa.Connection
    opinion: naive.Asked

    def ask(self, question: Question) -> None:
        """Whoever is in the group, listed and counted, is in it by the second opinion too."""
        opinion, world = self._worlds(question)
        group, without = question.group, [opinion.groups["frozen"]] if question.without else []
        wanted = naive.members(opinion, group, without)
        found = self._found(group, world, without)
        if found != wanted:
            pytest.fail("\n".join(self._blame(question)) or f"{group}: {_told(found, wanted)}")
        assert groups.count(self.connection, [group], world, without=without) == len(wanted)

    def explained(self, question: Question) -> None:
        """Every address is told that it is inside, or not, as it is."""
        opinion, world = self._worlds(question)
        wanted = naive.members(opinion, question.group)
        for email in self.opinion.ids:
            for told in explain.explain(self.connection, question.group, world, email=email):
                assert told.inside == (email in wanted), (email, question.group)

    def _worlds(self, question: Question) -> tuple[naive.Asked, World]:
        opinion = replace(self.opinion, now=question.now, timezone=question.timezone)
        return opinion, World(question.now, question.timezone, groups=opinion.groups, scales=SCALES)

    def _found(self, group: Group, world: World, without: Sequence[Group] = ()) -> set[str]:
        query = groups.members([group], world, without=without)
        return {one.email for one in groups.read(self.connection, query)}

    def _blame(self, question: Question) -> Iterator[str]:
        """The words of the rules on which the two differ."""
        opinion, world = self._worlds(question)
        for rule in (question.group.include, question.group.exclude or {}):
            for code, value in tree.leaves(rule):
                one = Group("one", "one", {code: value})
                found, wanted = self._found(one, world), naive.members(opinion, one)
                if found != wanted:
                    yield f"{one.include} at {world.now} in {world.timezone}: {_told(found, wanted)}"


def _told(found: set[str], wanted: set[str]) -> str:
    return f"too many: {sorted(found - wanted)}, too few: {sorted(wanted - found)}"


def test_a_group_is_whom_its_words_promise(engine: sa.Engine) -> None:
    @given(examples())
    @settings(
        max_examples=WORLDS,
        suppress_health_check=list(HealthCheck),  # each world fills the mirror
        phases=(Phase.reuse, Phase.generate),  # the words at fault are said; a smaller world would take minutes
        verbosity=Verbosity.quiet,
    )
    def agreed(one: Example) -> None:
        empty(engine)
        ids = pour(engine, one.life)
        opinion = naive.Asked(one.life, NOW, scales=SCALES, groups=one.named, ids=ids)
        with engine.connect() as connection:
            poured = Poured(connection, opinion)
            for question in (*one.words, *one.rules):
                poured.ask(question)
            for question in one.rules[:3]:
                poured.explained(question)

    agreed()
