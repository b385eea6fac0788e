"""The text part without the blanks and empty lines that Jinja's marks leave behind.

To look through 10,000 characters takes 40 µs a letter, and most of them stand in every letter. So what is tidy already
(the texts of a template, cards, blocks) is put away behind a short sign, what is left is tidied, and then the signs are
replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from jinja2 import nodes

_SIGN = "\ue0b8"  # of the private area, as TOKEN is
_SIGNS = re.compile(_SIGN + "([0-9]{1,6});")


def tidy(text: str) -> str:
    """`text` with its lines stripped and at most one empty line between two."""
    tidied = "\n".join([line.strip() for line in text.split("\n")])
    while "\n\n\n" in tidied:  # 10 µs a letter, where a regular expression takes 120
        tidied = tidied.replace("\n\n\n", "\n\n")
    return tidied


def sign(number: int) -> str:
    """What stands for the text of this number."""
    return f"{_SIGN}{number};"


def replaced(text: str, take: Callable[[int, str], str]) -> str:
    """`text`, tidied, with what its signs stand for; one that `take` does not know, out of a reader's words, stays."""
    return _SIGNS.sub(lambda found: take(int(found[1]), found[0]), tidy(text))


def put_away(body: Iterable[nodes.Node], texts: list[str]) -> None:
    """The texts of a template, tidy, into `texts`, signs in their place.

    What a filter or a name takes up stays, and so does what a loop says again and again: its length counts each time.
    """
    for node in body:
        if isinstance(node, nodes.Output):
            node.nodes = [_signed(one, texts) if isinstance(one, nodes.TemplateData) else one for one in node.nodes]
        elif isinstance(node, nodes.If):
            put_away([*node.body, *node.elif_, *node.else_], texts)
        elif isinstance(node, nodes.With):
            put_away(node.body, texts)


def _signed(one: nodes.TemplateData, texts: list[str]) -> nodes.TemplateData:
    core = one.data.strip()
    if not core:
        return one
    before, _, after = one.data.partition(core)
    texts.append(tidy(core))
    return nodes.TemplateData(f"{before}{sign(len(texts) - 1)}{after}", lineno=one.lineno)


def only_shown(tree: nodes.Template, names: Iterable[str]) -> bool:
    """Whether the template does nothing with these lists and what is in them but ask for it and show it."""
    own = set(names)
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Name) and loop.iter.name in own:
            own |= {one.name for one in (loop.target, *loop.target.find_all(nodes.Name)) if isinstance(one, nodes.Name)}
    used = [name for name in tree.find_all(nodes.Name) if name.name in own and name.ctx == "load"]
    shown = [one for output in tree.find_all(nodes.Output) for one in output.nodes]
    asked = [node.test for node in tree.find_all(nodes.If)] + [node.iter for node in tree.find_all(nodes.For)]
    plain = [one for one in (*shown, *asked) if isinstance(one, nodes.Name) and one.name in own]
    taken_up = any(isinstance(node, _TAKING_UP) for node in tree.find_all(nodes.Node))
    return len(used) == len(plain) and not taken_up


_TAKING_UP = (nodes.FilterBlock, nodes.AssignBlock, nodes.CallBlock, nodes.Macro)
