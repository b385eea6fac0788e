"""Cut-offs: fifths of the buyers, computed daily, unless an admin has set them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from core import buyers, groups
from core.buyers import cuts
from core.errors import Misconfigured
from core.rules import Scale
from tests.conftest import NOW
from tests.core.buyers.shop import Shop


def scale(shop: Shop) -> Scale:
    with shop.engine.connect() as connection:
        [found] = cuts.scales(connection)
    return found


def ten_buyers(shop: Shop) -> None:
    """Who bought 1 … 10 days ago for 10 … 1 thousand; the four last ones twice."""
    for number, contact in enumerate(shop.contacts(10), 1):
        shop.order(contact, days_ago=number, total=11_000 - number * 1000)
        if number > 6:
            shop.order(contact, days_ago=number + 1, total=0)


def test_five_fifths(shop: Shop) -> None:
    ten_buyers(shop)
    buyers.refresh(shop.engine, "shop", now=NOW)
    assert scale(shop) == Scale("shop", (2, 4, 6, 8), (3, 2, 2, 2), (8001, 6001, 4001, 2001))


def test_days_are_begun_ones_as_in_the_words_about_periods(shop: Shop) -> None:
    shop.order(shop.contacts(1)[0], days_ago=2.01)
    buyers.refresh(shop.engine, "shop", now=NOW)
    assert scale(shop).recency == (3, 3, 3, 3)


def test_they_are_computed_once_a_day(shop: Shop) -> None:
    ten_buyers(shop)
    for hours, recency in ((0, (2, 4, 6, 8)), (20, (2, 4, 6, 8)), (24, (3, 5, 7, 9))):
        buyers.refresh(shop.engine, "shop", now=NOW + timedelta(hours=hours))
        assert scale(shop).recency == recency


def test_what_an_admin_set_stays_until_let_go(shop: Shop) -> None:
    ten_buyers(shop)
    buyers.refresh(shop.engine, "shop", now=NOW)
    kept = cuts.set_scale(shop.engine, "shop", {"recency": (30, 60, 120, 240)}, now=NOW)
    assert kept == Scale("shop", (30, 60, 120, 240), (3, 2, 2, 2), (8001, 6001, 4001, 2001))
    later = NOW + timedelta(days=3)
    buyers.refresh(shop.engine, "shop", now=later)
    buyers.rebuild(shop.engine, "shop", now=later)
    assert scale(shop) == kept
    cuts.let_go(shop.engine, "shop", now=later)
    assert scale(shop).recency == (5, 7, 9, 11)


def test_cut_offs_set_before_the_first_count_stay(shop: Shop) -> None:
    ten_buyers(shop)
    cuts.set_scale(shop.engine, "shop", {"frequency": (9, 7, 5, 3)}, now=NOW)
    buyers.refresh(shop.engine, "shop", now=NOW)
    assert scale(shop).frequency == (9, 7, 5, 3)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("recency", (60, 30, 120, 240), "days that do not fall"),
        ("recency", (30, 60, 120), "four numbers of days"),
        ("recency", (0, 60, 120, 240), "not 0, 60, 120, 240"),
        ("recency", (30, 60, 120, 99_999), "99999"),
        ("frequency", (2, 3, 5, 10), "orders that do not rise"),
        ("monetary", (1, 2, 3, 4), "sums that do not rise"),
        ("monetary", (10**20, 3, 2, 1), "sums that do not rise"),
        ("recencies", (30, 60, 120, 240), "there are recency, frequency, monetary"),
    ],
)
def test_cut_offs_that_make_no_sense_are_refused(shop: Shop, name: str, given: Sequence[int], said: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        cuts.set_scale(shop.engine, "shop", {name: given}, now=NOW)
    assert said in str(refused.value)


def test_the_world_of_groups_knows_the_scales_that_were_counted(shop: Shop) -> None:
    ten_buyers(shop)
    cuts.begin(shop.engine, "never", now=NOW)
    buyers.refresh(shop.engine, "shop", now=NOW)
    with shop.engine.connect() as connection:
        assert groups.world(connection, now=NOW, timezone="UTC").scales == (scale(shop),)
