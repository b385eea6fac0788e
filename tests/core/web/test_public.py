"""The page behind the unsubscribe link: a GET never unsubscribes, a POST always does, and one may come back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core import consent, db, signing, tables
from tests.conftest import NOW
from tests.core.web.conftest import TestClient, Visit
from tests.core.world import World


@pytest.fixture
def link(world: World) -> str:
    """The unsubscribe page of user0 in the mailing "greetings"."""
    world.people(2)
    world.apply()
    with world.engine.connect() as connection:
        contact = connection.scalar(sa.select(tables.contacts.c.id).where(tables.contacts.c.email == "user0@shop.ru"))
    assert contact
    key = signing.secret(world.engine, now=NOW)
    return f"/p/u/{consent.token(key, contact_id=contact, mailing='greetings')}"


def left(world: World) -> set[tuple[str, str, str]]:
    """(address, mailing, reason) of all who left."""
    table = tables.suppressions
    with world.engine.connect() as connection:
        return {tuple(row) for row in connection.execute(sa.select(table.c.email, table.c.mailing, table.c.reason))}


MAILING = ("user0@shop.ru", "greetings", "unsubscribed")
EVERYTHING = ("user0@shop.ru", "", "unsubscribed")


def test_looking_never_unsubscribes(client: TestClient, world: World, link: str) -> None:
    page = client.get(link)
    assert page.status_code == 200
    assert "user0@shop.ru" in page.text
    assert "Поздравления" in page.text
    for path in ("", "/everything", "/back", "/everything/back"):
        client.head(link + path)
        client.get(link + path)
    assert left(world) == set()


def test_the_button_unsubscribes_from_that_mailing(client: TestClient, world: World, link: str) -> None:
    page = client.post(link)
    assert page.status_code == 200
    assert "you have unsubscribed" in page.text
    assert left(world) == {MAILING}
    assert client.post(link).status_code == 200, "twice is no harm"
    assert "you have unsubscribed" in client.get(link).text, "looking again tells how things stand"


ONE_CLICK = "List-Unsubscribe=One-Click"
FORM_DATA = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/x-www-form-urlencoded", ONE_CLICK), ("multipart/form-data; boundary=b", FORM_DATA),
     ("multipart/form-data", "broken"), ("text/plain", "")],
)  # fmt: skip
def test_a_mail_program_unsubscribes_with_one_click(
    visit: Visit, world: World, link: str, kind: str, body: str
) -> None:
    client = visit(host="shop.ru", address="192.0.2.7")
    answer = client.post(link, content=body, headers={"Content-Type": kind, "Origin": "https://mail.example.com"})
    assert answer.status_code == 200, "RFC 8058: no redirect"
    assert "set-cookie" not in answer.headers
    assert left(world) == {MAILING}


def test_one_comes_back_to_that_mailing_only(client: TestClient, world: World, link: str) -> None:
    world.suppress("user1@shop.ru", "greetings")
    client.post(link)
    assert "Good to have you back" in client.post(f"{link}/back").text
    assert left(world) == {("user1@shop.ru", "greetings", "unsubscribed")}


def test_all_our_mailings_are_left_and_taken_back_apart(client: TestClient, world: World, link: str) -> None:
    client.post(link)
    page = client.post(f"{link}/everything").text
    assert left(world) == {MAILING, EVERYTHING}
    assert "No mailings of ours" in page
    client.post(f"{link}/back")
    assert left(world) == {EVERYTHING}
    client.post(f"{link}/everything/back")
    assert left(world) == set()


@pytest.mark.parametrize("reason", ["complaint", "bounce"])
def test_nobody_comes_back_from_a_complaint_or_a_bounce(
    client: TestClient, world: World, link: str, reason: str
) -> None:
    with db.writing(world.engine) as connection:
        consent.suppress(connection, "user0@shop.ru", reason=reason, source="mail", now=NOW)
    page = client.get(link).text
    assert "We no longer write to you" in page
    assert "<button" not in page
    client.post(f"{link}/everything/back")
    assert left(world) == {("user0@shop.ru", "", reason)}


def test_a_test_letters_link_says_so_and_does_nothing(client: TestClient, world: World, link: str) -> None:
    token = consent.token(signing.secret(world.engine, now=NOW), contact_id=0, mailing="greetings")
    for answer in (client.get(f"/p/u/{token}"), client.post(f"/p/u/{token}"), client.post(f"/p/u/{token}/back")):
        assert answer.status_code == 200
        assert "This is a test letter" in answer.text
        assert "<button" not in answer.text
    assert left(world) == set()


@pytest.mark.parametrize("path", ["", "/everything", "/back", "/everything/back"])
def test_a_damaged_link_is_answered_kindly(client: TestClient, world: World, link: str, path: str) -> None:
    world.suppress("user0@shop.ru", "greetings")
    for damaged in (link[:-1], link[:-8] + "x" * 8, "/p/u/a", "/p/u/%00%ff"):
        answer = client.post(damaged + path)
        assert answer.status_code == 404
        assert "This link does not work" in answer.text
    assert left(world) == {MAILING}


def test_the_page_is_the_shops_and_kept_to_itself(visit: Visit, link: str) -> None:
    answer = visit(host="shop.ru", address="192.0.2.7").get(link)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.text
    assert "Домовой" in answer.text
    assert "/mailbox" not in answer.text, "no way into the admin's pages"
    assert "<script" not in answer.text


def test_what_a_person_is_called_cannot_break_the_page(client: TestClient, world: World, link: str) -> None:
    with db.writing(world.engine) as connection:
        connection.execute(sa.update(tables.mailings).values(name="<script>{x}</script>"))
    assert "&lt;script&gt;{x}&lt;/script&gt;" in client.get(link).text
