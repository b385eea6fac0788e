"""The command line as an admin uses it, from an empty folder to a letter: every answer says what happened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import mailbox
from core.model import Kind
from tests import services
from tests.installation import Installation
from tests.integration.conftest import Shop


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def installation(installation: Installation) -> Installation:
    """Its own port for the built-in mailbox: a Vestnik of the developer's may be running."""
    installation.configure(mailbox={"port": services.free_port()})
    return installation


@pytest.fixture
def ready(installation: Installation) -> Installation:
    """Pulled and defined."""
    installation.run("pull")
    installation.run("apply", installation.folder / "definitions.toml")
    return installation


def test_init_writes_settings_that_explain_themselves(tmp_path: Path) -> None:
    made = Installation(tmp_path)
    assert "vestnik doctor" in made.run("init")
    text = made.config.read_text("utf-8")
    for section in ("site", "database", "broker", "smtp", "sources.shop", "web", "deliver", "clock", "mailbox"):
        assert f"[{section}]" in text
    assert made.config.stat().st_mode & 0o077 == 0, "passwords may be written into it"
    assert "--force overwrites it" in made.run("init", code=1)
    assert made.config.read_text("utf-8") == text


def test_what_init_wrote_is_understood_and_the_doctor_says_what_is_missing(tmp_path: Path) -> None:
    made = Installation(tmp_path)
    made.run("init")
    made.config.write_text(
        made.config.read_text("utf-8").replace("127.0.0.1/sitemanager", f"127.0.0.1:{services.free_port()}/x")
    )
    said = made.run("doctor", code=1)
    assert "sources.shop" in said
    assert "2003" in said
    assert "PASSWORD" not in said


def test_the_doctor_finds_a_sample_shop_in_order(installation: Installation) -> None:
    said = installation.run("doctor")
    assert "✗" not in said
    areas = {finding["area"] for finding in installation.json("doctor")}
    assert areas == {"database", "broker", "smtp", "sources.shop"}


@pytest.mark.parametrize(
    ("section", "values", "fault"),
    [
        ("smtp", {"hots": "mail"}, "[smtp] hots: unknown key; did you mean 'host'?"),
        ("smtp", {"port": 99999}, "[smtp] port"),
        ("broker", {"url": "kafka://x"}, "must start with memory://, redis://"),
        ("site", {"timezone": "Moscow"}, "did you mean Europe/Moscow"),
        ("sources", {"shop": {"url": "sqlite:///x"}}, "connector is missing"),
        ("sources", {"shop": {"connector": "bitrix_mysq", "url": "x"}}, "Did you mean 'bitrix_mysql'?"),
        (
            "sources",
            {"shop": {"connector": "bitrix_mysql", "url": "sqlite:///x", "sitee": "s1"}},
            "did you mean 'site'?",
        ),
    ],
)
def test_faults_in_the_settings_are_said_by_name(
    installation: Installation, section: str, values: dict[str, object], fault: str
) -> None:
    installation.configure(**{section: values})
    said = installation.run("pull", code=1)
    assert fault in said
    assert "Traceback" not in said


def test_pull_says_what_was_read_and_what_was_refused(installation: Installation, shop: Shop) -> None:
    reports = {row["kind"]: row for row in installation.json("pull")}
    assert list(reports) == [kind.value for kind in Kind]
    assert all(row["error"] is None and row["read"] > 0 for row in reports.values())
    assert reports["people"]["refused"] >= 2, "the sample has addresses that are none"
    again = installation.run("pull", "shop")
    assert "people" in again
    full = {row["kind"]: row for row in installation.json("pull", "shop", "--full")}
    assert full["people"]["read"] == reports["people"]["read"]
    assert full["people"]["changed"] == 0
    said = installation.run("pull", "--full", code=None)
    assert "is not valid" in said
    assert "Did you mean 'shop'?" in installation.run("pull", "shpo", code=1)


def test_apply_prints_the_difference_and_refuses_a_bad_file_whole(installation: Installation) -> None:
    file = installation.folder / "definitions.toml"
    assert "+ groups.birthday" in installation.run("apply", file, "--dry-run")
    assert installation.run("export") == ""
    assert "+ issues.birthday" in installation.run("apply", file)
    assert "Nothing to change" in installation.run("apply", file)
    exported = installation.file("exported.toml", installation.run("export"))
    assert "Nothing to change" in installation.run("apply", exported)

    text = (
        file.read_text("utf-8")
        .replace('schedule = "0 5 * * *"', 'schedule = "0 25 * * *"')
        .replace("Поздравления", "Другое")
    )
    said = installation.run("apply", installation.file("bad.toml", text), code=1)
    assert "“25” cannot stand there" in said
    assert "Nothing to change" in installation.run("apply", file), "not even the good half was taken"
    changed = installation.file("new.toml", file.read_text("utf-8").replace('"0 5 * * *"', '"daily at 06:30"'))
    assert "schedule: '0 5 * * *' → 'daily at 06:30'" in installation.run("apply", changed)


