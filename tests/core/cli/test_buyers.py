"""`vestnik rfm` and `vestnik cohorts`: what an admin sees and sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from core.app import App
from core.cli import buyers as commands
from core.cli.root import cli, say
from core.config import Config
from core.errors import Misconfigured
from core.rules.scoring import SEGMENTS
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.buyers.shop import Shop

Run = Callable[..., str]


@pytest.fixture
def app(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> App:
    """One source, five buyers."""
    app = App(Config(sources={"shop": {"connector": "memory"}}), clock=lambda: NOW)
    app.__dict__.update(engine=engine, sources={"shop": MemorySource("shop")})
    monkeypatch.setattr(App, "_source", lambda _, name: MemorySource(name))
    monkeypatch.setattr(commands, "start", lambda _: app)
    monkeypatch.setattr(say, "language", "en")
    monkeypatch.setattr(say.out, "_width", 160)
    shop = Shop(engine)
    for number, contact in enumerate(shop.contacts(5), 1):
        shop.order(contact, days_ago=number * 20, total=number * 100, coupons=["X"] if number == 1 else [])
    return app


@pytest.fixture
def run(app: App, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str) -> str:
        cli(list(words), standalone_mode=False)
        return capsys.readouterr().out

    return run


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_ten_segments_of_each_source(run: Run) -> None:
    table = rows(run("rfm", "--json"))
    assert [row["segment"] for row in table] == list(SEGMENTS)
    assert sum(row["contacts"] for row in table) == 5
    assert sum(float(row["revenue"]) for row in table) == 1500
    assert {row["source"] for row in table} == {"shop"}
    said = run("rfm")
    assert "Champions" in said
    assert "Border down" in said


def test_orders_that_came_since_are_counted_first(run: Run, app: App) -> None:
    before = sum(row["orders"] for row in rows(run("rfm", "--json")))
    shop = Shop(app.engine, orders=list(range(100)))
    shop.order(shop.contacts(1)[0])
    assert sum(row["orders"] for row in rows(run("rfm", "--json"))) == before + 1


def test_cut_offs_are_shown_set_and_let_go(run: Run) -> None:
    [computed] = rows(run("rfm", "cuts", "--json"))
    assert computed["edited"] is False
    assert computed["recency"] == [20, 40, 60, 80]
    given = ("--set", "recency=30,60,120,240", "--set", "monetary=400,300,200,100")
    [kept] = rows(run("rfm", "cuts", "--source", "shop", *given, "--json"))
    assert (kept["recency"], kept["monetary"], kept["edited"]) == ([30, 60, 120, 240], [400, 300, 200, 100], True)
    assert kept["frequency"] == computed["frequency"]
    said = run("rfm", "cuts")
    assert "set by hand" in said
    assert "240" in said
    assert rows(run("rfm", "cuts", "--auto", "--json")) == [computed]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "recency"), "--set 'recency' is not understood"),
        (("--set", "recency=1,2,three,4"), "is not understood"),
        (("--set", "recency=4,3,2,1"), "days that do not fall"),
        (("--set", "recency=1,2,3,4", "--auto"), "exclude each other"),
        (("--source", "shpo"), "Did you mean 'shop'?"),
    ],
)
def test_what_cannot_be_set_is_said(run: Run, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        run("rfm", "cuts", *words)
    assert said in str(refused.value)


def test_of_several_sources_one_must_be_named(run: Run, app: App) -> None:
    app.__dict__["sources"]["other"] = MemorySource("other")
    with pytest.raises(Misconfigured, match="Name the source"):
        run("rfm", "cuts", "--set", "recency=1,2,3,4")


def test_cohorts_are_shown_by_month(run: Run) -> None:
    table = rows(run("cohorts", "--json"))
    sizes = [(row["cohort"], row["size"]) for row in table]
    assert sizes == [("2026-08", 1), ("2026-09", 2), ("2026-10", 1), ("2026-11", 1)]
    assert table[0]["months"][0] == {
        "month": 0,
        "buyers": 1,
        "share": "100.0",
        "revenue": "500.0000",
        "per_member": "500.00",
    }
    assert len(table[0]["months"]) == 4
    assert [row["cohort"] for row in rows(run("cohorts", "--months", "1", "--json"))] == ["2026-11"]
    assert {row["kind"] for row in rows(run("cohorts", "--by", "sale", "--json"))} == {"sale", "full_price"}
    assert rows(run("cohorts", "--by", "registration", "--json")) == []
    assert "on sale" in run("cohorts", "--by", "sale")
