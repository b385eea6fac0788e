"""Settings: read from file, environment and secrets; every unknown key and bad value refused by name."""

from __future__ import annotations

from datetime import time, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from core import config
from core.errors import Misconfigured
from core.i18n import message


def load(tmp_path: Path, text: str, **environment: str) -> config.Config:
    (tmp_path / "vestnik.toml").write_text(text, "utf-8")
    return config.load(tmp_path / "vestnik.toml", environment)


def refused(tmp_path: Path, text: str, **environment: str) -> str:
    with pytest.raises(Misconfigured) as error:
        load(tmp_path, text, **environment)
    return str(error.value)


def test_an_empty_file_has_sensible_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    assert settings.database_url == f"sqlite:///{tmp_path}/vestnik.db"
    assert settings.smtp.host == "", "the built-in mailbox"
    assert settings.public_url == settings.site.url


def test_the_environment_stands_before_secrets_and_those_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "smtp__password").write_text("from-secrets\n")
    (tmp_path / "secrets" / "smtp__user").write_text("from-secrets")
    settings = load(tmp_path, '[smtp]\nuser = "file"\npassword = "file"\nhost = "file"', VESTNIK_SMTP__PASSWORD="env")
    assert settings.smtp.password.get_secret_value() == "env"
    assert (settings.smtp.user, settings.smtp.host) == ("from-secrets", "file")


def test_a_sources_url_may_come_from_the_environment(tmp_path: Path) -> None:
    settings = load(tmp_path, '[sources.Shop]\nconnector = "x"\nurl = "a"', VESTNIK_SOURCES__SHOP__URL="b")
    assert settings.sources == {"Shop": {"connector": "x", "url": "b"}}


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = load(tmp_path, '[smtp]\npassword = "s3cret"\n[database]\nurl = "mysql://u:s3cret@h/b"')
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.model_dump())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[smtp]\nhots = "x"', "did you mean 'host'"),
        ("[smpt]\nport = 1", "did you mean 'smtp'"),
        ("[smtp]\nport = 99999", "[smtp] port"),
        ('[smtp]\nport = "many"', "[smtp] port"),
        ('[smtp]\ntls = "maybe"', "'none', 'starttls' or 'implicit'"),
        ('[site]\ntimezone = "Europe/Moskow"', "Europe/Moscow"),
        ('[site]\nurl = "shop.ru"', "must start with http:// or https://"),
        ('[site]\nlanguage = "de"', "'ru' or 'en'"),
        ('[broker]\nurl = "kafka://x"', "redis://"),
        ("[deliver]\nbatch = 0", "[deliver] batch"),
        ('[hours]\nend = "25:00"', "[hours] end: must be a time from 00:00 to 24:00."),
        ("[hours]\nstart = 9", "[hours] start: must be a time from 00:00 to 24:00."),
        ('[hours]\nweekdays = ""', "[hours] weekdays: must be days of the week, such as mon-sun or mon,wed,fri."),
        ('[hours]\nweekdays = "fri-mon"', "[hours] weekdays: must be days of the week"),
        ('[hours]\nzone = "shop"', "'contact' or 'site'"),
        ('[frequency]\nmin_interval = "a day"', "[frequency] min_interval: must be a length of time up to 365 days"),
        ('[frequency]\nmin_interval = "900d"', "[frequency] min_interval: must be a length of time up to 365 days"),
        ("[frequency.active]\nweek = -1", "[frequency.active] week: must be at least 0."),
        ("[frequency.pasive]\nweek = 1", "did you mean 'passive'"),
        ("[frequency.passive]\nweeks = 1", "did you mean 'week'"),
        ("[frequency]\npassive_letters = 0", "[frequency] passive_letters: must be at least 1."),
        ("[site\n", "not readable TOML"),
        ("sources = 5", "sources"),
    ],
)
def test_a_fault_is_refused_by_name_with_its_fix(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, '[smtp]\nhots = "x"\nport = 0\n[site]\ntimezone = "X"')
    assert "hots" in said
    assert "[smtp] port" in said
    assert "timezone" in said


