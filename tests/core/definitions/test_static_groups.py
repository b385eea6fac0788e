"""Groups in a definitions file that name each other, or are lists frozen at a moment."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import definitions, groups, intake, tables
from core.definitions.forms import File
from core.definitions.remarks import remarks
from core.errors import Misconfigured
from core.model import Kind, Subscription
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.test_groups import fill, order, person
from tests.core.world import PRESS, SITE


def apply(engine: sa.Engine, later_days: int = 0, **trees: Any) -> list[str]:
    file = File.model_validate({"groups": trees})
    now = NOW + timedelta(days=later_days)
    return [one.action for one in definitions.apply(engine, file, PRESS, sources=["shop"], now=now)]


def size(engine: sa.Engine, code: str, later_days: int = 0) -> int:
    with engine.connect() as connection:
        world = groups.world(connection, now=NOW + timedelta(days=later_days), timezone="Europe/Moscow")
        return groups.count(connection, [groups.find(connection, code)], world)


def test_a_static_group_is_frozen_when_it_is_applied(engine: sa.Engine) -> None:
    fill(engine, person("a"), person("b"), orders=(order("a", days_ago=1),))
    lately = {"include": {"ordered": {"within_days": 30}}}
    assert apply(engine, then={**lately, "static": True}, now=lately) == ["created", "created"]
    assert (size(engine, "then", 100), size(engine, "now", 100)) == (1, 0)
    assert apply(engine, 100, then={**lately, "static": True}) == ["same"]
    assert size(engine, "then", 100) == 1, "applied again it is not frozen anew"


def test_a_static_group_with_another_rule_is_frozen_anew(engine: sa.Engine) -> None:
    fill(engine, person("a"), person("b"), orders=(order("a", days_ago=1),))
    apply(engine, then={"include": {"ordered": True}, "static": True})
    apply(engine, then={"include": {}, "static": True})
    assert size(engine, "then") == 2
    apply(engine, then={"include": {"ordered": True}})
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.group_members)) == 0
    assert size(engine, "then") == 1


def test_an_exported_static_group_comes_back_the_same(engine: sa.Engine) -> None:
    apply(engine, then={"include": {"ordered": True}, "static": True})
    text = definitions.export(engine, site=SITE)
    assert "static = true" in text
    assert apply(engine, **tomllib.loads(text)["groups"]) == ["same"]


def test_groups_may_name_each_other_but_not_themselves(engine: sa.Engine) -> None:
    fill(engine, person("a"), person("b"), orders=(order("a", days_ago=1),))
    apply(engine, buyers={"include": {"ordered": True}}, others={"include": {"not": {"in_group": "buyers"}}})
    assert (size(engine, "buyers"), size(engine, "others")) == (1, 1)
    with pytest.raises(Misconfigured, match="buyers → others → buyers"):
        apply(engine, buyers={"include": {"in_group": "others"}})
    with pytest.raises(Misconfigured, match="Did you mean 'buyers'"):
        apply(engine, x={"include": {"in_group": "buyrs"}})
    assert size(engine, "buyers") == 1, "nothing was applied"


def test_a_group_inside_a_group_says_what_must_be_fresh(engine: sa.Engine) -> None:
    apply(engine, buyers={"include": {"ordered": True}}, others={"include": {"in_group": "buyers"}})
    with engine.connect() as connection:
        world = groups.world(connection, now=NOW, timezone="Europe/Moscow")
        assert Kind.ORDERS in groups.kinds([groups.find(connection, "others")], world)


def test_a_list_that_no_source_knows_is_remarked_upon(engine: sa.Engine) -> None:
    shop = MemorySource("shop")
    file = File.model_validate(
        {"groups": {"g": {"include": {"any": [{"in_list": ["rubric:2"]}, {"in_list": "rubrik:2"}]}}}}
    )
    with engine.connect() as connection:
        assert remarks(connection, file) == [], "before the first pull nothing can be known"
    shop.rows[Kind.SUBSCRIPTIONS] = [Subscription("1", "rubric:2", "Новости", "a@shop.ru")]
    intake.pull(engine, shop, clock=lambda: NOW)
    with engine.connect() as connection:
        [remark] = remarks(connection, file)
    assert "[groups.g] no source knows the list 'rubrik:2' so far. Did you mean 'rubric:2'?" in str(remark)


def nest(depth: int) -> dict[str, Any]:
    """Groups that leave out the one before, `depth` of them."""
    trees: dict[str, Any] = {"g1": {"include": {"ordered": True}}}
    for number in range(2, depth + 1):
        trees[f"g{number}"] = {"include": {"not": {"in_group": f"g{number - 1}"}}}
    return trees


def test_groups_in_groups_have_a_limit(engine: sa.Engine) -> None:
    """Forty of them took a MariaDB server down."""
    fill(engine, person("a"), person("b"), orders=(order("a", days_ago=1),))
    assert set(apply(engine, **nest(5))) == {"created"}
    assert size(engine, "g5") == 1
    with pytest.raises(Misconfigured, match="5 deep at most: g6 → g5 → g4 → g3 → g2 → g1"):
        apply(engine, **nest(6))


def test_a_rule_too_deep_for_the_database_is_refused_with_a_sentence(engine: sa.Engine) -> None:
    """SQLite's parser has a stack of a hundred; a server has more."""
    if engine.dialect.name != "sqlite":
        pytest.skip("MariaDB reads what our own limits let through")
    deep = {"g1": {"include": {"not": {"not": {"not": {"not": {"ordered": True}}}}}}}
    trees = {**deep, "g2": {"include": {"not": {"in_group": "g1"}}, "exclude": {"not": {"in_group": "g1"}}}}
    trees["g3"] = {"include": {"none": [{"in_group": "g2"}]}, "exclude": {"not": {"not": {"in_group": "g2"}}}}
    trees["g4"] = {"include": {"none": [{"in_group": "g3"}]}, "exclude": {"not": {"not": {"in_group": "g3"}}}}
    with pytest.raises(Misconfigured, match="nested deeper than the database can read"):
        apply(engine, **trees)
