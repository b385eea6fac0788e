"""An interval is one's own, drawn towards that of everybody else: the less is known of somebody, the more."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rhythms import histories, purchases
from core.rhythms.histories import Bought, History
from core.rhythms.mixing import LATEST, NOBODY, Pool, mixed, pool
from core.rhythms.pools import Tally

DAYS = st.integers(1, 1000)
OWN = st.lists(DAYS, min_size=1, max_size=2 * LATEST)
POOLS = st.builds(
    lambda middle, clients: Pool(clients * 2, clients, 50, middle, middle, middle), DAYS, st.integers(1, 1000)
)
BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


@st.composite
def lines(draw: st.DrawFn) -> list[Bought]:
    """Lines of orders of a few contacts, products and days."""
    sections = {"cream": "12", "soap": "12", "sofa": "15", "": ""}
    several = st.tuples(st.integers(1, 4), st.sampled_from(sorted(sections)), st.integers(0, 400), st.integers(0, 23))
    return [
        (contact, product, BEGIN + timedelta(days=days, hours=hours), sections[product])
        for contact, product, days, hours in draw(st.lists(several, max_size=40))
    ]


@given(OWN, POOLS, POOLS)
def test_an_interval_lies_between_ones_own_and_the_others(own: list[int], product: Pool, section: Pool) -> None:
    found = mixed(own, product, section)
    assert found is not None
    known = [median(own[-LATEST:]), product.median, section.median]
    assert min(known) - 1 <= found.days <= max(known) + 1  # type: ignore[operator, type-var]


@given(DAYS, st.integers(1, LATEST - 1), POOLS)
def test_the_more_is_known_of_somebody_the_nearer_it_is_to_their_own(days: int, times: int, others: Pool) -> None:
    fewer, more = mixed([days] * times, NOBODY, others), mixed([days] * (times + 1), NOBODY, others)
    assert fewer is not None
    assert more is not None
    assert abs(more.days - days) <= abs(fewer.days - days)
    assert more.evidence["own_percent"] > fewer.evidence["own_percent"]


@given(POOLS, POOLS)
def test_a_product_that_many_buy_again_is_known_by_itself(product: Pool, section: Pool) -> None:
    many = Pool(10**9, 10**9, 50, product.low, product.median, product.high)
    found = mixed([], many, section)
    assert found is not None
    assert found.days == product.median


def test_the_weights_are_those_that_are_told() -> None:
    section = Pool(400, 212, 53, 30, 40, 60)
    found = mixed([31, 28, 35], Pool(0, 0, 0), section)
    assert found is not None
    assert found.days == 35  # 31 · 3/5 + 40 · 2/5 = 34.6
    assert found.evidence["own_percent"] == 60
    found = mixed([31, 28, 35], Pool(90, 30, 33, 20, 20, 20), section)
    assert found is not None
    assert found.days == 29  # the others: 20 · 30/40 + 40 · 10/40 = 25; 31 · 3/5 + 25 · 2/5 = 28.6


def test_one_long_pause_moves_nothing() -> None:
    found = mixed([30, 30, 900, 30, 30])
    assert found is not None
    assert found.days == 30


def test_only_the_last_intervals_count() -> None:
    found = mixed([100] * 50 + [20] * LATEST)
    assert found is not None
    assert found.days == 20


@pytest.mark.parametrize(
    ("product", "section", "known"),
    [
        (NOBODY, NOBODY, False),
        (NOBODY, Pool(100, 4, 4, 30, 30, 30), False),  # four clients are nobody
        (NOBODY, Pool(100, 5, 5, 30, 30, 30), True),
        (NOBODY, Pool(5000, 20, 0, 30, 30, 30), False),  # sofas
        (Pool(2000, 3, 0, 9, 9, 9), Pool(9000, 3000, 33, 30, 30, 30), False),  # a bowl among the creams
        (Pool(3, 0, 29), Pool(9000, 3000, 33, 30, 30, 30), True),  # a new cream
    ],
)
def test_who_bought_once_follows_others_only_if_they_come_back(product: Pool, section: Pool, known: bool) -> None:
    assert (mixed([], product, section) is not None) is known


def test_a_pool_is_told_by_its_quarters_and_by_how_many_come_back() -> None:
    assert pool(Counter({10: 1, 20: 1, 30: 1, 40: 1}), 8) == Pool(8, 4, 50, 10, 20, 30)
    assert pool(Counter(), 7) == Pool(7, 0, 0)
    section = pool(Counter({30: 50}), 100)
    assert pool(Counter(), 0, section).share == 50, "of a new product nothing is known but its section"
    assert pool(Counter({30: 2}), 980, section).share == 1


@given(st.dictionaries(DAYS, st.integers(1, 20), min_size=1))
def test_half_of_the_clients_lie_between_the_quarters(days: dict[int, int]) -> None:
    one = pool(Counter(days), sum(days.values()))
    assert one.low is not None
    assert one.median is not None
    assert one.high is not None
    inside = sum(count for value, count in days.items() if one.low <= value <= one.high)
    assert inside * 2 >= one.clients
    assert one.low <= one.median <= one.high
    assert sum(count for value, count in days.items() if value <= one.median) * 2 >= one.clients


# ---- what orders say ----


@given(lines(), st.randoms(use_true_random=False))
def test_the_order_in_which_orders_come_does_not_matter(bought: list[Bought], dice: object) -> None:
    mixed_up = list(bought)
    dice.shuffle(mixed_up)  # type: ignore[attr-defined]
    found = list(histories.histories(bought, timezone="Europe/Moscow"))
    assert found == list(histories.histories(mixed_up, timezone="Europe/Moscow"))
    for one in found:
        assert len(one.intervals) == len(one.moments) - 1
        assert all(days >= 1 for days in one.intervals)
        assert list(one.moments) == sorted(set(one.moments))
    assert {(line[0], line[1]) for line in bought} == {(one.contact_id, one.product) for one in found}


@given(lines())
def test_pools_are_the_same_however_contacts_are_divided_into_pages(bought: list[Bought]) -> None:
    found = list(histories.histories(bought, timezone="UTC"))
    whole, paged = Tally(BEGIN), Tally(BEGIN)
    whole.add(found)
    for contact in (4, 2, 1, 3):
        paged.add(one for one in found if one.contact_id == contact)
    assert list(whole.pools()) == list(paged.pools())


def test_two_orders_of_a_day_are_one_purchase_by_the_calendar_of_the_site() -> None:
    late = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)  # 23:30 in Moscow
    bought = [(1, "cream", late + timedelta(minutes=minutes), "") for minutes in (0, 10, 60)]
    [moscow] = histories.histories(bought, timezone="Europe/Moscow")
    assert (moscow.moments, moscow.intervals) == ((late, late + timedelta(minutes=60)), (1,))
    [greenwich] = histories.histories(bought, timezone="UTC")
    assert (greenwich.moments, greenwich.intervals) == ((late,), ())


def test_each_purchase_is_told_by_what_was_known_then() -> None:
    moments = tuple(BEGIN + timedelta(days=days) for days in (0, 10, 30))
    rows = list(purchases(History(1, "cream", "12", moments, (10, 20)), NOBODY, NOBODY))
    told = [(row["last_at"], row["again_at"], row["orders"], row["interval_days"]) for row in rows]
    assert told == [(moments[1], moments[2], 2, 10), (moments[2], None, 3, 15)], "after the first nothing was known"
    assert rows[-1]["next_at"] == moments[2] + timedelta(days=15)
