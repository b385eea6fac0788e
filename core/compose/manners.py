"""What makes filters of spam suspicious: shouting, exclamation marks, the words of spam, pictures without a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.compose.looking import Sight
from core.errors import N_

_SPAM = re.compile(
    r"\b(?:бесплатно|без риска|заработ(?:ай|ок|ать)|гарантированн\w+ доход|деньги сразу|кредит без отказа|казино|"
    r"выигра(?:й|ли|ете)|вы выиграли|срочно|только сегодня|спешите|успейте|последний шанс|жми(?:те)? сюда|"
    r"нажмите здесь|100 ?% гарантия|похуде(?:ть|й)|виагра|"
    r"act now|click here|free money|risk[- ]free|guaranteed income|make money|winner|casino|viagra|limited time only|"
    r"once in a lifetime|no obligation|urgent)\b",
    re.IGNORECASE,
)
_SHORT_TEXT = 100  # characters under which a letter with pictures is one of pictures only
_FEW_LETTERS = 8  # a subject shorter than that, such as "НДС", does not shout


def manners(subject: str, sight: Sight) -> Iterator[tuple[str, dict[str, Any]]]:
    """(template, values) of each warning."""
    words = sight.words
    if _shouts(subject):
        yield N_("The subject shouts: “{subject}”"), {"subject": subject}
    if shouted := next((one.text for one in sight.texts if len(one.text) > 30 and _shouts(one.text)), ""):
        yield N_("A text in capitals: “{text}”"), {"text": shouted[:60]}
    if subject.count("!") > 1 or "!!" in words:
        yield N_("Many exclamation marks: filters of spam count them"), {}
    for word in dict.fromkeys(found.lower() for found in _SPAM.findall(f"{subject}\n{words}")):
        yield N_("“{word}” is a word of spam letters"), {"word": word}
    if sight.pictures and len(words) < _SHORT_TEXT:
        yield N_("Pictures and hardly any text: who sees no pictures sees nothing"), {}


def _shouts(text: str) -> bool:
    letters = [one for one in text if one.isalpha()]
    return len(letters) >= _FEW_LETTERS and sum(one.isupper() for one in letters) > 0.6 * len(letters)
