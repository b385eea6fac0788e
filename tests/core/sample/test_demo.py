from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from core import definitions, demo, intake, leases, postings, runs, tables
from core.app import App, open_app
from core.errors import Misconfigured
from core.sample.life import Life
from tests.sink import Sink

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
USERS = 150
_CODE = r">(SL-[0-9A-Z]{5}-[0-9A-Z]{7})<"
_MADE = "SELECT COUPON FROM b_sale_discount_coupon WHERE DISCOUNT_ID = 7 AND ACTIVE = 'Y'"
KILLED = """
import os, sys
from datetime import datetime, timezone
from pathlib import Path
from core import app, demo
from core.sample import rows
write = rows.Rows.write
def killed_after(self, connection):
    write(self, connection)
    os.kill(os.getpid(), 9)
rows.Rows.write = killed_after
opened = app.open_app(demo.prepare(Path(sys.argv[1]), fresh=False))
opened.clock = lambda: datetime(2026, 11, 24, 2, 0, tzinfo=timezone.utc)
demo.fill(opened, users=150, seed=1)
"""


def opened(folder: Path, *, fresh: bool = False) -> App:
    app = open_app(demo.prepare(folder, fresh=fresh))
    app.clock = lambda: NOW
    return app


def filled(folder: Path) -> App:
    app = opened(folder)
    demo.fill(app, users=USERS, seed=1)
    return app


def state(app: App) -> tuple[Any, ...]:
    """What a demo must come to, however often it was begun."""
    with app.engine.connect() as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (tables.people, tables.contacts, tables.products, tables.orders, tables.postings)
        ]
    return *counts, len(postings.recent(app.engine))


@pytest.fixture
def whole(tmp_path: Path) -> tuple[Any, ...]:
    return state(filled(tmp_path / "whole"))


def stop_at(patch: pytest.MonkeyPatch, place: object, name: str) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    patch.setattr(place, name, killed)


@pytest.mark.parametrize(
    ("place", "name"),
    [(demo, "make_shop"), (intake, "_take_page"), (intake, "_finish"), (definitions, "apply"), (postings, "by_hand")],
)
def test_a_demo_stopped_anywhere_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: tuple[Any, ...], place: object, name: str
) -> None:
    folder = tmp_path / "demo"
    with monkeypatch.context() as patch:
        stop_at(patch, place, name)
        with pytest.raises(KeyboardInterrupt):
            filled(folder)
    assert state(filled(folder)) == whole


def test_a_demo_killed_while_the_shop_is_being_written_makes_a_whole_one(
    tmp_path: Path, whole: tuple[Any, ...]
) -> None:
    folder = tmp_path / "demo"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (folder / "shop.part").exists()
    assert not (folder / "shop.db").exists()
    assert state(filled(folder)) == whole
    assert not list(folder.glob("shop.part*"))


def test_a_killed_demo_does_not_keep_its_successor_waiting(tmp_path: Path) -> None:
    app = filled(tmp_path)
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    owner = leases.owner().split(":")
    leases.take(app.engine, "pull:shop", owner=f"{owner[0]}:{int(dead.stdout)}:x", now=NOW, seconds=300)
    leases.take(app.engine, "other", owner="another-host:1:x", now=NOW, seconds=300)
    demo.fill(app, users=USERS, seed=1)
    with app.engine.connect() as connection:
        assert list(connection.scalars(sa.select(tables.leases.c.name))) == ["other"]


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    first = state(filled(tmp_path))
    assert state(filled(tmp_path)) == first


def test_a_fault_of_the_shop_is_said_and_not_passed_over(tmp_path: Path) -> None:
    app = opened(tmp_path)
    with sa.create_engine(f"sqlite:///{tmp_path}/shop.db").begin() as connection:
        connection.exec_driver_sql("CREATE TABLE b_lang (LID TEXT)")
    with pytest.raises(Misconfigured):
        demo.fill(app, users=USERS, seed=1)


def test_fresh_removes_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "mailbox").mkdir()
    (tmp_path / "mailbox" / "1.eml").write_text("letter")
    (tmp_path / "notes.txt").write_text("mine")
    demo.prepare(tmp_path, fresh=True)
    assert {path.name for path in tmp_path.iterdir()} == {"demo.txt", "vestnik.toml", "definitions.toml", "notes.txt"}


