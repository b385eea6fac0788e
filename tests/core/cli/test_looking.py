"""`vestnik plan`, `backtest`, `explain` and `map`, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.app import App
from core.cli import backtest, explain, mapping, planning
from core.cli.root import cli, say
from core.config import Config
from core.errors import Misconfigured
from tests.scenarios.shop import PERCENTS, SITE, Shop

Run = Callable[..., str]
DAY = timedelta(days=1)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """Anna registered three days ago, to the hour; Boris a week ago, and has ordered."""
    shop = Shop(engine)
    shop.sells("1", "2", "3", "4")
    shop.now -= 7 * DAY
    shop.registers("boris")
    shop.pull()
    shop.waits(days=4, hours=1)
    shop.registers("anna")
    shop.looks("anna", "1", "2", "3", "4")
    shop.orders("boris", "1")
    shop.pull()
    shop.waits(days=2, hours=23)
    return shop


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    config = Config.model_validate(
        {"site": SITE.model_dump(), "coupons": {"rules": PERCENTS}, "local_plugins": str(tmp_path / "local")}
    )
    app = App(config, clock=lambda: shop.now)
    app.__dict__.update(engine=shop.engine, sources={"shop": shop.source})
    for module in (planning, backtest, explain, mapping):
        monkeypatch.setattr(module, "start", lambda _: app)
    monkeypatch.setattr(say, "language", "en")
    monkeypatch.setattr(say.out, "_width", 250)

    def run(*words: str) -> str:
        cli(list(words), standalone_mode=False)
        return capsys.readouterr().out

    return run


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_plan_says_who_gets_what_with_its_coupon_and_products(shop: Shop, run: Run) -> None:
    shop.runs("registration", past=10 * DAY)
    lines = run("plan").splitlines()
    assert [line for line in lines if "anna@shop.ru" in line] == [
        "24.11.2026 13:00  registration/3d               anna@shop.ru: goes; coupon −2 % until 26.11.2026; "
        "products: Товар 4, Товар 3, Товар 2, Товар 1"
    ]
    assert "boris@shop.ru: does not go; the goal is reached: ordered, 21.11.2026 13:00" in "\n".join(lines)
    assert any(line.split() == ["registration/3d", "1", "0", "1"] for line in lines)


def test_a_plan_as_json_has_every_letter_in_full(shop: Shop, run: Run) -> None:
    shop.runs("registration", past=10 * DAY)
    by_address = {(one["email"], one["letter"]): one for one in objects(run("plan", "--json"))}
    anna = by_address["anna@shop.ru", "registration/3d"]
    assert (anna["outcome"], anna["at"], anna["due"]) == ("queued", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z")
    assert [one["percent"] for one in anna["coupons"]] == [2]
    assert {one["id"] for one in anna["products"]} == {"1", "2", "3", "4"}
    assert by_address["boris@shop.ru", "registration/3d"]["outcome"] == "skipped"


def test_a_plan_without_products_says_only_who_and_when(shop: Shop, run: Run) -> None:
    shop.runs("registration", past=10 * DAY)
    assert "anna@shop.ru: goes\n" in run("plan", "--no-products")


def test_a_plan_shows_so_many_lines_and_counts_all(shop: Shop, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shop.runs("registration", past=10 * DAY)
    text = run("plan", "--limit", "0")
    assert "@" not in text
    assert "Does not go" in text


def test_a_plan_of_one_scenario_that_is_off_is_as_if_it_were_on(run: Run) -> None:
    assert "anna@shop.ru: goes" in run("plan", "--scenario", "registration", "--no-products")
    assert "No letter of a scenario is due" in run("plan")


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--until", "2026-11-01"),
        ("plan", "--scenario", "registratoin"),
        ("plan", "--at", "tomorrow"),
        ("plan", "--compare", "none.toml", "none.toml"),
        ("backtest", "registratoin"),
        ("backtest", "registration", "--from", "2027-01-01"),
        ("explain", "nobody@shop.ru"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured):
        run(*words)


def test_two_files_are_compared_counts_first(shop: Shop, run: Run, tmp_path: Path) -> None:
    text = shop.shelf.texts["registration"]
    old, new = tmp_path / "registration.toml", tmp_path / "new.toml"
    old.write_text(text)
    new.write_text(text.replace('after = "3 days"', 'after = "70 hours"').replace("priority", "holdout = 0\npriority"))
    lines = run("plan", "--compare", str(old), str(new), "--at", "2026-11-24T10:00").splitlines()
    assert lines[0] == "Letters of all scenarios by the one: 1, by the other: 1"
    assert lines[2].split() == ["registration", "0", "0", "1"]
    assert lines[3].startswith("moves  registration/3d  anna@shop.ru: goes 24.11.2026 13:00 → goes 24.11.2026 11:00")
    counts, change = objects(run("plan", "--compare", str(old), str(new), "--at", "2026-11-24T10:00", "--json"))
    assert counts["changes"] == {"registration": {"moves": 1}}
    assert change["email"] == "anna@shop.ru"


def test_a_backtest_tells_months_letters_coupons_and_who_bought_anyway(shop: Shop, run: Run) -> None:
    shop.waits(days=40)
    shop.pull()
    text = run("backtest", "registration", "--months", "2")
    assert "Had reached the goal when a letter was due: 2 of 6 (33 %)" in text
    assert "Without any letter, the goal was reached within 30 days by 1 of 2 people (50.0 %)." in text
    [found] = objects(run("backtest", "registration", "--months", "2", "--json"))
    assert (found["letters"], found["had_bought"], found["by_step"]["3d"]) == (4, 2, 2)
    assert sum(day["letters"] for day in found["days"]) == 4
    assert found["coupon_cost"] == "110.00"


def test_an_address_is_explained_in_words(shop: Shop, run: Run) -> None:
    shop.runs("registration", past=10 * DAY)
    text = run("explain", " Anna@Shop.ru ")
    assert "entered 21.11.2026 13:00" in text
    assert "3d       goes 24.11.2026 13:00, as things stand" in text
    assert "never entered: no such fact: changed the basket" in text
    shop.waits(hours=1)
    shop.tick()
    assert "3d       sent 24.11.2026 13:00" in run("explain", "anna@shop.ru")
    found = {one.get("scenario"): one for one in objects(run("explain", "anna@shop.ru", "--json"))}
    [entry] = found["registration"]["entries"]
    assert entry["letters"][0]["letter"]["status"] == "sent"


def test_the_map_shows_weeks_and_the_worst(shop: Shop, run: Run) -> None:
    assert "No letters in this time" in run("map")
    shop.runs("registration", past=10 * DAY)
    shop.waits(hours=1)
    shop.tick()
    text = run("map", "--weeks", "2")
    assert "anna@shop.ru" in text
    assert "24.11 registration/3d" in text
    assert "01.12" not in text.split("Most letters")[1].splitlines()[0]
    [found] = objects(run("map", "--weeks", "2", "--json"))
    assert found["worst"][0]["letters"][0] == {
        "at": "2026-11-24T10:00:00Z",
        "letter": "registration/3d",
        "planned": False,
    }
    assert found["letters"] == 3
