"""A button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.errors import N_
from core.goods.urls import Url, web


class ButtonSettings(BlockSettings):
    text: str = Field(min_length=1, max_length=60, title=N_("Text of the button"))
    url: Url = Field(min_length=1, title=N_("Where it leads"))
    align: Literal["left", "center", "right"] = Field(default="left", title=N_("Where it stands"))


class Button(Block):
    code = "button"
    title = N_("Button")
    Settings = ButtonSettings
    variables: ClassVar[Mapping[str, str]] = {"link": N_("Where it leads")}

    def facts(self, settings: ButtonSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        return [{"link": web(settings.url, asked.site_url)}] * len(readers)
