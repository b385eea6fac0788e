"""Buyers are what their orders say, however those came, changed and went."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from core import buyers
from core.buyers import cuts
from core.db import writing
from tests.conftest import NOW
from tests.core.buyers.shop import Shop


def refresh(shop: Shop) -> int:
    return buyers.refresh(shop.engine, shop.name, now=shop.now)


def test_a_buyer_is_what_its_orders_say(shop: Shop) -> None:
    [one, none] = shop.contacts(2)
    shop.order(one, days_ago=40, total="100.10")
    shop.order(one, days_ago=3, total="200.20")
    assert refresh(shop) == 2
    assert shop.buyers().keys() == {one}, f"{none} ordered nothing"
    row = shop.buyers()[one]
    assert (row["orders"], row["revenue"]) == (2, Decimal("300.3"))
    assert (row["first_at"], row["last_at"]) == (NOW - timedelta(days=40), NOW - timedelta(days=3))


def test_cancelled_orders_and_those_of_nobody_do_not_count(shop: Shop) -> None:
    [one, two] = shop.contacts(2)
    shop.order(one, total=100)
    shop.order(one, total=900, cancelled_at=NOW)
    shop.order(two, cancelled_at=NOW)
    shop.order(None)
    refresh(shop)
    assert {contact: row["orders"] for contact, row in shop.buyers().items()} == {one: 1}


def test_an_order_in_another_currency_is_an_order_without_a_sum(shop: Shop) -> None:
    [one] = shop.contacts(1)
    shop.order(one, total=100)
    shop.order(one, total=70, currency="USD")
    refresh(shop)
    assert (shop.buyers()[one]["orders"], shop.buyers()[one]["revenue"]) == (2, 100)


def test_two_sources_count_apart(shop: Shop) -> None:
    other = Shop(shop.engine, "other")
    [one] = shop.contacts(1)
    shop.order(one, total=100)
    other.order(one, total=700)
    refresh(shop)
    refresh(other)
    assert (shop.buyers()[one]["revenue"], other.buyers()[one]["revenue"]) == (100, 700)


@pytest.mark.parametrize(
    ("values", "on_sale"),
    [
        ({"lines": [(80, 100), (90, 100)]}, True),
        ({"lines": [(80, 100), (100, 100)]}, False),
        ({"lines": [(80, 100), (90, None)]}, False),
        ({"lines": [(100, 100)], "coupons": ["SALE-1"]}, True),
        ({"lines": [], "coupons": None}, False),
        ({}, False),
    ],
)
def test_an_order_is_on_sale_if_all_of_it_was_cheaper_or_it_had_a_coupon(
    shop: Shop, values: dict[str, Any], on_sale: bool
) -> None:
    [one] = shop.contacts(1)
    shop.order(one, days_ago=9, **values)
    shop.order(one, days_ago=5, lines=[(1, 2)])
    refresh(shop)
    row = shop.buyers()[one]
    assert (bool(row["first_on_sale"]), row["sale_orders"]) == (on_sale, 1 + on_sale)


def test_whoever_has_no_order_left_is_no_buyer(shop: Shop) -> None:
    [one, two] = shop.contacts(2)
    orders = [shop.order(one), shop.order(two)]
    shop.now += timedelta(hours=1)
    refresh(shop)
    shop.now += timedelta(hours=1)
    shop.cancel(orders[0])
    assert refresh(shop) == 1
    assert shop.buyers().keys() == {two}


def test_only_contacts_of_new_and_changed_orders_are_counted_again(shop: Shop) -> None:
    contacts = shop.contacts(5)
    for contact in contacts:
        shop.order(contact)
    shop.now += timedelta(hours=1)
    refresh(shop)
    shop.now += timedelta(hours=1)
    shop.order(contacts[3])
    assert refresh(shop) == 1
    assert shop.buyers()[contacts[3]]["orders"] == 2


def test_an_order_committed_after_a_count_though_dated_before_it_is_found(shop: Shop) -> None:
    [one] = shop.contacts(1)
    shop.order(one)
    shop.now += timedelta(hours=1)
    refresh(shop)
    shop.order(one, written_at=shop.now - timedelta(minutes=4))
    shop.now += timedelta(minutes=5)
    refresh(shop)
    assert shop.buyers()[one]["orders"] == 2


def test_an_order_that_moves_leaves_its_former_contact(shop: Shop) -> None:
    [one, two, three] = shop.contacts(3)
    order = shop.order(one)
    refresh(shop)
    for contact in (two, three):
        shop.now += timedelta(hours=1)
        shop.change(order, contact_id=contact)
        refresh(shop)
        assert shop.buyers().keys() == {contact}


@pytest.mark.parametrize("seed", range(4))
def test_however_orders_come_and_change_counting_on_is_counting_anew(shop: Shop, seed: int) -> None:
    dice, contacts = random.Random(seed), shop.contacts(12)
    acts: list[Callable[[], object]] = [
        lambda: shop.order(
            dice.choice([*contacts, None]),
            days_ago=dice.uniform(0, 400),
            total=f"{dice.randrange(1, 99_999_999) / 10_000:.4f}",
            currency=dice.choice(["RUB", "RUB", "EUR"]),
            coupons=dice.choice([[], ["C"]]),
            lines=dice.choice([[], [(1, 2)], [(1, 2), (3, 3)]]),
        ),
        lambda: shop.cancel(dice.choice(shop.orders)),
        lambda: shop.change(dice.choice(shop.orders), cancelled_at=None),
        lambda: shop.change(dice.choice(shop.orders), contact_id=dice.choice([*contacts, None])),
        lambda: shop.change(dice.choice(shop.orders), total=dice.randrange(1, 5000)),
    ]
    acts[0]()
    for _ in range(15):
        for act in dice.choices(acts, weights=[4, 2, 1, 3, 1], k=dice.randrange(1, 7)):
            shop.now += timedelta(seconds=1)
            act()
        refresh(shop)
        shop.now += timedelta(minutes=dice.choice([1, 30]))
    counted = shop.buyers()
    with shop.engine.begin() as connection:
        connection.execute(sa.delete(buyers._buyers))
    buyers.rebuild(shop.engine, shop.name, now=shop.now)
    assert counted == shop.buyers()
    assert counted


def test_counting_anew_mends_whatever_is_wrong(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buyers, "AT_A_TIME", 2)
    contacts = shop.contacts(7)
    for contact in contacts[:6]:
        shop.order(contact)
    refresh(shop)
    right = shop.buyers()
    with shop.engine.begin() as connection:
        connection.execute(sa.update(buyers._buyers).where(buyers._buyers.c.contact_id == contacts[0]).values(orders=9))
        connection.execute(sa.delete(buyers._buyers).where(buyers._buyers.c.contact_id == contacts[3]))
        stray = right[contacts[1]] | {"contact_id": contacts[6]}
        connection.execute(sa.insert(buyers._buyers).values(stray))
    assert buyers.rebuild(shop.engine, shop.name, now=shop.now) == 7
    assert shop.buyers() == right


def test_a_count_that_broke_off_is_done_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buyers, "AT_A_TIME", 2)
    contacts = shop.contacts(6)
    for contact in contacts:
        shop.order(contact)
    for done in (0, 3):  # the first count, and one of changes
        for contact in contacts[:done]:
            shop.order(contact)
        with monkeypatch.context() as broken:
            _break_at(broken, 2)
            with pytest.raises(KeyboardInterrupt):
                refresh(shop)
        shop.now += timedelta(hours=1)
        refresh(shop)
        expected = {contact: 2 if contact in contacts[:done] else 1 for contact in contacts}
        assert {contact: row["orders"] for contact, row in shop.buyers().items()} == expected


def _break_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    whole, calls = buyers._count, iter(range(1, 100))

    def count(*args: Any) -> None:
        if next(calls) == number:
            raise KeyboardInterrupt
        whole(*args)

    monkeypatch.setattr(buyers, "_count", count)


def test_two_counts_at_once_come_to_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buyers, "AT_A_TIME", 5)
    contacts = shop.contacts(30)
    for contact in contacts:
        shop.order(contact)
    start = Barrier(3)

    def work(_: int) -> None:
        start.wait()
        for _ in range(3):
            refresh(shop)

    def buy() -> None:
        start.wait()
        for contact in contacts:
            shop.order(contact)

    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(buy), *(threads.submit(work, number) for number in range(2))]:
            done.result()
    refresh(shop)
    assert {row["orders"] for row in shop.buyers().values()} == {2}
    assert shop.buyers().keys() == set(contacts)


def test_counts_of_a_source_wait_for_each_other(shop: Shop) -> None:
    [one] = shop.contacts(1)
    shop.order(one)
    refresh(shop)
    chosen = (buyers._orders.c.contact_id == one, buyers._buyers.c.contact_id == one)
    with ThreadPoolExecutor(1) as threads:
        with writing(shop.engine) as connection:
            cuts.lock(connection, shop.name)
            other = threads.submit(buyers._count, shop.engine, shop.name, "RUB", chosen)
            assert not wait([other], timeout=0.5).done
        other.result()


def test_an_older_count_that_ends_later_takes_nothing_back(shop: Shop) -> None:
    shop.order(shop.contacts(1)[0])
    refresh(shop)
    cuts.counted(shop.engine, shop.name, now=shop.now - timedelta(hours=1))
    assert cuts.counted_to(shop.engine, shop.name) == shop.now


def test_a_source_without_orders_can_be_counted(shop: Shop) -> None:
    assert refresh(shop) == 0
    assert refresh(shop) == 0
    with shop.engine.connect() as connection:
        assert [scale.recency for scale in cuts.scales(connection)] == [cuts.FIRST.recency]
