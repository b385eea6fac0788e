"""Comparing: two versions of a scenario planned for the same time; who gains a letter, who loses one, whose moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from types import TracebackType
from typing import Self

from core.db import chunks
from core.journeys import scenarios
from core.journeys.deciding import QUEUED
from core.journeys.foreseeing import Cast
from core.journeys.notebook import Notebook, Noted
from core.journeys.planning import Planner, Window, addresses, as_if_on, in_order, rehearse
from core.journeys.scenarios import Scenario

GAINS, LOSES, MOVES = "gains", "loses", "moves"
Letter = tuple[str, str, str]  # scenario, step, the entry's key


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one letter by the other version."""

    what: str  # GAINS, LOSES or MOVES
    email: str
    contact_id: int
    scenario: str
    step: str
    before: Noted | None  # None: nothing was to be decided
    after: Noted | None


class Comparison:
    """Two casts played over the same window, side by side."""

    def __init__(
        self, planner: Planner, before: Sequence[Scenario], after: Sequence[Scenario], window: Window, *, issues: bool
    ) -> None:
        self._engine, self._stack, self._begin = planner.engine, ExitStack(), window.begin
        self._sides = [
            self._played(planner, Cast(tuple(in_order(cast))), window, issues=issues) for cast in (before, after)
        ]

    def _played(self, planner: Planner, cast: Cast, window: Window, *, issues: bool) -> tuple[Cast, Notebook]:
        notebook = self._stack.enter_context(Notebook())
        for _ in rehearse(planner, cast.scenarios, window, notebook, issues=issues).play():
            pass
        return cast, notebook

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def letters(self) -> tuple[int, int]:
        """How many letters go by each version."""
        before, after = (sum(map(self._goes, notebook.everything())) for _, notebook in self._sides)
        return before, after

    def counts(self) -> Mapping[tuple[str, str], int]:
        """(scenario, what) → how many letters."""
        return Counter((name[0], what) for _, name, what, _, _ in self._changes())

    def changes(self) -> Iterator[Change]:
        """Each letter that is not the same by both."""
        for part in chunks(self._changes(), 500):
            emails = addresses(self._engine, {contact for contact, *_ in part})
            for contact, (scenario, step, _), what, before, after in part:
                yield Change(what, emails.get(contact, ""), contact, scenario, step, before, after)

    def _changes(self) -> Iterator[tuple[int, Letter, str, Noted | None, Noted | None]]:
        for contact, one, other in _side_by_side(*(_by_contact(*side) for side in self._sides)):
            for name in sorted(one.keys() | other.keys()):
                what = self._what(one.get(name), other.get(name))
                if what:
                    yield contact, name, what, one.get(name), other.get(name)

    def _what(self, before: Noted | None, after: Noted | None) -> str:
        if self._goes(before) != self._goes(after):
            return GAINS if self._goes(after) else LOSES
        moved = self._goes(before) and before and after and before.at != after.at
        return MOVES if moved else ""

    def _goes(self, one: Noted | None) -> bool:
        """In the window: what goes before it is the same present for both."""
        return one is not None and one.status == QUEUED and one.at > self._begin


def versions(
    active: Sequence[Scenario], old: Scenario, new: Scenario, planner: Planner
) -> tuple[list[Scenario], list[Scenario]]:
    """The casts with the one and with the other version; on as the scenario is, or as if it had been on for long."""
    known = next((one for one in active if one.code == old.code), None)
    others = [one for one in active if one.code != old.code]
    if known is None:
        return [*others, as_if_on(old, planner.now)], [*others, as_if_on(new, planner.now)]
    on = [replace(one, active=True, on_at=known.on_at, since=known.since) for one in (old, new)]
    return [*others, on[0]], [*others, on[1]]


def version(code: str, text: str, planner: Planner) -> Scenario:
    """The scenario of this text. Raises Misconfigured for faults in it."""
    return scenarios.read(code, text, planner.shelf.anchors)


def _by_contact(cast: Cast, notebook: Notebook) -> Iterator[tuple[int, dict[Letter, Noted]]]:
    for contact, some in groupby(notebook.everything(), key=lambda one: one.entry.contact_id):
        found = {}
        for one in some:
            scenario, step = cast.at(one.place)
            found[scenario.code, step.code, one.entry.key] = one
        yield contact, found


def _side_by_side(
    before: Iterator[tuple[int, dict[Letter, Noted]]], after: Iterator[tuple[int, dict[Letter, Noted]]]
) -> Iterator[tuple[int, dict[Letter, Noted], dict[Letter, Noted]]]:
    """The decisions of both for each contact; both come in the order of the contacts."""
    one, other = next(before, None), next(after, None)
    while one or other:
        contact = min(side[0] for side in (one, other) if side)
        mine = one[1] if one and one[0] == contact else {}
        theirs = other[1] if other and other[0] == contact else {}
        yield contact, mine, theirs
        one = next(before, None) if mine else one
        other = next(after, None) if theirs else other
