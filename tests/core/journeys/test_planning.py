"""What a plan says is what goes: a day is planned, then really walked and delivered, and every letter compared."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import compose, definitions, mailings, postings, tables
from core.definitions.forms import File
from core.journeys import planning
from core.journeys.planning import Due, Line, Planner, Waits, Window
from core.journeys.script import Played
from core.journeys.showing import Showcase
from tests.scenarios.shop import MAILINGS, Shop

CODES = ("registration", "abandoned_basket", "welcome", "abandoned_view", "after_order", "birthday")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Letter = tuple[int, str, str, str]
Word = tuple[str, str, datetime, datetime]


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    shop = Shop(engine)
    shop.sells("1", "2", "3", "4")
    return shop


def born(day: int, month: int) -> date:
    """Somebody's birthday."""
    return date(1990, month, day)


def busy_past(shop: Shop, seed: int, *, people: int = 16, days: int = 16) -> None:
    """People come, look, fill baskets and buy, for some days until now; no scenario is on yet."""
    draw, end, known = random.Random(seed), shop.now, set[str]()
    acts = {"looks": 4, "puts": 4, "orders": 1, "logs_in": 1}
    shop.now -= timedelta(days=days)
    while shop.now < end:
        who = f"p{draw.randrange(people)}"
        if who in known:
            act = draw.choices(list(acts), list(acts.values()))[0]
            getattr(shop, act)(who, *([] if act == "logs_in" else [draw.choice("1234")]))
        else:
            known.add(who)
            zone = draw.choice(["", "Asia/Vladivostok", "Europe/Kaliningrad"])
            shop.registers(who, timezone=zone, birthday=draw.choice([None, born(24, 11), born(25, 11), born(1, 5)]))
        shop.pull()
        shop.now += timedelta(minutes=draw.randrange(20, 600))
    shop.now = end


def issue(shop: Shop, *, at: str, capped: bool = False) -> None:
    """An issue that goes every day at that time to those whose birthday it is."""
    form = {
        "groups": MAILINGS["groups"] | {"born": {"include": {"birthday": "today"}}},
        "mailings": MAILINGS["mailings"] | {"news": {"name": "Новости", "groups": ["born"], "capped": capped}},
        "issues": {
            "news": {"mailing": "news", "letter": "birthday", "subject": "Новости", "schedule": f"daily at {at}"}
        },
    }
    definitions.apply(shop.engine, File.model_validate(form), shop.press, sources=["shop"], now=shop.now)


def planned(shop: Shop, *, hours: float = 24, **options: Any) -> list[Line]:
    planner = Planner(shop.engine, shop.shelf, shop.manners, shop.now, display=Showcase(shop.press))
    with shop.engine.connect() as connection:
        cast = planning.cast_of(connection, planner)
    return list(planning.plan(planner, cast, Window(shop.now, shop.now + timedelta(hours=hours)), **options))


def words(lines: Iterable[Line]) -> dict[Letter, Word]:
    """The plan's last word on each letter: outcome, reason, when decided (or put off to), when due by the timetable."""
    found: dict[Letter, Word] = {}
    for line in lines:
        if isinstance(line, Played):
            one = line.decision
            name = (one.entry.contact_id, one.scenario.code, one.step.code, one.entry.key)
            found[name] = (one.outcome, str(one.reason), line.at, one.due_at)
        elif isinstance(line, Waits):
            noted = line.noted
            name = (noted.entry.contact_id, line.scenario.code, line.step, noted.entry.key)
            found[name] = (noted.status, str(noted.reason), noted.due_at, noted.first_due_at)
    return found


def ledger(shop: Shop, since: datetime) -> dict[Letter, Word]:
    """The same of what was really decided after `since`."""
    with shop.engine.connect() as connection:
        rows = connection.execute(sa.select(tables.ledger)).all()
    return {
        (row.contact_id, row.scenario, row.step, row.anchor): (
            row.status,
            str(row.reason),
            row.due_at if row.status == "deferred" else row.decided_at,
            row.first_due_at,
        )
        for row in rows
        if row.decided_at > since or row.status == "deferred"
    }


def live(shop: Shop, moments: Iterable[datetime]) -> None:
    """The clock ticks at these moments: issues fire, scenarios are walked, letters go."""
    for at in moments:
        shop.now = at
        open_issues(shop)
        shop.tick()


