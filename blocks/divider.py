"""A line between two parts of a letter."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.errors import N_


class DividerSettings(BlockSettings):
    space: int = Field(default=16, strict=True, ge=0, le=80, title=N_("Space above and below in pixels"))


class Divider(Block):
    code = "divider"
    title = N_("Dividing line")
    Settings = DividerSettings

    def facts(self, settings: DividerSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        return [_NOTHING_ELSE] * len(readers)


_NOTHING_ELSE: Facts = {}
