"""A publication with its templates compiled: what all its letters share is worked out once, in each worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from core.block import Facts
from core.compose.block_sheets import BlockSheet
from core.compose.filters import READY, settled
from core.compose.folding import constant, folded
from core.compose.lean import Trusted
from core.compose.marks import marker
from core.compose.publication import Addressee, Publication
from core.compose.sandbox import environment, guarded, rendered
from core.compose.tidying import put_away, replaced, sign
from core.mime import one_line


@dataclass(frozen=True, slots=True)
class Part:
    """One template that letters are written with: compiled, or nothing but a text."""

    template: Template | None
    text: str = ""

    def filled(self, values: Mapping[str, Any]) -> str:
        """The text for one letter. Raises what the template raises."""
        return self.text if self.template is None else rendered(self.template, values)


class Sheet:
    """The templates of one publication, for the letters of a batch."""

    def __init__(self, publication: Publication, key: str) -> None:
        mark = marker(publication, key)
        shared = {name: value for name, value in publication.shared.items() if name != "preheader"}
        own = {"_language": publication.language, "_currency": publication.currency}
        self.fixed: dict[str, Any] = {**shared, **own, "_mark": lru_cache(maxsize=20_000)(mark)}
        self.subject = _line(publication.subject, self.fixed)
        self.preheader = _line(str(publication.shared["preheader"]), self.fixed)
        if self.subject.template is None:
            self.fixed["subject"] = one_line(self.subject.text)
        if self.preheader.template is None:
            self.fixed["preheader"] = self.preheader.text
        self.html = _rich(publication.html, self.fixed)
        self.text, self._texts = _plain(publication.text, self.fixed)
        tongue = publication.language, publication.currency
        rich, plain = (Trusted(settled(*tongue, mark, html=html), READY, html=html) for html in (True, False))
        self._blocks = [BlockSheet(one, publication.shared, rich=rich, plain=plain) for one in publication.blocks]

    def rich(self, values: Mapping[str, Any], blocks: Sequence[Markup]) -> str:
        """The HTML part around its `blocks`, TOKEN where the letter's own goes. Raises what its templates raise."""
        shown = {f"_block{number}": block for number, block in enumerate(blocks)}
        return self.html.filled({**values, **shown})

    def plain(self, values: Mapping[str, Any], blocks: Sequence[str]) -> str:
        """The text part, likewise."""
        start = len(self._texts)
        shown = {
            f"_block{number}": f"\n\n{sign(start + number)}\n\n" if block else "" for number, block in enumerate(blocks)
        }
        texts = dict(enumerate([*self._texts, *blocks]))
        return replaced(self.text.filled({**values, **shown}), texts.pop)  # each once, whatever a name repeats

    def rich_blocks(self, addressee: Addressee) -> list[Markup]:
        """What the blocks show to `addressee`. Raises Refused, NothingToShow for a required one without facts."""
        return [sheet.rich(facts) for sheet, facts in self._shown(addressee)]

    def plain_blocks(self, addressee: Addressee) -> list[str]:
        """The same as text."""
        return [sheet.plain(facts) for sheet, facts in self._shown(addressee)]

    def _shown(self, addressee: Addressee) -> Iterable[tuple[BlockSheet, Facts | None]]:
        return zip(self._blocks, addressee.blocks or (None,) * len(self._blocks), strict=True)


def compiled(publication: Publication) -> None:
    """Nothing, where all templates of the letter can be compiled as they stand. Raises what Jinja raises."""
    for source in (publication.subject, str(publication.shared["preheader"]), publication.text):
        environment(html=False).from_string(source)
    environment(html=True).from_string(publication.html)


def _line(source: str, known: Mapping[str, Any]) -> Part:
    sandbox = environment(html=False)
    tree = folded(sandbox, source, known)
    text = constant(tree)
    return Part(sandbox.from_string(tree)) if text is None else Part(None, text)


def _rich(source: str, known: Mapping[str, Any]) -> Part:
    sandbox = environment(html=True)
    return Part(sandbox.from_string(folded(sandbox, source, known)))


def _plain(source: str, known: Mapping[str, Any]) -> tuple[Part, list[str]]:
    """The text part with signs in it, and the texts that they stand for."""
    sandbox, texts = environment(html=False), list[str]()
    tree = folded(sandbox, source, known)
    put_away(tree.body, texts)
    return Part(sandbox.from_string(tree)), texts


def sheet_of(publication: Publication, key: str) -> Sheet:
    """The sheet of the publication that a worker is at, made once: that takes 10 ms. Raises Refused."""
    for kept in tuple(_SHEETS):  # of threads, one may add to it
        if kept[1] == key and (kept[0] is publication or kept[0] == publication):
            return kept[2]
    sheet = guarded(f"letter of issue {publication.issue}", lambda: Sheet(publication, key))
    _SHEETS.appendleft((publication, key, sheet))
    return sheet


_SHEETS: deque[tuple[Publication, str, Sheet]] = deque(maxlen=8)
