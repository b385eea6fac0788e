"""Rhythms are learnt from the orders of a shop, and kept up as orders come, change and go."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import buyers, rhythms, tables
from core.db import writing
from core.rhythms import pools
from tests.conftest import NOW
from tests.core.rhythms.shop import Shop, ago


def crowd(shop: Shop, product: str, every: int, *, clients: int, once: int = 0) -> None:
    """So many contacts who buy the product every so many days, and so many who bought it once."""
    contacts = shop.contacts(clients + once)
    for contact in contacts[:clients]:
        shop.bought(contact, product, 10 + 2 * every, 10 + every, 10)
    for contact in contacts[clients:]:
        shop.bought(contact, product, 200)


def test_a_shop_with_known_rhythms_is_learnt_as_it_is(shop: Shop) -> None:
    dice, truth = random.Random(7), {"cream": 30, "coffee": 14, "filter": 90}
    own: dict[tuple[int, str], float] = {}
    for product in truth:
        shop.product(product, f"s-{product}")
    for contact in shop.contacts(40):
        product = dice.choice(sorted(truth))
        mine = truth[product] * dice.choice([0.8, 1, 1, 1, 1.2])
        own[contact, product] = mine
        shop.bought(contact, product, *(5 + mine * number + dice.uniform(-2, 2) for number in range(8)))
    shop.learn()
    with shop.engine.connect() as connection:
        found = pools.find(connection, "shop", "product", truth)
    assert {product: pytest.approx(days, rel=0.1) for product, days in truth.items()} == {
        product: one.median for product, one in found.items()
    }
    assert shop.intervals() == {key: pytest.approx(days, abs=4) for key, days in own.items()}


def test_a_contact_is_drawn_to_the_clients_of_the_product_and_of_its_section(shop: Shop) -> None:
    shop.product("cream", "care")
    shop.product("soap", "care")
    crowd(shop, "soap", 60, clients=20)
    [one] = shop.contacts(1)
    shop.bought(one, "cream", 31, 1)
    shop.learn()
    row = shop.rhythms()[one, "cream"]
    # others: cream 30 · 1/11 + care 60 · 10/11 = 57.3; 30 · 1/3 + 57.3 · 2/3 = 48.2
    assert (row["interval_days"], row["orders"], row["section"]) == (48, 2, "care")
    assert (row["last_at"], row["next_at"]) == (ago(1), ago(1) + timedelta(days=48))
    assert row["evidence"] == {
        "own": [30],
        "own_percent": 33,
        "product_median": 30,
        "section_median": 60,
        "others": 57,
    }


def test_who_bought_once_has_the_rhythm_of_the_others(shop: Shop) -> None:
    shop.product("cream", "care")
    crowd(shop, "cream", 30, clients=8)
    [one] = shop.contacts(1)
    shop.bought(one, "cream", 1)
    shop.learn()
    assert (shop.intervals()[one, "cream"], shop.rhythms()[one, "cream"]["orders"]) == (30, 1)


def test_what_nobody_buys_again_has_no_rhythm(shop: Shop) -> None:
    shop.product("sofa", "sofas")
    crowd(shop, "sofa", 30, clients=0, once=8)
    shop.learn()
    assert shop.rows() == []


def test_offers_are_one_product_and_unknown_products_are_themselves(shop: Shop) -> None:
    shop.product("cream", "care")
    shop.product("cream-50", "care", parent="cream")
    shop.product("cream-100", "care", parent="cream")
    [one] = shop.contacts(1)
    shop.bought(one, "cream-50", 60)
    shop.bought(one, "cream-100", 30)
    shop.bought(one, "lost", 20, 10)
    shop.learn()
    assert shop.intervals() == {(one, "cream"): 30, (one, "lost"): 10}


def test_cancelled_and_deleted_orders_and_those_of_nobody_do_not_count(shop: Shop) -> None:
    [one] = shop.contacts(1)
    shop.bought(one, "1", 40, 20)
    shop.bought(one, "1", 30, cancelled_at=NOW)
    shop.bought(one, "1", 10, gone_at=NOW)
    shop.bought(None, "1", 5, 3)
    shop.learn()
    assert shop.intervals() == {(one, "1"): 20}


def test_two_sources_are_learnt_apart(shop: Shop) -> None:
    other = Shop(shop.engine, "other")
    [one] = shop.contacts(1)
    shop.bought(one, "1", 40, 20)
    other.bought(one, "1", 10, 5)
    shop.learn()
    other.learn()
    shop.learn()
    assert (shop.intervals(), other.intervals()) == ({(one, "1"): 20}, {(one, "1"): 5})


def test_purchases_gone_by_are_kept_for_a_while(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rhythms, "KEPT", 2)
    [one] = shop.contacts(1)
    shop.bought(one, "1", 50, 40, 30, 20, 10)
    shop.learn()
    assert [(row["last_at"], row["again_at"]) for row in shop.rows()] == [
        (ago(30), ago(20)),
        (ago(20), ago(10)),
        (ago(10), None),
    ]


# ---- kept up ----


def test_only_contacts_of_new_and_changed_orders_are_learnt_again(shop: Shop) -> None:
    one, two, *_ = shop.contacts(5)
    shop.bought(one, "1", 40, 20)
    shop.bought(two, "1", 40, 20)
    shop.now += timedelta(hours=1)
    assert shop.refresh() == 5, "the first time all are"
    shop.now += timedelta(hours=1)
    shop.bought(two, "1", 10)
    assert shop.refresh() == 1
    assert shop.intervals() == {(one, "1"): 20, (two, "1"): 18}  # 15 · 2/4 + 20 · 2/4


def test_an_order_that_moves_or_is_cancelled_takes_its_rhythm_with_it(shop: Shop) -> None:
    one, two = shop.contacts(2)
    [*_, last] = shop.bought(one, "1", 40, 20, 10)
    shop.bought(two, "1", 30)
    shop.refresh()
    shop.now += timedelta(hours=1)
    shop.change(last, contact_id=two)
    shop.refresh()
    assert {key: row["orders"] for key, row in shop.rhythms().items()} == {(one, "1"): 2, (two, "1"): 2}
    shop.now += timedelta(hours=1)
    shop.cancel(last)
    shop.refresh()
    assert {key: row["orders"] for key, row in shop.rhythms().items()} == {(one, "1"): 2}


@pytest.mark.parametrize("seed", range(4))
def test_however_orders_come_and_change_refreshing_is_learning(shop: Shop, seed: int) -> None:
    dice, contacts = random.Random(seed), shop.contacts(10)
    for number in ("1", "2", "3"):
        shop.product(number, f"s{int(number) // 2}")
    acts: list[Callable[[], object]] = [
        lambda: shop.bought(dice.choice([*contacts, None]), dice.choice("1234"), dice.uniform(0, 400)),
        lambda: shop.cancel(dice.choice(shop.orders)),
        lambda: shop.change(dice.choice(shop.orders), cancelled_at=None),
        lambda: shop.change(dice.choice(shop.orders), contact_id=dice.choice([*contacts, None])),
    ]
    for _ in range(40):
        acts[0]()
    shop.learn()
    for _ in range(6):
        for act in dice.choices(acts, weights=[4, 2, 1, 2], k=dice.randrange(1, 7)):
            shop.now += timedelta(seconds=1)
            act()
        shop.refresh()
        shop.now += timedelta(minutes=dice.choice([1, 30]))
    kept_up = shop.rows()
    with writing(shop.engine) as connection:
        connection.execute(sa.delete(tables.rhythms))
    for first, last, _ in buyers.ranges(shop.engine):  # learnt anew, while the pools stay as they were
        rhythms._write(shop.engine, shop.name, rhythms._between(first, last), "UTC")
    assert kept_up == shop.rows()
    assert len(kept_up) > 10
    shop.learn()
    learnt = shop.rows()
    with writing(shop.engine) as connection:
        for table in (tables.rhythms, tables.rhythm_pools, tables.rhythm_counts):
            connection.execute(sa.delete(table))
    shop.learn()
    assert learnt == shop.rows(), "whatever was there before"


def test_learning_mends_whatever_is_wrong(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buyers, "AT_A_TIME", 2)
    for contact in shop.contacts(7):
        shop.bought(contact, "1", 40, 20)
    shop.learn()
    right, table = shop.rows(), tables.rhythms
    with writing(shop.engine) as connection:
        connection.execute(sa.update(table).where(table.c.contact_id == right[0]["contact_id"]).values(interval_days=9))
        connection.execute(sa.delete(table).where(table.c.contact_id == right[3]["contact_id"]))
        connection.execute(sa.insert(table).values(right[1] | {"product": "stray"}))
    assert shop.learn() == 7
    assert shop.rows() == right


def test_learning_that_broke_off_is_done_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buyers, "AT_A_TIME", 2)
    for contact in shop.contacts(6):
        shop.bought(contact, "1", 40, 20)
    with monkeypatch.context() as broken:
        _break_at(broken, 2)
        with pytest.raises(KeyboardInterrupt):
            shop.refresh()
    assert 0 < len(shop.rhythms()) < 6
    shop.refresh()
    assert len(shop.rhythms()) == 6


def _break_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    whole, calls = rhythms._write, iter(range(1, 100))

    def write(*args: Any) -> None:
        if next(calls) == number:
            raise KeyboardInterrupt
        whole(*args)

    monkeypatch.setattr(rhythms, "_write", write)


def test_two_at_once_come_to_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buyers, "AT_A_TIME", 3)
    contacts = shop.contacts(12)
    for contact in contacts:
        shop.bought(contact, "1", 40, 20)
    shop.refresh()

    def buy() -> None:
        for contact in contacts:
            shop.bought(contact, "1", 5)

    with ThreadPoolExecutor(3) as threads:
        works = [threads.submit(work) for work in (buy, shop.refresh, shop.learn, shop.refresh)]
        for one in works:
            one.result()
    shop.refresh()
    assert {row["orders"] for row in shop.rhythms().values()} == {3}


def test_nothing_is_written_where_nothing_changed(shop: Shop) -> None:
    [one] = shop.contacts(1)
    shop.bought(one, "1", 40, 20)
    shop.learn()
    statements: list[str] = []

    def seen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(shop.engine, "before_cursor_execute", seen)
    try:
        shop.learn()
    finally:
        sa.event.remove(shop.engine, "before_cursor_execute", seen)
    assert not [text for text in statements if text.startswith(("INSERT INTO rhythms ", "DELETE FROM rhythms "))]
    assert [text for text in statements if text.startswith("UPDATE rhythm_counts")]


def test_where_no_night_learns_anew_a_week_does(shop: Shop) -> None:
    [one, _] = shop.contacts(2)
    shop.bought(one, "1", 40, 20)
    shop.now += timedelta(hours=1)
    shop.refresh()
    shop.now += timedelta(days=6)
    assert shop.refresh() == 0
    shop.now += timedelta(days=1)
    assert shop.refresh() == 2
