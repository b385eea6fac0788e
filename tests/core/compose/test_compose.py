"""Compose: a letter is published once, faults found then; filled in for each recipient, safely."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from core import compose, mime
from core.compose import Press, Publication
from core.errors import Misconfigured, Refused
from core.links import Utm
from tests.conftest import NOW
from tests.core.compose.letters import ISSUE, MAILING, PRESS, SITE, links, publish, write


def test_the_birthday_letter_greets_by_name() -> None:
    letter = write(publish())
    assert letter.subject == "Анна, с днём рождения!"
    assert "С днём рождения, Анна!" in letter.html
    assert "С днём рождения, Анна!" in letter.text
    assert letter.to_name == "Анна Ёлкина"


def test_without_a_name_the_letter_reads_well() -> None:
    letter = write(publish(), name="", last_name="")
    assert letter.subject == "С днём рождения!"
    assert "С днём рождения!" in letter.html


def test_every_link_is_marked_but_the_unsubscribe_one() -> None:
    letter = write(publish())
    marked = [link for link in links(letter.html) if "/p/u/" not in link]
    assert len(marked) == 2
    for link, block in zip(marked, ("header", "button"), strict=True):
        assert parse_qs(urlsplit(link).query) == {
            "utm_source": ["vestnik"],
            "utm_medium": ["email"],
            "utm_campaign": ["birthday-2026-11-24"],
            "utm_content": [block],
        }
    [leave] = [link for link in links(letter.html) if "/p/u/" in link]
    assert "utm_" not in leave
    assert letter.headers["List-Unsubscribe"] == f"<{leave}>"
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_styles_are_inlined_and_the_media_queries_kept() -> None:
    html = publish().html
    assert re.search(r'<h1 style="[^"]*font-size: ?26px', html)
    assert "@media (max-width: 480px)" in html


def test_the_text_part_has_no_html_and_the_same_links() -> None:
    letter = write(publish())
    assert not re.search(r"<\w|&\w+;|\{\{|\{%|jinja\d", letter.text)
    assert "Выбрать себе подарок: https://shop.ru/catalog/?utm_source=vestnik&utm_medium=email" in letter.text


def test_a_text_part_of_its_own_is_taken(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "own.txt").write_text("Привет, {{ name }}! <3", "utf-8")
    assert write(publish(tmp_path, "<p>x</p>")).text == "Привет, Анна! <3"


def test_names_are_escaped_in_html_only() -> None:
    letter = write(publish(), name="<b>Иван</b> & Ко")
    assert "&lt;b&gt;Иван&lt;/b&gt; &amp; Ко" in letter.html
    assert "<b>Иван</b> & Ко" in letter.text
    assert letter.subject.startswith("<b>Иван</b> & Ко")


def test_nobody_adds_a_header_through_a_name() -> None:
    letter = write(publish(), name="Анна\r\nBcc: all@shop.ru", last_name="\n\nx")
    message = email.message_from_bytes(mime.message(letter, now=NOW), policy=email.policy.default)
    assert message["Bcc"] is None
    assert message["Subject"] == "Анна Bcc: all@shop.ru, с днём рождения!"


def test_jinja_marks_survive_inlining_wherever_they_stand(tmp_path: Path) -> None:
    source = """<style>td { color: red } .a { margin: 0 }</style>
