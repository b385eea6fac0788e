"""The blocks of a publication with their templates compiled; what several recipients see alike is filled in once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any, Generic, TypeVar

from jinja2 import Environment, Template
from markupsafe import Markup

from core.block import Facts
from core.compose import lean
from core.compose.cards import Cards
from core.compose.folding import folded
from core.compose.publication import Placed
from core.compose.sandbox import guarded
from core.compose.tidying import only_shown, put_away, replaced, sign
from core.errors import N_, Refused

T = TypeVar("T")


class NothingToShow(Refused):
    """A block that the letter cannot do without is empty: the letter does not go out."""


class BlockSheet:
    """One block where it stands in a letter; `rich` and `plain` are the environments of its two templates."""

    def __init__(self, placed: Placed, shared: Mapping[str, Any], *, rich: Environment, plain: Environment) -> None:
        self.placed = placed
        fixed = {**shared, **placed.settings}
        self._rich, self._plain = _Rich(placed.html, fixed, rich), _Plain(placed.text, fixed, plain)
        self._rich_cards = Cards(placed.card_html, fixed, rich)
        self._plain_cards = Cards(placed.card_text, fixed, plain)
        self._last: dict[str, tuple[Facts, Any]] = {}

    def rich(self, facts: Facts | None) -> Markup:
        """The block as HTML. Raises NothingToShow for a required block without facts."""
        if facts is None:
            if self.placed.required:
                raise NothingToShow(N_("block {code}: nothing to show"), code=self.placed.code)
            return Markup("")
        return self._once("rich", facts, lambda: self._rich.filled(facts, self._rich_cards))

    def plain(self, facts: Facts | None) -> str:
        """The block as text, tidy."""
        if facts is None:
            return ""
        return self._once("plain", facts, lambda: self._plain.filled(facts, self._plain_cards))

    def _once(self, what: str, facts: Facts, fill: Callable[[], T]) -> T:
        """What `fill` gives; readers who see the same, one after the other, are given the same."""
        last = self._last.get(what)
        if last is None or last[0] is not facts:
            last = self._last[what] = (facts, guarded(f"block {self.placed.code}", fill))
        found: T = last[1]
        return found


class _Filling(Generic[T]):
    """A template of a block, compiled anew for facts of other names: what they say stands before the settings."""

    def __init__(self, source: str, fixed: Mapping[str, Any], environment: Environment) -> None:
        self._source, self._environment = source, environment
        self._fixed = {**environment.globals, **fixed}
        self._made: dict[tuple[str, ...], T] = {}

    def _for(self, facts: Facts) -> T:
        names = tuple(facts)
        made = self._made.get(names)
        if made is None:
            known = {name: value for name, value in self._fixed.items() if name not in facts}
            made = self._made[names] = self._compiled(known)
        return made

    def _compiled(self, known: Mapping[str, Any]) -> T:
        raise NotImplementedError

    def _written(self, template: Template, facts: Facts, cards: list[str]) -> str:
        pairs = list(zip_longest(cards[::2], cards[1::2]))
        return lean.text(template, {**self._fixed, **facts, "cards": cards, "pairs": pairs})


class _Rich(_Filling[Template]):
    """The template of a block in HTML."""

    def filled(self, facts: Facts, cards: Cards) -> Markup:
        shown = cards.filled(facts.get("cards", ()))
        return Markup(self._written(self._for(facts), facts, shown))  # noqa: S704 - its values were escaped

    def _compiled(self, known: Mapping[str, Any]) -> Template:
        return self._environment.from_string(folded(self._environment, self._source, known))


class _Plain(_Filling[tuple[Template, list[str], bool]]):
    """The template of a block as text, its own texts put away, and its cards where it only shows them."""

    def filled(self, facts: Facts, cards: Cards) -> str:
        template, texts, apart = self._for(facts)
        own = cards.filled(facts.get("cards", ()))
        given = [sign(number) for number in range(len(texts), len(texts) + len(own))] if apart else own
        written = self._written(template, facts, [f"\n\n{one}\n\n" for one in given])
        return replaced(written, dict(enumerate([*texts, *own])).get).strip()

    def _compiled(self, known: Mapping[str, Any]) -> tuple[Template, list[str], bool]:
        tree = folded(self._environment, self._source, known)
        apart, texts = only_shown(tree, ("cards", "pairs")), list[str]()
        put_away(tree.body, texts)
        return self._environment.from_string(tree), texts, apart
