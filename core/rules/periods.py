"""Values that several words share: spans of time and numbers, read from TOML or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.rules import Condition, World, bad

PERIOD_KEYS = frozenset({"within_days", "more_than_days", "after", "before", "never"})


def period(word: str, column: sa.ColumnElement[Any], world: World, value: Any) -> Condition:
    """The condition "the moment in `column` lies in the period `value`".

    `value` holds any of: ``within_days = N`` (the last N days), ``more_than_days = N`` (longer ago than that),
    ``after``/``before`` (a day, from its midnight in the world's zone), or ``never = true`` (no moment at all).
    """
    if not isinstance(value, Mapping) or not value or not value.keys() <= PERIOD_KEYS:
        raise bad(word, value)
    if "never" in value:
        if value["never"] is not True or len(value) > 1:
            raise bad(word, value)
        return column.is_(None)
    return sa.and_(*(_limit(word, column, world, key, limit) for key, limit in value.items()))


def _limit(word: str, column: sa.ColumnElement[Any], world: World, key: str, limit: Any) -> Condition:
    if key == "within_days":
        return column > world.now - days(word, limit)
    if key == "more_than_days":
        return column <= world.now - days(word, limit)
    start = midnight(word, limit, world)
    return column >= start if key == "after" else column < start


def days(word: str, value: Any) -> timedelta:
    """`value` as a span of whole days, 0 to 100 years."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 36_500:
        raise bad(word, value)
    return timedelta(days=value)


def midnight(word: str, value: Any, world: World) -> datetime:
    """The start of the day `value` (a date or "2026-12-31") in the world's zone."""
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise bad(word, value) from None
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(world.timezone))


def texts(word: str, value: Any) -> list[str]:
    """`value` as a list of texts: one text, or a list of them."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(text, str) and text for text in found):
        raise bad(word, value)
    return found
