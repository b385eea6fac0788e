"""Blocks in letters, all the way from the text to what is read: links, escaping, empty blocks, wrong settings."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import compose
from core.block import Block
from core.compose import Addressee, NothingToShow
from core.errors import Refused
from core.model import Letter
from core.tables import people
from tests.blocks.all_blocks import EVERYTHING, furnished
from tests.blocks.conftest import SHELF, Shop

HOSTILE = ("javascript:alert(1)", "JaVa\tScript:alert(1)", "data:text/html,<script>", "vbscript:x", "/\\evil.ru", "x")


def links(letter: Letter) -> list[str]:
    return [unescape(href) for href in re.findall(r'<a [^>]*href="([^"]*)"', letter.html)]


@pytest.fixture
def everything(shop: Shop) -> Letter:
    shop.person("anna2", attributes={"UF_BONUS": 1})
    furnished(shop)
    return shop.letter(EVERYTHING)


def test_every_block_has_all_its_links_marked_with_its_own_name(everything: Letter) -> None:
    shown = {found for link in links(everything) for found in re.findall(r"utm_content=(\w+)", link)}
    product_blocks = {code for code, block in SHELF.items() if block.card}
    assert shown >= product_blocks | {"forgotten_basket", "order_data", "image", "columns", "survey", "button"}
    unmarked = [link for link in links(everything) if "utm_content" not in link and "/p/u/" not in link]
    assert unmarked == []


def test_nothing_of_a_template_is_left_in_a_letter(everything: Letter) -> None:
    for part in (everything.html, everything.text):
        assert not re.search(r"\{\{|\{%|\{#|jinja\d|None\b|_block\d", part)
    assert not re.search(r"<\w|&\w+;", everything.text)


def test_the_text_part_says_each_product_once_with_its_link_and_price(shop: Shop) -> None:
    shop.product("1", price="1990.50", name="Чайник")
    shop.look("anna", "1")
    shop.pull()
    text = shop.letter('<p>Привет</p>{{ block("viewed") }}<p>Пока</p>').text
    assert "Вы недавно смотрели\n\nЧайник: https://shop.ru/goods/1/?utm_source=" in text
    assert text.count("Чайник") == 1
    assert re.search(r"1\s990,50\s₽", text)
    assert re.search(r"₽\n\nПока", text)


def test_pictures_have_width_height_and_words_and_may_be_missing(everything: Letter) -> None:
    pictures = re.findall(r"<img [^>]*>", everything.html)
    assert pictures
    for one in pictures:
        assert re.search(r' width="\d+"', one)
        assert re.search(r' alt="[^"]+"', one)
    goods = [one for one in pictures if "/banner" not in one and "Курьер" not in one]
    assert all(re.search(r' height="\d+"', one) for one in goods)
    assert "line-no-picture" in everything.html
    assert 'src=""' not in everything.html


def test_names_and_links_of_the_shop_do_no_harm(shop: Shop) -> None:
    evil = '<script>alert("x")</script><img src=x onerror=alert(1)>{{ name }}{% raw %}'
    for number, url in enumerate(HOSTILE):
        shop.product(str(number), name=f"{evil}{number}", url=url, picture_url=url, properties={"BRAND": evil})
        shop.look("anna", str(number))
    shop.order("1", "anna", "0", number=evil, status_name=evil)
    shop.pull()
    letter = shop.letter('{{ block("viewed", limit=12) }}{{ block("order_data") }}{{ block("recommended", limit=9) }}')
    assert "<script" not in letter.html
    assert "<img" not in letter.html, "none of the pictures is one of the web"
    assert "&lt;script&gt;" in letter.html
    assert "{{ name }}{% raw %}" in letter.html
    assert {link.partition("?")[0] for link in links(letter)} <= {"https://shop.ru", "https://shop.ru/"} | {
        link for link in links(letter) if "/p/u/" in link
    }


def test_a_block_with_nothing_to_show_vanishes(shop: Shop) -> None:
    shop.pull()
    letter = shop.letter('<p>До</p>{{ block("viewed") }}{{ block("order_data") }}<p>После</p>')
    assert "смотрели" not in letter.html
    assert re.search(r"До\n\nПосле", letter.text)


def test_a_letter_without_its_required_block_does_not_go(shop: Shop) -> None:
    shop.pull()
    with pytest.raises(NothingToShow, match="viewed"):
        shop.letter('{{ block("viewed", required=true) }}')


def test_blocks_of_the_issues_list_stand_where_the_letter_says(shop: Shop) -> None:
    shop.pull()
    blocks: tuple[dict[str, Any], ...] = (
        {"code": "text", "text": 'Скобки {{ name }} "и" {% кавычки\nдалее', "heading": None},
        {"code": "columns", "left": {"text": "null"}, "right": {"text": "}}"}},
    )
    text = shop.letter("<p>До</p>{{ blocks }}<p>После</p>", blocks=blocks).text
    assert re.search(r'До\n\nСкобки \{\{ name \}\} "и" \{% кавычки\nдалее\n\nnull\s+\}\}\s+После', text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<p>\n\n{{ block("viewed", limit=99) }}', "letters/own.html, 3: [block viewed]: limit: must be at most 24."),
        ('{{ block("veiwed") }}', "letters/own.html, 1: there is no block 'veiwed'. Did you mean 'viewed'?"),
        ('\n{{ block("button", text="x", url="javascript:x") }}', "own.html, 2: [block button]: url: must be a link"),
        ('{{ block("survey", question="x", answers=["да"], url="/x/") }}', "answers"),
    ],
)
def test_wrong_settings_are_refused_at_publish_with_the_line(shop: Shop, text: str, said: str) -> None:
    with pytest.raises(Refused) as error:
        shop.publish(text)
    assert said in str(error.value)


def test_a_site_may_have_its_own_template_for_one_of_several_blocks(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "viewed.html").write_text(
        "<p>Свой: {% for card in cards %}{{ card }}{% endfor %}</p>", "utf-8"
    )
    shop.product("1")
    shop.look("anna", "1")
    shop.pull()
    html = shop.letter('{{ block("viewed") }}{{ block("recommended") }}').html
    assert "Свой:" in html
    assert "Рекомендуем вам" in html


def test_a_blocks_template_knows_no_reader(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "divider.html").write_text("{{ email }}", "utf-8")
    with pytest.raises(Refused, match="there is no 'email'"):
        shop.publish('{{ block("divider") }}')


def test_a_batch_asks_each_block_once_and_fills_in_what_is_shared_once(shop: Shop) -> None:
    for number in range(1, 5):
        shop.product(str(number))
    for number in range(50):
        shop.person(f"p{number}")
    shop.pull()
    publication = shop.publish('{{ block("recommended") }}{{ block("new_arrivals", days=3650) }}')
    with shop.engine.connect() as connection, shop._counted():
        rows = connection.execute(sa.select(people)).mappings().all()
        shop.statements.clear()
        ones = [Addressee(row["contact_id"], 1, row["email"], compose.person_values(row)) for row in rows]
        asked = compose.gathered(connection, publication, ones, shelf=SHELF, now=shop.now)
        assert len(shop.statements) == 2
    assert len({id(one.blocks[0]) for one in asked}) == 1
    letters = list(compose.compose(publication, asked, key="key"))
    assert all(isinstance(letter, Letter) and "Товар 4" in letter.html for letter in letters)


def test_a_preview_shows_what_the_letter_will(shop: Shop) -> None:
    furnished(shop)
    reader = shop.reader("anna")
    real = shop.ask("viewed", reader), shop.ask("order_data", reader), shop.ask("forgotten_basket", reader)
    nobody = replace(reader, contact_id=0)
    assert (shop.ask("viewed", nobody), shop.ask("order_data", nobody), shop.ask("forgotten_basket", nobody)) == real


def test_every_block_says_what_it_is() -> None:
    for code, block in SHELF.items():
        assert block.title, code
        for name, field in block.Settings.model_fields.items():
            assert field.title, f"{code}: {name}"
        assert isinstance(block(), Block)
