"""Definitions: a file is taken whole or not at all, twice is once, and an export is taken back without a change."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import definitions, i18n
from core.compose import Press
from core.config import Site
from core.db import writing
from core.definitions import Change
from core.definitions.forms import SHAPES, File
from core.errors import Misconfigured
from tests.conftest import NOW

SITE = Site(name="Домовой", url="https://shop.ru", sender="Домовой <news@shop.ru>")
FILE = """
[groups.birthday]
name = "Именинники"
include = {birthday = "today"}
exclude = {any = [{last_login = {more_than_days = 700}}, {in_source = "shop"}]}

[groups."vip.2026"]
include = {ordered = {after = 2026-01-01, at_least = 2}, not = {email_domain = ["mail.ru", "bk.ru"]}}

[mailings.greetings]
name = "Поздравления"
from = "Магазин, «Домовой» <news@shop.ru>"
reply_to = "ask@shop.ru"
groups = ["birthday"]
exclude_groups = ["vip.2026"]
utm = {campaign = "{mailing}-{issue}"}

[issues.birthday]
mailing = "greetings"
letter = "birthday"
subject = "С днём рождения, {{ name }}!"
preheader = "Подарок внутри"
schedule = "ежедневно в 5:00"
timezone = "Asia/Yekaterinburg"
catch_up = "6 часов"
max_age = "90s"

