"""The built-in mailbox in the browser: found, shown without letting a letter do anything, and cleared."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.web.conftest import TestClient, Visit

Put = Callable[..., None]


def only_letter(client: TestClient) -> str:
    [path] = set(re.findall(r'href="(/mailbox/[^"?]+)"', client.get("/mailbox").text))
    return str(path)


def test_letters_are_listed_newest_first_and_found_by_a_word(client: TestClient, mailbox: Put) -> None:
    mailbox(subject="Первое")
    mailbox(subject="Второе <b>", to="boris@shop.ru")
    page = client.get("/mailbox").text
    assert page.index("Второе &lt;b&gt;") < page.index("Первое")
    assert 'http-equiv="refresh"' in page
    found = client.get("/mailbox?q=BORIS").text
    assert "Второе" in found
    assert "Первое" not in found
    assert "refresh" not in found, "nobody reads a page of results to be thrown out of it"
    assert "No letter matches" in client.get("/mailbox", params={"q": '"><script>'}).text


def test_a_long_mailbox_comes_in_pages(client: TestClient, mailbox: Put, tmp_path: Path) -> None:
    mailbox()
    [kept] = (tmp_path / "mailbox").iterdir()
    for number in range(60):
        (kept.parent / f"20200101T000000.{number:06}-000001-00000000.eml").write_bytes(kept.read_bytes())
    first, second = (client.get(f"/mailbox?page={page}").text for page in (1, 2))
    assert len(re.findall(r'href="/mailbox/2', first)) == 50
    assert len(re.findall(r'href="/mailbox/2', second)) == 11


def test_a_letter_shows_its_headings_text_and_headers(client: TestClient, mailbox: Put) -> None:
    mailbox(subject="Привет & пока")
    page = client.get(only_letter(client)).text
    assert "<h1>Привет &amp; пока</h1>" in page
    assert "Здравствуйте, текстом &lt;b&gt;" in page
    assert "MIME-Version" in page


def test_a_letter_without_html_shows_its_text(client: TestClient, mailbox: Put) -> None:
    mailbox(html="")
    page = client.get(only_letter(client)).text
    assert "<iframe" not in page
    assert re.search(r'id="text" checked', page)


def test_the_html_of_a_letter_can_do_nothing(client: TestClient, mailbox: Put) -> None:
    mailbox('<html><head></head><script>alert(1)</script><img src="https://spy.example.com/1.gif"></html>')
    path = only_letter(client)
    answer = client.get(f"{path}/html")
    policy = {name: rest for name, _, rest in (part.strip().partition(" ") for part in
                                               answer.headers["Content-Security-Policy"].split(";"))}  # fmt: skip
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "'self' data: https://shop.ru"  # and of nobody else
    assert "allow-scripts" not in policy["sandbox"]
    assert "allow-same-origin" not in policy["sandbox"]
    assert "script-src" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    page = client.get(path).text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "<script" not in page


def test_the_raw_letter_is_downloaded_as_it_came(client: TestClient, mailbox: Put, tmp_path: Path) -> None:
    mailbox()
    answer = client.get(f"{only_letter(client)}/raw")
    [kept] = (tmp_path / "mailbox").iterdir()
    assert answer.content == kept.read_bytes()
    assert answer.headers["Content-Disposition"].startswith("attachment")


HOSTILE = b"".join(
    [
        b"Subject: \xff\xfe =?utf-8?b?7aCA?= <script>alert(1)</script>\r\n",
        b"From: =?nonsense?q?x?= <<<>>>\r\nContent-Type: text/html; charset=nonsense\r\n",
        b"X-\xd0\xaf: \xed\xa0\x80\r\n\r\n<p>\xff</p>",
    ]
)


LONE_SURROGATES = b"Content-Type: text/%b; charset=unicode_escape\r\n\r\n\\ud800"


@pytest.mark.parametrize(
    "raw",
    [
        HOSTILE,
        LONE_SURROGATES % b"plain",
        LONE_SURROGATES % b"html",
        b"",
        b"\x00" * 100,
        b"Subject: " + b"x" * 100_000,
        b"\r\n\r\n",
    ],
)
def test_the_worst_letter_is_still_a_page(client: TestClient, tmp_path: Path, raw: bytes) -> None:
    kept = tmp_path / "mailbox" / "20261124T020000.000000-000001-00000000.eml"
    kept.parent.mkdir()
    kept.write_bytes(raw)
    path = f"/mailbox/{kept.name}"
    for page in (client.get("/mailbox"), client.get(path), client.get(f"{path}/html"), client.get(f"{path}/raw")):
        assert page.status_code == 200
    assert "<script" not in client.get("/mailbox").text + client.get(path).text


@pytest.mark.parametrize("name", ["x.eml", "..%2Fvestnik.db", "20261124T020000.000000-000001-00000000.eml", "%00"])
def test_a_letter_that_is_not_there_is_no_page(client: TestClient, name: str) -> None:
    for path in (f"/mailbox/{name}", f"/mailbox/{name}/html", f"/mailbox/{name}/raw"):
        assert client.get(path).status_code == 404


def test_clearing_takes_a_button_never_a_link(client: TestClient, mailbox: Put) -> None:
    mailbox()
    assert client.get("/mailbox/clear").status_code == 404
    only_letter(client)
    assert client.post("/mailbox/clear").headers["Location"] == "/mailbox"
    assert "There are no letters yet" in client.get("/mailbox").text


def test_with_a_relay_the_page_says_where_letters_go(visit: Visit, mailbox: Put, tmp_path: Path) -> None:
    mailbox()
    client = visit(smtp={"host": "relay.shop.ru", "port": 587})
    assert "relay.shop.ru:587" in client.get("/mailbox").text
    [kept] = (tmp_path / "mailbox").iterdir()
    assert client.get(f"/mailbox/{kept.name}").status_code == 404
    assert client.post("/mailbox/clear").status_code == 404
    assert kept.exists()
