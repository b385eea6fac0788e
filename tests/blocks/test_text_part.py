"""How blocks of several rows come out: apart in the text part, and in tables that are closed as often as opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.blocks.all_blocks import EVERYTHING, furnished
from tests.blocks.conftest import Shop


@pytest.mark.parametrize("shown", ["{{ card }}", "{{ card | trim }}", "{% if card %}{{ card }}{% endif %}"])
def test_cards_of_a_shops_own_template_stand_apart_in_the_text(shop: Shop, tmp_path: Path, shown: str) -> None:
    (tmp_path / "blocks").mkdir()
    own = f"<div>Свой:</div>{{% for card in cards %}}<div>{shown}</div>{{% endfor %}}"
    (tmp_path / "blocks" / "viewed.html").write_text(own, "utf-8")
    for number in ("1", "2"):
        shop.product(number)
        shop.look("anna", number)
    shop.pull()
    text = shop.letter('<p>До</p>{{ block("viewed") }}<p>После</p>').text
    card = r"Товар \d: https:\S+\n\n100\s₽"
    assert re.search(rf"До\n\nСвой:\n+{card}\n+{card}\n\nПосле", text)


def test_two_products_of_a_row_stand_apart_in_the_text(shop: Shop) -> None:
    for number in ("1", "2", "3"):
        shop.product(number)
        shop.look("anna", number)
    shop.pull()
    letter = shop.letter('<p>До</p>{{ block("viewed") }}<p>После</p>')
    card = r"Товар \d: https:\S+\n\n100\s₽\n\n"
    assert re.search(rf"смотрели\n\n({card}){{3}}После", letter.text)
    assert letter.html.count('class="left"') == 2
    assert letter.html.count('class="right"') == 2


def test_every_part_of_a_table_that_is_opened_is_closed(shop: Shop) -> None:
    furnished(shop)
    html = shop.letter(EVERYTHING).html
    for tag in ("table", "tbody", "tr", "td"):
        assert len(re.findall(rf"<{tag}\b", html)) == html.count(f"</{tag}>"), tag
