"""Where blocks stand in a letter: ``{{ block("viewed", limit=4) }}`` becomes the block's template, cut out again later.

The templates of blocks go through inlining inside the letter, so that the layout's styles reach them, and are then cut
out: a block is filled in by itself, once for all recipients who see the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jinja2 import TemplateError, nodes

from core.block import Block
from core.compose.files import Files
from core.compose.sandbox import environment, guarded, line_of, unknown_names
from core.errors import N_, Misconfigured, Refused
from core.plugin import settings_of, suggestion

Shelf = Mapping[str, type[Block]]

_CALL = re.compile(r"\{\{-?\s*(block\((?:[^{}]|\{(?!\{)|\}(?!\}))*?\))\s*-?\}\}")
NEEDED = object()
"""Stands for a setting that the letter leaves to its scenario: ``{{ block("coupon", percent=needed) }}``."""
LIST = re.compile(r"\{\{-?\s*blocks\s*-?\}\}")
"""Where the blocks of an issue's list stand in its letter."""


@dataclass(frozen=True, slots=True)
class Call:
    """One block that a letter asks for, with its settings checked."""

    code: str
    settings: Mapping[str, Any]
    html: str
    card: str

    @property
    def content(self) -> str:
        """The utm_content of its links."""
        return str(self.settings.get("utm_content") or self.code)


def with_list(content: str, blocks: Sequence[Mapping[str, Any]]) -> str:
    """`content` with the blocks of an issue's list where it says ``{{ blocks }}``, else at its end."""
    calls = "\n".join(_written(block) for block in blocks)
    if LIST.search(content):
        return LIST.sub(lambda _: calls, content)
    return f"{content}\n{calls}" if calls else content


def _written(block: Mapping[str, Any]) -> str:
    """A block of the list as it would be typed in a letter."""
    settings = "".join(f", {name}={_literal(value)}" for name, value in block.items() if name != "code")
    return f"{{{{ block({_literal(block['code'])}{settings}) }}}}"


def _literal(value: Any) -> str:
    """`value` as Jinja reads it. Braces of texts are escaped, and never two stand together: they would end the call."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(name)}: {_literal(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if value is None:
        return "none"
    return json.dumps(value, ensure_ascii=False, default=str).replace("{", "\\x7b").replace("}", "\\x7d")


class Given(Protocol):
    """Settings of blocks that are not the letter's own, by the block's code."""

    @property
    def defaults(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def discounts(self) -> Mapping[int, str]: ...


def placed(
    file: str, content: str, *, shelf: Shelf, files: Files, known: Iterable[str], given: Given
) -> tuple[str, list[Call]]:
    """`content` with each block's template in the place of its call, between marks; and the calls in their order.

    Raises Refused (file, line) for a call that is not understood, an unknown block, or a fault in a block's template.
    """
    calls: list[Call] = []

    def one(found: re.Match[str]) -> str:
        line = content.count("\n", 0, found.start()) + 1
        call = _call(f"{file}, {line}", found[1], shelf=shelf, files=files, known=known, given=given)
        calls.append(call)
        return _between(len(calls) - 1, call)

    return _CALL.sub(one, content), calls


def _between(number: int, call: Call) -> str:
    card = f"{{#card{number}#}}{call.card}{{#/card{number}#}}" if call.card else ""
    return f"{{#block{number}#}}{call.html}{card}{{#/block{number}#}}"


def _call(where: str, text: str, *, shelf: Shelf, files: Files, known: Iterable[str], given: Given) -> Call:
    code, values = _arguments(where, text)
    if code not in shelf:
        hint = suggestion(code, list(shelf)) if shelf else ""
        raise Refused(N_("{where}: there is no block {code!r}. {hint}"), where=where, code=code, hint=hint)
    block = shelf[code]
    try:
        settings = settings_of(block, _completed(where, block, values, given), where=f"block {code}")
    except Misconfigured as error:
        raise Refused(N_("{where}: {error}"), where=where, error=error) from None
    names = {*block.Settings.model_fields, *block.variables, *known}
    instance = block()
    own = f"blocks/{code}.html"  # a site may have one where ours is shared by several blocks
    html = _template(files, own if files.find(own) else instance.template, names | {"cards", "pairs"})
    card = _template(files, instance.card, {*block.Settings.model_fields, *known, "card"}) if instance.card else ""
    return Call(code, settings.model_dump(mode="json"), html, card)


def _completed(where: str, block: type[Block], values: Mapping[str, Any], given: Given) -> dict[str, Any]:
    """`values` of a call with what it leaves out: the installation's defaults, the discount rule of its percent."""
    values, needed = _parted(values)
    own = {**values, **given.settings.get(block.code, {})}
    found = {**given.defaults.get(block.code, {}), **own}
    lacking = [name for name in needed if found.get(name) is None]
    if lacking:
        raise _left_to_you(where, block.code, lacking)
    if "discount" not in block.Settings.model_fields or "discount" in own:
        return found
    return {**found, "discount": _rule(where, block.code, found, given)}


