"""The text part is tidy, whoever's words come into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from core.compose.tidying import only_shown, put_away, replaced, sign, tidy
from tests.core.compose.letters import publish, write


def written(source: str, **values: Any) -> str:
    environment = Environment(autoescape=False)
    tree, texts = environment.parse(source), list[str]()
    put_away(tree.body, texts)
    return replaced(environment.from_string(tree).render(values), dict(enumerate(texts)).get)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("  a  \n\n\n\n  b ", "a\n\nb"),
        ("a {{ x }} b\n\n{% if y %}c{% endif %}\n\n  d", "a 1 b\n\nd"),
        ("a\n{% if x %}\n\n  b  \n\n{% endif %}\nc", "a\n\nb\n\nc"),
        ("{% for i in [1, 2] %}\n\n  {{ i }} шт.\n\n{% endfor %}", "\n\n1 шт.\n\n2 шт.\n\n"),
        ('{% filter replace("\n", ".") %}  a\n\n\n\n{% endfilter %}', "a...."),
    ],
)
def test_a_text_put_away_reads_as_one_tidied_in_the_end(source: str, text: str) -> None:
    assert written(source, x=1, y=0) == text
    assert tidy(Environment(autoescape=False).from_string(source).render(x=1, y=0)) == text


def test_a_reader_whose_name_is_one_of_our_signs_harms_nobody(tmp_path: Path) -> None:
    publication = publish(tmp_path, "<p>{{ name }}</p>" + "<p>Длинный текст письма</p>" * 3)
    letter = write(publication, name="".join(sign(number) for number in (*range(20), 99999)) * 20)
    assert letter.text.count("Длинный текст письма") <= 3
    assert write(publication, name="Анна").text.count("Длинный текст письма") == 3


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("{% for left, right in pairs %}{{ left }}{% if right %}{{ right }}{% endif %}{% endfor %}", True),
        ("{% for card in cards %}{{ card | upper }}{% endfor %}", False),
        ("{% for card in cards[:2] %}{{ card }}{% endfor %}", False),
        ("{% filter upper %}{% for card in cards %}{{ card }}{% endfor %}{% endfilter %}", False),
        ("{% set a %}{{ cards }}{% endset %}", False),
    ],
)
def test_cards_are_put_away_where_the_template_only_shows_them(source: str, answer: bool) -> None:
    assert only_shown(Environment(autoescape=False).parse(source), ("cards", "pairs")) is answer
