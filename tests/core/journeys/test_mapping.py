"""The map of communication: past and planned letters by person and week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import definitions
from core.definitions.forms import File
from core.journeys import mapping, planning
from core.journeys.mapping import Map
from core.journeys.planning import Planner
from tests.scenarios.shop import MAILINGS, Shop

DAY = timedelta(days=1)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    shop = Shop(engine)
    shop.sells("1")
    return shop


def drawn(shop: Shop, *, weeks: int = 2) -> Map:
    planner = Planner(shop.engine, shop.shelf, shop.manners, shop.now)
    with shop.engine.connect() as connection:
        cast = planning.cast_of(connection, planner)
    return mapping.draw(planner, cast, weeks=weeks)


def by_week(found: Map) -> list[tuple[bool, Mapping[int, int]]]:
    """(planned, letters → people) of each week."""
    return [(week.begin >= found.now, week.by_count) for week in found.weeks]


def test_letters_sent_and_planned_are_counted_by_person_and_week(shop: Shop) -> None:
    shop.runs("registration")
    shop.registers("anna")
    shop.registers("boris")
    shop.tick()
    shop.passes(days=3)
    shop.waits(hours=1)
    shop.orders("boris", "1")
    shop.pull()
    found = drawn(shop)
    # three days' letters went to both; anna's two others come in this week and the next
    assert by_week(found) == [(False, {1: 2}), (True, {1: 1}), (True, {1: 1})]
    assert found.letters == 4
    assert found.reached == {"registration": 2}
    assert found.both == {}


def test_scenarios_that_fall_together_within_a_week_are_seen(shop: Shop) -> None:
    shop.runs("registration", "abandoned_basket")
    shop.registers("anna")
    shop.puts("anna", "1")
    shop.tick()
    shop.passes(hours=4)
    found = drawn(shop)
    assert found.both == {("abandoned_basket", "registration"): 1}
    assert found.worst[0].email == "anna@shop.ru"
    planned = [(one.letter, one.planned) for one in found.worst[0].letters]
    assert planned[0] == ("abandoned_basket/4h", False)
    assert all(later for _, later in planned[1:])
    assert len(planned) > 2


def test_an_issue_counts_for_all_whom_it_reaches(shop: Shop) -> None:
    for who in ("anna", "boris"):
        shop.knows(who)
    shop.pull()
    form = {
        "groups": MAILINGS["groups"],
        "mailings": MAILINGS["mailings"] | {"news": {"name": "Новости", "groups": ["all"]}},
        "issues": {"news": {"mailing": "news", "letter": "birthday", "subject": "!", "schedule": "daily at 14:00"}},
    }
    definitions.apply(shop.engine, File.model_validate(form), shop.press, sources=["shop"], now=shop.now)
    found = drawn(shop, weeks=1)
    assert by_week(found) == [(True, {7: 2})]
    assert found.reached == {"news": 2}


def test_letters_left_out_are_counted_with_their_reasons_past_and_planned(shop: Shop) -> None:
    shop.runs("registration")
    shop.registers("anna")
    shop.tick()
    shop.waits(days=1)
    shop.orders("anna", "1")
    shop.pull()
    shop.passes(days=2, hours=1)  # three days: not sent
    found = drawn(shop)
    assert (found.letters, found.due) == (0, 3)
    assert dict(found.skipped) == {"the goal is reached: {fact}": 3}


def test_discounts_are_a_share_of_what_is_no_service_letter(shop: Shop) -> None:
    shop.runs("registration", "order_new")
    shop.registers("anna")
    shop.registers("boris")
    shop.orders("boris", "1")
    shop.tick()
    shop.passes(minutes=1)
    found = drawn(shop)
    assert shop.codes_to("boris")
    assert found.service == len(shop.codes_to("boris"))
    assert (found.sale, found.letters - found.service) == (3, 3)