def test_fresh_follows_no_link_out_of_the_folder(tmp_path: Path) -> None:
    precious, folder = tmp_path / "precious", tmp_path / "demo"
    precious.mkdir()
    (precious / "file").write_text("mine")
    demo.prepare(folder, fresh=False)
    (folder / "mailbox").symlink_to(precious)
    demo.prepare(folder, fresh=True)
    assert (precious / "file").exists()


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("name", ["vestnik.toml", "shop.db", "thesis.doc"])
def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path, name: str, fresh: bool) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(Misconfigured, match="empty folder"):
        demo.prepare(tmp_path, fresh=fresh)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_settings_that_were_edited_stay(tmp_path: Path) -> None:
    settings = demo.prepare(tmp_path, fresh=False)
    settings.write_text("# mine")
    assert demo.prepare(tmp_path, fresh=False).read_text() == "# mine"


def test_half_written_settings_are_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        stop_at(patch, Path, "replace")
        with pytest.raises(KeyboardInterrupt):
            demo.prepare(tmp_path, fresh=False)
    assert not (tmp_path / "vestnik.toml").exists()
    assert open_app(demo.prepare(tmp_path, fresh=False)).config.sources.keys() == {"shop"}


def test_the_shop_lives_until_it_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "STEP_SECONDS", 0.01)
    app, stopping, steps = filled(tmp_path), Event(), _Steps(3)
    monkeypatch.setattr(Life, "step", steps.counted(Life.step))
    thread = Thread(target=demo.live, args=(app, stopping))
    thread.start()
    assert steps.done.wait(30)
    stopping.set()
    thread.join()
    with sa.create_engine(f"sqlite:///{tmp_path}/shop.db").connect() as connection:
        value = connection.exec_driver_sql("SELECT VALUE FROM b_option WHERE NAME = '~sample_step'").scalar()
    assert int(value or 0) >= 2  # the second of the three calls found the disk full


class _Steps:
    """Counts the steps, and makes the second one fail."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.made, self.done = wanted, 0, Event()

    def counted(self, step: Callable[..., None]) -> Callable[..., None]:
        def counting(*args: Any) -> None:
            self.made += 1
            if self.made == 2:
                raise sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))
            step(*args)
            if self.made >= self.wanted:
                self.done.set()

        return counting


def test_the_sample_sends_goods_and_a_coupon_once_made(tmp_path: Path) -> None:
    app = filled(tmp_path)
    with Sink() as sink:
        relay = app.config.smtp.model_copy(update={"host": "127.0.0.1", "port": sink.port})
        app = App(app.config.model_copy(update={"smtp": relay}), lambda: NOW)
        for posting, _ in postings.recent(app.engine):
            runs.open_posting(app, posting.id)
        for number in postings.opened(app.engine):
            runs.send(app, number)
    letters = [_html(letter) for letter in sink.letters.values() if "смотрели" in str(letter["Subject"])]
    assert letters
    for html in letters:
        assert all(heading in html for heading in ("Вы недавно смотрели", "Рекомендуем вам", "Сейчас покупают"))
        assert "₽" in html
        pictures = re.findall(r'<img src="(.*?)"', html)
        assert len([one for one in pictures if one.startswith(f"{app.config.site.url}/upload/")]) >= 4
    with sa.create_engine(f"sqlite:///{tmp_path}/shop.db").connect() as connection:
        made = set(connection.exec_driver_sql(_MADE).scalars())
    written = [code for html in letters for code in re.findall(_CODE, html)]
    assert len(set(written)) == len(letters)
    assert set(written) <= made


def _html(letter: EmailMessage) -> str:
    body: Any = letter.get_body(("html",))
    return str(body.get_content())


def test_an_older_sample_without_the_second_issue_still_opens(tmp_path: Path) -> None:
    settings = demo.prepare(tmp_path, fresh=False)
    definitions_file = settings.with_name("definitions.toml")
    definitions_file.write_text(definitions_file.read_text("utf-8").split("[mailings.picks]")[0], "utf-8")
    app = filled(tmp_path)
    assert [posting.issue for posting, _ in postings.recent(app.engine)] == ["birthday"]
