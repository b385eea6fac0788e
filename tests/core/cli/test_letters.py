"""`vestnik check` and `vestnik preview`: what an admin asks of a letter before it goes out."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import consent
from core.app import App
from core.cli import letters as commands
from core.cli.root import cli, say
from core.compose import Press
from core.config import Config
from core.errors import Misconfigured
from core.tables import coupons
from tests.blocks.conftest import SHELF
from tests.conftest import NOW
from tests.core.world import SITE, World

Run = Callable[..., str]


@pytest.fixture
def world(engine: sa.Engine) -> World:
    world = World(engine)
    world.people(3)
    world.apply()
    return world


@pytest.fixture
def app(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """Three people whose birthday it is; templates of the site's own in local/templates."""
    app = App(Config(site=SITE, folder=tmp_path), clock=lambda: NOW)
    press = Press(SITE, (tmp_path / "local" / "templates",), blocks=SHELF)
    app.__dict__.update(engine=world.engine, sources={}, press=press)
    monkeypatch.setattr(commands, "start", lambda _: app)
    monkeypatch.setattr(say, "language", "en")
    monkeypatch.setattr(say.out, "_width", 200)
    return app


@pytest.fixture
def run(app: App, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str | Path, code: int = 0) -> str:
        ended = cli([str(word) for word in words], standalone_mode=False)
        assert (ended or 0) == code
        return capsys.readouterr().out

    return run


def letter(app: App, text: str) -> None:
    file = app.config.folder / "local" / "templates" / "letters" / "birthday.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def findings(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_birthday_letter_is_in_order(run: Run) -> None:
    assert run("check", "birthday") == "The letter is in order.\n"
    assert run("check", "birthday", "--json") == ""


def test_an_error_ends_with_code_1_and_is_told_with_its_place(app: App, run: Run) -> None:
    letter(app, '<p>Привет</p>\n<a href="/catalog/">Каталог</a>\n<img src="https://shop.ru/1.png" width="9" alt="">')
    [error] = findings(run("check", "birthday", "--json", code=1))
    assert (error["severity"], error["file"], error["line"]) == ("error", "letters/birthday.html", 2)
    assert "letters/birthday.html:2" in run("check", "birthday", code=1)


def test_a_warning_alone_ends_with_code_0(app: App, run: Run) -> None:
    letter(app, "<p>Спешите, сегодня день рождения, и мы поздравляем вас от всей души</p>")
    [warning] = findings(run("check", "birthday", "--json"))
    assert warning["said"] == "“спешите” is a word of spam letters"


def test_a_fault_of_the_template_is_an_error_with_its_line(app: App, run: Run) -> None:
    letter(app, "<p>\n{{ nmae }}</p>")
    [error] = findings(run("check", "birthday", "--json", code=1))
    assert "letters/birthday.html, line 2: there is no 'nmae'" in error["said"]


def test_a_letter_that_fails_for_one_of_the_people_names_the_address(app: App, run: Run) -> None:
    letter(
        app,
        '{% if name == "Имя1" %}{{ person.attributes.UF_TEA }}{% else %}<p>Поздравляем вас с праздником</p>{% endif %}',
    )
    [error] = findings(run("check", "birthday", "--json", code=1))
    assert "No letter for user1@shop.ru" in error["said"]
    assert "UF_TEA" in error["said"]
    assert findings(run("check", "birthday", "--people", "1", "--json")) == []


def test_with_nobody_in_the_groups_the_letter_is_checked_all_the_same(world: World, app: App, run: Run) -> None:
    app.clock = lambda: NOW.replace(month=3)
    [warning] = findings(run("check", "birthday", "--json"))
    assert "Nobody is in the groups now" in warning["said"]


def test_links_are_asked_with_fetch_and_private_ones_are_left_alone(app: App, run: Run) -> None:
    letter(
        app,
        '<p>Поздравляем вас с праздником</p><a href="http://127.0.0.1:9/x">Сюда</a><a href="http://[::1]/">И сюда</a>',
    )
    said = [one["said"] for one in findings(run("check", "birthday", "--fetch", "--json", code=1))]
    assert [one for one in said if "127.0.0.1" in one and "private network" in one]


@pytest.mark.parametrize("suffix", [".html", ".txt", ".eml"])
def test_a_preview_is_the_persons_own_letter(run: Run, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"out{suffix}"
    assert run("preview", "birthday", "--as", "User1@shop.ru", "-o", file) == f"{file} is written.\n"
    text = file.read_text("utf-8")
    if suffix == ".eml":
        message = email.message_from_string(text, policy=email.policy.default)
        assert message["To"] == "user1@shop.ru" or "user1@shop.ru" in str(message["To"])
        text = message.get_body(("html",)).get_content()  # type: ignore[attr-defined]
    assert "С днём рождения, Имя1!" in text
    assert "/p/c/" not in text, "nobody's clicks are counted"


def test_a_preview_without_a_file_is_shown_as_text(run: Run) -> None:
    assert run("preview", "birthday", "--as", "user2@shop.ru").startswith("С днём рождения, Имя2\n\n")


def test_a_preview_shows_a_specimen_of_the_coupon_and_spends_none(app: App, world: World, run: Run) -> None:
    letter(app, '{{ block("coupon", discount=7, percent=2, days=2) }}')
    text = run("preview", "birthday", "--as", "user0@shop.ru", "--at", "2026-12-01")
    assert "ОБРАЗЕЦ" in text
    assert "3 декабря 2026" in text
    with world.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(coupons)) == 0


def test_a_preview_is_in_the_persons_groups_but_its_unsubscribe_link_is_nobodys(app: App, run: Run) -> None:
    letter(app, '{% if "birthday" in groups %}<p>Сегодня ваш день</p>{% endif %}')
    text = run("preview", "birthday", "--as", "user0@shop.ru")
    assert "Сегодня ваш день" in text
    assert f"/p/u/{consent.token(app.key, contact_id=0, mailing='greetings')}" in text


def test_nobody_is_refused_with_a_sentence(run: Run) -> None:
    with pytest.raises(Misconfigured, match=r"Nobody with the address stranger@shop\.ru is in the mirror"):
        run("preview", "birthday", "--as", "stranger@shop.ru")


def test_a_file_of_another_kind_is_refused_before_anything_is_done(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"\.html, \.txt or \.eml"):
        run("preview", "birthday", "--as", "user0@shop.ru", "-o", tmp_path / "x.png")
