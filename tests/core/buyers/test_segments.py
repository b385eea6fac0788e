"""Ten segments over twenty-five cells, and who stands on a border."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
import sqlalchemy as sa

from core import buyers
from core.buyers.segments import Segment, segments
from core.rules import Scale
from core.rules.scoring import LETTERS, SEGMENTS, scored, segment_of
from tests.conftest import NOW
from tests.core.buyers.shop import Shop

SCALE = Scale("shop", (30, 60, 120, 240), (10, 5, 4, 3), (10_000, 5_000, 2_000, 1_000))


def test_every_cell_has_a_segment_and_every_segment_a_cell() -> None:
    cells = {scores: segment_of(*scores) for scores in product(range(1, 6), repeat=3)}
    assert set(cells.values()) == set(SEGMENTS)
    assert len(SEGMENTS) == 10
    expected = {(5, 5, 5): "champions", (5, 1, 1): "new", (4, 1, 1): "promising", (1, 5, 5): "cant_lose"}
    expected |= {(3, 3, 3): "need_attention", (1, 1, 1): "hibernating", (2, 3, 4): "at_risk", (3, 5, 5): "loyal"}
    expected |= {(5, 2, 3): "potential_loyalist", (3, 1, 2): "about_to_sleep"}
    assert {cell: cells[cell] for cell in expected} == expected


def judged(shop: Shop) -> dict[int, tuple[str, str, str | None, str | None]]:
    """Contact → segment, cell, the segments above and below."""
    one, table = scored(SCALE, NOW), buyers._buyers
    query = sa.select(table.c.contact_id, one.segment, one.cell, one.up, one.down).where(one.mine)
    with shop.engine.connect() as connection:
        return {
            contact: (LETTERS[segment], cell, LETTERS.get(up), LETTERS.get(down))
            for contact, segment, cell, up, down in connection.execute(query)
        }


def keep(shop: Shop, *rows: tuple[float, int, float]) -> list[int]:
    """Buyers of (days since the last order, orders, revenue); their contacts."""
    contacts = shop.contacts(len(rows))
    values = [
        {
            "source": shop.name,
            "contact_id": contact,
            "orders": orders,
            "revenue": Decimal(str(revenue)),
            "first_at": NOW - timedelta(days=days),
            "last_at": NOW - timedelta(days=days),
            "first_on_sale": False,
            "sale_orders": 0,
        }
        for contact, (days, orders, revenue) in zip(contacts, rows, strict=True)
    ]
    with shop.engine.begin() as connection:
        connection.execute(sa.insert(buyers._buyers), values)
    return contacts


def test_sql_scores_as_the_scale_says(shop: Shop) -> None:
    days, orders, sums = (30, 60, 120, 240, 240.001), (10, 5, 4, 3, 2), (10_000, 5_000, 2_000, 1_000, "999.9999")
    contacts = keep(shop, *product(days, orders, sums))
    cells = list(product((5, 4, 3, 2, 1), repeat=3))
    assert {contact: found[:2] for contact, found in judged(shop).items()} == {
        contact: (segment_of(*cell), "".join(map(str, cell))) for contact, cell in zip(contacts, cells, strict=True)
    }


@pytest.mark.parametrize(
    ("buyer", "expected"),
    [
        # F + M = 6 needs attention, 7 is loyal: by one order more, by a tenth more revenue
        ((100, 3, 5_000), ("need_attention", "324", "loyal", None)),
        ((100, 6, 1_819), ("need_attention", "342", "loyal", None)),
        ((100, 6, 1_818), ("need_attention", "342", None, None)),
        ((10, 1, 909.091), ("new", "511", "potential_loyalist", None)),
        ((10, 1, 909.0909), ("new", "511", None, None)),
        # three days before the 30 days are over, and three days after
        ((26.9, 1, 500), ("new", "511", None, None)),
        ((27.1, 1, 500), ("new", "511", None, "promising")),
        ((32.9, 1, 500), ("promising", "411", "new", None)),
        ((33.1, 1, 500), ("promising", "411", None, None)),
        ((27.1, 10, 10_000), ("champions", "555", None, "loyal")),
        # another score, the same segment
        ((27.1, 1, 2_000), ("potential_loyalist", "513", None, None)),
        # both borders at once; nothing is below the last
        ((110, 3, 5_000), ("need_attention", "324", "loyal", "at_risk")),
        ((999, 1, 1), ("hibernating", "111", None, None)),
    ],
)
def test_whoever_is_one_small_step_from_another_segment_is_on_its_border(
    shop: Shop, buyer: tuple[float, int, float], expected: tuple[str, ...]
) -> None:
    [contact] = keep(shop, buyer)
    assert judged(shop)[contact] == expected


def test_the_table_adds_up(shop: Shop) -> None:
    keep(shop, (1, 10, "10000.50"), (2, 12, 20_000), (110, 3, 5_000), (27.5, 1, 99))
    keep(Shop(shop.engine, "other"), (1, 10, 10_000))
    with shop.engine.connect() as connection:
        table = segments(connection, SCALE, now=NOW)
        later = segments(connection, SCALE, now=NOW + timedelta(days=300))
    assert [one.code for one in table] == list(SEGMENTS)
    assert [one for one in table if one.contacts] == [
        Segment("champions", 2, 22, Decimal("30000.5"), 0, 0, Decimal("50.0")),
        Segment("new", 1, 1, Decimal(99), 0, 1, Decimal("25.0")),
        Segment("need_attention", 1, 3, Decimal(5000), 1, 1, Decimal("25.0")),
    ]
    assert (table[0].average, table[1].average) == (Decimal("15000.25"), 0)
    assert {one.code: one.contacts for one in later if one.contacts} == {"cant_lose": 2, "at_risk": 1, "hibernating": 1}


def test_a_source_without_buyers_has_ten_empty_segments(shop: Shop) -> None:
    with shop.engine.connect() as connection:
        assert [one.contacts for one in segments(connection, SCALE, now=NOW)] == [0] * 10