[issues.by_hand]
mailing = "greetings"
letter = "birthday"
subject = "Письмо"
active = false
"""


def read(tmp_path: Path, text: str) -> File:
    (tmp_path / "definitions.toml").write_text(text, "utf-8")
    return definitions.read(tmp_path / "definitions.toml")


def apply(engine: sa.Engine, file: File, **changes: Any) -> list[Change]:
    known: dict[str, Any] = {"sources": ["shop"], "now": NOW, "site": SITE, **changes}
    return definitions.apply(engine, file, Press(known.pop("site"), tuple(known.pop("folders", ()))), **known)


def taken(engine: sa.Engine, tmp_path: Path, text: str = FILE, **changes: Any) -> list[Change]:
    return apply(engine, read(tmp_path, text), **changes)


def refused(engine: sa.Engine, tmp_path: Path, text: str, **changes: Any) -> str:
    """What was said of a file that was refused; nothing at all has been written then."""
    before = everything(engine)
    with pytest.raises(Misconfigured) as error:
        taken(engine, tmp_path, text, **changes)
    assert everything(engine) == before
    return str(error.value)


def everything(engine: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    with engine.connect() as connection:
        return {
            kind: [dict(row) for row in connection.execute(sa.select(table).order_by(table.c.code)).mappings()]
            for kind, table in SHAPES.items()
        }


def actions(changes: Iterable[Change]) -> dict[str, str]:
    return {f"{change.kind}.{change.code}": change.action for change in changes}


def issue(engine: sa.Engine, code: str = "birthday") -> dict[str, Any]:
    return next(row for row in everything(engine)["issues"] if row["code"] == code)


def test_a_file_is_applied_in_its_order(engine: sa.Engine, tmp_path: Path) -> None:
    assert actions(taken(engine, tmp_path)) == {
        "groups.birthday": "created",
        "groups.vip.2026": "created",
        "mailings.greetings": "created",
        "issues.birthday": "created",
        "issues.by_hand": "created",
    }
    row = issue(engine)
    assert (row["catch_up_seconds"], row["max_age_seconds"]) == (6 * 3600, 90)
    assert row["timezone"] == "Asia/Yekaterinburg"
    assert issue(engine, "by_hand")["timezone"] == SITE.timezone
    [mailing] = everything(engine)["mailings"]
    assert mailing["reply_to"] == "ask@shop.ru"


def test_applied_twice_it_changes_nothing(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path)
    before = everything(engine)
    changes = taken(engine, tmp_path, now=NOW + timedelta(days=1))
    assert set(actions(changes).values()) == {"same"}
    assert all(change.fields == {} for change in changes)
    assert everything(engine) == before


def test_the_difference_is_told_field_by_field(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path)
    text = FILE.replace("Подарок внутри", "Скидка внутри").replace('birthday = "today"', 'birthday = "tomorrow"')
    changed = [change for change in taken(engine, tmp_path, text) if change.action != "same"]
    assert [(change.kind, change.action, dict(change.fields)) for change in changed] == [
        ("groups", "changed", {"include": ({"birthday": "today"}, {"birthday": "tomorrow"})}),
        ("issues", "changed", {"preheader": ("Подарок внутри", "Скидка внутри")}),
    ]


def test_what_a_file_does_not_name_stays(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path)
    assert actions(taken(engine, tmp_path, "[groups.new]\ninclude = {ordered = true}")) == {"groups.new": "created"}
    assert [row["code"] for row in everything(engine)["groups"]] == ["birthday", "new", "vip.2026"]
    assert len(everything(engine)["issues"]) == 2


def test_a_dry_run_tells_the_same_and_writes_nothing(engine: sa.Engine, tmp_path: Path) -> None:
    promised = taken(engine, tmp_path, dry_run=True)
    assert everything(engine) == {"groups": [], "mailings": [], "issues": []}
    assert taken(engine, tmp_path) == promised


def test_a_dry_run_refuses_what_would_be_refused(engine: sa.Engine, tmp_path: Path) -> None:
    assert "there is no source" in refused(engine, tmp_path, FILE.replace('"shop"', '"shpo"'), dry_run=True)


def test_what_is_exported_is_taken_back_without_a_difference(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path)
    text = definitions.export(engine, site=SITE)
    assert set(actions(taken(engine, tmp_path, text)).values()) == {"same"}
    assert definitions.export(engine, site=SITE) == text
    assert tomllib.loads(text)["issues"]["birthday"]["catch_up"] == "6h"


def test_an_export_makes_another_installation_the_same(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path)
    text, before = definitions.export(engine, site=SITE), everything(engine)
    with writing(engine) as connection:
        for table in SHAPES.values():
            connection.execute(sa.delete(table))
    taken(engine, tmp_path, text, site=Site(sender="other@shop.ru", timezone="Europe/Berlin"))
    assert without_ids(everything(engine)) == without_ids(before)


def without_ids(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {kind: [{**row, "id": 0} for row in rows] for kind, rows in tables.items()}


def test_nothing_is_exported_of_nothing(engine: sa.Engine) -> None:
    assert definitions.export(engine, site=SITE) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ежедневно в 5:00", "ежедневно в 6:00"),
        ("Asia/Yekaterinburg", "Europe/Samara"),
        ('subject = "С днём', 'active = false\nsubject = "С днём'),
    ],
)
def test_a_new_timetable_begins_now(engine: sa.Engine, tmp_path: Path, old: str, new: str) -> None:
    taken(engine, tmp_path)
    later = NOW + timedelta(days=3)
    taken(engine, tmp_path, FILE.replace(old, new), now=later)
    assert issue(engine)["scheduled_from"] == issue(engine)["changed_at"] == later


def test_another_subject_leaves_the_timetable_as_it_was(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path)
    later = NOW + timedelta(days=3)
    taken(engine, tmp_path, FILE.replace("С днём рождения", "Поздравляем"), now=later)
    assert (issue(engine)["scheduled_from"], issue(engine)["changed_at"]) == (NOW, later)


def test_all_faults_are_said_at_once(engine: sa.Engine, tmp_path: Path) -> None:
    text = (
        FILE.replace('birthday = "today"', 'brithday = "today"')
        .replace('groups = ["birthday"]', 'groups = ["birthday", "vip.2062"]')
        .replace("ежедневно в 5:00", "каждый день")
        .replace('letter = "birthday"\nsubject = "Письмо"', 'letter = "brithday"\nsubject = "Письмо"')
    )
    said = refused(engine, tmp_path, text)
    assert said.startswith("Nothing was applied. ")
    for fault in (
        "[groups.birthday] There is no rule word 'brithday'. Did you mean 'birthday'?",
        "[mailings.greetings] There is no group 'vip.2062'. Did you mean 'vip.2026'?",
        "[issues.birthday] Schedule “каждый день” is not understood.",
        "[issues.by_hand] There is no template letters/brithday.html.",
    ):
        assert fault in said


def test_the_faults_are_said_in_russian_too(engine: sa.Engine, tmp_path: Path) -> None:
    text = FILE.replace('birthday = "today"', 'brithday = "today"').replace("ежедневно в 5:00", "каждый день")
    with pytest.raises(Misconfigured) as error:
        taken(engine, tmp_path, text)
    said = i18n.message(error.value, "ru")
    words = re.sub(r"brithday|birthday|groups|issues|daily|weekly|monthly|mon|thu|last|at", "", said)
    assert not re.search("[A-Za-z]{2}", words), said


def test_a_good_file_with_one_bad_part_is_refused_whole(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path)
    text = FILE.replace("Именинники", "Другие").replace("{{ name }}", "{{ nmae }}")
    assert "there is no 'nmae' in a letter. Did you mean 'name'?" in refused(engine, tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'in_source = "shop"',
            'in_source = ["shop", "shpo"]',
            "[groups.birthday] in_source: there is no source 'shpo'",
        ),
        ('mailing = "greetings"', 'mailing = "greeting"', "There is no mailing 'greeting'. Did you mean 'greetings'?"),
        ("{mailing}-{issue}", "{isue}", "there is no macro {isue}"),
        ("{{ name }}", "{{ name", "[issues.birthday] subject, line 1"),
        ('letter = "birthday"', 'letter = "a/../../x"', "There is no template"),
        ('reply_to = "ask@shop.ru"', 'layout = "fancy"', "There is no template layouts/fancy.html"),
    ],
)
def test_what_the_file_names_must_exist(engine: sa.Engine, tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refused(engine, tmp_path, FILE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("reply_to =", "replay_to =", "[mailings.greetings] replay_to: unknown key; did you mean 'reply_to'?"),
        ("[groups.birthday]", "[grups.x]\n[groups.birthday]", "grups: unknown key; did you mean 'groups'?"),
        ("[groups.birthday]", '[groups."день рождения"]', "день рождения"),
        ('catch_up = "6 часов"', 'catch_up = "скоро"', "“скоро” is not a length of time"),
        ('catch_up = "6 часов"', 'catch_up = "99999w"', "[issues.birthday] catch_up"),
        ("Asia/Yekaterinburg", "Asia/Ekaterinburg", "did you mean Asia/Yekaterinburg"),
        ("news@shop.ru", "news", "address 'news' is not valid"),
        ("Магазин, «Домовой» <news@shop.ru>", "a" * 320 + " <news@shop.ru>", "[mailings.greetings] from"),
        ('letter = "birthday"', 'letter = "../secrets"', "[issues.birthday] letter"),
        ("ежедневно в 5:00", "5 " * 200, "[issues.birthday] schedule"),
        ('include = {birthday = "today"}', 'include = "everybody"', "[groups.birthday] include"),
        ("[groups.birthday]", "[groups.birthday", "is not readable TOML"),
    ],
)
def test_a_bad_value_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert FILE.replace(old, new) != FILE
    with pytest.raises(Misconfigured) as error:
        read(tmp_path, FILE.replace(old, new))
    assert said in str(error.value)


def test_all_bad_values_are_named_at_once(tmp_path: Path) -> None:
    text = FILE.replace("6 часов", "скоро").replace("news@shop.ru", "news").replace("reply_to", "replay_to")
    with pytest.raises(Misconfigured) as error:
        read(tmp_path, text)
    assert all(place in str(error.value) for place in ("catch_up", "from", "replay_to"))


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[["])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "definitions.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"definitions\.toml"):
        definitions.read(file)


def test_without_a_sender_anywhere_a_mailing_is_refused(engine: sa.Engine, tmp_path: Path) -> None:
    text = FILE.replace("from = ", "#")
    assert "[mailings.greetings] from: missing" in refused(engine, tmp_path, text, site=Site())


def test_without_a_from_the_sites_sender_stands_in(engine: sa.Engine, tmp_path: Path) -> None:
    taken(engine, tmp_path, FILE.replace("from = ", "#"))
    assert everything(engine)["mailings"][0]["sender"] == "Домовой <news@shop.ru>"


def test_a_bad_sender_of_the_site_is_a_fault_of_the_settings(engine: sa.Engine, tmp_path: Path) -> None:
    said = refused(engine, tmp_path, FILE.replace("from = ", "#"), site=Site(sender="news"))
    assert said.startswith("[site] sender: address 'news' is not valid")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("news@shop.ru", "news@shop.ru"),
        ("<News@Shop.ru>", "news@shop.ru"),
        ("Магазин <news@Магазин.рф>", "Магазин <news@xn--80aairftm.xn--p1ai>"),
        ("Магазин <Новости@Магазин.рф>", "Магазин <новости@xn--80aairftm.xn--p1ai>"),
        ("Магазин, «Домовой» <news@shop.ru>", '"Магазин, «Домовой»" <news@shop.ru>'),
        ('"Shop, Inc." <news@shop.ru>', '"Shop, Inc." <news@shop.ru>'),
        ("Shop\nInc <news@shop.ru>", "Shop Inc <news@shop.ru>"),
    ],
)
def test_a_from_is_kept_as_a_letter_can_carry_it(
    engine: sa.Engine, tmp_path: Path, written: str, kept: str, now: datetime
) -> None:
    form = {"mailings": {"m": {"from": written, "groups": ["g"]}}, "groups": {"g": {"include": {"ordered": True}}}}
    for action in ("created", "same"):
        changes = apply(engine, File.model_validate(form))
        assert actions(changes)["mailings.m"] == action
    assert everything(engine)["mailings"][0]["sender"] == kept
    exported = definitions.export(engine, site=SITE)
    assert set(actions(taken(engine, tmp_path, exported)).values()) == {"same"}


def test_a_layout_that_the_letters_of_another_file_cannot_stand_in_is_refused(
    engine: sa.Engine, tmp_path: Path
) -> None:
    taken(engine, tmp_path)
    alone = '[mailings.greetings]\nfrom = "news@shop.ru"\ngroups = ["birthday"]\nlayout = "none"'
    assert "layouts/none.html" in refused(engine, tmp_path, alone)


def test_a_mailing_of_scenarios_needs_no_groups_but_an_issue_does(engine: sa.Engine, tmp_path: Path) -> None:
    assert actions(taken(engine, tmp_path, '[mailings.scenarios]\nname = "Сценарии"')) == {
        "mailings.scenarios": "created"
    }
    exported = definitions.export(engine, site=SITE)
    assert actions(taken(engine, tmp_path, exported)) == {"mailings.scenarios": "same"}
    said = refused(engine, tmp_path, FILE.replace('groups = ["birthday"]', ""))
    assert "[issues.birthday] mailing 'greetings' has no groups, so nobody would get this issue" in said
    taken(engine, tmp_path)
    [mailing] = [block for block in FILE.split("\n\n") if "[mailings" in block]
    assert "has no groups" in refused(engine, tmp_path, mailing.replace('groups = ["birthday"]', ""))
