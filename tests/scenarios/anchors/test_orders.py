"""Orders, their statuses, and the order by which somebody became a great customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import db, tables
from core.errors import Misconfigured
from core.model import Kind, OrderChange
from core.scenario import Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago
from tests.scenarios.anchors.town import HOUR, LONG_AGO, Town

SECOND = timedelta(seconds=1)


def names(town: Town, code: str, **settings: object) -> list[str]:
    return [one.name for one in town.entered(code, **settings)]  # type: ignore[arg-type]


def test_each_order_of_the_span_enters(town: Town) -> None:
    town.order("anna", ago(9))
    town.order("anna", ago(2))
    town.order("boris", ago(1))
    town.pour()
    assert [(one.name, one.subject, one.at, one.key) for one in town.entered("ordered", ago(5))] == [
        ("anna", "o2", ago(2), "shop/o2"),
        ("boris", "o3", ago(1), "shop/o3"),
    ]


def test_an_order_cancelled_since_is_an_entry_still(town: Town) -> None:
    town.order("anna", ago(2), cancelled_at=ago(1))
    town.pour()
    assert names(town, "ordered") == ["anna"]


def test_orders_of_a_till_are_told_from_those_of_the_site(town: Town) -> None:
    town.order("anna", ago(2), offline=True)
    town.order("boris", ago(1))
    town.pour()
    assert names(town, "ordered", offline=True) == ["anna"]
    assert names(town, "ordered", offline=False) == ["boris"]
    assert names(town, "ordered") == ["anna", "boris"]


def test_the_first_order_is_that_before_which_there_was_none(town: Town) -> None:
    town.order("anna", ago(9))
    town.order("anna", ago(2))
    town.order("boris", ago(1))
    town.pour()
    assert [(one.name, one.subject) for one in town.entered("ordered", first=True)] == [("anna", "o1"), ("boris", "o3")]
    assert [one.name for one in town.entered("ordered", ago(5), first=True)] == ["boris"]


def test_a_cancelled_order_before_does_not_count(town: Town) -> None:
    town.order("anna", ago(9), cancelled_at=ago(8))
    town.order("anna", ago(2))
    town.pour()
    assert [one.subject for one in town.entered("ordered", ago(5), first=True)] == ["o2"]
    before_it_was_cancelled = replace(MOSCOW, now=ago(8.5))
    assert [one.subject for one in town.entered("ordered", first=True, world=before_it_was_cancelled)] == ["o1"]


def test_asked_of_a_day_before_the_cancelling_the_second_order_is_no_first_one(town: Town) -> None:
    town.order("anna", ago(9), cancelled_at=ago(1))
    town.order("anna", ago(5))
    town.pour()
    then = replace(MOSCOW, now=ago(3))
    assert [one.subject for one in town.entered("ordered", first=True, world=then)] == ["o1"]
    assert {one.subject for one in town.entered("ordered", first=True)} == {"o1", "o2"}


def test_of_two_orders_in_one_moment_one_is_the_first(town: Town) -> None:
    town.order("anna", ago(2))
    town.order("anna", ago(2))
    town.pour()
    assert [one.subject for one in town.entered("ordered", first=True)] == ["o1"]


def moved(town: Town, order: str, status: str, hours: float, **details: str) -> None:
    changes = town.source.rows[Kind.ORDER_CHANGES]
    told = {"status": status, "name": status, **details}
    changes.append(OrderChange(str(len(changes)), order, "status_changed", ago(hours=hours), told))


def test_each_change_of_status_is_an_entry_and_the_first_status_is_none(town: Town) -> None:
    order = town.order("anna", ago(2))
    moved(town, order, "P", 10, old="N")
    moved(town, order, "F", 5)
    town.pour()
    came = town.entered("status_changed")
    assert [(one.name, one.subject, one.at) for one in came] == [
        ("anna", "o1", ago(hours=10)),
        ("anna", "o1", ago(hours=5)),
    ]
    assert [one.key for one in came] == ["shop/o1/2026-11-23 16:00:00.000000/P", "shop/o1/2026-11-23 21:00:00.000000/F"]


def test_only_changes_to_the_wanted_statuses_enter(town: Town) -> None:
    order = town.order("anna", ago(2))
    for hours, status in ((10, "P"), (9, "S"), (8, "F"), (7, "f")):
        moved(town, order, status, hours)
    town.pour()
    assert [one.at for one in town.entered("status_changed", to=["S", "F"])] == [ago(hours=9), ago(hours=8)]
    assert [one.at for one in town.entered("status_changed", to="F")] == [ago(hours=8)]  # "f" is another one
    assert [one.at for one in town.entered("status_changed", not_to=["P", "F"])] == [ago(hours=9), ago(hours=7)]


def test_a_status_that_stays_is_no_change(town: Town) -> None:
    order = town.order("anna", ago(2))
    moved(town, order, "P", 10, old="P")
    town.pour()
    assert town.entered("status_changed") == []


def test_two_changes_in_one_second_are_two_entries(town: Town) -> None:
    order = town.order("anna", ago(2))
    moved(town, order, "P", 10)
    moved(town, order, "F", 10)
    town.pour()
    assert len({one.key for one in town.entered("status_changed")}) == 2


def test_an_order_is_done_when_it_first_reaches_the_final_status(town: Town) -> None:
    order, other = town.order("anna", ago(5)), town.order("anna", ago(5))
    for hours, status in ((30, "P"), (20, "F"), (15, "P"), (10, "F")):
        moved(town, order, status, hours)
    moved(town, other, "F", 2)
    town.pour()
    assert [(one.key, one.at) for one in town.entered("order_final")] == [
        ("shop/o1", ago(hours=20)),
        ("shop/o2", ago(hours=2)),
    ]
    assert town.entered("order_final", ago(hours=12), ago(hours=8)) == []  # not for the second time


def test_a_shop_may_have_other_final_statuses(town: Town) -> None:
    order = town.order("anna", ago(5))
    moved(town, order, "D", 20)
    moved(town, order, "F", 10)
    town.pour()
    assert [one.at for one in town.entered("order_final", statuses=["D", "F"])] == [ago(hours=20)]
    assert [one.at for one in town.entered("order_final")] == [ago(hours=10)]


def test_asked_of_an_earlier_moment_the_order_was_not_done(town: Town) -> None:
    order = town.order("anna", ago(5))
    moved(town, order, "F", 10)
    town.pour()
    assert town.entered("order_final", world=replace(MOSCOW, now=ago(hours=11))) == []


def test_the_order_that_fills_the_sum_makes_a_great_customer(town: Town) -> None:
    town.order("anna", ago(30), 60_000)
    town.order("anna", ago(20), 40_000)
    town.order("anna", ago(10), 50_000)
    town.order("boris", ago(10), 99_999)
    town.pour()
    assert [(one.name, one.subject, one.at) for one in town.entered("vip")] == [("anna", "o2", ago(20))]
    assert [one.subject for one in town.entered("vip", sum=150_000)] == ["o3"]


def test_an_order_that_was_given_to_another_address_counts_there(town: Town) -> None:
    town.order("anna", ago(20), 60_000)
    town.order("anna", ago(10), 60_000)
    town.people("boris")
    town.pour()
    with db.writing(town.engine) as connection:
        given = sa.update(tables.orders).where(tables.orders.c.external_id == "o2")
        connection.execute(given.values(contact_id=town.contact(connection, "boris")))
    assert town.entered("vip") == []
    assert town.entered("vip", sum=50_000, until=ago(15))[0].name == "anna"
    assert [one.subject for one in town.entered("vip", sum=50_000)] == ["o1"]


def test_the_sum_is_that_of_one_contact(town: Town) -> None:
    town.order("anna", ago(20), 60_000)
    town.order("boris", ago(10), 60_000)
    town.pour()
    assert town.entered("vip") == []


def test_one_great_order_is_enough(town: Town) -> None:
    town.order("anna", ago(3), 100_000)
    town.pour()
    assert names(town, "vip") == ["anna"]


def test_orders_from_before_the_period_do_not_count(town: Town) -> None:
    town.order("anna", ago(400), 60_000)
    town.order("anna", ago(20), 60_000)
    town.pour()
    assert town.entered("vip") == []
    assert names(town, "vip", days=500) == ["anna"]


def test_neither_cancelled_orders_nor_other_currencies_count(town: Town) -> None:
    town.order("anna", ago(30), 60_000, cancelled_at=ago(29))
    town.order("anna", ago(20), 60_000)
    town.order("boris", ago(30), 60_000, currency="USD")
    town.order("boris", ago(20), 60_000)
    town.order("vera", ago(20), 100_000, cancelled_at=ago(1))
    town.pour()
    assert town.entered("vip") == []
    assert names(town, "vip", world=replace(MOSCOW, now=ago(15))) == ["vera"]


def test_pennies_add_up_to_the_whole_sum(town: Town) -> None:
    for days in range(30, 20, -1):
        town.order("anna", ago(days), "0.1")
    town.pour()
    assert [one.subject for one in town.entered("vip", sum=1)] == ["o10"]


def test_of_orders_in_one_moment_one_fills_the_sum(town: Town) -> None:
    for _ in range(3):
        town.order("anna", ago(3), 60_000)
    town.pour()
    assert [one.subject for one in town.entered("vip")] == ["o2"]


@pytest.mark.parametrize("code", ["ordered", "vip", "status_changed", "order_final"])
def test_what_was_learnt_late_is_asked_alone(town: Town, code: str) -> None:
    town.order("anna", ago(3), 200_000)
    moved(town, "o1", "F", 10)
    town.pour()
    assert [one.name for one in town.asked(code, Span(MOSCOW, LONG_AGO, NOW, learnt=0))] == ["anna"]
    assert town.asked(code, Span(MOSCOW, LONG_AGO, NOW, learnt=town.learnt())) == []


@pytest.mark.parametrize("code", ["ordered", "vip", "status_changed", "order_final"])
def test_an_empty_span_holds_no_order(town: Town, code: str) -> None:
    town.order("anna", ago(3), 200_000)
    moved(town, "o1", "F", 10)
    town.pour()
    assert town.entered(code, NOW, NOW + HOUR) == []


def test_wrong_settings_are_refused(town: Town) -> None:
    for code, settings in (("vip", {"sum": 0}), ("vip", {"days": 0}), ("ordered", {"first": "yes"}),
                           ("order_final", {"statuses": []}), ("status_changed", {"to": [""]})):  # fmt: skip
        with pytest.raises(Misconfigured, match=next(iter(settings))):
            town.entered(code, **settings)  # type: ignore[arg-type]
