"""Errors say what happened, never a password."""

from __future__ import annotations

import pytest

from core.errors import Misconfigured, masked


@pytest.mark.parametrize("password", ["pw", "se/cret", "p@ss", "a@b/c", "п:ь"])
def test_the_password_of_a_url_is_masked_whatever_is_in_it(password: str) -> None:
    assert masked(f"url 'mysql://user:{password}@host/base' is bad") == "url 'mysql://user:***@host/base' is bad"
    error = Misconfigured("Source {source!r}: {url} does not answer", source="shop", url=f"redis://:{password}@h:1/0")
    assert str(error) == "Source 'shop': redis://:***@h:1/0 does not answer"


def test_what_holds_no_password_stays_as_it_is() -> None:
    for text in ("https://shop.ru/a?b=c@d", "anna@shop.ru", "http://127.0.0.1:8000/p/u/x", "mysql://user@host/base"):
        assert masked(text) == text
