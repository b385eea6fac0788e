"""An answer in a letter: shown by a GET, given by the button, recorded once."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from blocks.survey import Survey
from core import signing, tables
from core.compose import LETTER, Press
from tests.conftest import NOW
from tests.core.web.conftest import TestClient
from tests.core.world import SITE, World

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}


@pytest.fixture
def letters(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two letters with a survey that have gone out."""
    monkeypatch.setattr("tests.core.world.PRESS", Press(SITE, blocks={"survey": Survey}))
    world.people(2)
    world.apply(letter="reactivation/2")
    world.send(world.open(), blocks={"survey": Survey})
    return [letter.html for letter in world.channel.letters]


def answers(html: str) -> list[str]:
    """The links of the answers, as paths: our own page, not marked and not tracked."""
    return re.findall(r'href="https://shop\.ru(/p/s/[^"?]+)"', html)


def facts(world: World) -> list[dict[str, Any]]:
    with world.engine.connect() as connection:
        query = sa.select(tables.facts).where(tables.facts.c.what.in_(["opened", "clicked", "answered"]))
        return [dict(row) for row in connection.execute(query.order_by(tables.facts.c.id)).mappings()]


def test_each_reader_has_links_of_their_own(letters: list[str]) -> None:
    first, second = map(answers, letters)
    assert len(first) == len(second) == 4
    assert not set(first) & set(second)


def test_looking_answers_nothing(client: TestClient, world: World, letters: list[str]) -> None:
    for path in answers(letters[0]):
        page = client.get(path, headers=BROWSER)
        client.head(path)
        assert "Что вам помешало?" in page.text
    assert "Просто пока не нужно" in page.text
    assert facts(world) == []


def test_the_button_gives_the_answer(client: TestClient, world: World, letters: list[str]) -> None:
    page = client.post(answers(letters[1])[1], headers=BROWSER)
    assert page.status_code == 200
    assert "Thank you for your answer" in page.text
    answered, opened = facts(world)
    assert answered["details"]["question"] == "Что вам помешало?"
    assert answered["details"]["answer"] == "Дорого"
    assert (answered["subject"], answered["person"], answered["at"]) == ("birthday", "1", NOW)
    assert opened["what"] == "opened"


def test_the_buttons_of_the_page_lead_to_the_other_answers(
    client: TestClient, world: World, letters: list[str]
) -> None:
    path = answers(letters[0])[0]
    actions = re.findall(r'<form action="(\d)" method="post">', client.get(path).text)
    assert actions == ["0", "1", "2", "3"]
    client.post(path.rpartition("/")[0] + "/" + actions[3], headers=BROWSER)
    assert facts(world)[0]["details"]["answer"] == "Просто пока не нужно"


def test_the_first_answer_counts_and_each_is_kept_raw(client: TestClient, world: World, letters: list[str]) -> None:
    for path in answers(letters[0])[:3]:
        assert client.post(path, headers=BROWSER).status_code == 200
    assert [one["details"]["answer"] for one in facts(world) if one["what"] == "answered"] == ["Не нашлось нужного"]
    with world.engine.connect() as connection:
        rows = connection.execute(sa.select(tables.hits.c.what, tables.hits.c.link).order_by(tables.hits.c.id)).all()
    assert [tuple(row) for row in rows] == [("answered", 0), ("answered", 1), ("answered", 2)]


def test_a_mailing_that_tracks_nobody_keeps_only_the_answer(
    client: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.core import world as made

    monkeypatch.setattr(made, "PRESS", Press(SITE, blocks={"survey": Survey}))
    untracked = {"greetings": {**made.DEFINITIONS["mailings"]["greetings"], "track": False}}
    monkeypatch.setitem(made.DEFINITIONS, "mailings", untracked)
    world.people(1)
    world.apply(letter="reactivation/2")
    world.send(world.open(), blocks={"survey": Survey})
    client.post(answers(world.channel.letters[0].html)[0], headers=BROWSER)
    assert [one["what"] for one in facts(world)] == ["answered"]


@pytest.mark.parametrize("change", ["x{}", "{}/9", "{}x", "/p/s/x/y/z", "/p/s/%00/%0d%0a/0", "/p/s/a/b/" + "9" * 5000])
def test_a_damaged_link_gets_a_polite_page(client: TestClient, world: World, letters: list[str], change: str) -> None:
    path = answers(letters[0])[0]
    wrong = change if change.startswith("/p") else path.replace("/p/s/", "/p/s/x") if change == "x{}" else (
        path[:-2] + "/9" if change == "{}/9" else path + "x"
    )  # fmt: skip
    for answer in (client.get(wrong), client.post(wrong)):
        assert answer.status_code == 404
        assert "This link does not work" in answer.text
    assert facts(world) == []


def test_a_token_of_another_kind_answers_nothing(client: TestClient, world: World, letters: list[str]) -> None:
    key = signing.secret(world.engine, now=NOW)
    other = signing.stamp(key, "unsubscribe", 1)
    path = answers(letters[0])[0].split("/")
    assert client.post("/".join([*path[:3], other, *path[4:]])).status_code == 404


def test_a_test_letter_says_so(client: TestClient, world: World, letters: list[str]) -> None:
    token = signing.stamp(signing.secret(world.engine, now=NOW), LETTER, 0)
    path = answers(letters[0])[0].split("/")
    page = client.post("/".join([*path[:3], token, *path[4:]]))
    assert page.status_code == 200
    assert "This is a test letter" in page.text
    assert facts(world) == []
