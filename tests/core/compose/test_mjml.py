"""Letters and layouts in MJML: converted once, Jinja's marks whole, faults named with file and line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import compose
from core.compose import Press, Publication
from core.errors import Refused, VestnikError
from tests.blocks.conftest import SHELF
from tests.conftest import NOW
from tests.core.compose.letters import ISSUE, MAILING, SITE, links, write

LETTER = """<mj-section>
{% for tag in person.attributes.tags %}<mj-column>
<mj-text><h1>{{ tag }}</h1><p>Без кавычек: <td width=5>, <br> и &nbsp; {{ name }}</p></mj-text>
<mj-button href="{{ site.url }}/{{ tag | urlencode }}/" background-color="{{ site.colour }}">Смотреть</mj-button>
</mj-column>{% endfor %}
</mj-section>"""
LAYOUT = """<mjml><mj-head><mj-title>{{ subject }}</mj-title><mj-style>.x { color: #123456 }</mj-style></mj-head>
<mj-body>
<mj-section><mj-column><mj-text css-class="x">{{ site.name }}</mj-text></mj-column></mj-section>
{{ content }}
<mj-section><mj-column><mj-text><a href="{{ unsubscribe_url }}">Отписаться</a></mj-text></mj-column></mj-section>
</mj-body></mjml>"""


def published(folder: Path, *, layout: str = "standard", files: dict[str, str], **issue: Any) -> Publication:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    press = Press(SITE, (folder,), blocks=SHELF)
    chosen = replace(ISSUE, letter="own", **issue)
    return compose.publish(press, chosen, replace(MAILING, layout=layout), at=NOW)


def test_sections_stand_in_an_html_layout(tmp_path: Path) -> None:
    letter = write(published(tmp_path, files={"letters/own.mjml": LETTER}), attributes={"tags": ["чай", "мёд"]})
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", letter.html) == ["чай", "мёд"]
    assert "mj-column-per-100" in letter.html.partition("<body")[0] + letter.html
    assert letter.html.count("<html") == 1
    assert "Отписаться" in letter.html
    assert not re.search(r"<mj|\{\{|\{%|jinja\d", letter.html + letter.text)
    goes = [link for link in links(letter.html) if "%D1%87%D0%B0%D0%B9" in link]
    assert goes == [
        "https://shop.ru/%D1%87%D0%B0%D0%B9/?utm_source=vestnik&utm_medium=email"
        "&utm_campaign=birthday-2026-11-24&utm_content=content"
    ]
    assert "Смотреть: https://shop.ru/" in letter.text


@pytest.mark.parametrize("name", ["letters/own.html", "letters/own.mjml"])
def test_a_layout_in_mjml_holds_letters_of_both_kinds(tmp_path: Path, name: str) -> None:
    text = LETTER if name.endswith("mjml") else "<h1>Привет</h1><p>{{ name }}</p>"
    files = {name: text, "layouts/own.mjml": LAYOUT}
    letter = write(published(tmp_path, layout="own", files=files), attributes={"tags": ["Привет"]})
    assert re.search(r"<h1[^>]*>Привет</h1>", letter.html)
    assert re.search(r"color: ?#123456", letter.html.partition("<body")[2]), "its styles are inlined"
    assert "<title>Анна, с днём рождения!</title>" in letter.html


def test_a_whole_letter_in_mjml_stands_in_the_bare_layout(tmp_path: Path) -> None:
    whole = LAYOUT.replace("{{ content }}", LETTER)
    letter = write(published(tmp_path, layout="bare", files={"letters/own.mjml": whole}), attributes={"tags": ["а"]})
    assert letter.html.count("Отписаться") == 1
    assert letter.html.count("<body") == 1
    with pytest.raises(Refused, match="no <mjml> of its own"):
        published(tmp_path, layout="own", files={"letters/own.mjml": whole, "layouts/own.mjml": LAYOUT})


def test_a_blocks_call_stands_in_a_text(tmp_path: Path) -> None:
    call = '{{ block("button", text="Вперёд", url="/catalog/") }}'
    text = f"<mj-section><mj-column><mj-text>{call}</mj-text></mj-column></mj-section>"
    publication = published(tmp_path, files={"letters/own.mjml": text})
    assert [block.code for block in publication.blocks] == ["button"]
    assert "_block0" in publication.html
    with pytest.raises(Refused, match=r"letters/own\.mjml, line 2: a block stands inside <mj-text>"):
        published(tmp_path, files={"letters/own.mjml": f"<mj-section><mj-column>\n{call}</mj-column></mj-section>"})


def test_the_blocks_of_an_issue_get_a_section_of_their_own(tmp_path: Path) -> None:
    blocks = ({"code": "button", "text": "Вперёд", "url": "/"},)
    publication = published(tmp_path, files={"letters/own.mjml": LETTER}, blocks=blocks)
    assert [block.code for block in publication.blocks] == ["button"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<mj-section>\n<mj-colum>x</mj-colum></mj-section>", "line 2: there is no <mj-colum> in MJML.*mj-column"),
        ("<mj-section>\n\n<mj-column></mj-section>", "line 3: <mj-column> has no other half"),
        ("\n<mj-section>", "line 2: <mj-section> has no other half"),
        ("<mj-section>\n{{ nmae }}</mj-section>", "line 2: there is no 'nmae'"),
        ("<mj-section foo=1></mj-section>", "this MJML cannot be read"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Refused, match=rf"letters/own\.mjml.*{said}"):
        published(tmp_path, files={"letters/own.mjml": text})


def test_no_font_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    publication = published(tmp_path, layout="own", files={"letters/own.mjml": LETTER, "layouts/own.mjml": LAYOUT})
    assert "fonts.googleapis" not in publication.html


def test_a_mailing_takes_its_own_layout(tmp_path: Path) -> None:
    layout = "<html><body><i>мой</i>{{ content }}<a href='{{ unsubscribe_url }}'>x</a></body></html>"
    files = {"layouts/mine.html": layout, "letters/own.html": "<p>Текст</p>"}
    html = published(tmp_path, layout="mine", files=files).html
    assert "<i>мой</i>" in html
    assert "preheader" not in html


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+++\nsubject = \n+++\n", "what stands between"),
        ('+++\nsubjekt = "x"\n+++\n', "did you mean 'subject'"),
        ("<p>x</p>", r"\[issues.birthday\] subject: missing"),
        ('+++\nsubject = "x"\n+++\n<p>\n{{ nmae }}', r"letters/own\.html, line 5: there is no 'nmae'"),
        ('+++\nsubject = "{{ nmae }}"\n+++\n', "there is no 'nmae'"),
    ],
)
def test_faults_of_the_front_matter_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(VestnikError, match=said):
        published(tmp_path, files={"letters/own.html": text}, subject="")
