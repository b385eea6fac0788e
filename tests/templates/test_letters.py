"""Every letter that Vestnik brings along: for somebody with everything, and for somebody with nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core import compose, db
from core.compose import Addressee, NothingToShow, Press, Publication, checks
from core.compose.checks import Sources
from core.config import Site
from core.errors import Refused
from core.model import Letter
from core.tables import metadata
from tests.blocks.all_blocks import furnished
from tests.blocks.conftest import SHELF, Shop
from tests.issues import ISSUE, MAILING
from tests.test_house import ROOT

LETTERS = ROOT / "templates" / "letters"
NAMES = sorted(file.relative_to(LETTERS).with_suffix("").as_posix() for file in LETTERS.rglob("*.html"))
SITE = Site(name="Домовой", url="https://shop.ru", phone="+7 495 123-45-67", address="Москва, Тверская, 1")
PRESS = Press(
    SITE,
    blocks=SHELF,
    defaults={"coupon": {"discount": "1", "percent": 7, "days": 14}},
    discounts={2: "2", 3: "3", 4: "4", 5: "5", 15: "15"},
)
SERVICE = {"order/new", "order/status", "deal_created/1", "deal_stage/1"}  # their subjects address nobody by name
LONGEST = 102 * 1024
"""Gmail cuts a longer letter, and its unsubscribe link with it."""


def published(name: str, press: Press = PRESS) -> Publication:
    return compose.publish(press, replace(ISSUE, letter=name, subject=""), MAILING, at=ISSUE.scheduled_from)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Anna has looked, bought and left a basket. SQLite only: the blocks have tests of their own."""
    folder = tmp_path_factory.mktemp("letters")
    engine = db.connect(f"sqlite:///{folder}/vestnik.db")
    metadata.create_all(engine)
    shop = Shop(engine, folder, site=SITE)
    shop.person("anna", attributes={"UF_BONUS": 1521})
    furnished(shop)
    yield shop
    engine.dispose()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with one person and no goods: every block is empty."""
    folder = tmp_path_factory.mktemp("bare")
    engine = db.connect(f"sqlite:///{folder}/vestnik.db")
    metadata.create_all(engine)
    shop = Shop(engine, folder, site=SITE)
    shop.person("nobody", name="")
    shop.pull()
    yield shop
    engine.dispose()


def left_over(text: str) -> list[str]:
    """Marks of templates, empty quotes and doubled punctuation that nobody should read."""
    return re.findall(r"\{\{|\{%|\{#|jinja\d|None|«»|,\s*!|!!| ,|\.\.(?!\.)| {2,}\S", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_for_somebody_with_everything(shop: Shop, name: str) -> None:
    letter = shop.written(published(name), "anna")
    assert isinstance(letter, Letter), str(letter)
    assert ("Anna" in letter.subject) == (name not in SERVICE | {"welcome/1"})
    assert "Здравствуйте, Anna!" in letter.text or name == "birthday"
    assert left_over(letter.text) == []
    assert left_over(re.sub(r"<[^>]*>|<!--.*?-->", "", letter.html.partition("<body")[2])) == []
    assert len(letter.html.encode()) < LONGEST
    assert "/p/u/" in letter.html
    assert "/p/u/" in letter.text


@pytest.mark.parametrize("name", NAMES)
def test_our_own_checks_find_nothing_in_it(shop: Shop, name: str) -> None:
    letter = shop.written(published(name), "anna")
    assert [str(one.said) for one in checks.examined([("anna@shop.ru", letter)], Sources())] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_for_somebody_without_a_name_in_an_empty_shop(bare: Shop, name: str) -> None:
    """It reads well, or it is held back, for a letter about a basket is nothing without one."""
    publication = published(name)
    letter = bare.written(publication, "nobody")
    required = [block.code for block in publication.blocks if block.required and block.code != "coupon"]
    if required:
        assert isinstance(letter, NothingToShow)
        return
    assert isinstance(letter, Letter), str(letter)
    assert left_over(letter.text) == []
    assert letter.subject[0].isupper()
    assert "Здравствуйте!" in letter.text or name == "birthday"
    said = letter.text.partition("Здравствуйте!")[2].partition("Домовой\n")[0]
    assert len(said) > 100 or name == "birthday", said


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_keeps_its_manners(name: str) -> None:
    """No shouting, no "ты", straight quotes and hyphens for dashes only where they belong."""
    source = (LETTERS / f"{name}.html").read_text("utf-8")
    text = re.sub(
        r"<[^>]*>|\{%.*?%\}|\{\{ block.*\}\}|^\+\+\+$|^(?:subject|preheader) = ", "", source, flags=re.MULTILINE
    )
    words = re.sub(r"\{\{.*?\}\}", "Х", text)
    assert words.count("!") <= (2 if name == "birthday" else 0)
    assert not re.search(r"\b(?:ты|тебя|тебе|твой|твоя|твои)\b", words, re.IGNORECASE)
    assert not re.search(r"\b[А-ЯЁ]{3,}\b", words)
    assert not re.search(r"\s[-–]\s|\s,|\s\.|\.\.", words)
    assert not re.search(r"\b(?:уникальн|эксклюзив|спешите|только сегодня|успейте)", words, re.IGNORECASE)


def test_a_coupon_without_its_discount_rule_is_refused_with_what_to_write() -> None:
    with pytest.raises(Refused, match=r'registration/3d\.html, \d+: block coupon.*\[coupons\.rules\] 2 = "7"'):
        published("registration/3d", replace(PRESS, discounts={}, defaults={}))
    with pytest.raises(Refused, match=r'order/thanks.*\[coupons\.rules\] 9 = "7"'):
        published("order/thanks", replace(PRESS, defaults={"coupon": {"percent": 9, "days": 14}}))


def test_what_the_letter_leaves_to_the_scenario_is_asked_for_by_name() -> None:
    bare = replace(PRESS, defaults={})
    with pytest.raises(Refused) as error:
        published("order/thanks", bare)
    assert "letters/order/thanks.html, 8: block coupon needs percent, days" in str(error.value)
    assert "blocks = { coupon = { percent = …, days = … } }" in str(error.value)
    with pytest.raises(Refused, match="block coupon needs days"):
        published("order/thanks", replace(bare, settings={"coupon": {"percent": 5}}))
    given = replace(bare, settings={"coupon": {"percent": 5, "days": 20}})
    [coupon, *_] = published("order/thanks", given).blocks
    assert (coupon.settings["percent"], coupon.settings["days"], coupon.settings["discount"]) == (5, 20, "5")


def test_a_coupon_takes_the_rule_of_its_percent_unless_the_scenario_says_otherwise() -> None:
    press = replace(PRESS, defaults={})
    [coupon, *_] = published("registration/3d", press).blocks
    assert (coupon.settings["discount"], coupon.settings["percent"], coupon.settings["days"]) == ("2", 2, 2)
    [coupon, *_] = published("registration/3d", replace(press, settings={"coupon": {"percent": 5, "days": 9}})).blocks
    assert (coupon.settings["discount"], coupon.settings["percent"], coupon.settings["days"]) == ("5", 5, 9)
    [coupon, *_] = published("registration/3d", replace(press, settings={"coupon": {"discount": "77"}})).blocks
    assert coupon.settings["discount"] == "77"
    [coupon, *_] = published(
        "registration/3d", replace(press, defaults={"coupon": {"discount": 9, "prefix": "HI"}})
    ).blocks
    assert (coupon.settings["discount"], coupon.settings["prefix"]) == ("2", "HI")
    defaults = {"coupon": {"discount": 9, "percent": 7, "days": 14}}
    [coupon, *_] = published("order/thanks", replace(press, defaults=defaults)).blocks
    assert (coupon.settings["discount"], coupon.settings["percent"]) == ("9", 7)


def test_the_page_about_letters_names_every_one_of_them() -> None:
    page = (ROOT / "docs" / "letters.md").read_text("utf-8")
    rows = [row.split("|")[1] for row in page.partition("## The letters that come along")[2].splitlines() if "|" in row]
    told = set()
    for row in rows:
        folder = ""
        for name in re.findall(r"`([^`]+)`", row):
            folder = name.rpartition("/")[0] or folder
            told.add(name if "/" in name or name == "birthday" else f"{folder}/{name}")
    assert told == set(NAMES)


def test_the_letter_of_the_page_about_letters_is_published(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "letters.md").read_text("utf-8")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "week.html").write_text(page.partition("```html\n")[2].partition("```")[0], "utf-8")
    publication = published("week", replace(PRESS, folders=(tmp_path,)))
    assert [block.code for block in publication.blocks] == ["popular", "button"]


def test_the_issue_stands_before_what_the_letter_says_of_itself(tmp_path: Path) -> None:
    plain = compose.publish(PRESS, replace(ISSUE, letter="welcome/2", subject=""), MAILING, at=ISSUE.scheduled_from)
    own = compose.publish(
        PRESS,
        replace(ISSUE, letter="welcome/2", subject="Своя тема", preheader="Свой"),
        MAILING,
        at=ISSUE.scheduled_from,
    )
    assert "с чего начать" in plain.subject
    assert plain.shared["preheader"] == "То, что у нас покупают чаще всего"
    assert (own.subject, own.shared["preheader"]) == ("Своя тема", "Свой")


@pytest.mark.parametrize(("recipient", "shown"), [(0, False), (5, True)])
def test_the_way_into_the_browser_is_shown_where_there_is_one(recipient: int, shown: bool) -> None:
    addressee = Addressee(7, 17, "anna@shop.ru", compose.NOBODY, recipient_id=recipient)
    [letter] = compose.compose(published("birthday"), [addressee], key="key")
    assert isinstance(letter, Letter)
    assert ("Открыть в браузере" in letter.html) == shown
    assert ("Открыть в браузере: https://shop.ru/p/v/" in letter.text) == shown
    assert "Отписаться: https://shop.ru/p/u/" in letter.text
