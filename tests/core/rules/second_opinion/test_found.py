"""What the second opinion has found, each once more by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.rules.shop import Shop, ago


@pytest.mark.parametrize("kept", ["2020-02-29", "1.2.3", "5-3", "--5", ".", "-", "5.", ".5", "", "5 кг"])
def test_a_text_that_only_looks_like_a_number_is_none(shop: Shop, kept: str) -> None:
    shop.person("a", attributes={"UF_X": kept})
    assert shop.whom({"attribute": {"name": "UF_X", "more_than": -10}}) == []


@pytest.mark.parametrize("kept", [-5, "-5", "-5.0", -5.0, "-05"])
def test_a_number_in_a_text_is_one(shop: Shop, kept: Any) -> None:
    shop.person("a", attributes={"UF_X": kept})
    assert shop.whom({"attribute": {"name": "UF_X", "at_least": -5, "at_most": -5}}) == ["a"]


def test_a_click_before_the_pictures_were_loaded_opened_the_letter(shop: Shop) -> None:
    shop.people("a")
    shop.letter("a", ago(10), clicked_at=ago(9), opened_at=ago(-1))
    assert shop.whom({"opened": {"more_than_days": 9}}) == ["a"]
    assert shop.whom({"no_reaction": {"days": 30}}) == []
