"""A developer's own anchor, rule word, scenario and letter, as the guide shows them, make a letter go out."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from core import plugin, runs, switching, tables
from core.app import App, open_app
from core.errors import Misconfigured
from core.rules import WORDS
from core.testing import MemoryChannel
from tests.installation import Installation
from tests.scenarios.shop import NOON, Shop
from tests.test_docs import blocks
from tests.test_docs import pytest as run_pytest
from tests.test_house import ROOT

GUIDE = (ROOT / "docs" / "adding-a-scenario.md").read_text("utf-8")
ANCHOR, WORD, TEST = blocks(GUIDE, "python")
[SCENARIO], [LETTER] = blocks(GUIDE, "toml"), blocks(GUIDE, "html")


@pytest.fixture(autouse=True)
def _words() -> Iterator[None]:
    """Words are known to the whole process: those of the guide are gone after each test."""
    known = dict(WORDS)
    yield
    WORDS.clear()
    WORDS.update(known)


@pytest.fixture
def made(tmp_path: Path) -> Installation:
    """An installation with the files of the guide in their places."""
    made = Installation(tmp_path)
    made.file("local/anchors/big_order.py", ANCHOR)
    made.file("local/rules/phone_known.py", WORD)
    made.file("local/scenarios/big_order.toml", SCENARIO)
    made.file("local/templates/letters/big_order/1d.html", LETTER)
    made.configure(site={"language": "en", "sender": "Домовой <news@shop.ru>", "url": "https://shop.ru"})
    return made


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """Anna made a big order and gave her number; Boris gave none; Vera's order is small."""
    shop = Shop(engine)
    shop.sells("1", price=Decimal(60_000))
    shop.sells("2", price=Decimal(900))
    shop.knows("anna", "vera", phone="+7 900 000-00-00")
    shop.knows("boris")
    return shop


@pytest.fixture
def app(made: Installation, shop: Shop) -> App:
    app = made.app(lambda: shop.now)
    shop.channels["email"] = MemoryChannel()
    app.__dict__.update(engine=shop.engine, sources={"shop": shop.source}, channel=shop.channels["email"])
    return app


def test_the_test_of_the_guide_passes(tmp_path: Path) -> None:
    (tmp_path / "big_order.py").write_text(ANCHOR, "utf-8")
    (tmp_path / "test_big_order.py").write_text(TEST, "utf-8")
    assert "1 passed" in run_pytest(tmp_path)


def test_the_commands_of_the_guide_work(made: Installation) -> None:
    shown = made.run("scenario", "show", "big_order")
    assert "Big order" in shown
    assert "1 day after" in shown
    made.run("scenario", "on", "big_order")
    assert [row["active"] for row in made.json("scenarios") if row["code"] == "big_order"] == [True]


def test_a_day_after_a_big_order_whoever_gave_a_number_gets_the_letter(app: App, shop: Shop) -> None:
    switching.on(app, "big_order")
    shop.passes(minutes=1)
    for who, product in (("anna", "1"), ("boris", "1"), ("vera", "2")):
        shop.orders(who, product)
    shop.passes(hours=23)
    assert runs.walk(app) == []
    shop.passes(hours=1)
    [posting_id] = runs.walk(app)
    runs.send(app, posting_id)
    [letter] = shop.channels["email"].letters
    assert (letter.to, letter.subject) == ("anna@shop.ru", "Anna, спасибо за заказ")
    assert "A-1001" in letter.text
    with shop.engine.connect() as connection:
        reasons = connection.scalars(sa.select(tables.ledger.c.reason).where(tables.ledger.c.status == "skipped"))
        assert list(map(str, reasons)) == ["not among those whom the scenario is for"], "Boris; Vera never entered"
    assert NOON < shop.now


def test_a_rule_word_that_does_not_load_names_its_file(made: Installation) -> None:
    made.file("local/rules/broken.py", "from core.rules import nothing_of_the_kind\n")
    with pytest.raises(Misconfigured, match=r"broken\.py does not load: ImportError"):
        open_app(made.config)


def test_a_sites_word_stands_before_ours(made: Installation) -> None:
    made.file("local/rules/mine.py", WORD.replace("phone_known", "birthday"))
    plugin.load("core.rules", made.folder / "local")
    assert WORDS["birthday"].title == "Phone number known"
    assert WORDS["phone_known"].title == "Phone number known"
