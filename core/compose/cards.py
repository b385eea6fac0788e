"""The cards of a block, each filled in once a product and kept for the letters that follow."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from core.compose.folding import folded
from core.compose.tidying import tidy
from core.goods import Card

_MOST_CARDS = 5_000  # of some 3 KB each
_PREFIX = "_card_"
_FIELDS = tuple(one.name for one in dataclasses.fields(Card))


class Cards:
    """The products of one block by its template of cards, in HTML or as text."""

    def __init__(self, source: str, fixed: Mapping[str, Any], environment: Environment) -> None:
        self._show = _show(environment, source, fixed)
        self._kept: dict[tuple[str, str], tuple[Card, str]] = {}  # the hash of a card is that of fourteen fields: 3 µs

    def filled(self, cards: Iterable[Card]) -> list[str]:
        """Each of `cards` as it stands in the letter; as text, tidy."""
        return [self._filled(card) for card in cards]

    def _filled(self, card: Card) -> str:
        key = card.id, card.note
        kept = self._kept.get(key)
        if kept is not None and (kept[0] is card or kept[0] == card):
            return kept[1]
        if len(self._kept) >= _MOST_CARDS:
            self._kept.clear()
        made = self._show(card)
        self._kept[key] = (card, made)
        return made


def _show(environment: Environment, source: str, fixed: Mapping[str, Any]) -> Callable[[Card], str]:
    """The template of one product as a function of its card: a macro is called in 1 µs, a template rendered in 10."""
    tree = folded(environment, "{% macro show(card) %}" + source + "{% endmacro %}", fixed)
    [macro] = [node for node in tree.body if isinstance(node, nodes.Macro)]
    fields = attrgetter(*_taken(macro))
    module: Any = environment.from_string(tree).make_module(dict(fixed))
    # past Macro.__call__, which sorts out arguments and autoescaping for a microsecond a card
    written = module.show._func
    if environment.autoescape:
        return lambda card: Markup(written(card, *fields(card)))  # noqa: S704 - its values were escaped
    return lambda card: tidy(written(card, *fields(card))).strip()


def _taken(macro: nodes.Macro) -> list[str]:
    """The fields that the macro now takes as values beside the card: to ask Jinja for one takes 0.15 µs a use."""
    taken = ["id", "name"]
    if not any(name.name == "card" and name.ctx == "store" for name in macro.find_all(nodes.Name)):
        _Fields(taken).visit(macro)
    macro.args = [nodes.Name(name, "param") for name in ("card", *map(_PREFIX.__add__, taken))]
    return taken


class _Fields(NodeTransformer):
    def __init__(self, taken: list[str]) -> None:
        self._taken = taken

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        of_card = isinstance(node.node, nodes.Name) and node.node.name == "card"
        if not of_card or node.attr not in _FIELDS:
            self.generic_visit(node)
            return node
        if node.attr not in self._taken:
            self._taken.append(node.attr)
        return nodes.Name(_PREFIX + node.attr, "load", lineno=node.lineno)