<table>{% for tag in person.attributes.tags %}
<tr class="{{ 'a' if loop.first else 'b' }}">
<td title="{{ tag }} {{ name }}" {% if loop.first %}data-x="1"{% endif %}>{{ tag }}</td></tr>
{% endfor %}</table>
<a href="https://shop.ru/{{ name | urlencode }}/?a=1&amp;b={% if name %}2{% endif %}#x">go</a>{# aside #}"""
    letter = write(publish(tmp_path, source), attributes={"tags": ["чай", "<i>"]})
    assert re.findall(r"<td[^>]*>([^<]*)</td>", letter.html.partition('class="content"')[2])[:2] == ["чай", "&lt;i&gt;"]
    assert letter.html.count('data-x="1"') == 1
    assert 'title="чай Анна"' in letter.html
    assert "aside" not in letter.html
    [link] = [one for one in links(letter.html) if "b=2" in one]
    assert link == (
        "https://shop.ru/%D0%90%D0%BD%D0%BD%D0%B0/?a=1&b=2"
        "&utm_source=vestnik&utm_medium=email&utm_campaign=birthday-2026-11-24&utm_content=content#x"
    )
    assert "чай" in letter.text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("<p>\n{{ nmae }}", "line 2: there is no 'nmae' in a letter. Did you mean 'name'?"),
        ("<p>\n\n{% if name %}", "letters/own.html, line 3"),
        ("{{ name | nofilter }}", "nofilter"),
        ("{{ }}", "letters/own.html, line 1"),
    ],
)
def test_a_fault_in_a_template_is_found_at_publish(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(Refused) as error:
        publish(tmp_path, source)
    assert said in str(error.value)


@pytest.mark.parametrize("source", ["{{ 'a' * 10**9 }}", "{{ '%0999999999d' % 1 }}", "{{ 2 ** name }}"])
def test_what_would_blow_up_is_refused_when_it_is_written_with_its_line(tmp_path: Path, source: str) -> None:
    with pytest.raises(Refused, match="line 2: operator"):
        publish(tmp_path, f"<p>Привет</p>\n{source}")


def test_a_fault_in_the_subject_is_found_at_publish() -> None:
    with pytest.raises(Refused, match="subject"):
        publish(subject="{{ firstname }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10**9 }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ name.upper() }}",
        "{{ person.missing }}",
        "{{ 1 / 0 }}",
        "{{ 1 | round(99999999, 'ceil') }}",
        "{{ name | truncate(-5) }}",
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a ~ a ~ a ~ a ~ a ~ a ~ a %}" * 9,
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a %}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{% endset %}" * 9,
        "{% set a = ['a'] %}" + "{% set a = [a, a, a, a, a, a, a, a] %}" * 9 + "{{ a }}",
        "{% set a = 9999999999 %}" + "{% set a = a * a %}" * 30,
        "{{ 'aaaaaaaa'" + " | replace('a', 'aaaaaaaaaaaaaaaa')" * 7 + " }}",
        "{% for a in ['aaaaaaaaaa'] %}" + "{% for a in [a ~ a ~ a ~ a ~ a ~ a] %}" * 9 + "{% endfor %}" * 10,
        "{% for a in 'aaaaaaaaaa' %}" * 9 + "{% endfor %}" * 9,
        "{% for a in 'a' %}" * 30 + "{% endfor %}" * 30,
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% for a in 'aaaaaaaaaa' * 1 %}{% endfor %}",
        "{% for a in '" + "a" * 4000 + "' %}" + "b" * 1000 + "{% endfor %}",
    ],
    ids=lambda source: source[:30],
)
def test_what_a_letter_may_not_do_costs_that_letter(tmp_path: Path, source: str) -> None:
    with pytest.raises(Refused, match=r"letters/own|anna@shop.ru"):
        write(publish(tmp_path, source))


def test_ordinary_marks_are_none_of_the_forbidden_ones(tmp_path: Path) -> None:
    source = (
        "{% set hello = 'При' + 'вет' %}{% set more %}<b>{{ hello }}</b>{% endset %}{{ more }} {{ 2 * 3 + 1 }}"
        "{% for tag in person.attributes.tags | sort %}{{ loop.index }}/{{ loop.length }}{{ tag }}{% endfor %}"
        "{% with n = 7 %}{{ n }}{% endwith %}{{ person.city | default('нет') | replace('М', 'м') }}"
    )
    assert "<b>Привет</b> 71/2а2/2б7москва" in write(publish(tmp_path, source), attributes={"tags": ["б", "а"]}).html


def test_a_subject_that_cannot_be_compiled_is_found_at_publish() -> None:
    with pytest.raises(Refused, match="nested"):
        publish(subject="{%for a in 'a'%}" * 22 + "{%endfor%}" * 10 + "{%endfor%}" * 12)


