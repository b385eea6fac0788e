"""Blocks without products: text, pictures, buttons, columns, a survey, bonus points, and the day an offer ends."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.errors import Misconfigured
from tests.blocks.conftest import Shop


@pytest.mark.parametrize(
    ("kept", "balance"),
    [
        (150, 150),
        ("1 500,75", 1500),
        ("1\u00a0500.00", 1500),
        (["21"], 21),
        (0, None),
        ("0,4", None),
        ("", None),
        (None, None),
        ("много", None),
        (-5, None),
        ("NaN", None),
        ([], None),
    ],
)
def test_a_balance_is_whole_points_and_more_than_none(shop: Shop, kept: Any, balance: int | None) -> None:
    shop.person("boris", attributes={"UF_BONUS": kept})
    shop.pull()
    [facts] = shop.ask("bonus", "boris")
    assert (facts["balance"] if facts else None) == (balance and Decimal(balance))


def test_points_stand_in_the_right_form_of_the_word(shop: Shop) -> None:
    shop.person("boris", attributes={"UF_POINTS": "22"})
    shop.pull()
    call = '{{ block("bonus", attribute="UF_POINTS", forms=["бонус", "бонуса", "бонусов"], heading="") }}'
    letter = shop.letter(call, "boris")
    assert "22 бонуса" in letter.text
    assert "Потратить" not in letter.text, "no page to spend them on was named"
    assert "<h2" not in letter.html


def test_an_offer_ends_so_many_days_after_the_letter(shop: Shop) -> None:
    shop.pull()
    [facts] = shop.ask("valid_until", "anna", days=2)
    assert facts
    assert facts["last_day"] == date(2026, 11, 26)
    assert "действует до 26 ноября 2026" in shop.letter('{{ block("valid_until", days=2) }}').text


def test_an_offer_that_is_over_is_not_spoken_of(shop: Shop) -> None:
    shop.pull()
    assert shop.ask("valid_until", "anna", until="2026-11-23") == [None]
    assert shop.ask("valid_until", "anna", until="2026-11-24") != [None]


@pytest.mark.parametrize("settings", [{}, {"days": 1, "until": "2026-12-01"}])
def test_an_end_is_said_in_one_way(shop: Shop, settings: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match="days or until"):
        shop.ask("valid_until", **settings)


def test_answers_of_a_survey_are_links(shop: Shop) -> None:
    shop.pull()
    [facts] = shop.ask("survey", "anna", question="Как дела?", answers=["Да & нет", "#2"], url="/poll/?id=7#top")
    assert facts
    assert [one["url"] for one in facts["choices"]] == [
        "https://shop.ru/poll/?id=7&answer=%D0%94%D0%B0%20%26%20%D0%BD%D0%B5%D1%82#top",
        "https://shop.ru/poll/?id=7&answer=%232#top",
    ]


@pytest.mark.parametrize("answers", [["одна"], list("abcdefg"), ["a", ""]])
def test_a_survey_has_two_to_six_answers(shop: Shop, answers: list[str]) -> None:
    with pytest.raises(Misconfigured, match="answers"):
        shop.ask("survey", question="?", answers=answers, url="/x/")


def test_an_empty_line_parts_paragraphs(shop: Shop) -> None:
    shop.pull()
    [facts] = shop.ask("text", "anna", text="один\nдва\n \n\nтри\n")
    assert facts
    assert facts["paragraphs"] == [["один", "два"], ["три"]]
    assert shop.ask("text", "anna", text=" \n ") == [None]


def test_columns_hold_text_picture_and_button(shop: Shop) -> None:
    shop.pull()
    left = '{"title": "Слева", "image": "/i/1.png", "alt": "Дом", "url": "/left/"}'
    right = '{"text": "Справа", "button": "Туда", "url": "/right/"}'
    letter = shop.letter(f'{{{{ block("columns", left={left}, right={right}) }}}}')
    assert 'src="https://shop.ru/i/1.png"' in letter.html
    assert "Дом: https://shop.ru/left/?utm_source" in letter.text
    assert "Туда: https://shop.ru/right/?utm_source" in letter.text


@pytest.mark.parametrize(
    ("code", "settings", "said"),
    [
        ("columns", {"left": {}, "right": {"text": "x"}}, "left: must have a title"),
        ("columns", {"left": {"button": "x"}, "right": {"text": "x"}}, "url is missing"),
        ("button", {"text": "x", "url": "javascript:alert(1)"}, "url: must be a link"),
        ("image", {"image": "data:image/png;base64,xx", "alt": "x"}, "image: must be a link"),
        ("image", {"image": "/i.png", "alt": ""}, "alt: must not be empty"),
        ("viewed", {"limit": 0}, "limit: must be at least 1"),
        ("viewed", {"sort": "price"}, "sort: must be 'last' or 'count'"),
        ("viewed", {"limits": 3}, "did you mean 'limit'"),
        ("recommended", {"property": {'x"': "1"}}, "property"),
        ("order_data", {"url": "mailto:x@y.ru"}, "url: must be a link"),
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(shop: Shop, code: str, settings: Any, said: str) -> None:
    with pytest.raises(Misconfigured) as error:
        shop.ask(code, **settings)
    assert said in str(error.value)


def test_without_a_page_of_the_site_vestnik_takes_the_answers(shop: Shop) -> None:
    shop.person("anna")
    shop.pull()
    html = shop.letter('{{ block("survey", question="Как дела?", answers=["Да & нет", "#2"]) }}').html
    links = re.findall(r'href="(https://shop\.ru/p/s/[^"]+)"', html)
    assert [re.fullmatch(r"https://shop\.ru/p/s/[\w-]{13,}/[0-9a-f]{12}/(\d)", link)[1] for link in links] == ["0", "1"]  # type: ignore[index]
