"""What a letter's links, pixel and page answer, and what is written down of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from core import signing, tables
from core.compose import LETTER, LINK
from tests.conftest import NOW
from tests.core.web.conftest import TestClient
from tests.core.world import World

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}
APPLE = {"User-Agent": "Mozilla/5.0"}


@pytest.fixture
def letters(world: World) -> list[str]:
    """The HTML of two letters that have gone out."""
    world.people(2)
    world.apply()
    world.send(world.open())
    return [letter.html for letter in world.channel.letters]


def paths(html: str) -> list[str]:
    """The tracked links of a letter, as paths."""
    return re.findall(r'href="https://shop\.ru(/p/c/[^"]+)"', html)


def pixel(html: str) -> str:
    [found] = re.findall(r'src="https://shop\.ru(/p/o/[^"]+)"', html)
    return str(found)


def rows(world: World, table: sa.Table) -> list[Any]:
    with world.engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)).mappings())


def told(world: World) -> list[tuple[str, str]]:
    """(what, subject) of the facts that came back."""
    return [(row["what"], row["subject"]) for row in rows(world, tables.facts) if row["what"] in {"opened", "clicked"}]


def test_every_link_of_the_letter_leads_where_it_should(client: TestClient, letters: list[str]) -> None:
    [header, button] = [client.get(path, headers=BROWSER) for path in paths(letters[0])]
    assert (header.status_code, button.status_code) == (302, 302)
    assert header.headers["location"].startswith("https://shop.ru/?utm_source=")
    assert button.headers["location"].startswith("https://shop.ru/catalog/?utm_source=")
    assert "utm_content=button" in button.headers["location"]
    assert button.headers["cache-control"] == "no-store"


def test_a_click_is_told_once_and_kept_each_time(client: TestClient, world: World, letters: list[str]) -> None:
    for _ in range(3):
        client.get(paths(letters[0])[1], headers=BROWSER)
    assert told(world) == [("opened", "birthday"), ("clicked", "birthday")]
    hits = rows(world, tables.hits)
    assert [hit["what"] for hit in hits] == ["clicked"] * 3
    assert hits[0]["url"].startswith("https://shop.ru/catalog/")
    [clicked] = [row for row in rows(world, tables.recipients) if row["clicked_at"]]
    assert clicked["opened_at"] is not None, "whoever follows a link has opened the letter"


def test_the_pixel_tells_that_the_letter_was_opened(client: TestClient, world: World, letters: list[str]) -> None:
    answer = client.get(pixel(letters[1]), headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    client.get(pixel(letters[1]), headers=BROWSER)
    assert told(world) == [("opened", "birthday")]
    [fact] = [row for row in rows(world, tables.facts) if row["what"] == "opened"]
    assert (fact["person"], fact["source"]) == ("1", "shop")


@pytest.mark.parametrize(
    "headers", [APPLE, {"User-Agent": "SafeLinks scanner"}, {**BROWSER, "Sec-Purpose": "prefetch"}]
)
def test_what_machines_fetch_is_kept_but_is_no_reader(
    client: TestClient, world: World, letters: list[str], headers: dict[str, str]
) -> None:
    client.get(pixel(letters[0]), headers=headers)
    client.get(paths(letters[0])[0], headers=headers)
    client.head(paths(letters[0])[0], headers=BROWSER)
    assert told(world) == []
    assert [hit["machine"] for hit in rows(world, tables.hits)] == [True, True, True]


def test_the_letter_can_be_read_as_a_page(client: TestClient, world: World, letters: list[str]) -> None:
    token = paths(letters[0])[0].split("/")[3]
    page = client.get(f"/p/v/{token}", headers=BROWSER)
    assert page.status_code == 200
    assert "С днём рождения" in page.text
    assert "/p/o/" not in page.text, "a page is no letter opened twice"
    assert "script" not in page.headers["content-security-policy"].replace("script-src", "")
    assert told(world) == [("opened", "birthday")]


@pytest.mark.parametrize(
    "path", ["/p/c/{bad}/0", "/p/c/{token}/99", "/p/c/{token}/x", "/p/c/{token}/.{bad}", "/p/v/{bad}", "/p/c/ё/1"]
)
def test_a_bad_link_gets_a_polite_page(client: TestClient, world: World, letters: list[str], path: str) -> None:
    token = paths(letters[0])[0].split("/")[3]
    answer = client.get(path.format(token=token, bad=token[:-1] + ("A" if token[-1] != "A" else "B")), headers=BROWSER)
    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert rows(world, tables.hits) == []


def test_a_bad_pixel_is_a_picture_all_the_same(client: TestClient) -> None:
    assert client.get("/p/o/nonsense.gif", headers=BROWSER).headers["content-type"] == "image/gif"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://a.ru/\r\nX: 1"])
def test_nothing_but_a_web_link_is_led_to(client: TestClient, world: World, letters: list[str], url: str) -> None:
    key = signing.secret(world.engine, now=NOW)
    token = paths(letters[0])[0].split("/")[3]
    assert client.get(f"/p/c/{token}/.{signing.seal(key, LINK, url)}", headers=BROWSER).status_code == 404


def test_a_sealed_link_leads_where_the_letter_meant(client: TestClient, world: World, letters: list[str]) -> None:
    key = signing.secret(world.engine, now=NOW)
    token = paths(letters[0])[0].split("/")[3]
    answer = client.get(f"/p/c/{token}/.{signing.seal(key, LINK, 'https://shop.ru/ё?a=1')}", headers=BROWSER)
    assert answer.status_code == 302
    forged = signing.seal("another key", LINK, "https://evil.example/")
    assert client.get(f"/p/c/{token}/.{forged}", headers=BROWSER).status_code == 404, "no open redirect"


def test_the_letter_of_a_recipient_no_longer_kept_is_no_error(client: TestClient, world: World) -> None:
    key = signing.secret(world.engine, now=NOW)
    assert client.get(f"/p/c/{signing.stamp(key, LETTER, 999)}/0", headers=BROWSER).status_code == 404