def test_a_template_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    publish(tmp_path, "<p>x</p>")
    (tmp_path / "letters" / "own.html").write_bytes("<p>Привет</p>".encode("cp1251"))
    with pytest.raises(Refused, match=r"letters/own\.html cannot be read"):
        compose.publish(Press(SITE, (tmp_path,)), replace(ISSUE, letter="own"), MAILING, at=NOW)


def test_links_of_a_text_part_of_its_own_are_marked_but_the_unsubscribe_one(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "own.txt").write_text("{{ site.url }}/catalog. Уйти: {{ unsubscribe_url }}", "utf-8")
    text = write(publish(tmp_path, "<p>x</p>")).text
    assert text.startswith("https://shop.ru/catalog?utm_source=vestnik&")
    assert text.count("utm_source") == 1


def test_the_unsubscribe_link_is_left_alone_in_any_layout(tmp_path: Path) -> None:
    letter = write(publish(tmp_path, '<a href="{{ unsubscribe_url }}">Уйти</a>'))
    assert f"<{links(letter.html)[1]}>" == letter.headers["List-Unsubscribe"]


@pytest.mark.parametrize(
    "source", ["<p><a " + "{{ name }}" * 40 + " <b>x</b>", "<a href='" + "{{ name }}" * 40 + "<b>"]
)
def test_a_tag_that_is_not_closed_does_not_take_for_ever(tmp_path: Path, source: str) -> None:
    publish(tmp_path, source)


def test_words_that_look_like_our_own_place_marks_stay(tmp_path: Path) -> None:
    assert "jinja77x" in write(publish(tmp_path, "<p>jinja77x</p>")).html


def test_a_letter_that_no_database_could_keep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="1000000"):
        publish(tmp_path, "<p>" + "x" * 1_000_000)


def test_a_publication_that_cannot_be_compiled_fails_each_letter_with_its_reason() -> None:
    old = replace(publish(), subject="{{ name | a_filter_of_old }}")
    with pytest.raises(Refused, match="a_filter_of_old"):
        write(old)


def test_a_missing_template_says_where_it_was_looked_for() -> None:
    with pytest.raises(Misconfigured, match=r"letters/nothing\.html.*templates"):
        publish(letter=None, **{"preheader": ""}) and compose.publish(
            PRESS, replace(ISSUE, letter="nothing"), MAILING, at=NOW
        )


def test_a_template_name_cannot_leave_its_folder() -> None:
    with pytest.raises(Misconfigured, match="no template"):
        compose.publish(PRESS, replace(ISSUE, letter="../../pyproject"), MAILING, at=NOW)


def test_a_layout_without_a_place_for_the_letter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no place"):
        publish(tmp_path, "x", "<html><body></body></html>")


def test_an_unknown_utm_macro_is_refused() -> None:
    with pytest.raises(Misconfigured, match="no macro"):
        compose.publish(PRESS, replace(ISSUE, utm=Utm(term="{isue}")), MAILING, at=NOW)


def test_the_message_id_is_the_same_for_the_same_recipient_of_the_same_posting() -> None:
    publication = publish()
    assert write(publication).message_id == write(publication).message_id
    assert re.fullmatch(r"<17\.[0-9a-f]{24}@shop\.ru>", write(publication).message_id)


def test_a_publication_survives_its_row() -> None:
    publication = publish()
    assert Publication(**publication.as_json()) == publication


def test_the_message_parses_without_defects() -> None:
    letter = write(publish(), name="Ёжик 😀 " * 20)
    message = email.message_from_bytes(
        mime.message(letter, now=NOW), policy=email.policy.default.clone(raise_on_defect=True)
    )
    assert isinstance(message, EmailMessage)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert (
        message.get_body(("html",)).get_content().replace("\r\n", "\n").strip()
        == letter.html.replace("\r\n", "\n").strip()
    )  # type: ignore[union-attr]
    assert all(len(line) <= 998 for line in mime.message(letter, now=NOW).split(b"\r\n"))
