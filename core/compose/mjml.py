"""Letters and layouts written in MJML, turned into HTML once, when a letter is published.

Only the frame (sections, columns, buttons) is shown to the converter. Jinja's marks and what stands inside
``<mj-text>`` and the like are put away first and brought back afterwards, so ordinary HTML and blocks may stand there.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import mrml

from core.compose.inlining import hide, shown
from core.errors import N_, Refused
from core.plugin import suggestion

SUFFIX = ".mjml"
_HOLDS_TEXT = (
    "mj-text mj-button mj-table mj-raw mj-navbar-link mj-accordion-title mj-accordion-text mj-social-element mj-style "
    "mj-title mj-preview"
).split()
_TAGS = {
    *("mjml", *_HOLDS_TEXT),
    *"mj-accordion mj-accordion-element mj-all mj-attributes mj-body mj-breakpoint mj-carousel".split(),
    *"mj-carousel-image mj-class mj-column mj-divider mj-font mj-group mj-head mj-hero mj-image mj-navbar".split(),
    *"mj-section mj-social mj-spacer mj-wrapper".split(),
}
_MARK = r"(?>\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})"
_HELD = re.compile(
    rf"(?P<tag><(?P<name>{'|'.join(_HOLDS_TEXT)})\b(?:{_MARK}|\"[^\"]*\"|'[^']*'|[^<>\"'{{]|\{{(?![{{%#]))*(?<!/)>)"
    r"(?P<inside>.*?)(?P<end></(?P=name)\s*>)",
    re.DOTALL | re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BLOCK = re.compile(r"\{\{-?\s*blocks?\b")
_PARSING = mrml.ParserOptions(include_loader=mrml.noop_loader())
_RENDERING = mrml.RenderOptions(disable_comments=False, fonts={})  # no letter loads a font from elsewhere
IN_TEXT = "<mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>"


def check(file: str, source: str) -> None:
    """Every MJML tag is known and closed, and blocks stand in a text. Raises Refused naming the file and the line."""
    frame = _Frame(file)
    frame.feed(_blank(re.compile(_MARK, re.DOTALL), source))
    frame.finish()
    bare = _blank(_COMMENT, _HELD.sub(lambda found: found["tag"] + _lines(found["inside"]) + found["end"], source))
    if stray := _BLOCK.search(bare):
        line = bare.count("\n", 0, stray.start()) + 1
        raise Refused(N_("{file}, line {line}: a block stands inside <mj-text>."), file=file, line=line)


def with_place(source: str, place: str) -> str:
    """`source` with `place` in a section of its own at the end of the letter."""
    section = IN_TEXT.format(place)
    return source.replace("</mj-body>", f"{section}</mj-body>") if "</mj-body>" in source else f"{source}\n{section}"


def in_text(source: str, place: str) -> bool:
    """Whether `place` stands where HTML may stand."""
    return any(place in found["inside"] for found in _HELD.finditer(source))


def html(file: str, source: str) -> str:
    """`source`, whole or only its sections, as an HTML document. Raises Refused with what the converter says."""
    marks: list[str] = []
    whole = source if "<mjml" in source else f"<mjml><mj-body>{source}</mj-body></mjml>"
    held = _HELD.sub(lambda found: found["tag"] + _put_away(found["inside"], marks) + found["end"], whole)
    hidden = hide(held, marks, in_text=lambda number: f"<!--jinja{number}x-->")
    try:
        made = mrml.to_html(hidden.strip(), _PARSING, _RENDERING).content
    except OSError as error:
        raise Refused(N_("{file}: this MJML cannot be read: {error}"), file=file, error=str(error)) from None
    return shown(made, marks)


def part(file: str, source: str) -> str:
    """`source` as a part of an HTML letter: its styles and what stands in its body."""
    made = html(file, source)
    head, _, body = made.partition("<body")
    styles = re.findall(r"<style\b.*?</style>", _COMMENT.sub("", head), re.DOTALL)
    inside = body.partition(">")[2].rpartition("</body>")[0]
    return "\n".join([*styles, inside])


def _put_away(inside: str, marks: list[str]) -> str:
    marks.append(inside)
    return f"jinja{len(marks) - 1}x"


def _blank(pattern: re.Pattern[str], source: str) -> str:
    return pattern.sub(lambda found: _lines(found[0]), source)


def _lines(text: str) -> str:
    """Nothing but as many line ends."""
    return "\n" * text.count("\n")


class _Frame(HTMLParser):
    """The MJML tags of a file, opened and closed."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file, self.open = file, list[tuple[str, int]]()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if self._known(tag):
            self.open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self._known(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._known(tag):
            return
        if not self.open or self.open[-1][0] != tag:
            self._unclosed(*(self.open[-1] if self.open else (f"/{tag}", self.getpos()[0])))
        self.open.pop()

    def finish(self) -> None:
        self.close()
        if self.open:
            self._unclosed(*self.open[-1])

    def _unclosed(self, tag: str, line: int) -> None:
        raise Refused(N_("{file}, line {line}: <{tag}> has no other half."), file=self.file, line=line, tag=tag)

    def _known(self, tag: str) -> bool:
        """Whether it is a tag of MJML; others are none of ours. Raises Refused for one that MJML does not have."""
        if tag == "mjml" or tag in _TAGS:
            return True
        if tag.startswith("mj-"):
            raise Refused(
                N_("{file}, line {line}: there is no <{tag}> in MJML. {hint}"),
                file=self.file,
                line=self.getpos()[0],
                tag=tag,
                hint=suggestion(tag, _TAGS),
            )
        return False
