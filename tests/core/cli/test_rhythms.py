"""`vestnik rhythms`: when somebody will want a product again, in words."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from core.app import App
from core.cli import rhythms as commands
from core.cli.root import cli, say
from core.config import Config
from core.errors import Misconfigured, Refused
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.rhythms.shop import Shop

Run = Callable[..., str]


@pytest.fixture
def run(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Eight clients buy the cream every 30 days, one every 20, and one has bought it once."""
    app = App(Config(sources={"shop": {"connector": "memory"}}), clock=lambda: NOW)
    app.__dict__.update(engine=engine, sources={"shop": MemorySource("shop")})
    monkeypatch.setattr(App, "_source", lambda _, name: MemorySource(name))
    monkeypatch.setattr(commands, "start", lambda _: app)
    monkeypatch.setattr(say, "language", "en")
    monkeypatch.setattr(say.out, "_width", 200)
    shop = Shop(engine)
    shop.product("17", "care")
    shop.product("18", "care", parent="17")
    own, once, *others = shop.contacts(10)
    shop.bought(own, "18", 50, 30, 10)
    shop.bought(once, "17", 1)
    for contact in others:
        shop.bought(contact, "17", 70, 40, 10)

    def run(*words: str) -> str:
        cli(["rhythms", *words], standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_an_address_is_told_with_its_evidence(run: Run) -> None:
    said = run("c0@shop.ru")
    assert said == (
        "Product 17 (17): own: 20, 20 days; this product: median 30 days (half: 30–30), clients: 9; "
        "section care: median 30 days (half: 30–30), clients: 9 → 25 days, next about 9 Dec 2026\n"
    )
    assert "bought once; this product: median 30 days" in run("C1@shop.ru")
    assert run("nobody@shop.ru") == "nobody@shop.ru: nothing is known of what is bought again.\n"


def test_a_product_is_told_by_any_of_its_offers(run: Run) -> None:
    said = run("--product", "18")
    assert said.splitlines() == [
        "Product 17 (17), shop",
        "  Bought by: 10; again: 9 (90 %)",
        "  this product: median 30 days (half: 30–30), clients: 9",
        "  section care: median 30 days (half: 30–30), clients: 9",
        "  Will want it within 30 days: 10",
    ]
    assert run("--product", "19") == "Nobody has bought the product 19.\n"


def test_programs_read_the_same(run: Run) -> None:
    row = json.loads(run("c0@shop.ru", "--json"))
    assert (row["product"], row["interval_days"], row["next_at"]) == ("17", 25, "2026-12-09T02:00:00Z")
    assert row["evidence"]["own"] == [20, 20]
    assert json.loads(run("--product", "17", "--json"))["clients"]["clients"] == 9


def test_what_is_asked_wrongly_is_said(run: Run) -> None:
    for words in ((), ("c0@shop.ru", "--product", "17")):
        with pytest.raises(Misconfigured, match="Name an address or --product ID"):
            run(*words)
    with pytest.raises(Refused, match="is not valid"):
        run("nobody")
