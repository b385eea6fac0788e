"""What `vestnik check` finds in letters, and what it leaves in peace."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from core.compose import NothingToShow, checks, colours, fetching
from core.compose.checks import Finding, Sources
from core.compose.looking import look
from core.errors import Refused
from core.model import Letter
from tests.sites import serving

GOOD = """<html><body><p style="color: #222222">Мы приготовили для вас подборку чая и мёда, посмотрите её на сайте, пока
не закончился сезон. Все товары есть в наличии.</p><a href="https://shop.ru/tea/">Чай</a>
<img src="https://shop.ru/i/1.jpg" alt="Чай" width="200"><a href="https://shop.ru/p/u/x">Отписаться</a></body></html>"""
TEXT = "Мы приготовили для вас подборку чая и мёда, посмотрите её на сайте, пока не закончился сезон. Все товары есть "
TEXT += "в наличии. Чай: https://shop.ru/tea/ Отписаться: https://shop.ru/p/u/x"


def letter(html: str = GOOD, *, subject: str = "Чай и мёд", text: str = TEXT) -> Letter:
    return Letter("a@shop.ru", "b@shop.ru", "", subject, html, text, "<1@shop.ru>", {})


def found(html: str = GOOD, *, sources: Sources | None = None, **more: Any) -> list[str]:
    findings = checks.examined([("b@shop.ru", letter(html, **more))], sources or Sources())
    return [f"{one.severity}: {one.said}" for one in findings]


def with_link(href: str) -> str:
    return GOOD.replace("https://shop.ru/tea/", href)


def test_a_good_letter_is_in_order() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("/tea/", "is relative"),
        ("tea.html", "is relative"),
        ("//shop.ru/tea/", "is relative"),
        ("", "leads nowhere"),
        ("#", "leads nowhere"),
        ("mailto:", "leads nowhere"),
        ("javascript:alert(1)", "do not follow javascript:"),
        ("https:///tea/", "no host"),
        ("https://shop ru/", "no host"),
        ("https://shop.ru:99999/", "no host"),
        ("https://shop.ru/a b", "blanks or brackets"),
    ],
)
def test_a_broken_link_is_an_error(href: str, said: str) -> None:
    [finding] = found(with_link(href))
    assert finding.startswith("error: Link")
    assert said in finding


@pytest.mark.parametrize("href", ["mailto:ask@shop.ru", "tel:+74951234567", "https://домовой.рф/чай/?a=1&b=2#x"])
def test_an_ordinary_link_is_left_in_peace(href: str) -> None:
    assert found(with_link(href)) == []


def test_a_link_is_told_with_its_file_and_line() -> None:
    sources = Sources([("letters/own.html", '<p>\n\n<a href="/tea/">x</a>')])
    [finding] = checks.examined([("b@shop.ru", letter(with_link("/tea/")))], sources)
    assert (finding.file, finding.line) == ("letters/own.html", 3)


@pytest.mark.parametrize(("text", "said"), [("Спешите к нам", "спешите"), ("Скидки!!!", "exclamation")])
def test_the_manners_of_spam_are_told_with_their_line(text: str, said: str) -> None:
    sources = Sources([("letters/own.html", f"<p>Здравствуйте</p>\n<p>{text}</p>")])
    html = GOOD.replace("Все товары", text)
    [finding] = [one for one in checks.examined([("b@shop.ru", letter(html))], sources) if said in str(one.said)]
    assert (finding.file, finding.line) == ("letters/own.html", 2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (' alt="Чай"', "", "warning: Picture “https://shop.ru/i/1.jpg” has no alt text"),
        (' width="200"', "", "warning: Picture “https://shop.ru/i/1.jpg” has no width"),
        ("https://shop.ru/i/1.jpg", "/i/1.jpg", "error: Picture “/i/1.jpg”: not a web link"),
        ("https://shop.ru/p/u/x", "https://shop.ru/", "error: The letter has no unsubscribe link"),
        ("Все товары", "СПЕШИТЕ: ВСЕ ТОВАРЫ ИЗ НОВОГО КАТАЛОГА", "warning: “спешите” is a word of spam letters"),
        ("#222222", "#bbbbbb", "contrast 1.9, needed 4.5"),
        ("в наличии", "в наличии!!!", "exclamation marks"),
    ],
)
def test_what_is_worth_a_look_is_told(old: str, new: str, said: str) -> None:
    assert any(said in one for one in found(GOOD.replace(old, new)))


def test_a_subject_that_shouts_is_told_and_an_abbreviation_is_not() -> None:
    assert any("shouts" in one for one in found(subject="ТОЛЬКО ДЛЯ ВАС"))
    assert found(subject="Цены с НДС") == []


def test_a_letter_that_gmail_would_clip_is_an_error() -> None:
    assert found(GOOD.replace("</body>", "<!--" + "x" * 105_000 + "--></body>"))[0].startswith("error: 103 KB of HTML")


def test_a_text_part_that_is_empty_or_says_something_else() -> None:
    assert found(text=" ") == ["error: The text part is empty"]
    assert found(text="Совсем о другом") == ["warning: The text part says something else than the HTML part"]


def test_pictures_alone_say_nothing_to_those_who_do_not_see_them() -> None:
    html = '<img src="https://a.ru/1.jpg" alt="" width="600"><a href="https://a.ru/p/u/x">Отписаться</a>'
    assert found(html, text="Отписаться") == [
        "warning: Pictures and hardly any text: who sees no pictures sees nothing"
    ]


def test_a_letter_that_cannot_be_composed_names_the_address() -> None:
    composed: list[tuple[str, Letter | Refused]] = [
        ("anna@shop.ru", Refused("no such field")),
        ("boris@shop.ru", NothingToShow("nothing to show")),
    ]
    assert [(one.severity, str(one.said)) for one in checks.examined(composed, Sources())] == [
        ("error", "No letter for anna@shop.ru: no such field"),
        ("warning", "No letter for boris@shop.ru: nothing to show"),
    ]


def test_the_same_fault_in_ten_letters_is_told_once() -> None:
    composed: list[tuple[str, Letter | Refused]] = [
        (f"{number}@shop.ru", letter(with_link("/x"))) for number in range(10)
    ]
    findings: list[Finding] = checks.examined(composed, Sources())
    assert len(findings) == 1


def test_contrast_is_counted_with_what_is_inherited_and_what_is_hidden_is_not_read() -> None:
    html = """<table bgcolor="#000000"><tr><td style="color: #ffffff">белым<b style="background: #fff">слово</b></td>
    <td style="display: none; color: #000000">нет</td></tr></table>
    <h1 style="color: #8a8a8a; font-size: 26px">Крупно</h1>"""
    assert [(one.text, round(one.contrast, 1), one.readable) for one in look(html).texts] == [
        ("белым", 21.0, True),
        ("слово", 1.0, False),
        ("Крупно", 3.5, True),
    ]


@pytest.mark.parametrize("colour", ["#0b6b53", "#ffd500", "#ffffff", "#000000", "#e4002b", "#7fd0b5"])
def test_whatever_the_shops_colour_its_links_and_buttons_can_be_read(colour: str) -> None:
    shades = {name: colours.read(shade) or (1, 1, 1) for name, shade in colours.palette(colour).items()}
    assert colours.contrast(shades["colour_text"], shades["colour"]) >= colours.READABLE
    assert colours.contrast(shades["colour_link"], (255, 255, 255)) >= colours.READABLE
    assert colours.contrast(shades["colour_light"], (32, 37, 36)) >= colours.READABLE


@pytest.fixture
def site() -> Iterator[str]:
    """A site with a page, one that dislikes HEAD, a redirect, an endless one, and nothing else."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        path = request.path.strip("/")
        code = {"page": 200, "get-only": 200, "moved": 302, "round": 302}.get(path, 404)
        if path == "get-only" and request.command == "HEAD":
            code = 405
        request.send_response(code)
        if code == 302:
            request.send_header("Location", "/page" if path == "moved" else "/round")
        request.send_header("Content-Length", "0")
        request.end_headers()

    with serving(answer) as address:
        yield address


def test_links_are_asked_and_those_that_do_not_answer_are_told(site: str) -> None:
    pages = [f"{site}/{page}" for page in ("page", "get-only", "moved", "gone", "round")]
    said = {link.rpartition("/")[2]: str(fault) for link, fault in fetching.broken(pages, private=True)}
    assert said == {"gone": "answers 404", "round": "leads from page to page without an end"}


def test_private_addresses_are_not_asked_unless_allowed(site: str) -> None:
    [(_, fault)] = fetching.broken([f"{site}/gone"])
    assert "private network" in str(fault)


def test_a_redirect_into_a_private_network_is_not_followed(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = iter(["93.184.216.34", "10.0.0.1"])
    monkeypatch.setattr(fetching, "_addresses", lambda _: [next(shown)])
    [(_, fault)] = fetching.broken([f"{site}/moved"])
    assert "private network" in str(fault)
