"""Jinja's code for templates, made to do less where it runs a hundred times a letter.

Escaping a value, Jinja makes a Markup of it even where it only goes into a longer text, copying blocks of 10 KB twice:
0.6 µs and more a place, a third of all that a letter costs. Here what is escaped already, or has nothing to escape,
goes in as it is. And it copies all values and globals into the context of each letter, which nobody here reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from markupsafe import Markup, escape


def escaped(value: Any) -> str:
    """`value` as it stands in HTML."""
    kind = type(value)
    if kind is Markup:
        return value  # type: ignore[no-any-return]
    if kind is not str or "&" in value or "<" in value or ">" in value or '"' in value or "'" in value:
        return escape(value)
    return value  # type: ignore[no-any-return]


class LeanCode(CodeGenerator):
    """What a place shows is escaped by :func:`escaped`; everything else is as Jinja writes it."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        elif isinstance(node, nodes.Filter) and node.name in getattr(self.environment, "ready", ()):
            self.write("(")
        else:
            self.write("environment.escaped(")


class Lean(Environment):
    """An environment whose templates are written so."""

    code_generator_class = LeanCode
    escaped = staticmethod(escaped)


def context(template: Template, values: dict[str, Any]) -> Context:
    """The context of one rendering: `values` and nothing else."""
    return template.environment.context_class(template.environment, values, template.name, template.blocks)


def text(template: Template, values: Mapping[str, Any]) -> str:
    """`template` filled in."""
    return "".join(template.root_render_func(context(template, dict(values))))


class Trusted(Lean):
    """Of templates of blocks: written by developers, so neither bounded nor sandboxed, but strict about names."""

    def __init__(self, filters: Mapping[str, Callable[..., Any]], ready: AbstractSet[str], *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=False)
        self.filters |= filters
        self.ready = ready  # the filters whose answers are HTML already

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all(nodes.Filter):
            if node.name == "link" and isinstance(node.node, nodes.List) and len(node.node.items) == 1:
                node.name, node.node = "linked", node.node.items[0]  # nothing is put together
        return tree
