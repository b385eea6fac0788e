"""The word about RFM: segments, scores and borders of those who bought, in one source or in several."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from core import groups, intake
from core.errors import Misconfigured
from core.groups import Group
from core.model import Kind, Person
from core.rules import WORDS, Scale, World, tree
from core.tables import buyers, contacts
from core.testing import MemorySource
from tests.conftest import NOW

CUTS = ((30, 60, 120, 240), (10, 5, 4, 3), (10_000, 5_000, 2_000, 1_000))
WORLD = World(NOW, "Europe/Moscow", scales=(Scale("other", *CUTS), Scale("shop", *CUTS)))
BOUGHT = {  # days ago, orders, revenue
    "best": (1, 12, 20_000),
    "lost": (200, 12, 20_000),
    "fresh": (28, 1, 500),
    "middle": (110, 3, 5_000),
}


@pytest.fixture
def shop(engine: sa.Engine) -> sa.Engine:
    site = MemorySource("shop")
    site.rows[Kind.PEOPLE] = [Person(name, f"{name}@shop.ru") for name in (*BOUGHT, "nobody")]
    intake.pull(engine, site, clock=lambda: NOW)
    for name, values in BOUGHT.items():
        bought(engine, "shop", name, *values)
    bought(engine, "other", "lost", 1, 12, 20_000)
    return engine


def bought(engine: sa.Engine, source: str, name: str, days: int, orders: int, revenue: int) -> None:
    with engine.begin() as connection:
        contact = connection.scalar(sa.select(contacts.c.id).where(contacts.c.email == f"{name}@shop.ru"))
        at = NOW - timedelta(days=days)
        values = {"orders": orders, "revenue": Decimal(revenue), "first_at": at, "last_at": at}
        row = {"source": source, "contact_id": contact, "first_on_sale": False, "sale_orders": 0} | values
        connection.execute(sa.insert(buyers).values(row))


def whom(engine: sa.Engine, rule: Any, world: World = WORLD) -> list[str]:
    with engine.connect() as connection:
        query = groups.members([Group("g", "g", {"rfm": rule})], world)
        return sorted(member.email.partition("@")[0] for member in groups.read(connection, query))


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("champions", ["best", "lost"]),
        ({"segment": "champions", "source": "shop"}, ["best"]),
        ({"segment": ["cant_lose", "new"]}, ["fresh", "lost"]),
        ({"segment": ["at_risk", "cant_lose"], "source": ["other"]}, []),
        ({"segment": "loyal"}, []),
        ({"r": 5, "source": "shop"}, ["best", "fresh"]),
        ({"r": [2, 3]}, ["lost", "middle"]),
        ({"f": 1, "m": 1}, ["fresh"]),
        ({"cell": "324"}, ["middle"]),
        ({"cell": "324", "r": 4}, []),
        ({"border": True}, ["fresh", "middle"]),
        ({"border": "up"}, ["middle"]),
        ({"border": "down"}, ["fresh", "middle"]),
        ({"border": "down", "toward": "promising"}, ["fresh"]),
        ({"toward": "loyal"}, ["middle"]),
        ({"segment": "champions", "source": "elsewhere"}, []),
    ],
)
def test_whom_the_word_takes_in(shop: sa.Engine, rule: Any, names: list[str]) -> None:
    assert whom(shop, rule) == names


def test_segments_are_those_of_the_worlds_moment(shop: sa.Engine) -> None:
    later = replace(WORLD, now=NOW + timedelta(days=300))
    assert whom(shop, "cant_lose", later) == ["best", "lost"]
    assert whom(shop, "champions", later) == []


def test_before_the_first_count_nobody_is_in_a_segment(shop: sa.Engine) -> None:
    assert whom(shop, "champions", replace(WORLD, scales=())) == []


def test_a_contact_that_is_asked_alone_is_judged_alike(shop: sa.Engine) -> None:
    with shop.connect() as connection:
        ids = {row.email.partition("@")[0]: row.id for row in connection.execute(sa.select(contacts))}
    for name in ("best", "middle", "nobody"):
        assert whom(shop, "champions", replace(WORLD, only=ids[name])) == (["best"] if name == "best" else [])


def test_an_explanation_shows_the_segment_and_the_scores(shop: sa.Engine) -> None:
    assert told(shop, "middle", {"segment": "loyal", "source": "shop"}) == "need_attention 324"
    assert told(shop, "lost", "loyal") == "other: champions 555 shop: cant_lose 255"
    assert told(shop, "middle", "loyal") == "shop: need_attention 324"
    assert told(shop, "nobody", "loyal") is None
    assert told(shop, "nobody", {"segment": "loyal", "source": "shop"}) is None


def told(engine: sa.Engine, name: str, rule: Any) -> Any:
    leaf = WORDS["rfm"].leaf(rule, WORLD)
    assert leaf.value is not None
    person = tree.WHO.in_(sa.select(contacts.c.id).where(contacts.c.email == f"{name}@shop.ru"))
    with engine.connect() as connection:
        return connection.scalar(sa.select(leaf.value).select_from(tree.WHO.table).where(person))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("champion", "Did you mean 'champions'?"),
        ({}, "must name a segment, a score, a cell or a border"),
        ({"source": "shop"}, "must name a segment, a score, a cell or a border"),
        ({"r": 6}, "at most 5"),
        ({"r": []}, "must not be empty"),
        ({"r": True}, "whole number"),
        ({"cell": "556"}, "cell"),
        ({"border": "left"}, "border"),
        ({"segments": "new"}, "did you mean 'segment'"),
    ],
)
def test_what_the_word_does_not_understand_is_said(rule: Any, said: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        WORDS["rfm"].leaf(rule, WORLD)
    assert said in str(refused.value)


def test_its_condition_is_told_in_words() -> None:
    leaf = WORDS["rfm"].leaf({"segment": "new", "r": [4, 5], "border": "down", "source": "shop"}, WORLD)
    assert str(leaf.wanted) == "one of: new, score R 4, 5, about to fall into another segment, in source shop"
