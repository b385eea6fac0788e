"""Whoever left the old letters is not written to by the new ones, whatever a source says later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import consent, db, intake, tables
from core.model import Kind, OptOut, Record
from core.testing import MemorySource
from tests.conftest import NOW
from tests.core.intake.shop import rows
from tests.core.world import World

BEFORE = NOW - timedelta(days=100)


def pulled(
    engine: sa.Engine, *opt_outs: Record, source: str = "shop", at: datetime = NOW, full: bool = False
) -> intake.KindReport:
    shop = MemorySource(source, page=2)
    shop.rows[Kind.OPT_OUTS] = list(opt_outs)
    [report] = intake.pull(engine, shop, clock=lambda: at, kinds=[Kind.OPT_OUTS], full=full)
    assert report.error is None
    return report


def left(engine: sa.Engine) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "id"} for row in rows(engine, tables.suppressions)]


def test_an_opt_out_stops_everything_for_its_address(engine: sa.Engine) -> None:
    report = pulled(engine, OptOut("blacklist:1", " Anna@Shop.RU ", "blacklisted", at=BEFORE))
    assert (report.read, report.changed) == (1, 1)
    wanted = {"email": "anna@shop.ru", "mailing": "", "reason": "blacklisted", "source": "shop", "at": BEFORE}
    assert left(engine) == [wanted]
    with engine.connect() as connection:
        assert consent.suppressed(connection, ["anna@shop.ru"], mailing="any") == {"anna@shop.ru": "blacklisted"}


def test_an_opt_out_without_a_date_is_dated_when_it_was_seen(engine: sa.Engine) -> None:
    pulled(engine, OptOut("1", "anna@shop.ru", "imported"))
    assert left(engine)[0]["at"] == NOW


def test_the_first_reason_stays(engine: sa.Engine) -> None:
    first, second = OptOut("1", "a@shop.ru", "complaint"), OptOut("2", "A@shop.ru", "imported")
    assert pulled(engine, first, second).changed == 1
    assert pulled(engine, OptOut("3", "a@shop.ru", "blacklisted"), source="other").changed == 0
    assert [row["reason"] for row in left(engine)] == ["complaint"]


def test_one_mailing_may_be_left_alone(engine: sa.Engine) -> None:
    pulled(engine, OptOut("1", "a@shop.ru", "imported", mailing="news"))
    with engine.connect() as connection:
        assert consent.suppressed(connection, ["a@shop.ru"], mailing="news")
        assert not consent.suppressed(connection, ["a@shop.ru"], mailing="sales")


def test_a_source_that_forgets_an_opt_out_brings_nobody_back(engine: sa.Engine) -> None:
    pulled(engine, OptOut("1", "a@shop.ru", "imported"))
    pulled(engine, at=NOW + timedelta(days=1), full=True)
    assert len(left(engine)) == 1


@pytest.mark.parametrize("address", ["79001234567", "", "a@@b", "a@" + "b" * 300 + ".ru"])
def test_what_is_no_address_costs_only_itself(engine: sa.Engine, address: str) -> None:
    report = pulled(
        engine, OptOut("1", address, "x"), OptOut("2", "a@shop.ru", "x" * 999), OptOut("3", "b@shop.ru", "x")
    )
    assert [bad.external_id for bad in report.bad] == ["1"]
    assert [row["email"] for row in left(engine)] == ["a@shop.ru", "b@shop.ru"]


def test_many_leave_in_one_statement(engine: sa.Engine) -> None:
    many = [consent.Leaving(f"u{number}@shop.ru", "", "imported", NOW) for number in range(1200)]
    for fresh in (1200, 0):
        with db.writing(engine) as connection:
            assert consent.suppress_all(connection, many, source="shop") == fresh
    assert len(left(engine)) == 1200


def test_whoever_left_is_skipped_with_the_reason(engine: sa.Engine) -> None:
    world = World(engine)
    world.people(2)
    pulled(engine, OptOut("1", "user1@shop.ru", "complaint"))
    world.apply()
    posting = world.open()
    world.send(posting)
    found = {name: (row["status"], row["reason"]) for name, row in world.recipients(posting).items()}
    assert found["user0"][0] == "sent"
    assert found["user1"] == ("skipped", "complaint")
    assert [letter.to for letter in world.channel.letters] == ["user0@shop.ru"]
