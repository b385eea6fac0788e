"""`vestnik coupons`: rules, what was issued, the daily sum, and codes put into a pool."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.app import App
from core.cli import coupons as commands
from core.cli import setup
from core.cli.root import cli, say
from core.config import Config
from core.errors import Misconfigured, Unreachable
from tests.core.coupons.world import CouponWorld

Run = Callable[..., str]


@pytest.fixture
def world(engine: sa.Engine) -> CouponWorld:
    """Three letters with coupons have gone out."""
    world = CouponWorld(engine)
    world.people(3)
    world.promise()
    world.send(world.open())
    return world


@pytest.fixture
def run(world: CouponWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    app = App(Config(sources={"shop": {"connector": "memory"}}), clock=world.clock)
    app.__dict__.update(engine=world.engine, sources=world.sources)
    monkeypatch.setattr(App, "_source", lambda _, name: world.sources[name])
    monkeypatch.setattr(commands, "start", lambda _: app)
    monkeypatch.setattr(say, "language", "en")
    monkeypatch.setattr(say.out, "_width", 200)

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert (cli(["coupons", *words], standalone_mode=False) or 0) == code
        return capsys.readouterr().out

    return run


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_rules_say_why_they_carry_no_coupons(run: Run) -> None:
    assert [(row["rule"], row["refusal"]) for row in rows(run("rules", "--json"))] == [
        ("7", None),
        ("8", "It is switched off."),
    ]
    assert "It is switched off." in run("rules")


def test_the_newest_coupons_with_their_readers(run: Run, world: CouponWorld) -> None:
    found = {row["email"]: row["code"] for row in rows(run("list", "--json"))}
    assert found == world.codes()
    assert len(rows(run("list", "--limit", "2", "--status", "made", "--json"))) == 2
    assert rows(run("list", "--rule", "8", "--json")) == []
    assert "user1@shop.ru" in run("list")


def test_books_that_agree_are_shown(run: Run) -> None:
    [row] = rows(run("reconcile", "--json"))
    assert (row["issued"], row["active"], row["missing"]) == (3, 3, [])


def test_a_difference_is_named_and_is_a_fault_until_it_is_accepted(run: Run, world: CouponWorld) -> None:
    world.gift.made.popitem()
    code = world.codes()["user2@shop.ru"]
    assert f"shop, rule 7: {code} was issued" in run("reconcile", code=1)
    [row] = rows(run("reconcile", "--accept", "--json"))
    assert (row["issued"], row["active"], row["removed"], row["missing"]) == (3, 2, 1, [])


def test_a_shop_that_cannot_be_asked_is_a_fault(run: Run, world: CouponWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unreachable("gone")

    monkeypatch.setattr(world.gift, "standing", away)
    run("reconcile", code=1)


def test_codes_are_imported_once(run: Run, world: CouponWorld, tmp_path: Path) -> None:
    world.source.gift = None
    file = tmp_path / "codes.csv"
    file.write_text("code;comment\nAAA-1;x\naaa-1;y\nBBB-2;z\n", "utf-8")
    assert "New codes: 2, known before: 1, refused: 0." in run("import", str(file), "--source", "shop", "--rule", "7")
    assert "New codes: 0, known before: 3" in run("import", str(file), "--source", "shop", "--rule", "7")


def test_a_source_that_makes_coupons_takes_none(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="makes its coupons itself"):
        run("import", str(tmp_path / "codes.csv"), "--source", "shop", "--rule", "7")


def test_the_doctor_says_what_is_missing(run: Run, world: CouponWorld) -> None:
    app = App(Config(), clock=world.clock)
    app.__dict__.update(engine=world.engine)
    assert list(setup._coupons(app)) == []
    world.gift.made.popitem()
    run("reconcile", code=1)
    [(area, finding)] = setup._coupons(app)
    assert (area, finding.what, finding.ok) == ("coupons", "shop, 7", False)
    assert "1 coupons were issued and not used" in str(finding.advice)
