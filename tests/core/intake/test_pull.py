"""A pull reads each kind to its end, under a lease; whatever breaks is said, and the next one goes on from there."""

from __future__ import annotations

import gc
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import db, intake, leases, tables
from core.errors import Busy, Unreachable
from core.model import Basket, Kind, Subscription
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.intake.shop import PEOPLE, line, order, person, pull, rows


def test_a_second_pull_changes_nothing(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(number, registered_at=NOW) for number in range(5)]
    pull(engine, shop)
    before = rows(engine, tables.facts)
    report = pull(engine, shop, full=True)[PEOPLE]
    assert (report.read, report.changed) == (5, 0)
    assert rows(engine, tables.facts) == before


def test_what_a_full_read_does_not_meet_is_gone_and_comes_back(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1), person(2), person(3)]
    pull(engine, shop)
    shop.rows[PEOPLE] = [person(1), person(3)]
    assert pull(engine, shop, NOW + timedelta(hours=1), full=True)[PEOPLE].gone == 1
    assert [row["external_id"] for row in rows(engine, tables.people) if row["gone_at"]] == ["2"]
    shop.rows[PEOPLE] = [person(1), person(3), person(2)]
    pull(engine, shop, NOW + timedelta(hours=2), full=True)
    assert [row["gone_at"] for row in rows(engine, tables.people)] == [None] * 3


def test_a_full_read_that_broke_goes_on_where_it_stood(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(number) for number in range(6)]
    taken: list[int] = []

    def break_after_two_pages(report: intake.KindReport) -> None:
        taken.append(report.read)
        if report.kind is PEOPLE and report.read == 4:
            shop.error = Unreachable("the shop went away")

    intake.pull(engine, shop, clock=lambda: NOW, kinds=[PEOPLE], progress=break_after_two_pages)
    assert len(rows(engine, tables.people)) == 4
    assert intake.age_seconds(engine, shop, now=NOW) == float("inf"), "a broken read is no read"
    shop.error = None
    report = pull(engine, shop, NOW + timedelta(minutes=5))[PEOPLE]
    assert (report.read, report.gone) == (2, 0), "rows met before the break are not gone"
    assert len(rows(engine, tables.people)) == 6


def test_one_kind_that_fails_does_not_stop_the_others(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1)]
    failing = Kind.PRODUCTS
    original = shop.pull

    def pull_but(kind: Kind, cursor: Any) -> Any:
        if kind is failing:
            raise Unreachable("Source 'shop': table b_iblock_element is locked")
        return original(kind, cursor)

    shop.pull = pull_but  # type: ignore[method-assign]
    reports = pull(engine, shop)
    assert isinstance(reports[failing].error, Unreachable)
    assert len(rows(engine, tables.orders)) == 1
    with engine.connect() as connection:
        reads = tables.source_reads
        said = connection.scalar(sa.select(reads.c.error).where(reads.c.kind == failing))
    assert "is locked" in str(said)


def test_two_pulls_of_one_source_do_not_run_together(engine: sa.Engine, shop: MemorySource) -> None:
    assert leases.take(engine, "pull:shop", owner="somebody", now=NOW, seconds=60)
    with pytest.raises(Busy):
        pull(engine, shop)
    pull(engine, shop, NOW + timedelta(seconds=61))


def test_a_failed_source_is_left_alone_for_a_while(engine: sa.Engine, shop: MemorySource) -> None:
    every, retry = timedelta(minutes=5), timedelta(minutes=1)
    shop.error = Unreachable("no route")
    pull(engine, shop)
    assert not intake.due(engine, shop, now=NOW + timedelta(seconds=30), every=every, retry=retry)
    assert intake.due(engine, shop, now=NOW + timedelta(seconds=90), every=every, retry=retry)
    shop.error = None
    pull(engine, shop, NOW + timedelta(seconds=90))
    assert not intake.due(engine, shop, now=NOW + timedelta(minutes=4), every=every, retry=retry)
    assert intake.due(engine, shop, now=NOW + timedelta(minutes=8), every=every, retry=retry)


def test_an_answer_the_source_did_not_expect_is_said_and_costs_its_kind(engine: sa.Engine, shop: MemorySource) -> None:
    shop.error = KeyError("result")
    report = pull(engine, shop)[PEOPLE]
    assert "KeyError" in str(report.error)
    with engine.connect() as connection:
        kept = list(connection.scalars(sa.select(tables.source_reads.c.error)))
    assert len(kept) == len(shop.capabilities), "the other kinds are asked all the same"
    assert all("KeyError" in str(error) for error in kept)


def test_the_lease_of_a_long_pull_is_renewed(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(number) for number in range(20)]
    clock = iter(NOW + timedelta(seconds=20 * step) for step in range(100))
    seen: list[datetime] = []

    def look(report: intake.KindReport) -> None:
        with engine.connect() as connection:
            seen.append(connection.scalars(sa.select(tables.leases.c.until)).one())

    intake.pull(engine, shop, clock=lambda: next(clock), kinds=[PEOPLE], progress=look)
    assert len(set(seen)) > 5
    assert seen[-1] > NOW + timedelta(seconds=intake.LEASE_SECONDS)


def test_cycles_are_looked_for_as_before_when_the_last_pull_ended(engine: sa.Engine, shop: MemorySource) -> None:
    usual, during = gc.get_threshold(), []
    shop.rows[PEOPLE] = [person(1)]
    other = MemorySource("other")

    def look(report: intake.KindReport) -> None:
        during.append(gc.get_threshold()[0])
        if len(during) == 1:
            pull(engine, other)
            assert gc.get_threshold()[0] == during[0], "this pull goes on"

    intake.pull(engine, shop, clock=lambda: NOW, kinds=[PEOPLE], progress=look)
    assert during[0] > usual[0]
    assert gc.get_threshold() == usual


def test_no_page_makes_sqlite_walk_all_of_a_source(tmp_path: Path, shop: MemorySource) -> None:
    engine = db.connect(f"sqlite:///{tmp_path}/vestnik.db")
    tables.metadata.create_all(engine)
    shop.rows[PEOPLE] = [person(number) for number in range(4)]
    shop.rows[Kind.ORDERS] = [order(1, person=""), order(2)]
    shop.rows[Kind.BASKETS] = [Basket("9:s1", "1", "s1", NOW, NOW, (line("7"),))]
    shop.rows[Kind.SUBSCRIPTIONS] = [Subscription("1", "form:3", "Анкета", "s1@shop.ru")]
    told: set[tuple[str, tuple[Any, ...]]] = set()

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _listen(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if "json_each" in statement and not many:  # a page's questions and updates
            told.add((statement, tuple(values)))

    for full in (False, True):
        pull(engine, shop, full=full)
    sa.event.remove(engine, "before_cursor_execute", _listen)
    with engine.connect() as connection:
        plans = {
            f"{row.detail} of {statement}"
            for statement, values in told
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        }
    engine.dispose()
    assert len(plans) > 10
    walks = [plan for plan in plans if "(source=?)" in plan or (plan.startswith("SCAN") and "json_each V" not in plan)]
    assert walks == []
