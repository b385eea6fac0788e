"""A group looked at before it is saved: reach, sample, overlap and cost."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from core import consent, definitions, groups, intake
from core.db import writing
from core.definitions.forms import File
from core.groups import Group, preview
from core.model import Kind, Subscription
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.test_groups import MOSCOW, fill, order, person
from tests.core.world import DEFINITIONS, PRESS, World

ALL = Group("all", "Все", {})


def listed(engine: sa.Engine, name: str, place: str = "rubric:1") -> None:
    shop = MemorySource("lists")
    shop.rows[Kind.SUBSCRIPTIONS] = [Subscription(f"{place}:{name}", place, "Новости", f"{name}@shop.ru")]
    intake.pull(engine, shop, clock=lambda: NOW)


def test_reach_tells_whom_letters_can_get_to(engine: sa.Engine) -> None:
    fill(
        engine,
        *(person(name) for name in ("user", "left", "listed")),
        person("unconfirmed", confirmed=False),
        person("blocked", active=False),
        person("nowhere", email=""),
        orders=(replace(order("guest", days_ago=1), person=""),),
    )
    listed(engine, "listed")
    with writing(engine) as connection:
        consent.suppress(connection, "left@shop.ru", reason="complaint", source="test", now=NOW)
    with engine.connect() as connection:
        reach = preview.reach(connection, ALL, MOSCOW)
    assert (reach.members, reach.reachable, reach.withheld) == (5, 4, {"complaint": 1})
    assert (reach.agreed, reach.on_list) == (2, 1), "a guest and an unconfirmed account have agreed to nothing"
    assert (reach.without_address, reach.inactive) == (1, 1)


def test_a_group_that_nobody_answers_reaches_nobody(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        reach = preview.reach(connection, ALL, MOSCOW)
    assert (reach.members, reach.reachable, reach.agreed, reach.withheld) == (0, 0, 0, {})


def test_the_sample_shows_some_and_the_overlap_how_many_are_shared(engine: sa.Engine) -> None:
    fill(engine, *(person(f"p{number}", city="Х" if number % 2 else "У") for number in range(20)))
    x = Group("x", "Х", {"attribute": {"name": "city", "equals": "Х"}})
    y = Group("y", "У", {"attribute": {"name": "city", "equals": "У"}})
    with engine.connect() as connection:
        assert len(preview.sample(connection, ALL, MOSCOW, size=7)) == 7
        found = preview.overlap(connection, x, MOSCOW, [ALL, x, y])
    assert [(one.code, one.size, one.both) for one in found] == [("all", 20, 10), ("y", 10, 0)]


def test_the_cost_of_asking_is_told(engine: sa.Engine) -> None:
    fill(engine, *(person(f"p{number}", email=f"p{number}@100%.shop.ru") for number in range(20)))
    with engine.connect() as connection:
        cost = preview.cost(connection, Group("g", "g", {"email_domain": "100%.shop.ru"}), MOSCOW)
    assert cost.plan
    assert cost.seconds >= 0
    if engine.dialect.name != "sqlite":
        assert cost.rows_read is not None
        assert cost.rows_read > 0


def test_a_mailing_that_asks_for_consent_withholds_its_letters_from_others(engine: sa.Engine) -> None:
    world = World(engine)
    world.people(3)
    listed(engine, "user1")
    tree = {**DEFINITIONS, "mailings": {"greetings": {"name": "П", "groups": ["birthday"], "consent": "list"}}}
    definitions.apply(engine, File.model_validate(tree), PRESS, sources=["shop"], now=NOW)
    posting = world.open()
    assert world.counts(posting) == {"new": 1, "skipped": 2}
    assert world.recipients(posting)["user0"]["reason"] == "no consent"
    with writing(engine) as connection:  # consent is asked again at the last moment
        connection.execute(sa.text("UPDATE subscriptions SET active = 0"))
    world.send(posting)
    assert world.counts(posting) == {"skipped": 3}


def test_counting_and_reading_agree(engine: sa.Engine) -> None:
    fill(engine, person("a", email="same@shop.ru"), person("b", email="same@shop.ru"), person("c"))
    with engine.connect() as connection:
        assert groups.count(connection, [ALL], MOSCOW) == len(
            list(groups.read(connection, groups.members([ALL], MOSCOW)))
        )