def test_the_faults_are_said_in_russian_too(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as error:
        load(tmp_path, '[smtp]\nhots = "x"\nport = 0\ntls = "x"\n[site]\ntimezone = "Europe/Moskow"\nurl = "shop.ru"')
    assert message(error.value, "ru") == (
        "vestnik.toml: [smtp] port: должно быть не меньше 1. "
        "[smtp] tls: должно быть 'none', 'starttls' or 'implicit'. "
        "[smtp] hots: неизвестный ключ; возможно, имелось в виду «host»? "
        "[site] url: должно начинаться с http:// или https://. "
        "[site] timezone: нет такого часового пояса "
        "(возможно, имелось в виду Europe/Moscow, Europe/Minsk, Europe/Monaco?)."
    )


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="vestnik init"):
        config.load(tmp_path / "none.toml", {})


def test_the_example_of_init_names_every_key_with_its_default(tmp_path: Path) -> None:
    text = files("core").joinpath("vestnik.example.toml").read_text("utf-8")
    plain = load(tmp_path, text)
    shown = [line.removeprefix("# ") for line in text.splitlines() if not line.startswith("# ") or " = " in line]
    examples = ("name =", "sender =", "phone =", "address =", 'url = "mysql+pymysql://vestnik:')
    examples += ("[channels.push]", 'connector = "file"', 'folder = "outbox"')
    assert load(tmp_path, "\n".join(line for line in shown if not line.startswith(examples))) == plain
    for section, fields in plain.model_dump().items():
        if isinstance(fields, dict) and section != "sources":
            for key in fields:
                assert f"{key} = " in text, f"[{section}] {key} is not in the example"


def test_settings_shown_whole_show_no_password(tmp_path: Path) -> None:
    (tmp_path / "vestnik.toml").write_text('[sources.shop]\nconnector = "x"\nurl = "mysql://u:hush@h/b"', "utf-8")
    assert "hush" not in repr(config.load(tmp_path / "vestnik.toml", {}))


def test_a_name_that_goes_deeper_than_the_settings_is_said(tmp_path: Path) -> None:
    (tmp_path / "vestnik.toml").write_text('[site]\nname = "x"', "utf-8")
    with pytest.raises(Misconfigured, match="must be a text"):
        config.load(tmp_path / "vestnik.toml", {"VESTNIK_SITE__NAME__FIRST": "y"})


def test_other_files_in_the_secrets_folder_are_no_secrets(tmp_path: Path) -> None:
    (tmp_path / "vestnik.toml").write_text("", "utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / ".DS_Store").write_bytes(b"\xff\xfe")
    assert config.load(tmp_path / "vestnik.toml", {}).site.name == ""


def test_a_secret_that_is_no_text_is_refused_without_being_shown(tmp_path: Path) -> None:
    (tmp_path / "vestnik.toml").write_text("", "utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "smtp__password").write_bytes(b"hush\xff")
    with pytest.raises(Misconfigured, match="cannot be read") as caught:
        config.load(tmp_path / "vestnik.toml", {})
    assert "hush" not in str(caught.value)


def test_the_hour_of_the_nightly_read_must_be_understood(tmp_path: Path) -> None:
    assert load(tmp_path, '[clock]\nsweep = "ежедневно в 3:15"').clock.sweep == "ежедневно в 3:15"
    assert load(tmp_path, '[clock]\nsweep = ""').clock.sweep == ""
    with pytest.raises(Misconfigured, match=r"\[clock\] sweep: .*25:00"):
        load(tmp_path, '[clock]\nsweep = "daily at 25:00"')


def test_polite_hours_are_read_as_people_write_them(tmp_path: Path) -> None:
    hours = load(tmp_path, '[hours]\nstart = "22:30"\nend = "24:00"\nweekdays = "пн-ср, sat"').hours
    assert (hours.start, hours.end, hours.weekdays) == (time(22, 30), time(0), frozenset({1, 2, 3, 6}))
    assert load(tmp_path, "[hours]\nstart = 08:30:00").hours.start == time(8, 30), "TOML has times of its own"


def test_one_cap_alone_may_be_changed(tmp_path: Path) -> None:
    rules = load(tmp_path, "[frequency.active]\nmonth = 0\n[frequency.passive]\nday = 2").frequency
    assert (rules.active.day, rules.active.week, rules.active.month) == (1, 3, 0)
    assert (rules.passive.day, rules.passive.week, rules.passive.month) == (2, 1, 2)
    rules = load(tmp_path, "", VESTNIK_FREQUENCY__PASSIVE__MONTH="1", VESTNIK_FREQUENCY__MIN_INTERVAL="2d").frequency
    assert (rules.passive.week, rules.passive.month, rules.min_interval) == (1, 1, timedelta(days=2))
