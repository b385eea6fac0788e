"""`vestnik scenarios` and `vestnik scenario`: an admin looks at a scenario, switches it, and edits it."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy as sa

from core import db, tables
from core.app import App
from core.cli import letters, scenarios, sending
from core.cli.root import cli, say
from core.errors import Misconfigured, Refused
from core.journeys import book
from tests.scenarios.house import installation
from tests.scenarios.shop import Shop

Run = Callable[..., str]
FILE = files("scenarios").joinpath("registration.toml").read_text("utf-8")


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """Anna registered an hour ago, Boris two weeks ago; Vera has ordered."""
    shop = Shop(engine)
    shop.sells("1", "2", "3", "4")
    shop.registers("boris")
    shop.waits(days=14)
    shop.registers("anna")
    shop.registers("vera")
    shop.orders("vera", "1")
    shop.waits(hours=1)
    shop.pull()
    return shop


@pytest.fixture
def app(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    app = installation(shop, tmp_path)
    for commands in (scenarios, letters, sending):
        monkeypatch.setattr(commands, "start", lambda _: app)
    monkeypatch.setattr(say, "language", "en")
    monkeypatch.setattr(say.out, "_width", 250)
    return app


@pytest.fixture
def run(app: App, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str | Path, code: int = 0) -> str:
        capsys.readouterr()
        ended = cli([str(word) for word in words], standalone_mode=False)
        assert (ended or 0) == code
        return capsys.readouterr().out

    return run


def local(app: App, name: str, text: str) -> Path:
    file = app.local / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def rows(text: str) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in map(json.loads, text.splitlines())}


def state(app: App, code: str = "registration") -> book.Scenario:
    with app.engine.connect() as connection:
        return book.find(connection, app.office.shelf, code)


# ---- the list ----


def test_the_list_shows_which_are_on_and_their_letters_of_thirty_days(shop: Shop, app: App, run: Run) -> None:
    run("scenario", "on", "registration", "--past", "15d", "--yes")
    shop._on.add("registration")
    shop.tick()
    found = rows(run("scenarios", "--json"))
    assert found["registration"]["letters"] == ["registration/3d", "registration/7d", "registration/14d"]
    counts = {name: found["registration"][name] for name in ("active", "queued", "sent", "skipped", "deferred")}
    assert counts == {"active": True, "queued": 1, "sent": 1, "skipped": 2, "deferred": 0}, "Boris got only the last"
    assert (found["birthday"]["active"], found["birthday"]["sent"]) == (False, 0)
    assert "on since 08.12.2026 13:00:00" in run("scenarios")
    shop.waits(days=31)
    assert rows(run("scenarios", "--json"))["registration"]["sent"] == 0


def test_a_broken_scenario_hides_no_other_and_says_what_is_wrong(app: App, run: Run) -> None:
    local(app, "scenarios/mine.toml", 'name = "Моя"\nanchor = { code = "registred" }\n[[steps]]\ncode="1"\nafter="0"')
    found = rows(run("scenarios", "--json"))
    assert "there is no anchor 'registred'. Did you mean 'registered'?" in found["mine"]["error"]
    assert "registration" in found


# ---- one of them ----


def test_a_scenario_is_shown_with_its_parameters_and_letters(run: Run) -> None:
    text = run("scenario", "show", "abandoned_basket")
    for piece in (
        "Basket left behind",
        "anchor.min_total",
        "emptied the basket (about the same thing)",
        "4 hours after",
    ):
        assert piece in text
    [found] = [json.loads(line) for line in run("scenario", "show", "registration", "--json").splitlines()]
    first = found["steps"][0]
    assert (first["issue"], first["coupons"], first["error"]) == ("registration/3d", ["2 %, 2 days"], None)
    assert (first["subject"], first["preheader"]) == ("Anna, скидка на первый заказ", "Промокод действует недолго")


def test_a_letter_that_cannot_go_says_why_when_it_is_shown(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    [shown] = [json.loads(line) for line in run("scenario", "show", "order_thanks", "--json").splitlines()]
    assert "block coupon needs percent, days" in shown["steps"][0]["error"]
    cli(["scenario", "show", "order_thanks"], standalone_mode=False)
    assert "block coupon needs percent, days" in capsys.readouterr().err


def test_an_unknown_scenario_is_named_with_the_one_that_was_meant(run: Run) -> None:
    for words in (("show", "registratio"), ("on", "registratio"), ("off", "registratio"), ("undo", "registratio")):
        with pytest.raises(Misconfigured, match="Did you mean 'registration'"):
            run("scenario", *words)


# ---- on and off ----


def test_on_counts_only_what_happens_from_now_on(shop: Shop, app: App, run: Run) -> None:
    assert "Only what happens from now on counts" in run("scenario", "on", "registration")
    found = state(app)
    assert (found.active, found.since) == (True, shop.now)
    assert "is on already" in run("scenario", "on", "registration")


def test_with_past_the_letters_that_would_go_at_once_are_counted_before_it_asks(
    app: App, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def no(question: str, **_: Any) -> bool:
        asked.append(capsys.readouterr().out)
        raise click.Abort

    monkeypatch.setattr(scenarios.typer, "confirm", no)
    with pytest.raises(click.Abort):
        run("scenario", "on", "registration", "--past", "15d")
    lines = [line.split() for line in asked[0].splitlines()]
    assert lines[1:] == [["3d", "0", "0", "1"], ["7d", "0", "0", "1"], ["14d", "1", "0", "0"]]
    assert not state(app).active
    run("scenario", "on", "registration", "--past", "15d", "--yes")
    assert state(app).active


def test_what_was_counted_is_what_goes(shop: Shop, app: App, run: Run) -> None:
    """Two letters of different steps to one person in one tick would be one too many: the count knows."""
    for number in range(3):
        shop.registers(f"late{number}")
    shop.waits(days=3)
    shop.pull()
    text = run("scenario", "on", "registration", "--past", "30d", "--yes")
    would = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()[1:4]}
    shop._on.add("registration")
    shop.walk()
    with app.engine.connect() as connection:
        ledger = tables.ledger
        query = sa.select(ledger.c.step, sa.func.count()).where(ledger.c.status == "queued").group_by(ledger.c.step)
        went = dict(connection.execute(query).all())
    assert would == {"3d": 4, "7d": 0, "14d": 0} | {step: count for step, count in went.items() if step != "3d"}
    assert went["3d"] == 4, "Anna and the three; Vera has ordered"


def test_letters_of_two_steps_to_one_person_are_counted_as_they_would_go(shop: Shop, app: App, run: Run) -> None:
    shop.puts("anna", "1", basket="old")
    shop.pull()
    shop.waits(days=5)
    shop.puts("anna", "2", basket="new")
    shop.pull()
    shop.waits(hours=5)
    lines = run("scenario", "on", "abandoned_basket", "--past", "9d", "--yes").splitlines()[1:4]
    assert [line.split() for line in lines] == [["4h", "1", "0", "1"], ["5d", "0", "1", "0"], ["14d", "0", "0", "0"]]
    shop._on.add("abandoned_basket")
    shop.walk()
    with app.engine.connect() as connection:
        ledger = tables.ledger
        query = sa.select(ledger.c.step, ledger.c.status).order_by(ledger.c.step, ledger.c.status)
        found = [tuple(row) for row in connection.execute(query)]
    assert found == [("4h", "queued"), ("4h", "skipped"), ("5d", "deferred")]


def test_the_mailing_of_scenarios_is_made_with_the_first_that_is_switched_on(app: App, run: Run) -> None:
    with db.writing(app.engine) as connection:
        connection.execute(sa.delete(tables.mailings))
    run("scenario", "on", "registration")
    with app.engine.connect() as connection:
        row = connection.execute(sa.select(tables.mailings)).mappings().one()
    assert (row["code"], row["name"], row["sender"]) == ("scenarios", "Letters of scenarios", "Домовой <news@shop.ru>")
    assert row["include_groups"] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mailing": "nosuch"}, "There is no mailing 'nosuch'"),
        ({"steps.3d.letter": "nosuch"}, "Letter registration/3d: "),
        ({"steps.3d.blocks.coupon.percent": "7"}, "which discount rule of the shop"),
        ({"steps.3d.blocks.coupon.discount": '"nosuch"'}, "nosuch"),
        ({"steps.7d.channel": '"push"'}, "Letter registration/7d: There is no channel 'push' in the settings"),
        ({"where": '{ favourite_colour = "red" }'}, "There is no rule word 'favourite_colour'"),
        ({"steps.14d.where": '{ in_group = "nosuch" }'}, "nosuch"),
        ({"trial.group": '"nosuch"'}, "nosuch"),
        ({f"steps.{code}.active": "false" for code in ("3d", "7d", "14d")}, "None of its letters is switched on"),
    ],
    ids=str,
)
def test_what_does_not_work_is_not_switched_on(app: App, run: Run, changes: dict[str, str], said: str) -> None:
    run("scenario", "set", "registration", *(f"{path}={value}" for path, value in changes.items()))
    with pytest.raises(Misconfigured, match="cannot be on like that") as error:
        run("scenario", "on", "registration")
    assert said in str(error.value)
    assert not state(app).active


def test_off_drops_what_was_put_off(shop: Shop, app: App, run: Run) -> None:
    shop.at(2026, 12, 11, 3, 0)
    run("scenario", "on", "registration", "--past", "30d", "--yes")
    shop._on.add("registration")
    shop.walk()
    assert "do not go any more: 1" in run("scenario", "off", "registration"), "Boris waited for the morning"
    assert not state(app).active
    with app.engine.connect() as connection:
        reasons = connection.scalars(sa.select(tables.ledger.c.reason).where(tables.ledger.c.status == "skipped"))
        assert "the scenario was switched off" in set(map(str, reasons))


# ---- its text ----


def test_a_small_edit_keeps_the_comments_and_can_be_taken_back(app: App, run: Run) -> None:
    text = run("scenario", "set", "registration", "priority=60", "steps.3d.after=4 days", "steps.3d.subject=Привет")
    assert '+after = "4 days"' in text
    found = state(app)
    assert (found.edited, found.form.priority, found.steps[0].form.after) == (True, 60, "4 days")
    assert found.steps[0].form.subject == "Привет"
    assert "# насколько письмо может задержаться" in found.text
    assert '-after = "3 days"' in run("scenario", "diff", "registration")
    run("scenario", "undo", "registration")
    assert state(app).text == FILE
    run("scenario", "undo", "registration")
    assert state(app).form.priority == 60
    run("scenario", "set", "registration", "steps.3d.subject=")
    assert state(app).steps[0].form.subject == ""
    run("scenario", "reset", "registration")
    assert (state(app).text, state(app).edited) == (FILE, False)
    assert "is as its file says" in run("scenario", "diff", "registration")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("priority=200", "priority: must be at most 100"),
        ("prioriti=2", "did you mean 'priority'"),
        ("anchor.nosuch=1", "nosuch: unknown key"),
        ("steps.3d.after=soon", "step 3d: “soon” does not say how long after"),
        ("steps.5d.after=5 days", "there is no step '5d'"),
        ("priority", "write key=value"),
        ("name=", "name: is missing"),
    ],
)
def test_a_faulty_edit_is_refused_and_nothing_is_kept(app: App, run: Run, word: str, said: str) -> None:
    with pytest.raises(Misconfigured) as error:
        run("scenario", "set", "registration", word)
    assert said in str(error.value)
    assert not state(app).edited


def test_the_editor_gets_the_text_and_faults_are_said(
    app: App, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = iter([FILE.replace('"3 days"', '"soon"', 1), FILE.replace("priority = 45", "priority = 46"), None])
    monkeypatch.setattr(scenarios.click, "edit", lambda text, extension: next(written))
    run("scenario", "edit", "registration", code=1)
    assert not state(app).edited
    run("scenario", "edit", "registration")
    assert state(app).form.priority == 46
    assert "Nothing was changed" in run("scenario", "edit", "registration")


def test_a_text_goes_from_a_file_into_the_database_and_back_byte_for_byte(app: App, run: Run, tmp_path: Path) -> None:
    text = FILE.replace("\n", "\r\n") + "\r\n# конец"
    file, back = tmp_path / "registration.toml", tmp_path / "back.toml"
    file.write_bytes(text.encode())
    run("scenario", "apply", file)
    run("scenario", "export", "registration", "-o", back)
    assert back.read_bytes() == file.read_bytes()
    run("scenario", "reset", "registration")
    assert run("scenario", "export", "registration") == FILE


def test_a_file_of_another_name_becomes_a_scenario_of_its_own(app: App, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(FILE.replace('code = "3d"', 'code = "3d"\nletter = "registration/3d"'), "utf-8")
    run("scenario", "apply", file)
    assert state(app, "mine").edited
    with pytest.raises(Misconfigured, match="up to 31 small Latin letters"):
        run("scenario", "apply", file, "--code", "Моя")
    file.write_bytes(b"\xff")
    with pytest.raises(Misconfigured, match="cannot be read"):
        run("scenario", "apply", file)


def test_a_scenario_that_is_on_is_checked_before_its_new_text_is_kept(app: App, run: Run) -> None:
    run("scenario", "set", "registration", 'steps.3d.channel="push"')
    run("scenario", "reset", "registration")
    run("scenario", "on", "registration")
    for words in (("set", "registration", 'steps.3d.channel="push"'), ("undo", "registration")):
        with pytest.raises(Misconfigured, match="There is no channel 'push'"):
            run("scenario", *words)
    assert state(app).steps[0].form.channel == "email"


def test_a_copy_that_cannot_be_read_any_more_can_be_taken_back(app: App, run: Run) -> None:
    run("scenario", "set", "registration", "priority=60")
    with db.writing(app.engine) as connection:
        connection.execute(sa.update(tables.scenarios).values(edited="name = 1"))
    assert "error" in rows(run("scenarios", "--json"))["registration"]
    run("scenario", "off", "registration")
    run("scenario", "undo", "registration")
    assert state(app).text == FILE


def test_there_is_nothing_to_take_back_of_what_was_never_edited(run: Run) -> None:
    with pytest.raises(Misconfigured, match="has not been edited"):
        run("scenario", "undo", "registration")


# ---- its letters ----


def test_a_preview_is_about_the_persons_own_last_entry(shop: Shop, run: Run) -> None:
    shop.puts("anna", "2", "3")
    shop.pull()
    text = run("preview", "abandoned_basket/5d", "--as", "anna@shop.ru")
    assert "Товар 2" in text
    assert "Товар 3" in text
    assert "ОБРАЗЕЦ" in text
    assert "/p/c/" not in text
    first = shop.orders("boris", "4")
    shop.waits(hours=1)
    shop.moves(first, "P")
    shop.waits(hours=1)
    second = shop.orders("boris", "1")
    shop.pull()
    text = run("preview", "order_status/status", "--as", "boris@shop.ru")
    assert f"A-{first}" in text, "the older of the two orders is the one whose status changed"
    assert f"A-{second}" not in text
    with shop.engine.connect() as connection:
        for table in (tables.coupons, tables.ledger, tables.recipients):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_preview_of_a_letter_about_nothing_says_so(run: Run) -> None:
    with pytest.raises(Refused, match="nothing to show"):
        run("preview", "order_new/new", "--as", "anna@shop.ru")
    with pytest.raises(Misconfigured, match=r"Nobody with the address stranger@shop\.ru"):
        run("preview", "registration/3d", "--as", "stranger@shop.ru")


def test_a_letter_is_checked_for_people_who_entered(shop: Shop, run: Run) -> None:
    assert run("check", "registration/3d") == "The letter is in order.\n"
    assert run("check", "order_new/new") == "The letter is in order.\n", "for Vera alone: nobody else has ordered"
    [remark] = [json.loads(line) for line in run("check", "term_end/1", "--json").splitlines()][:1]
    assert "Nobody entered this scenario in the last year" in remark["said"]


def test_a_test_letter_goes_by_the_channel_of_its_step(shop: Shop, app: App, run: Run, monkeypatch: Any) -> None:
    used: list[str] = []
    monkeypatch.setattr(App, "carrier", lambda self, code: used.append(code) or self.channel)
    assert "went to me@shop.ru" in run("test-send", "registration/3d", "--as", "anna@shop.ru", "--to", "me@shop.ru")
    [letter] = shop.channels["email"].letters
    assert (letter.to, letter.subject) == ("me@shop.ru", "[test] Anna, скидка на первый заказ")
    run("scenario", "set", "registration", 'steps.3d.channel="push"')
    run("test-send", "registration/3d", "--as", "anna@shop.ru", "--to", "me@shop.ru")
    assert used == ["email", "push"]


def test_a_scenarios_letter_is_not_sent_to_everybody_by_hand(run: Run) -> None:
    with pytest.raises(Misconfigured, match="go by themselves"):
        run("send", "registration/3d")
