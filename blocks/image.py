"""A picture as wide as the letter, linked or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.errors import N_
from core.goods.urls import Url, web


class ImageSettings(BlockSettings):
    image: Url = Field(min_length=1, title=N_("Link of the picture"))
    alt: str = Field(min_length=1, max_length=200, title=N_("What the picture shows, for those who do not see it"))
    width: int = Field(default=536, strict=True, ge=16, le=600, title=N_("Width in pixels"))
    height: int | None = Field(default=None, strict=True, ge=16, le=2000, title=N_("Height in pixels (empty: its own)"))
    url: Url = Field(default="", title=N_("Where it leads (empty: nowhere)"))


class Image(Block):
    code = "image"
    title = N_("Picture")
    Settings = ImageSettings
    variables: ClassVar[Mapping[str, str]] = {
        "picture": N_("The whole link of the picture"),
        "link": N_("Where it leads"),
    }

    def facts(self, settings: ImageSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        found = {"picture": web(settings.image, asked.site_url), "link": web(settings.url, asked.site_url)}
        return [found] * len(readers)
