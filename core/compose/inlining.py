"""CSS inlined into a letter's template once, at publish; and the plain-text template read off it.

Both parsers would break Jinja's marks (``{% for %}`` between table rows is thrown out of the table), so the marks are
put away first: as comments where text stands, as plain words inside tags, and brought back afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import css_inline
from inscriptis import get_text
from inscriptis.css_profiles import RELAXED_CSS_PROFILE
from inscriptis.model.config import ParserConfig

# Atomic, and a brace is read in one way only: a tag that is not closed would take a minute for its twenty marks.
_MARK = r"(?>\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})"
_JINJA = re.compile(_MARK, re.DOTALL)
_PIECES = re.compile(
    r"(?P<raw><(?P<name>style|title|script|textarea)\b.*?</(?P=name)\s*>)"
    r"|(?P<comment><!--.*?-->)"
    rf"|(?P<tag></?[A-Za-z](?:{_MARK}|\"[^\"]*\"|'[^']*'|[^<>\"'{{]|\{{(?![{{%#]))*>)"
    rf"|(?P<jinja>{_MARK})",
    re.DOTALL | re.IGNORECASE,
)
_INLINER = css_inline.CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)


def inlined(source: str) -> str:
    """`source` (a whole HTML document with Jinja marks) with its styles written into the elements."""
    marks: list[str] = []
    hidden = hide(source, marks, in_text=lambda number: f"<!--jinja{number}x-->")
    return shown(_INLINER.inline(hidden), marks)


def plain(href: str) -> str:
    """A link as it is written in HTML, as a browser would follow it."""
    return unescape(href).strip()


def as_text(source: str) -> str:
    """The plain-text template of an HTML one: links as "label: url", Jinja marks kept.

    Tables are only layout here; they become blocks first, because text between rows (a ``{% for %}``) would be lost.
    A picture is its `alt`; what is hidden from screen readers (``aria-hidden``: a picture beside its own caption, the
    preheader) is not said.
    """
    marks: list[str] = []
    body = re.sub(r"<(style|script|title)\b.*?</\1\s*>|<!--.*?-->", "", source, flags=re.DOTALL | re.IGNORECASE)
    hidden = hide(body, marks, in_text=lambda number: f"jinja{number}x")
    mute = r"<(a|div)\b[^<>]*\baria-hidden=\"true\"[^<>]*>.*?</\1>"
    hidden = re.sub(mute, "", hidden, flags=re.DOTALL | re.IGNORECASE)
    hidden = re.sub(r"<img\b(?:[^<>]*?\salt=\"([^\"<>]*)\")?[^<>]*>", r"\1", hidden, flags=re.IGNORECASE)
    for tags, block in ((r"table|thead|tbody|tfoot|tr", "div"), (r"td|th", "span")):
        hidden = re.sub(rf"<(/?)(?:{tags})\b[^<>]*>", rf"<\1{block}>", hidden, flags=re.IGNORECASE)
    text = get_text(hidden, ParserConfig(css=RELAXED_CSS_PROFILE, display_links=True))
    text = re.sub(r"\[([^\[\]]*)\]\(([^()\s]*)\)", _link, text)
    lines = [line.strip() for line in text.splitlines()]
    return shown(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n", marks)


def _link(found: re.Match[str]) -> str:
    label, url = found[1].strip(), found[2]
    return f"{label}: {url}" if label and label != url else url


def hide(source: str, marks: list[str], *, in_text: Callable[[int], str]) -> str:
    """`source` with Jinja's marks put away into `marks`: `in_text` writes what stands for one between tags."""

    def mark(text: str) -> int:
        marks.append(text)
        return len(marks) - 1

    def piece(found: re.Match[str]) -> str:
        if found["jinja"]:
            return in_text(mark(found["jinja"]))
        return _JINJA.sub(lambda inner: f"jinja{mark(inner[0])}x", found[0])

    return _PIECES.sub(piece, source)


def shown(text: str, marks: list[str]) -> str:
    """`text` with the marks brought back, in whichever of the three dresses they come out of the parser."""

    def mark(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return marks[number] if number < len(marks) else found[0]

    return re.sub(r"<!--jinja(\d+)x-->|jinja(\d+)x(?:=\"\")?", mark, text)
