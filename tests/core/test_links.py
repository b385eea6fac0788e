"""UTM marks: at the right place, once, and nothing else of the link or the letter changes by a byte."""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import Misconfigured
from core.links import Utm, tag, tag_escaped, tag_html, tag_text

UTM = Utm(source="vestnik", medium="email", campaign="день рождения")
CAMPAIGN = "%D0%B4%D0%B5%D0%BD%D1%8C%20%D1%80%D0%BE%D0%B6%D0%B4%D0%B5%D0%BD%D0%B8%D1%8F"
MARKS = f"utm_source=vestnik&utm_medium=email&utm_campaign={CAMPAIGN}"
SHORT = Utm(source="v")


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://shop.ru", "https://shop.ru?utm_source=v"),
        ("https://shop.ru/", "https://shop.ru/?utm_source=v"),
        ("https://shop.ru/?", "https://shop.ru/?utm_source=v"),
        ("https://shop.ru/?a=1", "https://shop.ru/?a=1&utm_source=v"),
        ("https://shop.ru/?a=1&", "https://shop.ru/?a=1&utm_source=v"),
        ("https://shop.ru/#top", "https://shop.ru/?utm_source=v#top"),
        ("https://shop.ru/?a=1#top?b=2", "https://shop.ru/?a=1&utm_source=v#top?b=2"),
        ("https://shop.ru/?x=1&#top", "https://shop.ru/?x=1&utm_source=v#top"),
        (
            "https://shop.ru/?a=%2F&b=x+y;c=%zz&a=2&sign=ab==",
            "https://shop.ru/?a=%2F&b=x+y;c=%zz&a=2&sign=ab==&utm_source=v",
        ),
        ("https://shop.ru/путь/?q=чай", "https://shop.ru/путь/?q=чай&utm_source=v"),
        ("https://магазин.рф/?f[]=1", "https://магазин.рф/?f[]=1&utm_source=v"),
        ("HTTPS://SHOP.RU", "HTTPS://SHOP.RU?utm_source=v"),
        ("//shop.ru/a", "//shop.ru/a?utm_source=v"),
        ("  https://shop.ru/a \n", "  https://shop.ru/a?utm_source=v \n"),
        ("https://shop.ru/?utm_source=own", "https://shop.ru/?utm_source=own"),
        ("https://shop.ru/?UTM_Source=own#x", "https://shop.ru/?UTM_Source=own#x"),
        ("https://shop.ru/?a=1;utm_source=own", "https://shop.ru/?a=1;utm_source=own"),
        ("https://shop.ru/?not_utm_source=1", "https://shop.ru/?not_utm_source=1&utm_source=v"),
        ("https://shop.ru/#utm_source=x", "https://shop.ru/?utm_source=v#utm_source=x"),
    ],
)
def test_a_web_link_is_marked(url: str, tagged: str) -> None:
    assert tag(url, SHORT) == tagged


@pytest.mark.parametrize(
    "url",
    [
        "mailto:a@b.ru",
        "tel:+7495",
        "#top",
        "",
        "/catalog/",
        "catalog",
        "javascript:alert(1)",
        "ftp://a/",
        "//",
        "https://",
    ],
)
def test_anything_else_is_left_alone(url: str) -> None:
    assert tag(url, UTM) == url


def test_marks_are_percent_encoded() -> None:
    assert tag("https://shop.ru/", UTM) == f"https://shop.ru/?{MARKS}"
    assert tag("https://a/", Utm(term="a&b=c#d?é")) == "https://a/?utm_term=a%26b%3Dc%23d%3F%C3%A9"


def test_only_missing_marks_are_added() -> None:
    assert tag("https://a/?utm_medium=x", Utm("s", "m", "c")) == "https://a/?utm_medium=x&utm_source=s&utm_campaign=c"


part = st.text(
    st.characters(codec="utf-8", exclude_characters="#?\n\r", exclude_categories=["Cs", "Cc", "Z"]), max_size=12
)
url = st.builds(
    lambda path, query, fragment: "https://shop.ru/" + path + query + fragment,
    part,
    st.one_of(st.just(""), part.map(lambda text: "?" + text)),
    st.one_of(st.just(""), part.map(lambda text: "#" + text)),
)


@given(url)
def test_taking_the_marks_out_gives_the_link_back(link: str) -> None:
    before, marks, after = tag(link, UTM).partition(MARKS)
    assert marks == MARKS
    if before + after != link:
        assert before[-1] in "?&", "one joint was added, and nothing else"
        assert before[:-1] + after == link


@given(url)
def test_the_query_is_the_old_one_and_the_marks(link: str) -> None:
    before, after = urlsplit(link), urlsplit(tag(link, UTM))
    pairs = parse_qsl(before.query, keep_blank_values=True)
    there = {key.strip().lower() for key, _ in pairs}
    ours = [("utm_source", "vestnik"), ("utm_medium", "email"), ("utm_campaign", "день рождения")]
    marks = [(key, value) for key, value in ours if key not in there]
    assert [pair for pair in parse_qsl(after.query, keep_blank_values=True) if pair != ("", "")] == [
        pair for pair in pairs if pair != ("", "")
    ] + marks
    assert (before.path, before.fragment) == (after.path, after.fragment)


@given(url)
def test_marking_twice_is_marking_once(link: str) -> None:
    assert tag(tag(link, UTM), UTM) == tag(link, UTM)


