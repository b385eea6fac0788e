"""A finished letter looked at as mail programs see it: its links, pictures and texts, and the colours of these."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from core.compose import colours
from core.compose.colours import Colour

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_UNSEEN = frozenset({"style", "script", "title", "head"})


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it is seen."""

    text: str
    colour: Colour
    background: Colour
    large: bool

    @property
    def contrast(self) -> float:
        return colours.contrast(self.colour, self.background)

    @property
    def readable(self) -> bool:
        return self.contrast >= (colours.LARGE if self.large else colours.READABLE)


@dataclass(slots=True)
class Sight:
    """What a letter shows: its links, the attributes of its pictures, and its texts in their order."""

    links: list[str] = field(default_factory=list)
    pictures: list[dict[str, str | None]] = field(default_factory=list)
    texts: list[Said] = field(default_factory=list)

    @property
    def words(self) -> str:
        return " ".join(" ".join(one.text for one in self.texts).split())


@dataclass(frozen=True, slots=True)
class _Look:
    """How a text in an element looks; what is not said is as outside it."""

    tag: str = ""
    colour: Colour | None = (0, 0, 0)
    background: Colour | None = (255, 255, 255)  # None: a picture, or a colour that we cannot read
    pixels: float = 16
    bold: bool = False
    hidden: bool = False


def look(html: str) -> Sight:
    """What `html`, a letter with its styles inlined, shows in a mail program without a dark mode."""
    eye = _Eye()
    eye.feed(html)
    eye.close()
    return eye.sight


class _Eye(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sight, self._open = Sight(), [_Look()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and "href" in found:
            self.sight.links.append((found["href"] or "").strip())
        if tag == "img":
            self.sight.pictures.append(found)
        if tag not in _VOID:
            self._open.append(_styled(tag, found, self._open[-1]))

    def handle_endtag(self, tag: str) -> None:
        if any(look.tag == tag for look in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        look, text = self._open[-1], re.sub(r"[\s\u034f\u200c\xa0]+", " ", data).strip()
        if text and not look.hidden:
            ink, paper = look.colour or look.background, look.background or look.colour
            large = look.pixels >= 24 or (look.bold and look.pixels >= 18.66)
            self.sight.texts.append(Said(text, ink or (0, 0, 0), paper or (255, 255, 255), large or ink == paper))


def _styled(tag: str, attributes: dict[str, str | None], outside: _Look) -> _Look:
    style = _style(attributes.get("style") or "")
    look = replace(outside, tag=tag, hidden=outside.hidden or tag in _UNSEEN or style.get("display") == "none")
    paper = style.get("background-color") or style.get("background") or attributes.get("bgcolor")
    if paper and paper not in {"none", "transparent", "inherit"}:
        look = replace(look, background=colours.read(paper))
    ink = style.get("color")
    if ink and ink != "inherit":
        look = replace(look, colour=colours.read(ink))
    if size := re.fullmatch(r"([\d.]+)px", style.get("font-size", "")):
        look = replace(look, pixels=float(size[1]))
    bold = tag in {"b", "strong", "th", "h1", "h2", "h3"} or style.get("font-weight") in {"bold", "600", "700", "800"}
    return replace(look, bold=look.bold or bold)


def _style(text: str) -> dict[str, str]:
    pairs = (pair.partition(":") for pair in text.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}
