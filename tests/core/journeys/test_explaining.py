"""What is told of one contact: every scenario, every letter, and why not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import definitions
from core.definitions.forms import File
from core.journeys import book
from core.journeys import explaining as room
from core.journeys.explaining import Explained, Told
from core.journeys.reaching import IssueExplained, issues_of
from tests.scenarios.shop import MAILINGS, Shop

DAY = timedelta(days=1)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    shop = Shop(engine)
    shop.sells("1")
    return shop


def explained(shop: Shop, who: str) -> dict[str, Explained]:
    with shop.engine.connect() as connection:
        contact_id = room.contact_of(connection, f"{who}@shop.ru")
        assert contact_id is not None
        scenarios, _ = book.every(connection, shop.shelf)
        found = room.scenarios_of(connection, scenarios, shop.manners, contact_id, now=shop.now)
        return {one.scenario.code: one for one in found}


def letters(shop: Shop, who: str, code: str) -> dict[str, Told]:
    """The letters of the newest entry."""
    return {one.step.code: one for one in explained(shop, who)[code].entries[0].letters}


def test_every_scenario_is_told_of(shop: Shop) -> None:
    shop.registers("anna")
    shop.pull()
    assert explained(shop, "anna").keys() == shop.shelf.texts.keys()


def test_a_letter_that_went_is_told_with_its_openings(shop: Shop) -> None:
    shop.runs("registration")
    shop.registers("anna")
    shop.tick()
    shop.passes(days=3)
    shop.waits(minutes=10)
    shop.opens("anna")
    told = letters(shop, "anna", "registration")
    assert (told["3d"].outcome, told["3d"].decided) == ("queued", True)
    fate = told["3d"].fate
    assert fate is not None
    assert (fate.status, fate.opened_at) == ("sent", shop.now)
    assert [(told[code].outcome, told[code].decided) for code in ("7d", "14d")] == [("queued", False)] * 2
    assert told["7d"].at - told["3d"].at == 4 * DAY


def test_what_is_foretold_comes_true(shop: Shop) -> None:
    """In the night letters wait for the morning."""
    shop.at(2026, 11, 24, 23, 30)
    shop.runs("registration")
    shop.registers("anna")
    shop.tick()
    foretold = letters(shop, "anna", "registration")["3d"]
    assert foretold.outcome == "queued"
    shop.now = foretold.at - timedelta(minutes=1)
    shop.tick()
    assert shop.codes_to("anna") == []
    shop.passes(minutes=1)
    assert shop.codes_to("anna") == ["registration/3d"]


def test_whoever_has_ordered_is_told_why_no_letter_goes(shop: Shop) -> None:
    shop.runs("registration")
    shop.registers("anna")
    shop.tick()
    shop.waits(days=1)
    shop.orders("anna", "1")
    shop.pull()
    for one in letters(shop, "anna", "registration").values():
        assert (one.outcome, one.decided) == ("skipped", False)
        assert "the goal is reached" in str(one.reason)


def test_what_a_scenario_that_is_off_would_do_is_told(shop: Shop) -> None:
    shop.registers("anna")
    shop.pull()
    found = explained(shop, "anna")["registration"]
    assert not found.scenario.active
    assert [one.outcome for one in found.entries[0].letters] == ["queued"] * 3


def test_who_never_entered_is_told_what_is_missing(shop: Shop) -> None:
    shop.knows("anna")
    shop.pull()
    found = explained(shop, "anna")
    assert str(found["abandoned_basket"].missing) == "no such fact: changed the basket"
    assert "no day of theirs for “Birthday”" in str(found["birthday"].missing)


def test_a_fact_that_is_not_enough_is_told_with_what_the_scenario_wants(shop: Shop) -> None:
    shop.registers("anna")
    shop.looks("anna", "1")
    shop.pull()
    missing = str(explained(shop, "anna")["expensive_view"].missing)
    assert "looked at a product" in missing
    assert "min_price" in missing


def test_an_entry_that_only_the_ledger_knows_is_told_too(shop: Shop) -> None:
    """The basket was ordered: its anchor no longer stands, its letter was sent all the same."""
    shop.runs("abandoned_basket")
    shop.registers("anna")
    shop.puts("anna", "1")
    shop.tick()
    shop.passes(hours=5)
    assert shop.codes_to("anna") == ["abandoned_basket/4h"]
    shop.waits(hours=1)
    shop.puts("anna")
    shop.pull()
    told = letters(shop, "anna", "abandoned_basket")
    assert (told["4h"].outcome, told["4h"].decided) == ("queued", True)
    assert told["5d"].outcome == "skipped"


def test_an_old_last_fact_is_told_as_old(shop: Shop) -> None:
    shop.registers("anna")
    shop.puts("anna", "1")
    shop.pull()
    shop.waits(days=500)
    assert "more than a year old" in str(explained(shop, "anna")["abandoned_basket"].missing)


def issues(shop: Shop, who: str) -> list[IssueExplained]:
    form = {
        "groups": MAILINGS["groups"] | {"born": {"name": "Именинники", "include": {"birthday": "today"}}},
        "mailings": MAILINGS["mailings"] | {"news": {"name": "Новости", "groups": ["born"]}},
        "issues": {"news": {"mailing": "news", "letter": "birthday", "subject": "!", "schedule": "daily at 14:00"}},
    }
    definitions.apply(shop.engine, File.model_validate(form), shop.press, sources=["shop"], now=shop.now)
    with shop.engine.connect() as connection:
        contact_id = room.contact_of(connection, f"{who}@shop.ru") or 0
        return list(issues_of(connection, shop.manners, contact_id, f"{who}@shop.ru", now=shop.now))


def test_an_issue_is_told_with_its_group_and_its_next_moment(shop: Shop) -> None:
    shop.registers("anna")
    shop.pull()
    [found] = issues(shop, "anna")
    assert (found.inside, found.left, found.sent_at) == (False, "", None)
    assert found.next_at == shop.now.replace(hour=11, minute=0)
    [(name, [told])] = found.groups
    assert (name, told.inside) == ("Именинники", False)


def test_who_left_an_issue_is_told_so(shop: Shop) -> None:
    from core import consent, db

    shop.registers("anna")
    shop.pull()
    with db.writing(shop.engine) as connection:
        consent.suppress(connection, "anna@shop.ru", mailing="news", reason="unsubscribed", source="t", now=shop.now)
    [found] = issues(shop, "anna")
    assert found.left == "unsubscribed"
