"""Two columns, each with a picture, a text and a button; below each other on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from core.block import Asked, Block, BlockSettings, ButtonText, Facts, Reader
from core.errors import N_
from core.goods.texts import paragraphs
from core.goods.urls import Url, web
from core.plugin import Settings
from core.rules import Said


class Column(Settings):
    """What stands in one of them."""

    title: str = Field(default="", max_length=200, title=N_("Title"))
    text: str = Field(default="", max_length=5_000, title=N_("Text; an empty line begins a new paragraph"))
    image: Url = Field(default="", title=N_("Link of the picture"))
    alt: str = Field(default="", max_length=200, title=N_("What the picture shows, for those who do not see it"))
    button: ButtonText = ""
    url: Url = Field(default="", title=N_("Where it leads"))

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.title or self.text or self.image or self.button):
            raise ValueError(Said(N_("must have a title, a text, a picture or a button")))
        if self.button and not self.url:
            raise ValueError(Said(N_("has a button that leads nowhere: url is missing")))
        return self


class ColumnsSettings(BlockSettings):
    left: Column = Field(title=N_("Left column"))
    right: Column = Field(title=N_("Right column"))


class Columns(Block):
    code = "columns"
    title = N_("Two columns")
    Settings = ColumnsSettings
    variables: ClassVar[Mapping[str, str]] = {
        "columns": N_("The two columns: title, paragraphs, picture, alt, button, link")
    }

    def facts(self, settings: ColumnsSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        return [{"columns": [_shown(settings.left, asked), _shown(settings.right, asked)]}] * len(readers)


def _shown(column: Column, asked: Asked) -> dict[str, Any]:
    return {
        "title": column.title,
        "paragraphs": paragraphs(column.text),
        "picture": web(column.image, asked.site_url),
        "alt": column.alt,
        "button": column.button,
        "link": web(column.url, asked.site_url),
    }
