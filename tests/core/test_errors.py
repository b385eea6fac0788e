"""Errors say what happened, never a password."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import Misconfigured, Refused, Unreachable, VestnikError, masked, packed, unpacked
from core.i18n import message


@pytest.mark.parametrize("password", ["pw", "se/cret", "p@ss", "a@b/c", "п:ь"])
def test_the_password_of_a_url_is_masked_whatever_is_in_it(password: str) -> None:
    assert masked(f"url 'mysql://user:{password}@host/base' is bad") == "url 'mysql://user:***@host/base' is bad"
    error = Misconfigured("Source {source!r}: {url} does not answer", source="shop", url=f"redis://:{password}@h:1/0")
    assert str(error) == "Source 'shop': redis://:***@h:1/0 does not answer"


def test_what_holds_no_password_stays_as_it_is() -> None:
    for text in ("https://shop.ru/a?b=c@d", "anna@shop.ru", "http://127.0.0.1:8000/p/u/x", "mysql://user@host/base"):
        assert masked(text) == text


def test_an_error_kept_as_text_comes_back_to_be_said_in_any_language() -> None:
    inner = Refused("there is no {name!r}. {hint}", name="x", hint=Misconfigured("Known: {known}.", known="a, b"))
    text = packed(Unreachable("{error} at {at}", error=inner, at=datetime(2026, 1, 1, tzinfo=UTC)))
    again = unpacked(text)
    assert isinstance(again, VestnikError)
    assert str(again) == "there is no 'x'. Known: a, b. at 2026-01-01 00:00:00+00:00"
    assert message(again, "ru") != ""


@pytest.mark.parametrize("text", ["", "250 ok", '{"template": "x"}', "\x1e{", '\x1e{"template": 1}', "\x1e[]"])
def test_any_other_text_stays_a_text(text: str) -> None:
    assert unpacked(text) == text.lstrip("\x1e")