def _left_to_you(where: str, code: str, names: Sequence[str]) -> Refused:
    template = N_(
        "{where}: block {code} needs {names}: the letter leaves that to you. Write it into the step of the scenario, "
        "as in {example}, or under [blocks.{code}] in the settings."
    )
    example = f"blocks = {{ {code} = {{ {', '.join(f'{name} = …' for name in names)} }} }}"
    return Refused(template, where=where, code=code, names=", ".join(names), example=example)


def _rule(where: str, code: str, values: Mapping[str, Any], given: Given) -> str:
    """The shop's discount rule: that of the percent, else the installation's own."""
    percent = values.get("percent")
    rule = given.discounts.get(percent) if isinstance(percent, int) else None
    rule = rule or values.get("discount")
    if rule is None:
        raise Refused(
            N_(
                "{where}: block {code}: which discount rule of the shop? Give discount in the letter, or write "
                "{example} in the settings; `vestnik coupons rules` lists them."
            ),
            where=where,
            code=code,
            example=f'[coupons.rules] {percent} = "7"' if percent else f'[blocks.{code}] discount = "7"',
        )
    return str(rule)


def _parted(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings of a call with a value, and the names of those that it only asks for."""
    needed = [name for name, value in values.items() if value is NEEDED]
    return {name: value for name, value in values.items() if name not in needed}, needed


def _template(files: Files, name: str, known: set[str]) -> str:
    file, source = files.read(name)
    check(file, source, known)
    return source


def _arguments(where: str, text: str) -> tuple[str, dict[str, Any]]:
    """(code, settings) of a call. Its values must be plain: what depends on the reader is the block's own business."""
    try:
        tree = environment(html=True).parse(f"{{{{ {text} }}}}")
        call = next(iter(tree.find_all(nodes.Call)))
        [code] = [str(value.as_const()) for value in call.args]
        return code, {pair.key: _value(pair.value) for pair in call.kwargs}
    except (nodes.Impossible, TemplateError, ValueError):
        example = 'block("viewed", limit=4)'
        template = N_("{where}: {text} is not understood. Example: {example}")
        raise Refused(template, where=where, text=text, example=example) from None


def _value(node: nodes.Expr) -> Any:
    return NEEDED if isinstance(node, nodes.Name) and node.name == "needed" else node.as_const()


def check(what: str, source: str, known: Iterable[str]) -> None:
    """`source` can be parsed and uses only `known` names. Raises Refused naming the line and what was meant."""
    sandbox = environment(html=True)
    unknown: set[str] = set()

    def look() -> str:
        unknown.update(unknown_names(sandbox, source, set(known)))
        return ""

    guarded(what, look)
    for name in sorted(unknown):
        raise Refused(
            N_("{what}, line {line}: there is no {name!r} in a letter. {hint}"),
            what=what,
            line=line_of(sandbox, source, name),
            name=name,
            hint=suggestion(name, list(known)),
        )


def cut_out(source: str, count: int) -> tuple[str, list[tuple[str, str]]]:
    """`source` with a mark where each block stood, and the (block, card) templates that stood there."""
    parts: list[tuple[str, str]] = []
    for number in range(count):
        block = _region("block", number).search(source)
        assert block is not None, "inlining keeps Jinja's comments"
        inner = block[1]
        card = _region("card", number).search(inner)
        if card:
            inner = inner[: card.start()] + inner[card.end() :]
        parts.append((inner, card[1] if card else ""))
        source = f"{source[: block.start()]}{{{{ _block{number} }}}}{source[block.end() :]}"
    return source, parts


def _region(what: str, number: int) -> re.Pattern[str]:
    return re.compile(rf"\{{#{what}{number}#\}}(.*?)\{{#/{what}{number}#\}}", re.DOTALL)
