"""A question with its answers as links: one click answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar
from urllib.parse import quote

from pydantic import Field

from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.errors import N_
from core.goods.urls import Url, web

Answer = Annotated[str, Field(min_length=1, max_length=100)]


class SurveySettings(BlockSettings):
    question: str = Field(min_length=1, max_length=300, title=N_("Question"))
    answers: list[Answer] = Field(min_length=2, max_length=6, title=N_("Answers, 2 to 6"))
    url: Url = Field(min_length=1, title=N_("The page that takes the answers"))
    parameter: str = Field(
        default="answer", pattern=r"^[A-Za-z0-9_-]{1,32}$", title=N_("The parameter of the link that holds the answer")
    )


class Survey(Block):
    code = "survey"
    title = N_("Survey")
    Settings = SurveySettings
    variables: ClassVar[Mapping[str, str]] = {"choices": N_("The answers: text, url")}

    def facts(self, settings: SurveySettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        page = web(settings.url, asked.site_url)
        choices = [{"text": one, "url": _answered(page, settings.parameter, one)} for one in settings.answers]
        return [{"choices": choices}] * len(readers)


def _answered(page: str, parameter: str, answer: str) -> str:
    """The link of one answer, before the fragment of the page."""
    path, mark, fragment = page.partition("#")
    joint = "&" if "?" in path else "?"
    return f"{path}{joint}{parameter}={quote(answer)}{mark}{fragment}"
