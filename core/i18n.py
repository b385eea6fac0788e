"""Russian and English: every text that shop people read is written in English and looked up in a babel catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from babel.messages.pofile import read_po

from core.errors import VestnikError

CATALOGUES = Path(__file__).parent / "locale"


class Translator(Protocol):
    """``_(template, **values)``: the template in the reader's language, its ``{named}`` fields filled."""

    def __call__(self, template: str, /, **values: Any) -> str: ...


@cache
def catalogue(language: str) -> dict[str, str]:
    """English template → translation; empty for English and for a language that has no catalogue."""
    file = CATALOGUES / language / "LC_MESSAGES" / "vestnik.po"
    if not language.isalpha() or not file.exists():
        return {}
    with file.open("rb") as stream:
        messages = read_po(stream, locale=language)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string}


@cache
def translator(language: str) -> Translator:
    """The translator for `language`; values that are errors are translated too."""
    known = catalogue(language)

    def translate(template: str, /, **values: Any) -> str:
        text = known.get(template, template)
        return text.format(**_said(values, language)) if values else text

    return translate


def message(error: VestnikError, language: str) -> str:
    """What `error` says, in `language`; values that are errors themselves are translated too."""
    template = catalogue(language).get(error.template, error.template)
    return template.format(**_said(error.values, language))


def said(text: str | VestnikError, language: str) -> str:
    """A text that may be an error: what it says in `language`; an ordinary one as it is."""
    return message(text, language) if isinstance(text, VestnikError) else text


def _said(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {name: said(value, language) for name, value in values.items()}
