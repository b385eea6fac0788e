"""Templates folded: what all letters share is written out once, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2.exceptions import SecurityError
from markupsafe import Markup, escape

from core.compose.folding import constant, folded
from core.compose.lean import escaped
from core.compose.sandbox import environment, rendered
from core.errors import Refused
from tests.core.compose.letters import publish, write

KNOWN: dict[str, Any] = {
    "site": {"name": "Дом & сад", "phone": "", "social": {"ВК": "https://vk.com/x"}},
    "_language": "ru",
    "_currency": "RUB",
}


def left(source: str, **values: Any) -> str | None:
    """What stands in the letter without anybody's name; None where something is left to fill in."""
    return constant(folded(environment(html=True), source, KNOWN | values))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("<p>{{ site.name }}</p>", "<p>Дом &amp; сад</p>"),
        ("{% if site.phone %}a{% elif site.name %}b{% else %}c{% endif %}", "b"),
        ("{% if site.phone %}{{ name }}{% endif %}x", "x"),
        ("{% for title in site.social %}{{ title }}{{ loop.last }}{% endfor %}", "ВКTrue"),
        ("{% with a = site.name %}{{ a | upper }}{% endwith %}", "ДОМ &amp; САД"),
        ("{% filter upper %}a{{ site.phone }}{% endfilter %}", "A"),
        ("{{ 1990 | money }}", "1\xa0990\xa0₽"),
    ],
)
def test_what_all_letters_share_is_written_out(source: str, text: str) -> None:
    assert left(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ name }}",
        "{{ site.missing }}",
        "{{ 1 / 0 }}",
        "{{ site.name.upper() }}",
        "{% for a in person.shops %}{% if loop.first %}x{% endif %}{% endfor %}",
        "{% for a in 'aaaaaaaaaa' %}" * 4 + "x" + "{% endfor %}" * 4,
    ],
)
def test_what_is_not_known_or_fails_is_left_to_each_letter(source: str) -> None:
    assert left(source) is None


def test_what_is_left_reads_as_it_did() -> None:
    source = """{% if site.name %}{% set a = name ~ "!" %}{% endif %}{{ a }} {{ site.name }}
{% for a in person.tags %}{% if site.phone %}no{% else %}{{ loop.index }}{{ a }}{{ site.name }}{% endif %}{% endfor %}
{% if name %}{{ site.name }}{% elif site.phone %}b{% else %}{{ site.name | lower }}{% endif %}
{% with site = person %}{{ site.tags }}{% endwith %}{% for site in person.tags %}{{ site }}{% endfor %}
{% filter upper %}{{ site.name }}{{ name }}{% endfilter %}{% set b %}{{ site.name }}{% endset %}{{ b | length }}"""
    sandbox = environment(html=True)
    for name in ("Анна <3", ""):
        values = {**KNOWN, "name": name, "person": {"tags": ["a", "<b>"]}}
        whole = rendered(sandbox.from_string(source), values)
        assert rendered(sandbox.from_string(folded(sandbox, source, KNOWN)), values) == whole


def test_a_name_that_the_letter_takes_for_itself_is_not_ours() -> None:
    sandbox = environment(html=True)
    tree = folded(sandbox, "{% set site = person %}{{ site.name }}{% if site.phone %}!{% endif %}", KNOWN)
    values = {**KNOWN, "person": {"name": "Анна", "phone": "1"}}
    assert rendered(sandbox.from_string(tree), values) == "Анна!"


def test_loops_that_are_written_out_have_one_limit_together() -> None:
    loops = "{% for a in 'aaaaaaaaaa' %}" * 3 + "x" + "{% endfor %}" * 3
    assert left(loops * 4) == "x" * 4000
    assert left(loops * 6) is None
    sandbox = environment(html=True)
    tree = folded(sandbox, "{% for a in 'aaaaaaaaaa' %}" * 4 + "{% endfor %}" * 4, {})
    with pytest.raises(SecurityError, match="turns"):
        rendered(sandbox.from_string(tree), {})


def test_a_letter_that_loops_for_ever_is_refused_in_its_text_part_too(tmp_path: Path) -> None:
    source = "{% for a in person.attributes.list %}" + "Скидки. " * 1000 + "{% endfor %}"
    assert write(publish(tmp_path, source), attributes={"list": "ab"}).text.count("Скидки") == 2000
    with pytest.raises(Refused, match="too long"):
        write(publish(tmp_path, source), attributes={"list": "a" * 200})


@pytest.mark.parametrize("value", ["", "Дом", "<b>", 'a"b', "it's", "&amp;", "a > b", 5, None, Markup("<b>&")])
def test_a_value_is_escaped_as_jinja_escapes_it(value: Any) -> None:
    assert escaped(value) == escape(value)