def test_groups_are_counted_and_exported_for_any_day(ready: Installation, shop: Shop) -> None:
    day = ("--at", "2026-11-24T05:00")
    assert ready.run("groups", "count", "birthday", *day).strip() == str(len(shop.made.birthday_emails))
    rows = ready.json("groups", "export", "birthday", *day)
    assert sorted(row["email"] for row in rows) == list(shop.made.birthday_emails)
    assert {row["source"] for row in rows} == {"shop"}
    assert all({"email", "name", "source", "person"} <= row.keys() for row in rows)
    other = ready.json("groups", "export", "birthday", "--at", "2026-11-25")
    assert not {row["email"] for row in other} & set(shop.made.birthday_emails)
    assert "SELECT" in ready.run("groups", "sql", "birthday")
    assert "birthday" in ready.run("groups", "words")
    assert "Did you mean 'birthday'?" in ready.run("groups", "count", "birthdya", code=1)
    assert "--at 'soon' is not a moment" in ready.run("groups", "count", "birthday", "--at", "soon", code=1)


def test_an_issue_is_tried_sent_and_accounted_for(ready: Installation) -> None:
    folder = ready.folder / "mailbox"
    everybody = int(ready.run("groups", "count", "everybody"))
    dry = ready.json("send", "news", "--dry-run")
    assert len(dry) == everybody
    left = [row for row in dry if row["reason"]]
    assert left, "the sample has people who left the old mailings"
    expected = everybody - len(left)
    assert mailbox.letters(folder).total == 0, "a dry run sends nothing"
    assert ready.json("postings") == []

    person = dry[0]["email"]
    assert "me@example.com" in ready.run("test-send", "news", "--to", "me@example.com", "--as", person)
    [test] = mailbox.letters(folder).letters
    assert (test.to.endswith("<me@example.com>"), test.subject) == (True, "[test] Новости")

    assert ready.run("send", "news") == f"Posting 1: sent {expected}, skipped {len(left)}.\n"
    assert mailbox.letters(folder).total == expected + 1
    assert ready.run("send", "news") == f"Posting 2: skipped {everybody}.\n", "nobody gets it twice on a day"
    [second, first] = ready.json("postings")
    assert (first["counts"], first["status"]) == ({"sent": expected, "skipped": len(left)}, "done")
    assert second["counts"] == {"skipped": everybody}
    rows = ready.json("recipients", "1", "--status", "sent")
    assert len(rows) == expected
    assert all(row["message_id"] and row["sent_at"] and row["reason"].startswith("250") for row in rows)
    issues = {row["issue"]: row for row in ready.json("issues")}
    assert issues["birthday"]["schedule"] == "daily at 05:00 (Europe/Moscow)"
    assert issues["birthday"]["next"].endswith("T02:00:00Z")
    assert issues["news"]["schedule"] == "by hand"


def test_what_keeps_an_issue_from_going_is_said_at_once(ready: Installation) -> None:
    ready.configure(smtp={"host": "127.0.0.1", "port": services.free_port()})
    said = ready.run("send", "news", code=1)
    assert "The relay does not take letters" in said
    assert "run the same command again" in said
    ready.configure(smtp={"host": ""})
    assert "Posting 1 of this issue is not finished: it goes on." in ready.run("send", "news", code=None)
    [posting] = ready.json("postings")
    assert posting["counts"].keys() == {"sent", "skipped"}, "the same posting went on"


def test_a_template_with_an_error_is_said_with_its_file_and_line(ready: Installation) -> None:
    ready.file("local/templates/letters/broken.html", "<p>Здравствуйте</p>\n<p>{{ nmae }}</p>")
    text = '[issues.broken]\nmailing = "news"\nletter = "broken"\nsubject = "x"\n'
    said = ready.run("apply", ready.file("broken.toml", text), code=1)
    assert "letters/broken.html, line 2: there is no 'nmae' in a letter. Did you mean 'name'?" in said


def test_the_reader_is_spoken_to_in_the_language_of_the_settings(installation: Installation) -> None:
    installation.configure(site={"language": "ru"})
    said = installation.run("pull", "shpo", code=1)
    assert "В настройках нет источника" in said
    assert "Прочитано" in installation.run("pull")


def test_json_is_one_object_a_line(ready: Installation) -> None:
    for line in ready.run("groups", "list", "--json").splitlines():
        assert set(json.loads(line)) == {"code", "name", "static", "count"}


def test_a_group_is_explained_previewed_frozen_and_compared(ready: Installation) -> None:
    birthday = ("--at", "2026-11-24T05:00")  # of the people in the fixture
    email = ready.run("groups", "export", "birthday", *birthday).split("\t")[0]
    told = ready.run("groups", "explain", "birthday", email, *birthday)
    assert "✓" in told
    assert "Birthday: " in told
    assert "✗" in ready.run("groups", "explain", "birthday", email, "--at", "2026-06-01")
    [found] = [
        json.loads(line) for line in ready.run("groups", "preview", "birthday", "--json", *birthday).splitlines()
    ]
    assert found["reach"]["members"] >= found["reach"]["reachable"] > 0
    assert found["cost"]["plan"]
    between = ("--from", "2026-06-01", "--to", "2026-11-24T05:00", "--limit", "1000")
    assert email in ready.run("groups", "diff", "birthday", *between)
    ready.run("groups", "freeze", "everybody", "--as", "then")
    assert email in ready.run("groups", "export", "then", "--at", "2026-06-01")
    ready.run("groups", "thaw", "then")
    ready.run("groups", "snapshot", "birthday")
    assert len(ready.run("groups", "history", "birthday", "--json").splitlines()) == 1
    assert "in_days" in ready.run("groups", "words", "birthday")
    assert "nobody@shop.ru" in ready.run("groups", "explain", "birthday", "nobody@shop.ru", code=1)
