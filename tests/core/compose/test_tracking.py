"""Links of a tracked letter: numbered once at publish, sealed where they are known only at composing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import compose, signing
from core.compose import LETTER, LINK, TOKEN, Addressee, Press, Publication
from core.config import Site
from core.errors import Refused
from core.links import Utm
from core.model import Letter
from tests.conftest import NOW
from tests.core.compose.letters import ISSUE, MAILING

KEY = "key"
SITE = Site(name="Домовой", url="https://www.shop.ru", phone="+7 495")
PERSON = {"name": "Анна", "last_name": "", "attributes": {"UF_URL": "https://shop.ru/тест?a=1&b=2#x"}}


def publish(tmp_path: Path, letter: str, *, site: Site = SITE, **mailing: Any) -> Publication:
    (tmp_path / "letters").mkdir(exist_ok=True)
    (tmp_path / "letters" / "own.html").write_text(letter, "utf-8")
    changed = replace(MAILING, **({"track": True, "utm": Utm(source="v", medium="e", campaign="c")} | mailing))
    press = Press(site, (tmp_path,), "https://mail.shop.ru")
    return compose.publish(press, replace(ISSUE, letter="own", subject="x", preheader=""), changed, at=NOW)


def write(publication: Publication, recipient: int = 5) -> Letter:
    [letter] = compose.compose(publication, [Addressee(7, 17, "a@shop.ru", PERSON, recipient_id=recipient)], key=KEY)
    assert isinstance(letter, Letter), letter
    return letter


def content(html: str) -> list[str]:
    """The links of the letter's own text."""
    return [href for href in re.findall(r'<a [^>]*href="([^"]*)"', html) if not re.search("/p/[uv]/", href)][1:]


def test_a_link_of_the_text_is_numbered_and_its_target_kept(tmp_path: Path) -> None:
    published = publish(
        tmp_path, '<a href="https://shop.ru/a?b=1&amp;c=2#d">1</a> <a href="https://shop.ru/a?b=1&amp;c=2#d">2</a>'
    )
    [first, second] = content(write(published).html)
    assert first == second
    assert re.fullmatch(r"https://mail\.shop\.ru/p/c/[A-Za-z0-9_-]+/\d+", first)
    number = int(first.rpartition("/")[2])
    assert published.links[number] == "https://shop.ru/a?b=1&c=2&utm_source=v&utm_medium=e&utm_campaign=c#d"
    assert signing.stamped(KEY, LETTER, first.split("/")[5]) == [5]


def test_a_link_known_only_at_composing_is_sealed(tmp_path: Path) -> None:
    letter = write(publish(tmp_path, '<a href="{{ person.attributes.UF_URL }}">1</a>'))
    [link] = content(letter.html)
    target = signing.unseal(KEY, LINK, link.rpartition("/.")[2])
    assert target == "https://shop.ru/тест?a=1&b=2&utm_source=v&utm_medium=e&utm_campaign=c#x"


def test_each_letter_has_a_token_of_its_own(tmp_path: Path) -> None:
    published = publish(tmp_path, '<a href="https://shop.ru/">1</a>')
    first, second = write(published, 5), write(published, 6)
    assert content(first.html) != content(second.html)
    for letter in (first, second):
        assert TOKEN not in letter.html + letter.text
        assert letter.html.count("/p/o/") == 1, "the pixel"


@pytest.mark.parametrize("href", ["mailto:a@b.ru", "tel:+7495", "#top", "/catalog/", "{{ unsubscribe_url }}"])
def test_what_is_no_web_link_is_left_alone(tmp_path: Path, href: str) -> None:
    letter = write(publish(tmp_path, f'<a href="{href}">1</a>'))
    found = re.findall(r'<a [^>]*href="([^"]*)"', letter.html)
    assert not any("utm_" in link for link in found)
    assert href in found or "/p/u/" in found[1]


def test_links_to_other_domains_keep_their_query_unless_they_are_allowed(tmp_path: Path) -> None:
    source = '<a href="https://vk.com/shop?w=1">1</a><a href="https://m.shop.ru/">2</a><a href="https://shop.ru.evil.ru/">3</a>'
    targets = publish(tmp_path, source).links
    assert "https://vk.com/shop?w=1" in targets, "followed, but not marked"
    assert "https://shop.ru.evil.ru/" in targets
    assert any(link.startswith("https://m.shop.ru/?utm_source=v") for link in targets)
    allowed = publish(tmp_path, source, site=SITE.model_copy(update={"utm_domains": ["vk.com"]})).links
    assert any(link.startswith("https://vk.com/shop?w=1&utm_source=v") for link in allowed)
    everywhere = publish(tmp_path, source, site=SITE.model_copy(update={"utm_domains": ["*"]})).links
    assert all("utm_source=v" in link for link in everywhere)


def test_a_cyrillic_domain_is_the_site_in_either_spelling(tmp_path: Path) -> None:
    site = SITE.model_copy(update={"url": "https://магазин.рф"})
    targets = publish(
        tmp_path, '<a href="https://xn--80aairftm.xn--p1ai/x">1</a><a href="https://магазин.рф/y">2</a>', site=site
    ).links
    assert all("utm_source=v" in link for link in targets)


def test_a_mailing_that_does_not_track_leads_straight(tmp_path: Path) -> None:
    letter = write(publish(tmp_path, '<a href="https://shop.ru/">1</a>', track=False))
    assert content(letter.html) == ["https://shop.ru/?utm_source=v&amp;utm_medium=e&amp;utm_campaign=c"]
    assert "/p/o/" not in letter.html


def test_untracked_shows_the_same_letter_with_straight_links(tmp_path: Path) -> None:
    tracked = publish(tmp_path, '<a href="https://shop.ru/?a=1&amp;b=2">1</a>')
    straight = publish(tmp_path, '<a href="https://shop.ru/?a=1&amp;b=2">1</a>', track=False)
    assert write(compose.untracked(tracked)).html == write(straight).html
    assert write(compose.untracked(tracked)).text == write(straight).text


def test_the_links_of_the_text_part_are_tracked_too(tmp_path: Path) -> None:
    letter = write(publish(tmp_path, '<a href="https://shop.ru/sale">Распродажа</a>'))
    assert re.search(r"Распродажа: https://mail\.shop\.ru/p/c/[\w-]+/\d+", letter.text)


def test_a_publication_with_links_survives_its_row(tmp_path: Path) -> None:
    published = publish(tmp_path, '<a href="https://shop.ru/">1</a>')
    kept = Publication.from_json(published.as_json())
    assert kept == published


def test_what_looks_like_a_mark_in_a_setting_stays_a_text(tmp_path: Path) -> None:
    site = SITE.model_copy(update={"name": "{{ email }} & <b>"})
    assert "{{ email }} &amp; &lt;b&gt;" in write(publish(tmp_path, "<p>{{ site.name }}</p>", site=site)).html


def test_a_script_link_out_of_a_profile_is_not_a_link_that_runs(tmp_path: Path) -> None:
    evil = {**PERSON, "attributes": {"UF_URL": 'javascript:alert(1)"><script>'}}
    published = publish(tmp_path, '<a href="{{ person.attributes.UF_URL }}">1</a>')
    [letter] = compose.compose(published, [Addressee(7, 17, "a@shop.ru", evil, recipient_id=1)], key=KEY)
    assert isinstance(letter, Refused) or ("<script>" not in letter.html and 'href="javascript' not in letter.html)
