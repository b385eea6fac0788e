"""Signing: tokens that only this installation can make, each for one purpose."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from core import signing
from core.errors import Refused

KEY = "a key of this test"


@pytest.mark.parametrize("value", [[7, "greetings"], {"почта": "ё"}, 0, "", None, ["x" * 5000]], ids=repr)
def test_what_was_signed_is_read_back(value: Any) -> None:
    token = signing.sign(KEY, "leave", value)
    assert signing.read(KEY, "leave", token) == value
    assert all(character.isalnum() or character in "._-" for character in token), "it stands in a link as it is"


def test_for_the_same_it_is_the_same() -> None:
    assert signing.sign(KEY, "leave", [1, "a"]) == signing.sign(KEY, "leave", [1, "a"])


@pytest.mark.parametrize("place", [0, 3, -1, -10])
def test_a_changed_token_is_refused(place: int) -> None:
    token = list(signing.sign(KEY, "leave", [7, "greetings"]))
    token[place] = "A" if token[place] != "A" else "B"
    with pytest.raises(Refused, match="damaged"):
        signing.read(KEY, "leave", "".join(token))


@pytest.mark.parametrize("token", ["", ".", "x", "a.b", "привет", "\udcff", "a" * 100_000, "%2e"], ids=ascii)
def test_nonsense_is_refused(token: str) -> None:
    with pytest.raises(Refused, match="damaged"):
        signing.read(KEY, "leave", token)


def test_a_token_for_something_else_is_refused() -> None:
    token = signing.sign(KEY, "leave", [7, "greetings"])
    with pytest.raises(Refused):
        signing.read(KEY, "open", token)
    with pytest.raises(Refused):
        signing.read("another key", "leave", token)


def test_the_secret_is_made_once_and_kept(engine: sa.Engine, now: datetime) -> None:
    first = signing.secret(engine, now=now)
    assert len(first) >= 40
    assert signing.secret(engine, now=now) == first


def test_made_by_many_at_once_it_is_one_secret(engine: sa.Engine, now: datetime) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: signing.secret(engine, now=now), range(8)))) == 1


@pytest.mark.parametrize("numbers", [[1], [0, 5], [123_456, 9_876_543], [2**63 - 1, 2**64 - 1]], ids=repr)
def test_numbers_are_stamped_short_and_read_back(numbers: list[int]) -> None:
    token = signing.stamp(KEY, "letter", *numbers)
    assert signing.stamped(KEY, "letter", token) == numbers
    assert len(token) <= 40
    assert all(character.isalnum() or character in "_-" for character in token)


def test_every_changed_letter_of_a_stamp_is_refused() -> None:
    token = signing.stamp(KEY, "letter", 123_456, 7)
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(Refused, match="damaged"):
            signing.stamped(KEY, "letter", token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("token", ["", "A", "AAAAAAAAAAAA", "ё", "a b", "=" * 40, "%00", "A" * 4000])
def test_what_is_no_stamp_is_refused(token: str) -> None:
    with pytest.raises(Refused):
        signing.stamped(KEY, "letter", token)


def test_a_stamp_is_good_for_its_purpose_and_its_key_alone() -> None:
    token = signing.stamp(KEY, "letter", 5)
    for key, purpose in ((KEY, "link"), ("another key", "letter")):
        with pytest.raises(Refused):
            signing.stamped(key, purpose, token)
