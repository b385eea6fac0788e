"""The arbiter: nobody is written to more often than the rules allow, and who loses waits no longer than they ask."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.config import Frequency, Hours
from core.errors import packed
from core.i18n import message
from core.journeys.arbiter import Go, Later, Never, Wish, decide, may_issue, passive
from core.journeys.past import Happened, Past, Written

MOSCOW = "Europe/Moscow"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo(MOSCOW)).astimezone(UTC)
FAR = NOW + 400 * DAY
FREE = {"day": 0, "week": 0, "month": 0}


def rules(**settings: Any) -> Frequency:
    return Frequency.model_validate(settings)


def only(**settings: Any) -> Frequency:
    """No rule but those named."""
    off: dict[str, Any] = {"min_interval": "0", "active": FREE, "sale_of": 0, "content_day": False, "passive_days": 0}
    return rules(**off | settings)


def wish(kind: str = "marketing", *, sale: bool = False, until: datetime = FAR) -> Wish:
    return Wish(1, "basket/4h", "basket", "4h", 50, kind, sale, NOW, until)


def letter(ago: timedelta, kind: str = "marketing", issue: str = "registration/3d", **values: Any) -> Written:
    return Written(issue, NOW - ago, kind, **values)


def past(*letters: Written, facts: Sequence[Happened] = ()) -> Past:
    return Past(tuple(facts), tuple(sorted(letters, key=lambda one: one.at)))


def asked(
    before: Past, by: Frequency, one: Wish | None = None, *, now: datetime = NOW, content: bool = False, **more: Any
) -> Go | Later | Never:
    return decide(one or wish(), before, now, by, content_today=content, zone=MOSCOW, **more)


def put_off(verdict: Go | Later | Never) -> str:
    """Until when on the wall of Moscow."""
    assert isinstance(verdict, Later), verdict
    return f"{verdict.until.astimezone(ZoneInfo(MOSCOW)):%m-%d %H:%M}"


def told(verdict: Go | Later | Never) -> tuple[type, datetime | None, str]:
    """A verdict as something that can be compared."""
    reason = "" if isinstance(verdict, Go) else packed(verdict.reason)
    return type(verdict), verdict.until if isinstance(verdict, Later) else None, reason


# ---- each rule ----


def test_somebody_who_was_never_written_to_gets_the_letter() -> None:
    assert asked(past(), rules()) == Go()


def test_between_two_letters_there_are_twenty_hours() -> None:
    assert asked(past(letter(20 * HOUR)), only(min_interval="20h")) == Go()
    assert put_off(asked(past(letter(19 * HOUR)), only(min_interval="20h"))) == "11-24 13:00"


def test_a_letter_that_is_queued_counts_as_one_that_is_gone() -> None:
    assert put_off(asked(past(letter(HOUR, gone=False)), only(min_interval="20h"))) == "11-25 07:00"


def test_the_moment_is_a_whole_minute() -> None:
    verdict = asked(past(letter(timedelta(minutes=30, seconds=29, microseconds=1))), only(min_interval="1h"))
    assert put_off(verdict) == "11-24 12:30"
    assert isinstance(verdict, Later)
    assert verdict.until.second == verdict.until.microsecond == 0


def test_a_day_is_that_of_the_calendar() -> None:
    one_a_day = only(active={**FREE, "day": 1})
    assert put_off(asked(past(letter(11 * HOUR)), one_a_day)) == "11-25 00:00"
    assert asked(past(letter(13 * HOUR)), one_a_day) == Go(), "it went yesterday evening"
    vladivostok = decide(wish(), past(letter(3 * HOUR)), NOW, one_a_day, content_today=False, zone="Asia/Vladivostok")
    assert put_off(vladivostok) == "11-24 17:00", "where it is midnight seven hours earlier"


def test_of_two_a_day_the_third_waits() -> None:
    two = only(active={**FREE, "day": 2})
    assert asked(past(letter(HOUR)), two) == Go()
    assert put_off(asked(past(letter(HOUR), letter(2 * HOUR)), two)) == "11-25 00:00"


def test_a_week_is_any_seven_days() -> None:
    three = only(active={**FREE, "week": 3})
    assert asked(past(letter(DAY), letter(2 * DAY), letter(7 * DAY)), three) == Go()
    assert put_off(asked(past(letter(DAY), letter(2 * DAY), letter(6 * DAY)), three)) == "11-25 12:00"


def test_a_month_is_any_thirty_days() -> None:
    two = only(active={**FREE, "month": 2})
    assert asked(past(letter(DAY), letter(30 * DAY)), two) == Go()
    assert put_off(asked(past(letter(DAY), letter(29 * DAY)), two)) == "11-25 12:00"


def test_when_too_many_went_already_so_many_have_to_leave() -> None:
    one_a_week = only(active={**FREE, "week": 1})
    assert put_off(asked(past(letter(DAY), letter(2 * DAY), letter(6 * DAY)), one_a_week)) == "11-30 12:00"


def test_issues_count_and_service_letters_do_not() -> None:
    assert isinstance(asked(past(letter(HOUR, "issue")), rules()), Later)
    assert asked(past(letter(HOUR, "service")), rules()) == Go()


def test_a_service_letter_always_goes() -> None:
    before = past(letter(HOUR), letter(2 * HOUR), letter(3 * HOUR, sale=True))
    assert asked(before, rules(), wish("service", sale=True, until=NOW - DAY), content=True) == Go()


def test_nought_is_no_limit() -> None:
    crowd = past(*(letter(minutes * timedelta(minutes=1), sale=True) for minutes in range(200)))
    assert asked(crowd, only(passive_days=0), wish(sale=True)) == Go()


# ---- who reads and who does not ----

SILENT = [letter(80 * DAY), letter(50 * DAY), letter(20 * DAY)]


def test_who_does_nothing_after_three_letters_is_passive() -> None:
    assert passive(past(*SILENT), NOW, rules())
    assert not passive(past(*SILENT[1:]), NOW, rules()), "two letters only"
    assert not passive(past(letter(95 * DAY), *SILENT[1:]), NOW, rules()), "the first was too long ago"
    assert not passive(past(*SILENT[1:], letter(DAY, gone=False)), NOW, rules()), "one is still on its way"
    assert not passive(past(*SILENT[1:], letter(DAY, "service")), NOW, rules()), "service letters do not count"
    assert not passive(past(*SILENT), NOW, rules(passive_days=0))


@pytest.mark.parametrize("what", ["opened", "clicked", "ordered"])
def test_any_reaction_within_ninety_days_makes_one_active(what: str) -> None:
    assert not passive(past(*SILENT, facts=[Happened(what, NOW - 89 * DAY)]), NOW, rules())
    assert passive(past(*SILENT, facts=[Happened(what, NOW - 90 * DAY)]), NOW, rules())


@pytest.mark.parametrize("reaction", [{"opened_at": NOW - DAY}, {"clicked_at": NOW - DAY}])
def test_opening_or_clicking_any_letter_makes_one_active(reaction: dict[str, datetime]) -> None:
    assert not passive(past(*SILENT, letter(2 * DAY, "service", **reaction)), NOW, rules())


def test_looking_at_the_shop_is_no_reaction_to_letters() -> None:
    assert passive(past(*SILENT, facts=[Happened("viewed", NOW - DAY)]), NOW, rules())


def test_the_passive_have_caps_of_their_own() -> None:
    two = only(passive={**FREE, "month": 2}, passive_days=90)
    silent = [letter(80 * DAY), letter(26 * DAY), letter(20 * DAY)]
    assert put_off(asked(past(*silent), two)) == "11-28 12:00"
    assert asked(past(*silent, facts=[Happened("ordered", NOW - DAY)]), two) == Go()


def test_the_wait_ends_when_one_is_no_longer_passive() -> None:
    silent = [letter(89 * DAY), letter(2 * DAY), letter(DAY)]
    two = only(passive={**FREE, "month": 2}, passive_days=90)
    assert put_off(asked(past(*silent), two)) == "11-25 12:00", "then two letters are left of the ninety days"


# ---- discounts ----


def test_only_one_letter_of_four_holds_out_a_discount() -> None:
    others = [letter(hours * HOUR) for hours in (1, 2)]
    verdict = asked(past(letter(3 * HOUR, sale=True, issue="birthday/1d"), *others), only(sale_of=4), wish(sale=True))
    assert isinstance(verdict, Never)
    assert "birthday/1d" in str(verdict.reason)
    assert asked(past(letter(4 * HOUR, sale=True), letter(3 * HOUR), *others), only(sale_of=4), wish(sale=True)) == Go()


def test_letters_without_a_discount_go_after_one_with_it() -> None:
    assert asked(past(letter(HOUR, sale=True)), only(sale_of=4)) == Go()


def test_letters_of_issues_stand_between_discounts_and_service_letters_do_not() -> None:
    between = [letter(1 * HOUR), letter(2 * HOUR)]
    before = letter(4 * HOUR, sale=True)
    assert asked(past(before, *between, letter(3 * HOUR, "issue")), only(sale_of=4), wish(sale=True)) == Go()
    service = past(before, *between, letter(3 * HOUR, "service"))
    assert isinstance(asked(service, only(sale_of=4), wish(sale=True)), Never)


def test_a_discount_of_long_ago_is_forgotten() -> None:
    old = past(letter(60 * DAY, sale=True))
    assert asked(old, only(sale_of=4), wish(sale=True)) == Go()
    assert isinstance(asked(old, only(sale_of=4, sale_days=61), wish(sale=True)), Never)
    assert isinstance(asked(old, only(sale_of=4, sale_days=0), wish(sale=True)), Never)


def test_one_of_one_is_no_limit() -> None:
    assert asked(past(letter(HOUR, sale=True)), only(sale_of=1), wish(sale=True)) == Go()


# ---- issues on the same day, polite hours ----


def test_on_the_day_of_an_issue_a_scenario_waits_for_the_next() -> None:
    assert put_off(asked(past(), only(content_day=True), content=True)) == "11-25 00:00"
    assert put_off(asked(past(), only(content_day=True), content=True, hours=Hours())) == "11-25 09:00"
    assert asked(past(), only(), content=True) == Go(), "switched off"
    night = asked(past(), only(content_day=True), content=True, now=NOW - 11 * HOUR)
    assert put_off(night) == "11-25 00:00", "at one in the morning the day is that of the wall, not of UTC"


def test_an_issue_of_today_stands_in_the_way_of_a_wait_that_ends_today() -> None:
    by = only(min_interval="20h", content_day=True)
    assert put_off(asked(past(letter(19 * HOUR)), by, content=True)) == "11-25 00:00"
    assert put_off(asked(past(letter(HOUR)), by, content=True)) == "11-25 07:00"


def test_whoever_waits_into_the_night_waits_for_the_polite_hours() -> None:
    before = past(letter(9 * HOUR))
    verdict = asked(before, only(min_interval="20h"), hours=Hours())
    assert put_off(verdict) == "11-25 09:00"
    assert isinstance(verdict, Later)
    assert "registration/3d" in str(verdict.reason), "the letter, not the hour, stood in the way"
    night = asked(past(), only(), now=NOW + 12 * HOUR, hours=Hours())
    assert put_off(night) == "11-25 09:00"


# ---- too late ----


def test_a_wait_beyond_the_latest_moment_is_never() -> None:
    verdict = asked(past(letter(HOUR)), only(min_interval="20h"), wish(until=NOW + 18 * HOUR))
    assert isinstance(verdict, Never)
    assert "25.11.2026 07:00" in str(verdict.reason)
    assert "registration/3d" in str(verdict.reason)
    assert put_off(asked(past(letter(HOUR)), only(min_interval="20h"), wish(until=NOW + 19 * HOUR))) == "11-25 07:00"


def test_a_letter_whose_time_is_over_never_goes() -> None:
    verdict = asked(past(), rules(), wish(until=NOW - HOUR))
    assert isinstance(verdict, Never)
    assert "24.11.2026 11:00" in str(verdict.reason)
    assert asked(past(), rules(), wish(until=NOW)) == Go()


def test_several_rules_are_waited_for_one_after_the_other() -> None:
    before = past(letter(2 * HOUR), letter(DAY), letter(6 * DAY + 2 * HOUR))
    by = only(min_interval="20h", active={"day": 1, "week": 3, "month": 0})
    verdict = asked(before, by)
    assert put_off(verdict) == "11-25 10:00", "20 hours: 06:00; the week: 10:00"
    assert isinstance(verdict, Later)
    assert "in 7 days" in str(verdict.reason), "the last of them is the reason"
    assert put_off(asked(before, by, content=True, hours=Hours(start="11:00"))) == "11-25 11:00"  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_reason_names_the_letter_in_the_way(language: str) -> None:
    recent = past(letter(HOUR), letter(2 * HOUR, sale=True))
    for by in (
        only(min_interval="20h"),
        only(active={**FREE, "day": 1}),
        only(active={**FREE, "week": 2}),
        only(active={**FREE, "month": 2}),
        only(passive_days=90, passive_letters=2, passive={**FREE, "month": 2}),
        only(sale_of=4),
    ):
        verdict = asked(recent, by, wish(sale=True))
        assert isinstance(verdict, Later | Never)
        assert "registration/3d" in message(verdict.reason, language)


# ---- issues that keep the rules ----


def test_an_issue_may_keep_the_interval_and_the_caps() -> None:
    assert may_issue(past(), NOW, rules(), zone=MOSCOW) is None
    assert may_issue(past(letter(21 * HOUR)), NOW, rules(), zone=MOSCOW) is None
    for before, by in (
        ([letter(HOUR)], only(min_interval="20h")),
        ([letter(DAY), letter(2 * DAY)], only(active={**FREE, "week": 2})),
        ([letter(DAY), letter(20 * DAY)], only(active={**FREE, "month": 2})),
        ([*SILENT, letter(DAY)], only(passive_days=90, passive={**FREE, "month": 2})),
    ):
        reason = may_issue(past(*before), NOW, by, zone=MOSCOW)
        assert reason is not None
        assert "registration/3d" in str(reason)


# ---- whatever comes ----

CAPS = st.fixed_dictionaries({"day": st.integers(0, 2), "week": st.integers(0, 3), "month": st.integers(0, 5)})
RULES = st.fixed_dictionaries(
    {
        "min_interval": st.sampled_from(["0", "90m", "20h", "3d"]),
        "active": CAPS,
        "passive": CAPS,
        "passive_days": st.sampled_from([0, 5, 20, 90]),
        "passive_letters": st.integers(1, 4),
        "sale_of": st.integers(0, 5),
        "content_day": st.booleans(),
    }
).map(lambda settings: rules(**settings))
SECONDS = st.integers(0, 60 * 86400) | st.integers(0, 20).map(lambda steps: steps * 6 * 3600)
LETTERS = st.builds(
    lambda seconds, kind, sale, gone, opened: letter(
        timedelta(seconds=seconds),
        kind,
        sale=sale,
        gone=gone,
        opened_at=NOW - timedelta(seconds=seconds * opened) if gone and opened else None,
    ),
    SECONDS,
    st.sampled_from(["marketing", "marketing", "issue", "service"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 0, 0, 0.5, 0.99]),
)
FACTS = st.builds(lambda seconds: Happened("ordered", NOW - timedelta(seconds=seconds)), SECONDS)
PASTS = st.builds(
    lambda letters, facts: past(*letters, facts=facts), st.lists(LETTERS, max_size=12), st.lists(FACTS, max_size=1)
)
WISHES = st.builds(
    lambda sale, late: wish(sale=sale, until=NOW + timedelta(seconds=late)), st.booleans(), st.integers(0, 40 * 86400)
)
HOURS = st.sampled_from(
    [None, Hours(), Hours.model_validate({"start": "22:00", "end": "03:00", "weekdays": "tue,sat"})]
)
ZONES = st.sampled_from([MOSCOW, "Europe/Berlin", "America/New_York", "Asia/Vladivostok"])


@given(PASTS, WISHES, RULES, HOURS, ZONES, st.booleans())
def test_at_the_moment_it_is_put_off_to_the_letter_goes_and_not_a_minute_before(
    before: Past, one: Wish, by: Frequency, hours: Hours | None, zone: str, content: bool
) -> None:
    more: dict[str, Any] = {"zone": zone, "hours": hours}
    verdict = decide(one, before, NOW, by, content_today=content, **more)
    again = decide(one, before, NOW, by, content_today=content, **more)
    assert told(verdict) == told(again), "asked twice, the same is said"
    if isinstance(verdict, Never):
        return
    until = verdict.until if isinstance(verdict, Later) else NOW
    assert NOW <= until <= one.until
    same_day = until.astimezone(ZoneInfo(zone)).date() == NOW.astimezone(ZoneInfo(zone)).date()
    assert decide(one, before, until, by, content_today=content and same_day, **more) == Go()
    minute = timedelta(minutes=1)
    for share in (0.0, 0.3, 0.7, 1.0):
        between = NOW + (until - minute - NOW) * share
        same_day = between.astimezone(ZoneInfo(zone)).date() == NOW.astimezone(ZoneInfo(zone)).date()
        if NOW <= between < until:
            assert decide(one, before, between, by, content_today=content and same_day, **more) != Go(), between


@given(PASTS, WISHES, RULES, st.booleans())
def test_service_letters_go_whatever_was_before(before: Past, one: Wish, by: Frequency, content: bool) -> None:
    assert asked(before, by, replace(one, kind="service"), content=content) == Go()


class Mail:
    """A greedy sender: each wish goes as soon as the arbiter lets it, over weeks."""

    def __init__(self, by: Frequency, zone: str, hours: Hours | None, issues: Sequence[Written]) -> None:
        self.rules, self.zone, self.hours = by, zone, hours
        self.letters = list(issues)
        self.sent: list[Written] = []

    def day(self, at: datetime) -> str:
        return f"{at.astimezone(ZoneInfo(self.zone)):%Y-%m-%d}"

    def known(self, at: datetime) -> list[Written]:
        return sorted((one for one in self.letters if one.at <= at), key=lambda one: one.at)

    def run(self, wishes: Sequence[tuple[datetime, Wish, bool]]) -> None:
        queue = [(at, number, one, opens) for number, (at, one, opens) in enumerate(wishes)]
        heapq.heapify(queue)
        while queue:
            at, number, one, opens = heapq.heappop(queue)
            content = any(issue.kind == "issue" and self.day(issue.at) == self.day(at) for issue in self.letters)
            verdict = decide(
                one,
                Past((), tuple(self.known(at))),
                at,
                self.rules,
                content_today=content,
                zone=self.zone,
                hours=self.hours,
            )
            if isinstance(verdict, Later):
                assert verdict.until > at
                heapq.heappush(queue, (verdict.until, number, one, opens))
            elif isinstance(verdict, Go):
                written = Written(one.issue, at, one.kind, sale=one.sale, opened_at=at if opens else None)
                self.letters.append(written)
                self.sent += [written] if one.kind != "service" else []

    def is_passive(self, at: datetime) -> bool:
        since = at - timedelta(days=self.rules.passive_days)
        known = [one for one in self.known(at) if one.kind != "service" and one.at > since]
        awake = any(one.opened_at and since < one.opened_at <= at for one in self.known(at))
        return not awake and len(known) >= self.rules.passive_letters


GOING = st.tuples(
    st.integers(0, 40 * 86400).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.tuples(st.sampled_from(["marketing"] * 5 + ["service"]), st.booleans(), st.integers(0, 20)),
    st.booleans(),
).map(lambda drawn: (drawn[0], wish(drawn[1][0], sale=drawn[1][1], until=drawn[0] + drawn[1][2] * DAY), drawn[2]))
ISSUES = st.lists(
    st.integers(0, 50 * 24).map(lambda hours: Written("news", NOW - 10 * DAY + hours * HOUR, "issue")), max_size=4
)


@given(st.lists(GOING, max_size=25), ISSUES, RULES, HOURS, ZONES)
@example([(NOW, wish(), False), (NOW, wish(), False), (NOW, wish(), True)], [], rules(), Hours(), MOSCOW)
def test_whatever_is_wished_no_rule_is_broken(
    wishes: list[tuple[datetime, Wish, bool]], issues: list[Written], by: Frequency, hours: Hours | None, zone: str
) -> None:
    mail = Mail(by, zone, hours, issues)
    mail.run(wishes)
    for one in mail.sent:
        before = [other for other in mail.known(one.at) if other.kind != "service" and other is not one]
        earlier = [other for other in before if other not in mail.sent or mail.sent.index(other) < mail.sent.index(one)]
        kept = [other for other in earlier if other.at > one.at - by.min_interval]
        assert not kept, "the interval"
        mail.letters.remove(one)  # as it stood when it was asked
        caps = by.passive if by.passive_days and mail.is_passive(one.at) else by.active
        mail.letters.append(one)
        today = [other for other in earlier if mail.day(other.at) == mail.day(one.at)]
        assert not caps.day or len(today) < caps.day
        for cap, days in ((caps.week, 7), (caps.month, 30)):
            assert not cap or len([other for other in earlier if other.at > one.at - days * DAY]) < cap
        if by.content_day:
            assert mail.day(one.at) not in {mail.day(issue.at) for issue in issues}
        if one.sale and by.sale_of > 1:
            told = [other for other in earlier[-(by.sale_of - 1) :] if one.at - other.at < by.sale_days * DAY]
            assert not any(other.sale for other in told)


def test_ten_wishes_at_once_are_spread_by_the_default_rules() -> None:
    mail = Mail(rules(), MOSCOW, Hours(), [])
    mail.run([(NOW, wish(), True)] * 10)
    assert [f"{one.at.astimezone(ZoneInfo(MOSCOW)):%m-%d %H:%M}" for one in mail.sent] == [
        *("11-24 12:00", "11-25 09:00", "11-26 09:00"),
        *("12-01 12:00", "12-02 09:00", "12-03 09:00"),
        *("12-08 12:00", "12-09 09:00"),
        *("12-24 12:00", "12-25 09:00"),
    ]
    assert all(later.at - earlier.at >= 20 * HOUR for earlier, later in pairwise(mail.sent))


def test_ten_wishes_at_once_to_somebody_silent_become_two_a_month() -> None:
    mail = Mail(rules(), MOSCOW, Hours(), [])
    mail.run([(NOW, wish(until=NOW + 100 * DAY), False)] * 10)
    assert [f"{one.at.astimezone(ZoneInfo(MOSCOW)):%m-%d}" for one in mail.sent] == [
        *("11-24", "11-25", "11-26"),
        *("12-25", "01-01"),
        *("01-24", "01-31"),
        *("02-23", "03-02"),
    ]
