"""The catalogue: every text of code and pages is in Russian, with the same fields, and none is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir

from core.errors import Misconfigured, Refused, VestnikError
from core.i18n import CATALOGUES, catalogue, message, said, translator
from core.plugin import suggestion

ROOT = Path(__file__).resolve().parents[2]
METHODS = [("**.py", "python"), ("web/templates/**.html", "jinja2")]
OPTIONS = {"web/templates/**.html": {"silent": "false"}}
WORDS_OF_CODE = re.compile(r"`[^`]*`|\[[a-z.]+\]( \w+)?|\{[^}]*\}|[a-z_]+\.[a-z_]+|[\w.+-]*://\S*|--\w+|<[^>]*>")


def templates() -> Iterator[str]:
    """Every text that code and pages mark for translation, as `make messages` finds them."""
    keywords = {"_": None, "N_": None}
    for folder in ("core", "connectors", "blocks", "scenarios"):
        for _, _, text, _, _ in extract_from_dir(str(ROOT / folder), METHODS, OPTIONS, keywords):
            yield text[0] if isinstance(text, tuple) else text


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    known, used = catalogue("ru"), set(templates())
    assert used - known.keys() == set(), "run `make messages` and translate them in the catalogue"
    assert known.keys() - used == set(), "run `make messages`: it drops them"


def test_a_translation_has_the_fields_of_its_text() -> None:
    for english, russian in catalogue("ru").items():
        assert fields(russian) == fields(english), english


def test_a_translation_is_russian() -> None:
    for english, russian in catalogue("ru").items():
        if re.search(r"[A-Za-z]", WORDS_OF_CODE.sub("", english)):
            assert re.search(r"[А-Яа-яЁё]", russian), english


def test_a_number_is_never_followed_by_the_thing_counted() -> None:
    """«{count} писем» is wrong for 1 and 2; «Писем: {count}» is right for all."""
    for russian in catalogue("ru").values():
        assert not re.search(r"\{(count|left|part|total|pages)\} [А-Яа-яЁё]", russian), russian


def test_blanks_and_full_stops_stand_where_they_stood() -> None:
    for english, russian in catalogue("ru").items():
        assert re.findall(r"^\s*", english) == re.findall(r"^\s*", russian), english
        assert english.endswith((".", ":", "?")) == russian.endswith((".", ":", "?")), english


def test_a_text_is_said_in_the_readers_language() -> None:
    template = "There is no group {code!r}. {hint}"
    assert translator("ru")(template, code="vip", hint="") == "Нет группы «vip». "
    assert translator("en")(template, code="vip", hint="") == "There is no group 'vip'. "


def test_a_text_without_fields_may_have_braces() -> None:
    assert translator("ru")("{not a field") == "{not a field"


def test_a_field_may_be_called_template() -> None:
    assert translator("en")("{template}", template="x") == "x"


@pytest.mark.parametrize("language", ["en", "de", "", "RU-ru", "../../ru", "ru/../ru", "\x00"])
def test_in_an_unknown_language_english_is_spoken(language: str) -> None:
    assert catalogue(language) == {}
    assert translator(language)("Everything is in order.") == "Everything is in order."
    assert message(Refused("This link is damaged or out of date."), language) == "This link is damaged or out of date."


def test_a_text_that_is_in_no_catalogue_is_said_as_it_is() -> None:
    assert translator("ru")("Nobody translated {what}.", what="this") == "Nobody translated this."


def test_an_error_inside_an_error_is_translated_too() -> None:
    inner = Refused("This link is damaged or out of date.")
    middle = VestnikError("{what}: {error}", what="letter", error=inner)
    outer = Misconfigured("Nothing was sent: {reason}", reason=middle)
    assert message(outer, "ru") == "Ничего не отправлено: letter: Ссылка повреждена или устарела."
    assert message(outer, "en") == str(outer) == "Nothing was sent: letter: This link is damaged or out of date."
    assert translator("ru")("Nothing was sent: {reason}", reason=inner).endswith("Ссылка повреждена или устарела.")


def test_a_text_may_be_an_error_or_not() -> None:
    assert said(Refused("This link is damaged or out of date."), "ru") == "Ссылка повреждена или устарела."
    assert said("250 ok", "ru") == "250 ok"


def test_a_hint_is_translated_with_its_error() -> None:
    error = Misconfigured("There is no group {code!r}. {hint}", code="vpi", hint=suggestion("vpi", ["vip"]))
    assert message(error, "ru") == "Нет группы «vpi». Возможно, имелось в виду «vip»?"
    assert str(error) == "There is no group 'vpi'. Did you mean 'vip'?"


def test_an_error_never_shows_a_password_in_any_language() -> None:
    error = Misconfigured(
        "Broker {url} does not answer: {error}. Check [broker] url.", url="redis://u:s3cret@h", error="x"
    )
    for language in ("ru", "en"):
        assert "s3cret" not in message(error, language)


def test_braces_doubled_in_a_text_are_said_once() -> None:
    template = "A rule must be a table of words such as {{birthday = 'today'}}, not {tree!r}."
    assert "{birthday = 'today'}, а здесь 5" in message(Misconfigured(template, tree=5), "ru")


def test_every_language_of_the_settings_but_english_has_a_catalogue() -> None:
    assert [folder.name for folder in CATALOGUES.iterdir()] == ["ru"]