def open_issues(shop: Shop) -> None:
    for posting_id in postings.due(shop.engine, now=shop.now):
        waiting = postings.posting(shop.engine, posting_id)
        with shop.engine.connect() as connection:
            fired = mailings.issue(connection, waiting.issue)
            mailing = mailings.mailing(connection, fired.mailing)
        publication = compose.publish(shop.press, fired, mailing, at=waiting.firing_at)
        postings.open_posting(shop.engine, waiting, publication, now=shop.now)


def some_minutes(lines: Iterable[Line], begin: datetime, hours: float, seed: int) -> list[datetime]:
    """Each minute of the plan, and some between: what it has overlooked would be found at one of those."""
    draw = random.Random(seed)
    moments = {line.at if isinstance(line, Played) else line.firing.at for line in lines if not isinstance(line, Waits)}
    moments |= {begin + draw.randrange(1, int(hours * 60)) * MINUTE for _ in range(12)}
    return sorted(moments | {begin + timedelta(hours=hours)})


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_plan_says_is_what_goes(shop: Shop, seed: int) -> None:
    busy_past(shop, seed)
    shop.runs(*CODES, past=20 * DAY)
    issue(shop, at="14:30", capped=seed == 2)  # it keeps the frequency: not to whom a scenario has just written
    begin = shop.now
    live(shop, [begin, begin + 3 * HOUR])  # some has gone already, some is put off
    begin = shop.now
    lines = planned(shop)
    live(shop, some_minutes(lines, begin, 24, seed))
    said, done = words(lines), ledger(shop, begin)
    assert said == done
    outcomes = Counter(word[0] for word in said.values())
    assert min(outcomes[one] for one in ("queued", "skipped", "deferred")) > 0, outcomes
    [fired] = [line for line in lines if isinstance(line, Due)]
    assert fired.reached == issue_letters(shop, begin) if seed == 1 else fired.reached >= issue_letters(shop, begin)


def issue_letters(shop: Shop, since: datetime) -> int:
    table = tables.recipients
    query = sa.select(sa.func.count()).where(table.c.ledger_id == 0, table.c.sent_at > since)
    with shop.engine.connect() as connection:
        return connection.scalar(query) or 0


def test_a_plan_of_three_hours_is_kept_minute_by_minute(shop: Shop) -> None:
    busy_past(shop, 3, people=12)
    shop.runs("registration", "abandoned_basket", past=20 * DAY)
    begin = shop.now
    lines = planned(shop, hours=3)
    live(shop, [begin + number * MINUTE for number in range(1, 181)])
    assert words(lines) == ledger(shop, begin)
    assert words(lines)


def test_what_a_plan_says_of_coupons_and_products_is_in_the_letters(shop: Shop) -> None:
    shop.registers("anna")
    shop.looks("anna", "1", "2", "3", "4")
    shop.pull()
    shop.runs("registration", past=HOUR)
    shop.waits(days=2, hours=23, minutes=30)
    [line] = planned(shop)
    assert isinstance(line, Played)
    assert line.decision.outcome == "queued"
    assert line.at == shop.now + 30 * MINUTE
    live(shop, [line.at])
    got = shop.letter_to("anna")
    assert got.goods
    assert {f"Товар {name}" for name in got.goods} <= {name for _, name in line.shown.products}
    [terms] = line.shown.coupons
    assert got.coupon == (terms["rule"], terms["days"])
    assert got.terms is not None
    assert got.terms.valid_until == terms["until"]


def test_whoever_gets_an_issue_later_that_day_is_put_off_by_the_plan_too(shop: Shop) -> None:
    shop.registers("anna", birthday=born(27, 11))
    shop.pull()
    shop.runs("registration", past=HOUR)
    issue(shop, at="18:00")
    shop.waits(days=3)
    line, fired, *_ = sorted(planned(shop, hours=8), key=lambda one: isinstance(one, Due))
    assert isinstance(line, Waits)
    assert "issue goes to them" in str(line.noted.reason)
    assert isinstance(fired, Due)
    assert fired.reached == 1
    [line] = planned(shop, hours=8, issues=False)
    assert isinstance(line, Played)
    assert line.decision.outcome == "queued"


def test_an_issue_that_the_plan_sends_stands_in_the_way_of_the_next_morning(shop: Shop) -> None:
    """It goes at 18:00, and twenty hours must lie between two letters."""
    shop.registers("anna", birthday=born(28, 11))
    shop.pull()
    shop.runs("registration", past=HOUR)
    shop.waits(days=4)
    issue(shop, at="18:00")
    begin = shop.now
    lines = planned(shop, hours=48)
    live(shop, some_minutes(lines, begin, 48, 7))
    said = words(lines)
    assert said == ledger(shop, begin)
    assert [word[2] for word in said.values()] == [begin + 26 * HOUR]  # 14:00 of the next day


