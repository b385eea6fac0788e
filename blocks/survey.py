"""A question with its answers as links: one click answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar
from urllib.parse import quote

from pydantic import Field

from core.block import Asked, Block, BlockSettings, Facts, Reader, question_name
from core.errors import N_
from core.goods.urls import Url, web

Answer = Annotated[str, Field(min_length=1, max_length=100)]


class SurveySettings(BlockSettings):
    question: str = Field(min_length=1, max_length=300, title=N_("Question"))
    answers: list[Answer] = Field(min_length=2, max_length=6, title=N_("Answers, 2 to 6"))
    url: Url = Field(default="", title=N_("The page that takes the answers (empty: Vestnik's own)"))
    parameter: str = Field(
        default="answer", pattern=r"^[A-Za-z0-9_-]{1,32}$", title=N_("The parameter of the link that holds the answer")
    )


class Survey(Block):
    code = "survey"
    title = N_("Survey")
    Settings = SurveySettings
    variables: ClassVar[Mapping[str, str]] = {
        "choices": N_("The answers: text, url"),
        "own": N_("Whether Vestnik's own page takes them"),
    }

    def facts(self, settings: SurveySettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        if settings.url:
            page = web(settings.url, asked.site_url)
            urls = [_answered(page, settings.parameter, one) for one in settings.answers]
        else:
            page = f"{asked.answers_url}/{question_name(settings.question)}"
            urls = [f"{page}/{number}" for number in range(len(settings.answers))]
        choices = [{"text": one, "url": url} for one, url in zip(settings.answers, urls, strict=True)]
        return [{"choices": choices, "own": not settings.url}] * len(readers)


def _answered(page: str, parameter: str, answer: str) -> str:
    """The link of one answer, before the fragment of the page."""
    path, mark, fragment = page.partition("#")
    joint = "&" if "?" in path else "?"
    return f"{path}{joint}{parameter}={quote(answer)}{mark}{fragment}"