@given(url)
def test_a_link_in_html_means_the_marked_link(link: str) -> None:
    assume(not re.search(r"\{[{%#]", link))  # in a letter these begin a Jinja mark
    html = tag_html(f'<a href="{escape(link)}">x</a>', utm=UTM)
    found = re.fullmatch(r'<a href="([^"]*)">x</a>', html)
    assert found
    assert unescape(found[1]) == tag(link, UTM)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ('<a href="https://a/">', '<a href="https://a/?utm_source=v">'),
        ("<A\n HREF = 'https://a/' class=b>", "<A\n HREF = 'https://a/?utm_source=v' class=b>"),
        ("<a href=https://a/ x>", "<a href=https://a/?utm_source=v x>"),
        ('<a href="https://a/?b=1&amp;c=2">', '<a href="https://a/?b=1&amp;c=2&amp;utm_source=v">'),
        ('<a href="https://a/?b=1&c=2">', '<a href="https://a/?b=1&c=2&amp;utm_source=v">'),
        ('<a href="https://a/?b=&#39;x&#39;">', '<a href="https://a/?b=&#39;x&#39;&amp;utm_source=v">'),
        ('<a title="a > b" href="https://a/">', '<a title="a > b" href="https://a/?utm_source=v">'),
        ('<a title="{{ 1 > 0 }}" href="https://a/">', '<a title="{{ 1 > 0 }}" href="https://a/?utm_source=v">'),
        ('<area href="https://a/">', '<area href="https://a/?utm_source=v">'),
        ('<a href="https://a/" data-utm="off">', '<a href="https://a/">'),
        ('<a data-utm-content="x y" href="https://a/">', '<a href="https://a/?utm_source=v&amp;utm_content=x%20y">'),
        ('<a href="https://a/" href="https://b/">', '<a href="https://a/?utm_source=v" href="https://b/">'),
        ('<a name="x">', '<a name="x">'),
        ('<abbr href="https://a/">', '<abbr href="https://a/">'),
        ('<img src="https://a/">', '<img src="https://a/">'),
        ('<!-- <a href="https://a/"> -->', '<!-- <a href="https://a/"> -->'),
        (
            '<!--[if mso]><a href="https://a/"><![endif]-->',
            '<!--[if mso]><a href="https://a/?utm_source=v"><![endif]-->',
        ),
        ('<style>a[href="https://a/"] {}</style>', '<style>a[href="https://a/"] {}</style>'),
        ('{{ "<a href=\\"https://a/\\">" }}', '{{ "<a href=\\"https://a/\\">" }}'),
        ('<a href="https://a/', '<a href="https://a/'),
        ("<a", "<a"),
        ("1 < 2 <a>", "1 < 2 <a>"),
    ],
)
def test_links_of_a_letter(source: str, result: str) -> None:
    assert tag_html(source, utm=SHORT) == result


def test_a_link_with_jinja_marks_goes_to_dynamic() -> None:
    seen = []

    def dynamic(href: str, utm: Utm) -> str:
        seen.append((href, utm))
        return "D"

    card = '<a href="{{ product.url }}" data-utm-content="card">{{ a }}</a>'
    source = card + "<a href='https://a/?x={% if \"b\" %}1{% endif %}'>"
    assert tag_html(source, utm=SHORT, dynamic=dynamic) == "<a href=\"D\">{{ a }}</a><a href='D'>"
    assert seen == [
        ("{{ product.url }}", Utm(source="v", content="card")),
        ('https://a/?x={% if "b" %}1{% endif %}', SHORT),
    ]


def test_a_link_rendered_later_is_marked_the_same() -> None:
    assert tag("https://a/?b=1&c=2", SHORT) == "https://a/?b=1&c=2&utm_source=v"
    assert tag_escaped("https://a/?b=1&amp;c=2", SHORT) == "https://a/?b=1&amp;c=2&amp;utm_source=v"


@pytest.mark.parametrize(
    "hostile", ['<a href="' + "{{" * 5000, "<a " + "x=" * 50_000, "<!--" * 5_000, "<a href='{%" * 3_000]
)
def test_hostile_letters_come_back(hostile: str) -> None:
    assert tag_html(hostile, utm=UTM).startswith(hostile[:2])


def test_macros_are_filled_and_unknown_ones_refused() -> None:
    utm = Utm(campaign="{mailing}-{issue}", content="{block}")
    assert utm.filled(mailing="m", issue="i", block="b") == Utm(campaign="m-i", content="b")
    with pytest.raises(Misconfigured, match=r"there is no macro \{isue\}"):
        Utm(term="{isue}").filled(issue="i")


def test_the_issues_marks_stand_before_the_mailings() -> None:
    assert Utm("a", "b").merged(Utm(medium="c", term="d")) == Utm("a", "c", term="d")


@pytest.mark.parametrize(
    "source",
    [
        '<!--[if !mso]><!--><a href="https://shop.ru/{}">x</a><!--<![endif]-->',
        '<!--[if mso]><v:roundrect style="x" href="https://shop.ru/{}" fill="t"></v:roundrect><![endif]-->',
        '<!----><a href="https://shop.ru/{}">x</a><!-- y -->',
    ],
)
def test_links_that_only_some_mail_programs_show_are_marked(source: str) -> None:
    assert tag_html(source.format(""), utm=SHORT) == source.format("?utm_source=v")


def test_links_of_a_text_are_marked_without_the_full_stop() -> None:
    text = "Смотрите https://shop.ru/a?b=1, (https://shop.ru). Уйти: https://shop.ru/p/u/x mailto:a@shop.ru"
    marked = "Смотрите https://shop.ru/a?b=1&utm_source=v, (https://shop.ru?utm_source=v). "
    assert tag_text(text, SHORT, but="https://shop.ru/p/u/x") == marked + "Уйти: https://shop.ru/p/u/x mailto:a@shop.ru"
