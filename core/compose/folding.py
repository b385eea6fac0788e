"""Templates folded: what only values known beforehand decide is written into them once, letters fill in the rest.

A layout asks whether the shop has a logo, a phone, a name; all letters of a posting give the same answer. What such a
question or place comes to is found by rendering it alone, in the environment of the whole: its limits hold here too,
and what fails here is left to fail in each letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, nodes

from core.compose.sandbox import LONGEST_PART, MOST_TURNS, rendered

_OPEN = (
    *(nodes.Call, nodes.CallBlock, nodes.Macro, nodes.Block, nodes.Extends, nodes.Include, nodes.Import),
    *(nodes.FromImport, nodes.NSRef, nodes.EvalContextModifier, nodes.ScopedEvalContextModifier),
    *(nodes.ContextReference, nodes.DerivedContextReference),
)
"""What may look or reach beyond the names that it uses."""

_WITH_BODY = (nodes.For, nodes.With, nodes.FilterBlock, nodes.AssignBlock, nodes.Macro)
_WITH_SCOPE = (nodes.For, nodes.With, nodes.FilterBlock)  # what is set in them is gone after them


def folded(environment: Environment, source: str, known: Mapping[str, Any]) -> nodes.Template:
    """The tree of `source` with all that only the values `known` decide written out. Raises TemplateSyntaxError."""
    tree = environment.parse(source)
    folding = _Folding(environment, known, _stored(tree))
    tree.body = folding.body(tree.body)
    return tree


def constant(tree: nodes.Template) -> str | None:
    """The text of a template that nothing is left to fill in."""
    if not tree.body:
        return ""
    pieces = tree.body[0].nodes if len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output) else ()
    return str(pieces[0].data) if len(pieces) == 1 and isinstance(pieces[0], nodes.TemplateData) else None


def _stored(node: nodes.Node) -> set[str]:
    """Names that `node` gives a value of its own somewhere."""
    found = {name.name for name in node.find_all(nodes.Name) if name.ctx != "load"}
    loops = isinstance(node, nodes.For) or node.find(nodes.For)
    return found | {"loop"} if loops else found


class _Folding:
    """The folding of one template: all that is rendered in it shares the limits of one part of a letter."""

    def __init__(self, environment: Environment, known: Mapping[str, Any], stored: set[str]) -> None:
        self.environment = environment
        self.known = {name: value for name, value in known.items() if name not in stored}
        self.turns, self.left = iter(range(MOST_TURNS)), LONGEST_PART

    def body(self, found: Iterable[nodes.Node]) -> list[nodes.Node]:
        """These nodes folded, neighbouring texts put together."""
        return _joined(piece for node in found for piece in self._node(node))

    def _node(self, node: nodes.Node) -> list[nodes.Node]:
        if isinstance(node, nodes.Output):
            return [nodes.Output([self._piece(one) for one in node.nodes], lineno=node.lineno)]
        if isinstance(node, nodes.If):
            return self._branches(node)
        if isinstance(node, _WITH_SCOPE) and (text := self._text(node)) is not None:
            return [nodes.Output([nodes.TemplateData(text)], lineno=node.lineno)]
        if isinstance(node, _WITH_BODY):
            node.body = self.body(node.body)
        if isinstance(node, nodes.For):
            node.else_ = self.body(node.else_)
        return [node]

    def _piece(self, one: nodes.Expr) -> nodes.Expr:
        if isinstance(one, nodes.TemplateData):
            return one
        text = self._text(nodes.Output([one], lineno=one.lineno))
        return one if text is None else nodes.TemplateData(text, lineno=one.lineno)

    def _branches(self, node: nodes.If) -> list[nodes.Node]:
        """The branch that is always taken, else the condition with its branches folded."""
        asked = nodes.If(node.test, [nodes.Output([nodes.TemplateData("x")])], [], [], lineno=node.lineno)
        answer = self._text(asked)
        if answer:
            return self.body(node.body)
        if answer is None:
            for one in (node, *node.elif_):
                one.body = self.body(one.body)
            node.else_ = self.body(node.else_)
            return [node]
        if not node.elif_:
            return self.body(node.else_)
        following, *others = node.elif_
        following.elif_, following.else_ = others, node.else_
        return self._branches(following)

    def _text(self, node: nodes.Node) -> str | None:
        """What `node` comes to in every letter, if that is known."""
        if not self._is_closed(node):
            return None
        tree = nodes.Template([node], lineno=1)
        tree.set_environment(self.environment)
        try:
            text = rendered(self.environment.from_string(tree), self.known, turns=self.turns)
        except Exception:
            return None
        self.left -= len(text)
        return text if self.left >= 0 else None

    def _is_closed(self, node: nodes.Node) -> bool:
        if any(isinstance(one, _OPEN) for one in node.find_all(nodes.Node)):
            return False
        if any(one.name == "random" for one in node.find_all(nodes.Filter)):
            return False
        names = {name.name for name in node.find_all(nodes.Name)} - _stored(node)
        return names <= self.known.keys()


def _joined(found: Iterable[nodes.Node]) -> list[nodes.Node]:
    done: list[nodes.Node] = []
    for node in found:
        if not isinstance(node, nodes.Output):
            done.append(node)
            continue
        last = done[-1] if done else None
        if not isinstance(last, nodes.Output):
            done.append(last := nodes.Output([], lineno=node.lineno))
        _append(last.nodes, node.nodes)
    return [node for node in done if not isinstance(node, nodes.Output) or node.nodes]


def _append(pieces: list[nodes.Expr], more: Iterable[nodes.Expr]) -> None:
    for one in more:
        last = pieces[-1] if pieces else None
        if not isinstance(one, nodes.TemplateData):
            pieces.append(one)
        elif isinstance(last, nodes.TemplateData):
            pieces[-1] = nodes.TemplateData(last.data + one.data, lineno=last.lineno)
        elif one.data:
            pieces.append(nodes.TemplateData(one.data, lineno=one.lineno))
