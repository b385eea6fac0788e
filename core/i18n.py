"""Russian and English: every text that shop people read is written in English and looked up in a babel catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from core.errors import VestnikError
from core.rules.forms import Quantity

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


def said(text: Any, language: str) -> Any:
    """A text that may be an error or a quantity: what it says in `language`; anything else as it is."""
    if isinstance(text, Quantity):
        return quantity(text, language)
    return message(text, language) if isinstance(text, VestnikError) else text


def quantity(one: Quantity, language: str) -> str:
    """A value with its unit as the reader's language writes it: ``84 300 ₽``, ``24 нояб. 2026 г.``, ``3 дн.``."""
    value, locale = one.value, Locale.parse(language)
    if isinstance(value, datetime) and one.unit in _DATES:
        return _DATES[one.unit](value, locale)
    if isinstance(value, date) and not isinstance(value, datetime):
        return str(format_date(value, "d MMM y", locale=locale))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    if one.unit in _NUMBERS:
        return _NUMBERS[one.unit](value, locale)
    return str(format_currency(value, one.unit, "#,##0.## ¤", locale=locale, currency_digits=False))


Written = Callable[[Any, Locale], str]
_DATES: Mapping[str, Written] = {
    "date": lambda value, locale: str(format_date(value, "d MMM y", locale=locale)),
    "moment": lambda value, locale: str(format_datetime(value, "d MMM y, HH:mm", tzinfo=value.tzinfo, locale=locale)),
}
_NUMBERS: Mapping[str, Written] = {
    "text": lambda value, locale: str(value),
    "number": lambda value, locale: str(format_decimal(value, "#,##0.##", locale=locale)),
    "percent": lambda value, locale: f"{format_decimal(value, '#,##0.##', locale=locale)} %",
    "days": lambda value, locale: str(format_unit(round(value, 1), "duration-day", length="short", locale=locale)),
}


def _said(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {name: said(value, language) for name, value in values.items()}
