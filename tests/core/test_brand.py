"""The look of letters: what the admin sets stands before the file, in every process, and can be taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from core import brand
from core.app import App
from core.brand import Brand
from core.config import Config, Site, faults_by_key
from tests.core.world import Clock

SITE = Site(name="Домовой", phone="+7 495 000-00-00", social={"ВКонтакте": "https://vk.com/shop"})
NETWORKS = {"ЯRUS": "https://yarus.ru/shop", "ВКонтакте": "https://vk.com/shop?a=b", "Telegram": "https://t.me/shop"}


def changed(engine: sa.Engine, clock: Clock, **values: Any) -> brand.Look:
    return brand.change(engine, SITE, Brand(**brand.shown(SITE) | values), now=clock())


def look(engine: sa.Engine) -> brand.Look:
    with engine.connect() as connection:
        return brand.in_force(connection)


@pytest.fixture
def clock() -> Clock:
    from tests.core.world import NOW

    return Clock(NOW)


def test_until_somebody_sets_it_letters_look_as_the_file_says(engine: sa.Engine) -> None:
    assert look(engine).over(SITE) is SITE


def test_what_is_set_stands_before_the_file_and_the_rest_follows_it(engine: sa.Engine, clock: Clock) -> None:
    changed(engine, clock, colour="#B4381F", phone=SITE.phone)
    assert look(engine).over(SITE).colour == "#b4381f"
    assert look(engine).over(SITE.model_copy(update={"phone": "8 800"})).phone == "8 800"


def test_networks_stay_in_the_order_in_which_they_were_written(engine: sa.Engine, clock: Clock) -> None:
    changed(engine, clock, social=NETWORKS)
    assert list(look(engine).over(SITE).social.items()) == list(NETWORKS.items())
    changed(engine, clock, social=dict(reversed(NETWORKS.items())))
    assert list(look(engine).over(SITE).social) == list(reversed(NETWORKS))


def test_what_the_file_has_can_be_emptied(engine: sa.Engine, clock: Clock) -> None:
    changed(engine, clock, phone="", social={})
    assert (look(engine).over(SITE).phone, look(engine).over(SITE).social) == ("", {})


def test_changes_are_taken_back_one_by_one_and_so_is_the_reset(engine: sa.Engine, clock: Clock) -> None:
    for colour in ("#111111", "#222222"):
        changed(engine, clock, colour=colour)
    brand.reset(engine, now=clock())
    found = []
    for _ in range(5):
        found.append(look(engine).over(SITE).colour)
        brand.undo(engine, look(engine).number)
    assert found == [SITE.colour, "#222222", "#111111", SITE.colour, SITE.colour]


def test_the_same_look_again_is_no_change(engine: sa.Engine, clock: Clock) -> None:
    first = changed(engine, clock, colour="#111111")
    assert changed(engine, clock, colour="#111111") == first
    assert changed(engine, clock).kept == {}
    assert brand.reset(engine, now=clock()).number == first.number + 1


def test_whoever_takes_back_an_older_change_takes_back_nothing(engine: sa.Engine, clock: Clock) -> None:
    mine = changed(engine, clock, colour="#111111")
    changed(engine, clock, colour="#222222")
    brand.undo(engine, mine.number)
    assert look(engine).over(SITE).colour == "#222222"
    brand.undo(engine, look(engine).number)
    assert look(engine).over(SITE).colour == "#111111"


def test_old_changes_are_forgotten(engine: sa.Engine, clock: Clock) -> None:
    for number in range(60):
        changed(engine, clock, phone=f"8 800 {number}")
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(brand._table)) == 50
    assert look(engine).over(SITE).phone == "8 800 59"


def test_letters_are_printed_with_what_another_process_has_set(tmp_path: Path, engine: sa.Engine, clock: Clock) -> None:
    ours = App(Config(folder=tmp_path, site=SITE), clock)
    ours.__dict__["engine"] = engine
    blocks = ours.press.blocks
    assert ours.press.site == SITE
    changed(engine, clock, colour="#b4381f")
    assert ours.press.site.colour == "#b4381f"
    assert ours.press.blocks is blocks  # the shelf is not read anew


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logo_url", "logo.png"), ("logo_url", "javascript:alert(1)"), ("logo_url", "https://a.ru/ x.png"),
        ("logo_url", 'https://a.ru/"onerror=1'), ("logo_url", "https://"), ("logo_url", "https://a.ru/" + "a" * 500),
        ("colour", "red"), ("colour", "#12345"), ("colour", "#b4381f;x"), ("phone", "a\nb"), ("phone", "8\u202e800"),
        ("phone", "8" * 301), ("address", "a\x00"), ("social", "ВКонтакте"), ("social", "ВК = vk.com/shop"),
        ("social", "a = https://a.ru\na = https://b.ru"), ("social", "= https://a.ru"),
        ("social", "a = data:text/html,x"),
        ("social", "\n".join(f"{number} = https://a.ru" for number in range(11))),
    ],
)  # fmt: skip
def test_what_no_letter_can_show_is_refused_beside_its_key(key: str, value: str) -> None:
    with pytest.raises(ValidationError) as error:
        Brand.model_validate({key: value})
    assert list(faults_by_key(error.value)) == [key]


def test_networks_are_written_one_a_line() -> None:
    text = "\n ВКонтакте = https://vk.com/shop?a=b \n\nTelegram=https://t.me/shop\n"
    assert Brand.model_validate({"social": text}).social == {
        "ВКонтакте": "https://vk.com/shop?a=b",
        "Telegram": "https://t.me/shop",
    }
