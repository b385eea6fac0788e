"""A letter checked before it goes out: published, composed for real people, and looked at.

An error is what readers or their mail programs would stumble over; a warning is what is worth a second look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Literal
from urllib.parse import urlsplit

from core.compose.block_sheets import NothingToShow
from core.compose.files import Files
from core.compose.looking import Sight, look
from core.compose.manners import manners
from core.errors import N_, Refused, VestnikError
from core.model import Letter

Severity = Literal["error", "warning"]
CLIPPED = 102 * 1024
"""Bytes of HTML that Gmail shows; it cuts off the rest, and the unsubscribe link with it."""
_RATHER_THE_SAME = 0.5  # of the words of the HTML part that the text part must have
_SHOWN = 3  # findings of one kind that are told one by one


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; `file` and `line` say where it stands, when that can be known."""

    severity: Severity
    said: VestnikError
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that a letter was made of: where in them a text stands."""

    texts: Sequence[tuple[str, str]] = ()

    @classmethod
    def of(cls, files: Files, names: Iterable[str]) -> Sources:
        """Those of `names` that there are."""
        return cls([files.read(name) for name in names if files.find(name)])

    def place(self, *needles: str) -> tuple[str, int]:
        """(file, line) of the first of `needles` found; ("", 0) when none of them stands anywhere."""
        for needle in filter(None, needles):
            for file, text in self.texts:
                if (at := text.find(needle)) >= 0:
                    return file, text.count("\n", 0, at) + 1
        return "", 0


def examined(composed: Sequence[tuple[str, Letter | Refused]], sources: Sources) -> list[Finding]:
    """What is to be said of the letters of (address, letter or why there is none); each thing once."""
    found: dict[tuple[str, str], Finding] = {}
    for address, letter in composed:
        for finding in _unwritten(address, letter) if isinstance(letter, Refused) else _of_letter(letter, sources):
            found.setdefault((finding.said.template, str(finding.said)), finding)
    return sorted(found.values(), key=lambda one: one.severity)


def _unwritten(address: str, error: Refused) -> Iterator[Finding]:
    """A letter held back for want of goods does what it is told to."""
    severity: Severity = "warning" if isinstance(error, NothingToShow) else "error"
    yield Finding(severity, VestnikError(N_("No letter for {address}: {error}"), address=address, error=error))


def links(letter: Letter) -> list[str]:
    """The web links of a letter, each once, without those to our own public pages."""
    found = dict.fromkeys(link for link in look(letter.html).links if link.startswith(("http://", "https://")))
    return [link for link in found if "/p/u/" not in link and "/p/v/" not in link]


def _of_letter(letter: Letter, sources: Sources) -> Iterator[Finding]:
    sight = look(letter.html)
    yield from _links(sight, sources)
    yield from _pictures(sight, sources)
    yield from _whole(letter, sight)
    yield from _contrasts(sight, sources)
    for template, values in manners(letter.subject, sight):
        yield Finding("warning", VestnikError(template, **values), *sources.place(*_spellings(values)))


def _spellings(values: Mapping[str, Any]) -> list[str]:
    """How what a warning names may stand in the source; many exclamation marks name themselves."""
    named = [str(value) for value in values.values()] or ["!!"]
    return [spelt for one in named for spelt in (one, one.capitalize(), one.upper())]


def _links(sight: Sight, sources: Sources) -> Iterator[Finding]:
    for link in dict.fromkeys(sight.links):
        fault = _fault(link)
        if fault:
            said = VestnikError(N_("Link “{link}”: {fault}"), link=link[:200], fault=fault)
            yield Finding("error", said, *sources.place(f'href="{link}"', f"href='{link}'", link.partition("?")[0]))


def _fault(link: str) -> VestnikError | None:
    """What is wrong with a link, as far as it can be told without following it."""
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", link, re.IGNORECASE)
    if link in {"", "#"}:
        return VestnikError(N_("leads nowhere"))
    if scheme is None:
        return VestnikError(N_("is relative: a letter has no site of its own; begin with {start}"), start="https://")
    if scheme[1].lower() in {"mailto", "tel", "sms"}:
        return None if len(link) > len(scheme[0]) else VestnikError(N_("leads nowhere"))
    if scheme[1].lower() not in {"http", "https"}:
        return VestnikError(N_("mail programs do not follow {scheme}:"), scheme=scheme[1])
    return _web_fault(link)


def _web_fault(link: str) -> VestnikError | None:
    try:
        host, _ = urlsplit(link).hostname or "", urlsplit(link).port
    except ValueError:
        host = ""
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*|\[?[0-9a-f:]+\]?", host):
        return VestnikError(N_("has no host that can be asked"))
    if re.search(r"[\s<>{}]", link):
        return VestnikError(N_("holds blanks or brackets"))
    return None


def _pictures(sight: Sight, sources: Sources) -> Iterator[Finding]:
    for picture in sight.pictures:
        source = picture.get("src") or ""
        place = sources.place(f'"{source}"', source)
        if not source.startswith(("http://", "https://", "data:image/", "cid:")):
            yield Finding("error", VestnikError(N_("Picture “{link}”: not a web link"), link=source[:200]), *place)
        if "alt" not in picture:
            yield Finding("warning", VestnikError(N_("Picture “{link}” has no alt text"), link=source[:200]), *place)
        if not picture.get("width"):
            yield Finding("warning", VestnikError(N_("Picture “{link}” has no width"), link=source[:200]), *place)


def _whole(letter: Letter, sight: Sight) -> Iterator[Finding]:
    size = len(letter.html.encode())
    if size > CLIPPED:
        template = N_("{size} KB of HTML: Gmail shows the first 102 KB only")
        yield Finding("error", VestnikError(template, size=round(size / 1024)))
    if "/p/u/" not in unescape(letter.html):
        yield Finding(
            "error", VestnikError(N_("The letter has no unsubscribe link {place}"), place="{{ unsubscribe_url }}")
        )
    if not letter.text.strip():
        yield Finding("error", VestnikError(N_("The text part is empty")))
    elif _likeness(sight.words, letter.text) < _RATHER_THE_SAME:
        yield Finding("warning", VestnikError(N_("The text part says something else than the HTML part")))


def _likeness(words: str, text: str) -> float:
    """The share of the words of the HTML part that the text part has, too."""
    said, known = set(re.findall(r"\w{3,}", words.lower())), set(re.findall(r"\w{3,}", text.lower()))
    return len(said & known) / len(said) if said else 1.0


def _contrasts(sight: Sight, sources: Sources) -> Iterator[Finding]:
    faint = {(one.colour, one.background): one for one in reversed(sight.texts) if not one.readable}
    for one in list(faint.values())[:_SHOWN]:
        template = N_("“{text}” can hardly be read: contrast {contrast}, needed {needed}")
        needed = 3 if one.large else 4.5
        said = VestnikError(template, text=one.text[:60], contrast=round(one.contrast, 1), needed=needed)
        yield Finding("warning", said, *sources.place(one.text))
