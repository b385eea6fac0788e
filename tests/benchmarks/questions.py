"""What the benchmark of groups asks: a rule, and beside it the SQL that a good engineer would write for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.rules import Scale
from tests.benchmarks.crowd import SOURCE, ago

NOW = ago(0)


@dataclass(frozen=True, slots=True)
class Question:
    """A rule in words, and its peer: `bare` gives contact_id, each once."""

    title: str
    include: Mapping[str, Any]
    bare: str


def standing(table: str, days: int = 0) -> str:
    """The orders of the last so many days that nobody cancelled."""
    made = f"{table}.created_at BETWEEN '{ago(days)}' AND '{NOW}'" if days else f"{table}.created_at <= '{NOW}'"
    return f"{made} AND ({table}.cancelled_at IS NULL OR {table}.cancelled_at > '{NOW}')"


ALIVE = "p.active AND p.gone_at IS NULL AND p.contact_id IS NOT NULL"


def _spent(days: int, more_than: int) -> str:
    """Who ordered for more than that."""
    return f"""(SELECT o.contact_id FROM orders o WHERE {standing("o", days)} AND o.currency = 'RUB'
    GROUP BY o.contact_id HAVING SUM(o.total) > {more_than}) spent"""


def _bought(section: str, days: int = 0) -> str:
    """Contacts who bought something of the section; an offer counts as its product.

    MariaDB is told to begin with the goods: by itself it reads all orders, 30 seconds instead of 3.
    """
    goods = f"""SELECT g.external_id FROM products g
    LEFT JOIN products m ON g.parent <> '' AND m.source = g.source AND m.external_id = g.parent
    WHERE g.source = '{SOURCE}' AND '{section}' IN (g.section, m.section)"""
    return f"""SELECT /*! STRAIGHT_JOIN */ o.contact_id FROM ({goods}) chosen
    JOIN order_lines l ON l.product = chosen.external_id
    JOIN orders o ON o.id = l.order_id AND o.source = '{SOURCE}' AND {standing("o", days)}"""


TYPICAL = Question(
    "Moscow, over 10,000 in 365 days, logged in within 180",
    {
        "attribute": {"name": "city", "equals": "Москва"},
        "orders_sum": {"more_than": 10_000, "within_days": 365},
        "last_login": {"within_days": 180},
    },
    f"""SELECT DISTINCT p.contact_id FROM people p
    WHERE {ALIVE} AND p.city = 'Москва' AND p.last_login_at BETWEEN '{ago(180)}' AND '{NOW}' AND 10000 < (
    SELECT SUM(o.total) FROM orders o
    WHERE o.contact_id = p.contact_id AND {standing("o", 365)} AND o.currency = 'RUB')""",
)

QUESTIONS: Mapping[str, Question] = {
    "typical": TYPICAL,
    "regulars": Question(
        "2 orders or more in 90 days, none in 30",
        {"all": [{"ordered": {"within_days": 90, "at_least": 2}}, {"not": {"ordered": {"within_days": 30}}}]},
        f"""SELECT DISTINCT p.contact_id FROM people p JOIN (
        SELECT o.contact_id FROM orders o WHERE {standing("o", 90)} GROUP BY o.contact_id
        HAVING COUNT(*) >= 2 AND MAX(o.created_at) < '{ago(30)}') regular ON regular.contact_id = p.contact_id
        WHERE {ALIVE}""",
    ),
    "x_not_y": Question(
        "bought of section 12, never of section 15",
        {"all": [{"bought": {"section": "12"}}, {"bought": {"section": "15", "never": True}}]},
        f"""SELECT DISTINCT p.contact_id FROM people p WHERE {ALIVE} AND p.contact_id IN ({_bought("12")})
        AND p.contact_id NOT IN ({_bought("15")} WHERE o.contact_id IS NOT NULL)""",
    ),
    "lost": Question(
        "registered within 365 days, nothing ordered in 180",
        {"registered": {"within_days": 365}, "not": {"ordered": {"within_days": 180}}},
        f"""SELECT DISTINCT p.contact_id FROM people p WHERE {ALIVE}
        AND p.registered_at BETWEEN '{ago(365)}' AND '{NOW}' AND p.contact_id NOT IN (
        SELECT o.contact_id FROM orders o WHERE o.contact_id IS NOT NULL AND {standing("o", 180)})""",
    ),
    "vip": Question(
        "vip: over 100,000 in 365 days",
        {"vip": {}},
        f"""SELECT DISTINCT p.contact_id FROM people p JOIN {_spent(365, 100_000)}
        ON spent.contact_id = p.contact_id WHERE {ALIVE}""",
    ),
    "champions": Question("RFM: champions", {"rfm": "champions"}, ""),
    "half": Question(
        "half a million: ordered in 3 years or logged in within 60 days, not of firma.ru",
        {
            "any": [{"ordered": {"within_days": 1095}}, {"last_login": {"within_days": 60}}],
            "not": {"email_domain": "firma.ru"},
        },
        f"""SELECT DISTINCT p.contact_id FROM people p JOIN contacts c ON c.id = p.contact_id
        WHERE {ALIVE} AND c.domain <> 'firma.ru'
        AND (p.last_login_at BETWEEN '{ago(60)}' AND '{NOW}' OR p.contact_id IN (
        SELECT o.contact_id FROM orders o WHERE {standing("o", 1095)}))""",
    ),
}


def bare(code: str, scale: Scale) -> str:
    """The peer of this question; champions depend on the cut-offs: R is 5, and F + M is 7 or more."""
    if code != "champions":
        return QUESTIONS[code].bare
    frequency, monetary = _score("b.orders", scale.frequency), _score("b.revenue", scale.monetary)
    return f"""SELECT DISTINCT p.contact_id FROM people p JOIN buyers b ON b.contact_id = p.contact_id
    WHERE {ALIVE} AND b.source = '{SOURCE}' AND b.last_at >= '{ago(scale.recency[0])}'
    AND {frequency} + {monetary} >= 7"""


def _score(column: str, cuts: tuple[int, ...]) -> str:
    whens = " ".join(f"WHEN {column} >= {cut} THEN {5 - place}" for place, cut in enumerate(cuts))
    return f"CASE {whens} ELSE 1 END"
