"""What letters may do with values: money, dates, plural forms, greetings, conditions by group."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import compose, mailings
from core.compose import Addressee, Press
from core.compose.filters import settled
from core.compose.sandbox import environment, named_groups, rendered
from core.config import Site
from core.errors import Refused
from core.tables import contacts, recipient_groups
from tests.conftest import NOW
from tests.core.test_groups import fill, order, person
from tests.core.world import World

FOLDERS: dict[sa.Engine, Path] = {}
"""Where each world's own templates are."""


def shown(source: str, language: str = "ru", **values: Any) -> str:
    template = environment(html=False).from_string(source)
    return rendered(template, {"_language": language, "_currency": "RUB", **values}).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 1990 | money }}", "1 990 ₽"),
        ("{{ value | money }}", "1 990,50 ₽"),
        ("{{ 15 | money('EUR') }}", "15 €"),
        ("{{ day | date }}", "24 ноября"),
        ("{{ day | date('full') }}", "24 ноября 2026"),
        ("{{ '2026-11-24' | date('short') }}", "24.11.2026"),
        ("{{ moment | date }}", "24 ноября"),
        ("{{ 1 | plural('товар', 'товара', 'товаров') }}", "1 товар"),
        ("{{ 3 | plural('товар', 'товара', 'товаров') }}", "3 товара"),
        ("{{ 11 | plural('товар', 'товара', 'товаров') }}", "11 товаров"),
        ("{{ 21 | plural('товар', 'товара', 'товаров') }}", "21 товар"),
    ],
)
def test_values_are_written_in_good_russian(source: str, text: str) -> None:
    values = {"value": Decimal("1990.5"), "day": date(2026, 11, 24), "moment": datetime(2026, 11, 24, 5, tzinfo=UTC)}
    assert shown(source, **values) == text


def test_a_sum_is_never_parted_from_its_sign() -> None:
    template = environment(html=False).from_string("{{ 1990 | money }}")
    assert rendered(template, {"_language": "ru", "_currency": "RUB"}) == "1\xa0990\xa0₽"


def test_another_language_has_its_own_forms() -> None:
    assert shown("{{ 1 | plural('item', 'items') }} {{ 5 | plural('item', 'items') }}", "en") == "1 item 5 items"
    assert shown("{{ 1990 | money }}", "en") == "1,990 RUB"


@pytest.mark.parametrize(
    "source", ["{{ 'x' | money }}", "{{ 'x' | date }}", "{{ day | date('odd') }}", "{{ 'x' | plural('a') }}"]
)
def test_what_cannot_be_written_costs_that_letter(source: str) -> None:
    with pytest.raises(Refused):
        shown(source, day=date(2026, 11, 24))


@pytest.mark.parametrize(("name", "greeting"), [("Анна", "Здравствуйте, Анна!"), ("  ", "Здравствуйте!")])
def test_a_greeting_needs_no_declension(world: World, name: str, greeting: str) -> None:
    assert greeting in letter(world, "<p>{{ greeting }}</p>", name=name).html


@pytest.fixture
def world(engine: sa.Engine, tmp_path: Path) -> World:
    FOLDERS[engine] = tmp_path
    return World(engine)


def letter(world: World, source: str, **values: Any) -> Any:
    (folder := FOLDERS[world.engine] / "letters").mkdir(parents=True, exist_ok=True)
    (folder / "own.html").write_text(source, "utf-8")
    world.people(1)
    world.apply()
    with world.engine.connect() as connection:
        mailing = mailings.mailing(connection, "greetings")
        press = Press(Site(name="Домовой", url="https://shop.ru"), (FOLDERS[world.engine],))
        publication = compose.publish(press, replace(world.issue(), letter="own"), mailing, at=NOW, tracked=False)
        contact = values.pop("contact_id", 1)
        addressee = Addressee(contact, 1, "a@shop.ru", {**compose.NOBODY, **values})
        [asked] = compose.gathered(connection, publication, [addressee], shelf={}, now=NOW)
    return next(iter(compose.compose(publication, [asked], key="key")))


def test_a_letter_may_say_something_to_a_group_alone(world: World) -> None:
    fill(world.engine, person("buyer"), person("other"), orders=(order("buyer", days_ago=1),))
    with world.engine.begin() as connection:
        row = {"code": "buyers", "name": "", "include": {"ordered": True}, "changed_at": NOW}
        connection.execute(sa.insert(recipient_groups).values(row))
        ids = {
            email.partition("@")[0]: one
            for one, email in connection.execute(sa.select(contacts.c.id, contacts.c.email))
        }
    source = '{% if "buyers" in groups %}<p>Спасибо за заказ</p>{% else %}<p>Ждём вас</p>{% endif %}'
    assert "Спасибо за заказ" in letter(world, source, contact_id=ids["buyer"]).html
    assert "Ждём вас" in letter(world, source, contact_id=ids["other"]).html


def test_the_groups_that_conditions_name_are_found() -> None:
    source = "{% if 'vip' in groups and not ('a' in groups) %}{% endif %}{{ 'b' not in groups }}{{ 'c' in name }}"
    assert named_groups(source) == ("a", "b", "vip")


def test_a_block_writes_sums_as_a_letter_does() -> None:
    money = settled("ru", "RUB", lambda url, content, escaped: url, html=True)["money"]
    assert [money(1990), money(15, "EUR"), money(15, currency="EUR")] == ["1\xa0990\xa0₽", "15\xa0€", "15\xa0€"]
    assert money(1) == "1\xa0₽"
    for wrong in (True, [1], {}):  # True is 1, but no sum; and what no dictionary can hold is no sum either
        with pytest.raises(Refused):
            money(wrong)