def test_a_capped_issue_that_may_not_go_stands_in_nobodys_way(shop: Shop) -> None:
    """Anna had a letter at noon: the issue of 18:00 spares her, and the basket's letter goes in the morning."""
    shop.registers("anna", birthday=born(27, 11))
    shop.pull()
    shop.runs("registration", "abandoned_basket", past=HOUR)
    shop.passes(days=3)
    issue(shop, at="18:00", capped=True)
    shop.waits(hours=1)
    shop.puts("anna", "1")
    shop.pull()
    begin = shop.now
    lines = planned(shop, hours=24)
    live(shop, some_minutes(lines, begin, 24, 9))
    assert words(lines) == ledger(shop, begin)
    assert shop.codes_to("anna") == ["registration/3d", "abandoned_basket/4h"]


def test_a_letter_with_nothing_to_show_keeps_no_other_one_away(shop: Shop) -> None:
    """The basket's goods are gone, so its letter is none; that of the registration may go a little later."""
    shop.registers("anna")
    shop.pull()
    shop.waits(days=2, hours=19)
    shop.puts("anna", "1")
    shop.pull()
    shop.runs("registration", "abandoned_basket", past=4 * DAY)
    shop.product("1", active=False, available=False)
    shop.pull()
    begin = shop.now
    lines = planned(shop, hours=8)
    live(shop, some_minutes(lines, begin, 8, 8))
    said = words(lines)
    assert said == ledger(shop, begin)
    assert {(name[1], word[0]) for name, word in said.items()} == {
        ("abandoned_basket", "skipped"),
        ("registration", "queued"),
    }


def test_a_plan_writes_nothing(shop: Shop) -> None:
    busy_past(shop, 4, people=8, days=6)
    shop.runs(*CODES, past=20 * DAY)
    before = contents(shop)
    assert planned(shop)
    assert contents(shop) == before


def contents(shop: Shop) -> dict[str, int]:
    with shop.engine.connect() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for name, table in tables.metadata.tables.items()
        }


def test_a_scenario_that_is_off_is_planned_as_if_it_had_been_on(shop: Shop) -> None:
    shop.registers("anna")
    shop.pull()
    shop.waits(days=2, hours=23)
    planner = Planner(shop.engine, shop.shelf, shop.manners, shop.now)
    with shop.engine.connect() as connection:
        assert planning.cast_of(connection, planner) == []
        cast = planning.cast_of(connection, planner, code="registration")
    [line] = planning.plan(planner, cast, Window(shop.now, shop.now + DAY))
    assert isinstance(line, Played)
    assert (line.decision.outcome, line.at) == ("queued", shop.now + HOUR)


def test_a_plan_of_tomorrow_knows_what_goes_today(shop: Shop) -> None:
    """The interval between two letters is kept from a letter that has not gone yet."""
    shop.registers("anna")
    shop.pull()
    shop.runs("registration", past=HOUR)
    shop.waits(days=6, hours=23)  # three days' letter is too late only for another hour… and seven days' is due
    begin = shop.now
    lines = planned(shop, hours=30)
    planner = Planner(shop.engine, shop.shelf, shop.manners, begin)
    with shop.engine.connect() as connection:
        cast = planning.cast_of(connection, planner)
    tomorrow = list(planning.plan(planner, cast, Window(begin + 12 * HOUR, begin + 30 * HOUR)))
    late = {name: word for name, word in words(lines).items() if word[2] > begin + 12 * HOUR}
    assert words(tomorrow) == late


def test_letters_without_what_they_need_are_said_not_to_go(shop: Shop) -> None:
    """The basket letter is nothing without a basket: the goods were taken from the shop."""
    shop.registers("anna")
    shop.puts("anna", "1")
    shop.pull()
    shop.runs("abandoned_basket", past=HOUR)
    shop.product("1", active=False, available=False)
    shop.pull()
    begin = shop.now
    lines = planned(shop, hours=6)
    live(shop, some_minutes(lines, begin, 6, 5))
    assert words(lines) == ledger(shop, begin)
    [line] = lines
    assert isinstance(line, Played)
    assert "nothing to show" in str(line.decision.reason)
