"""Intake: what a source pours stands in the mirror, what changed is a fact, what is bad costs only itself."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from core import db, intake, leases, tables
from core.errors import Busy, Unreachable
from core.model import Basket, Kind, Line, Order, OrderChange, Person, Product, Shipment, Subscription, View
from core.testing import MemorySource
from tests.conftest import NOW

PEOPLE = Kind.PEOPLE


@pytest.fixture
def shop() -> MemorySource:
    return MemorySource("shop", page=2)


def pull(
    engine: sa.Engine, shop: MemorySource, at: datetime = NOW, full: bool = False
) -> dict[Kind, intake.KindReport]:
    return {report.kind: report for report in intake.pull(engine, shop, clock=lambda: at, full=full)}


def rows(engine: sa.Engine, table: sa.Table) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings()]


def facts(engine: sa.Engine, what: str) -> list[dict[str, Any]]:
    return [row for row in rows(engine, tables.facts) if row["what"] == what]


def person(number: int, **values: Any) -> Person:
    return replace(Person(str(number), f"user{number}@shop.ru", name=f"Имя{number}"), **values)


def line(product: str, price: str = "100", **values: Any) -> Line:
    return replace(Line(f"l{product}", product, f"Товар {product}", Decimal(2), Decimal(price), "RUB"), **values)


def order(number: int, **values: Any) -> Order:
    made = Order(
        external_id=str(number),
        number=f"A-{number}",
        person="1",
        email="guest@shop.ru",
        site="s1",
        status="N",
        status_name="Принят",
        total=Decimal("500.50"),
        delivery_price=Decimal(0),
        currency="RUB",
        created_at=NOW - timedelta(days=3),
        changed_at=NOW,
        lines=(line("7"),),
    )
    return replace(made, **values)


def test_people_are_mirrored_and_one_address_is_one_contact(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, email=" User1@Shop.RU "), person(2, email="user1@shop.ru"), person(3)]
    report = pull(engine, shop)[PEOPLE]
    assert (report.read, report.changed, report.refused) == (3, 3, 0)
    assert [row["email"] for row in rows(engine, tables.contacts)] == ["user1@shop.ru", "user3@shop.ru"]
    people = rows(engine, tables.people)
    assert people[0]["contact_id"] == people[1]["contact_id"] != people[2]["contact_id"]


def test_every_value_survives_the_way_into_the_mirror(engine: sa.Engine, shop: MemorySource) -> None:
    whole = Person(
        external_id="77",
        email="ё@почта.рф",
        name="Ёлка 😀",
        last_name="О'Нил",
        second_name="\\'; DROP TABLE people; --",
        gender="f",
        birthday=date(1996, 2, 29),
        phone="+7 900",
        city="Орёл",
        site="s1",
        timezone="Europe/Moscow",
        registered_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        last_login_at=datetime(2026, 11, 1, 3, 4, 5, 123456, tzinfo=UTC),
        attributes={"UF_TAGS": ["чай", "кофе"], "UF_BONUS": 12.5},
    )
    shop.rows[PEOPLE] = [whole]
    pull(engine, shop)
    [row] = rows(engine, tables.people)
    for name in ("name", "last_name", "second_name", "birthday", "registered_at", "last_login_at", "attributes"):
        assert row[name] == getattr(whole, name), name
    assert row["birthday_md"] == 229
    assert rows(engine, tables.contacts)[0]["email"] == "ё@xn--80a1acny.xn--p1ai"


@pytest.mark.parametrize("address", ["ivan@@mail", "нет почты", "a b@c.ru", "@shop.ru", "x@" + "y" * 300 + ".ru"])
def test_a_bad_address_is_refused_and_the_rest_goes_on(engine: sa.Engine, shop: MemorySource, address: str) -> None:
    shop.rows[PEOPLE] = [person(1), person(2, email=address), person(3)]
    report = pull(engine, shop)[PEOPLE]
    assert report.refused == 1
    assert report.bad[0].external_id == "2"
    assert len(rows(engine, tables.people)) == 3, "the person stays in the mirror, without an address to write to"
    [refusal] = rows(engine, tables.refusals)
    assert refusal["external_id"] == "2"
    assert "not valid" in str(refusal["reason"])


def test_no_address_is_not_an_error(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, email=""), person(2, email="  ")]
    assert pull(engine, shop)[PEOPLE].refused == 0
    assert rows(engine, tables.contacts) == []


def test_a_value_that_the_database_refuses_costs_one_row(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1), order(2, total=Decimal("1e30")), order(3)]
    report = pull(engine, shop)[Kind.ORDERS]
    kept = {row["external_id"] for row in rows(engine, tables.orders)}
    assert {"1", "3"} <= kept
    assert report.refused == (0 if "2" in kept else 1), "SQLite keeps any number"


def test_names_too_long_are_cut(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, name="Ж" * 1000)]
    assert pull(engine, shop)[PEOPLE].refused == 0
    assert rows(engine, tables.people)[0]["name"] == "Ж" * 255


def test_a_second_pull_changes_nothing(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(number, registered_at=NOW) for number in range(5)]
    pull(engine, shop)
    before = rows(engine, tables.facts)
    report = pull(engine, shop, full=True)[PEOPLE]
    assert (report.read, report.changed) == (5, 0)
    assert rows(engine, tables.facts) == before


def test_registration_and_logins_are_facts(engine: sa.Engine, shop: MemorySource) -> None:
    first = person(1, registered_at=NOW - timedelta(days=9), last_login_at=NOW - timedelta(days=2))
    shop.rows[PEOPLE] = [first]
    pull(engine, shop)
    shop.rows[PEOPLE].append(replace(first, last_login_at=NOW))
    pull(engine, shop)
    assert [row["at"] for row in facts(engine, "registered")] == [NOW - timedelta(days=9)]
    assert [row["at"] for row in facts(engine, "logged_in")] == [NOW - timedelta(days=2), NOW]
    assert all(row["contact_id"] for row in facts(engine, "logged_in"))


def test_a_changed_profile_is_a_fact_that_names_the_fields(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1, city="Тверь", last_login_at=NOW)]
    pull(engine, shop)
    shop.rows[PEOPLE].append(person(1, city="Тверь", last_login_at=NOW + timedelta(hours=1)))
    pull(engine, shop)
    assert facts(engine, "profile_changed") == [], "a login is none"
    shop.rows[PEOPLE].append(person(1, city="Орёл", birthday=date(1990, 1, 1), last_login_at=NOW))
    pull(engine, shop)
    assert [row["details"] for row in facts(engine, "profile_changed")] == [{"fields": ["birthday", "city"]}]


def test_each_parcel_that_leaves_is_a_fact(engine: sa.Engine, shop: MemorySource) -> None:
    waiting = Shipment("1", "Почта")
    gone = replace(waiting, shipped_at=NOW, tracking_number="RA1")
    shop.rows[Kind.ORDERS] = [
        order(1, shipments=(waiting,)),
        order(2, shipments=(gone, replace(gone, external_id="2"))),
    ]
    pull(engine, shop)
    assert len(facts(engine, "shipped")) == 2, "two parcels in one second are two facts"
    shop.rows[Kind.ORDERS] += [order(1, shipments=(gone,)), order(2, total=Decimal(1), shipments=(gone,))]
    pull(engine, shop)
    [*_, last] = facts(engine, "shipped")
    assert len(facts(engine, "shipped")) == 3
    assert (last["subject"], last["at"], last["details"]["tracking_number"]) == ("1", NOW, "RA1")


def test_a_fallen_price_and_returned_stock_are_facts(engine: sa.Engine, shop: MemorySource) -> None:
    tea = Product("5", "Чай", price=Decimal("350.00"), currency="RUB", available=False, created_at=NOW)
    shop.rows[Kind.PRODUCTS] = [tea]
    pull(engine, shop)
    shop.rows[Kind.PRODUCTS].append(replace(tea, price=Decimal("299.90"), available=True))
    pull(engine, shop, NOW + timedelta(hours=1))
    [drop] = facts(engine, "price_dropped")
    assert (Decimal(drop["details"]["from"]), Decimal(drop["details"]["to"])) == (Decimal(350), Decimal("299.90"))
    assert drop["at"] == NOW + timedelta(hours=1)
    assert [row["subject"] for row in facts(engine, "back_in_stock")] == ["5"]
    assert len(facts(engine, "product_added")) == 1


def test_baskets_orders_and_views_belong_to_the_contact(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1)]
    shop.rows[Kind.BASKETS] = [Basket("9:s1", "1", "s1", NOW, NOW, (line("7"), line("8", delayed=True)))]
    shop.rows[Kind.VIEWS] = [View("9:s1:7", "1", "7", "s1", NOW, 3)]
    shop.rows[Kind.ORDERS] = [order(1)]
    pull(engine, shop)
    contact = {row["email"]: row["id"] for row in rows(engine, tables.contacts)}
    [basket], [view], [bought] = (rows(engine, table) for table in (tables.baskets, tables.views, tables.orders))
    assert basket["contact_id"] == view["contact_id"] == contact["user1@shop.ru"]
    assert bought["contact_id"] == contact["guest@shop.ru"], "an order carries its own address"
    assert (basket["total"], basket["currency"]) == (Decimal(200), "RUB"), "postponed lines do not count"
    assert [row["product"] for row in rows(engine, tables.order_lines)] == ["7"]


def test_an_order_without_an_address_that_works_belongs_to_whoever_made_it(
    engine: sa.Engine, shop: MemorySource
) -> None:
    shop.rows[PEOPLE] = [person(1)]
    shop.rows[Kind.ORDERS] = [order(1, email="нет почты"), order(2, email=""), order(3, email="нет", person="")]
    report = pull(engine, shop)[Kind.ORDERS]
    contact = {row["email"]: row["id"] for row in rows(engine, tables.contacts)}["user1@shop.ru"]
    assert [row["contact_id"] for row in rows(engine, tables.orders)] == [contact, contact, None]
    assert [bad.external_id for bad in report.bad] == ["1", "3"], "said, and the order is kept"


def test_a_new_address_takes_the_basket_along(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1)]
    shop.rows[Kind.BASKETS] = [Basket("9:s1", "1", "s1", NOW, NOW, (line("7"),))]
    pull(engine, shop)
    shop.rows[PEOPLE].append(person(1, email="new@shop.ru"))
    pull(engine, shop)
    contact = {row["email"]: row["id"] for row in rows(engine, tables.contacts)}
    assert rows(engine, tables.baskets)[0]["contact_id"] == contact["new@shop.ru"]


def test_an_emptied_basket_is_a_fact(engine: sa.Engine, shop: MemorySource) -> None:
    full = Basket("9:s1", "1", "s1", NOW, NOW, (line("7"),))
    shop.rows[Kind.BASKETS] = [full]
    pull(engine, shop)
    shop.rows[Kind.BASKETS].append(replace(full, lines=()))
    pull(engine, shop)
    assert len(facts(engine, "basket_emptied")) == 1


def test_two_status_changes_between_two_pulls_are_two_facts(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1)]
    shop.rows[Kind.ORDER_CHANGES] = [
        OrderChange("100", "1", "status_changed", NOW, {"status": "P"}),
        OrderChange("101", "1", "status_changed", NOW, {"status": "F"}),  # in the same second
    ]
    report = pull(engine, shop)[Kind.ORDER_CHANGES]
    assert report.changed == 2
    assert [row["details"]["status"] for row in facts(engine, "status_changed")] == ["P", "F"]
    assert facts(engine, "status_changed")[0]["contact_id"] is not None


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


def test_half_of_a_surrogate_pair_costs_its_row_alone(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[PEOPLE] = [person(1), person(2, attributes={"UF_NOTE": "\ud83d"}), person(3)]
    report = pull(engine, shop)[PEOPLE]
    assert [row["external_id"] for row in rows(engine, tables.people)] == ["1", "3"]
    assert [bad.external_id for bad in report.bad] == ["2"]


def test_a_basket_too_dear_for_any_column_costs_its_row_alone(engine: sa.Engine, shop: MemorySource) -> None:
    dear = Basket("2", "1", "s1", NOW, NOW, (line("7", "1E+20", quantity=Decimal("1E+20")),))
    shop.rows[Kind.BASKETS] = [Basket("1", "1", "s1", NOW, NOW, (line("7"),)), dear]
    report = pull(engine, shop)[Kind.BASKETS]
    assert [row["external_id"] for row in rows(engine, tables.baskets)] == ["1"]
    assert [bad.external_id for bad in report.bad] == ["2"]


def test_an_answer_the_source_did_not_expect_is_said_and_costs_its_kind(engine: sa.Engine, shop: MemorySource) -> None:
    shop.error = KeyError("result")
    report = pull(engine, shop)[PEOPLE]
    assert "KeyError" in str(report.error)
    with engine.connect() as connection:
        kept = list(connection.scalars(sa.select(tables.source_reads.c.error)))
    assert len(kept) == len(shop.capabilities), "the other kinds are asked all the same"
    assert all("KeyError" in str(error) for error in kept)


def test_an_order_that_comes_twice_in_a_page_has_its_lines_once(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1), order(1, lines=(line("8"), line("9")))]
    pull(engine, shop)
    assert [row["product"] for row in rows(engine, tables.order_lines)] == ["8", "9"]


def test_lines_are_replaced_whole_when_their_order_changed(engine: sa.Engine, shop: MemorySource) -> None:
    shop.rows[Kind.ORDERS] = [order(1), order(2)]
    pull(engine, shop)
    shop.rows[Kind.ORDERS] = [order(1, changed_at=NOW + timedelta(hours=1), lines=(line("8"),)), order(2)]
    pull(engine, shop, full=True)
    assert sorted(row["product"] for row in rows(engine, tables.order_lines)) == ["7", "8"]


def test_a_moment_told_in_another_zone_is_the_same_fact(engine: sa.Engine, shop: MemorySource) -> None:
    for number, zone in enumerate((UTC, ZoneInfo("Europe/Moscow"))):
        shop.rows[Kind.ORDER_CHANGES] = [OrderChange("100", "1", "paid", NOW.astimezone(zone))]
        pull(engine, shop, NOW + timedelta(hours=number), full=True)
    assert len(facts(engine, "paid")) == 1


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


def test_an_order_whose_lines_alone_changed_is_written_again(engine: sa.Engine) -> None:
    line = Line("1", "7", "Чай", Decimal(2), Decimal(50), "RUB")
    first = Order("1", "1", "", "a@shop.ru", "s1", "N", "", Decimal(100), Decimal(0), "RUB", NOW, NOW, lines=(line,))
    shop = MemorySource("shop")
    shop.rows[Kind.ORDERS] = [first]
    intake.pull(engine, shop, clock=lambda: NOW)
    cheaper = replace(line, base_price=Decimal(60))
    shop.rows[Kind.ORDERS] = [replace(first, lines=(cheaper,))]
    later = NOW + timedelta(hours=1)
    intake.pull(engine, shop, clock=lambda: later, full=True)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.order_lines.c.base_price)) == Decimal(60)
        assert connection.scalar(sa.select(tables.orders.c.written_at)) == later
    intake.pull(engine, shop, clock=lambda: later + timedelta(hours=1), full=True)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.orders.c.written_at)) == later, "nothing was new"
