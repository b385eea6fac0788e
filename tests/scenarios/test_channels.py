"""A channel per step: a push goes out only if nothing was done with the e-mail within a day (S099: a line of TOML)."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.scenarios.shop import Shop

SCENARIO = """
name = "Письмо, потом пуш"
anchor = { code = "registered" }

[[steps]]
code = "letter"
after = "1 hour"
letter = "registration/3d"

[[steps]]
code = "push"
after = "1 day"
channel = "push"
letter = "registration/7d"
unless = { reacted = ["opened", "clicked"], to = "letter", within = "1 day" }
"""


@pytest.fixture
def shop(engine: sa.Engine, tmp_path: Path) -> Shop:
    """Anna registered yesterday at noon and got the e-mail an hour later."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "pushes.toml").write_text(SCENARIO, "utf-8")
    shop = Shop(engine, local=tmp_path)
    shop.sells("1")
    shop.runs("pushes")
    shop.passes(minutes=1)
    shop.registers("anna")
    shop.passes(hours=1)
    assert shop.codes_to("anna") == ["pushes/letter"]
    return shop


def pushes(shop: Shop) -> list[str]:
    """Who got one, by the channel of pushes."""
    channel = shop.channels.get("push")
    return [letter.to for letter in channel.letters] if channel else []


def days_pass(shop: Shop) -> None:
    for _ in range(4):
        shop.passes(days=1)


def test_an_e_mail_that_nobody_opened_is_followed_by_a_push_a_day_later(shop: Shop) -> None:
    shop.passes(hours=23)
    assert pushes(shop) == [], "the e-mail has an hour left to be opened"
    shop.passes(minutes=59)
    assert pushes(shop) == []
    shop.passes(minutes=1)
    assert pushes(shop) == ["anna@shop.ru"]
    assert [letter.to for letter in shop.channels["email"].letters] == ["anna@shop.ru"], "the push is no e-mail"
    days_pass(shop)
    assert len(pushes(shop)) == 1


def test_an_e_mail_that_was_opened_within_the_day_is_followed_by_none(shop: Shop) -> None:
    shop.passes(hours=5)
    shop.opens("anna")
    days_pass(shop)
    assert pushes(shop) == []
    assert "reacted to letter letter: opened it" in shop.why_not("anna", "pushes/push")


def test_an_e_mail_whose_link_was_followed_is_followed_by_none(shop: Shop) -> None:
    shop.passes(hours=5)
    shop.clicks("anna")
    days_pass(shop)
    assert pushes(shop) == []


def test_opening_it_later_than_within_a_day_is_too_late(shop: Shop) -> None:
    shop.passes(hours=24)
    assert pushes(shop) == ["anna@shop.ru"]
    shop.opens("anna")


def test_an_opening_within_the_day_counts_also_when_no_clock_ran(shop: Shop) -> None:
    shop.waits(hours=10)
    shop.opens("anna")
    shop.passes(hours=30)
    assert pushes(shop) == []
