"""Russian and English: every text that shop people read is written in English and looked up in a babel catalogue."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from core.errors import VestnikError

CATALOGUES = Path(__file__).parent / "locale"

Translator = Callable[..., str]
"""``_(template, **values)``: the template in the reader's language, its ``{named}`` fields filled."""


@cache
def catalogue(language: str) -> dict[str, str]:
    """English template → translation; empty for English and for a language that has no catalogue."""
    file = CATALOGUES / language / "LC_MESSAGES" / "vestnik.po"
    if not file.exists():
        return {}
    with file.open("rb") as stream:
        messages = read_po(stream, locale=language)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string}


@cache
def translator(language: str) -> Translator:
    """The translator for `language`."""
    known = catalogue(language)

    def translate(template: str, **values: Any) -> str:
        text = known.get(template, template)
        return text.format(**values) if values else text

    return translate


def message(error: VestnikError, language: str) -> str:
    """What `error` says, in `language`; values that are errors themselves are translated too."""
    values = {
        name: message(value, language) if isinstance(value, VestnikError) else value
        for name, value in error.values.items()
    }
    return translator(language)(error.template).format(**values)
