"""The page on frequency says what the settings do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core import config
from core.journeys.arbiter import Go, Later, Never, Wish, decide
from core.journeys.calendar import Offset
from core.journeys.past import Past, Written
from tests.test_house import ROOT

PAGE = (ROOT / "docs" / "frequency.md").read_text("utf-8")
DEFAULTS, SELDOM, NONE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
MOSCOW = "Europe/Moscow"


def load(tmp_path: Path, text: str) -> config.Config:
    (tmp_path / "vestnik.toml").write_text(text, "utf-8")
    return config.load(tmp_path / "vestnik.toml", {})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(MOSCOW))


def test_the_page_shows_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, DEFAULTS) == load(tmp_path, "")


def test_what_the_example_leaves_out_keeps_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path, SELDOM)
    rules = settings.frequency
    assert (rules.active.day, rules.active.week, rules.active.month) == (1, 1, 4)
    assert (rules.passive.day, rules.passive.week, rules.passive.month) == (1, 1, 1)
    assert settings.hours.weekdays == {1, 2, 3, 4, 5}


def test_annas_basket_waits_for_tuesday_or_is_left_out() -> None:
    sent = [at("2026-11-24 12:00"), at("2026-11-25 09:00"), at("2026-11-26 09:00")]
    past = Past((), tuple(Written("registration/3d", one, "marketing", opened_at=sent[0]) for one in sent))
    now = at("2026-11-27 16:00")
    wish = Wish(1, "basket/4h", "basket", "4h", 70, "marketing", False, now, now + timedelta(days=5))
    rules = config.Frequency()
    verdict = decide(wish, past, now, rules, content_today=False, zone=MOSCOW)
    assert isinstance(verdict, Later)
    assert verdict.until == at("2026-12-01 12:00")
    short = replace(wish, until=now + timedelta(days=2))
    assert isinstance(decide(short, past, now, rules, content_today=False, zone=MOSCOW), Never)


def test_the_reason_is_said_as_the_page_says_it() -> None:
    past = Past((), (Written("registration/3d", at("2026-11-24 12:00"), "marketing"),))
    now = at("2026-11-24 16:00")
    wish = Wish(1, "basket/4h", "basket", "4h", 70, "marketing", False, now, now + timedelta(days=2))
    verdict = decide(wish, past, now, config.Frequency(), content_today=False, zone=MOSCOW)
    assert isinstance(verdict, Later)
    assert f"> {verdict.reason}\n" in PAGE


def test_without_rules_everything_goes(tmp_path: Path) -> None:
    settings = load(tmp_path, NONE)
    now = at("2026-11-24 03:00")
    crowd = Past((), tuple(Written("news", now, "issue", sale=True) for _ in range(50)))
    wish = Wish(1, "basket/4h", "basket", "4h", 70, "marketing", True, now, now)
    assert decide(wish, crowd, now, settings.frequency, content_today=True, zone=MOSCOW, hours=settings.hours) == Go()


def test_the_forms_of_an_offset_on_the_page_are_read() -> None:
    section = PAGE.partition("## When a letter is due")[2].partition("- Minutes")[0]
    forms = re.findall(r"`([^`]*[0-9][^`]*)`", section)
    assert len(forms) >= 10
    assert all(Offset.parse(form) for form in forms)
