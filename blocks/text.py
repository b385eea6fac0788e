"""A text with an optional heading: paragraphs parted by empty lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.errors import N_
from core.goods.texts import paragraphs


class TextSettings(BlockSettings):
    text: str = Field(min_length=1, max_length=10_000, title=N_("Text; an empty line begins a new paragraph"))


class Text(Block):
    code = "text"
    title = N_("Text")
    Settings = TextSettings
    variables: ClassVar[Mapping[str, str]] = {"paragraphs": N_("The paragraphs, each a list of lines")}

    def facts(self, settings: TextSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        found = paragraphs(settings.text)
        return [{"paragraphs": found} if found else None] * len(readers)
