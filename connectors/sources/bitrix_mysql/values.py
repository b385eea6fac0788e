"""Single values as Bitrix stores them: flags, zero dates, local times, prices, texts of three ages of charset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Cells = tuple[Any, ...]  # a row without names, in the order of the query's columns


def moment(value: Any, zone: ZoneInfo | None) -> datetime | None:
    """A `datetime` column as an aware moment: PHP wrote its local time in `zone` (None: UTC). Zero dates are None."""
    if isinstance(value, str):
        shift = _shift(value[:10], zone) if len(value) == _WHOLE else None
        if shift is not None:
            return datetime.fromisoformat(f"{value}+00:00") - shift
        if not value.strip("0-: .T"):
            return None
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=zone or UTC).astimezone(UTC)


_WHOLE = len("2026-01-10 12:00:00")


@lru_cache(16384)  # 40 years: asking the zone for each moment takes three times as long
def _shift(date_text: str, zone: ZoneInfo | None) -> timedelta | None:
    """How far `zone` is ahead of UTC on that day; None on a day that changes it, and for what is no date."""
    try:
        midnight = datetime.fromisoformat(date_text).replace(tzinfo=zone or UTC)
        first, last = midnight.utcoffset(), (midnight + timedelta(days=1)).utcoffset()
    except (ValueError, OverflowError):  # the latter: 9999-12-31
        return None
    return first if first == last else None


def day(value: Any) -> date | None:
    """A `date` column; ``0000-00-00`` and its relatives are None. Raises ValueError for a text that is no date."""
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    text = str(value or "")[:10]
    return None if re.fullmatch(r"|0000-.*|.*-00-.*|.*-00", text) else date.fromisoformat(text)


def decimal(value: Any) -> Decimal:
    """A number of any column type without binary noise; NULL is 0. Raises ValueError for anything else."""
    if isinstance(value, Decimal) and value.is_finite():
        return value
    try:
        found = Decimal(str(value if value not in (None, "") else 0))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not found.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return found


def number(value: Any) -> int:
    """An id or a count; NULL is 0."""
    return int(value or 0)


def yes(value: Any) -> bool:
    """A flag column: 'Y'."""
    return bool(value == "Y")


def text(value: Any) -> str:
    """A text column; emoji of utf8mb3 bases (``:f09f9880:``) are turned back, garbled Cyrillic is mended.

    Raises ValueError when nothing can make sense of it.
    """
    if not value:
        return ""
    found = str(value).strip()
    return found if found.isascii() and ":" not in found and "?" not in found else _mended(found)


@lru_cache(4096)  # first names, cities and names of goods come again and again: a tenth of the time of a full read
def _mended(found: str) -> str:
    if ":" in found:
        found = _EMOJI.sub(_emoji, found)
    if _LOST.fullmatch(found):
        raise ValueError(f"{found[:40]!r}: its letters were lost when it was stored")
    return found if found.isascii() else _ungarbled(found)


_LOST = re.compile(r"\?[? ]*\?")  # what a charset without Cyrillic makes of "Иван"
_EMOJI = re.compile(r":([0-9A-Fa-f]{8}):")


def _emoji(found: re.Match[str]) -> str:
    """Only real four-byte sequences, as Bitrix's own Emoji::decode does it."""
    try:
        sign = bytes.fromhex(found[1]).decode("utf-8")
    except UnicodeDecodeError:
        return found[0]
    return sign if len(sign) == 1 else found[0]


_PLAIN = re.compile(r"[А-я\x00-\x7f]*")  # without Ё: after a wrong charset other signs stand beside such letters
_BYTES = re.compile("[\udc80-\udcff]")
_CYRILLIC = re.compile(r"[А-яЁё][А-яЁё \-«»\"'.,!?\d]*")


def _ungarbled(value: str) -> str:
    """Cyrillic that went through a wrong charset once (cp1251 taken for latin1, utf-8 taken for latin1 or cp1251)."""
    if _PLAIN.fullmatch(value):
        return value
    if "\ufffd" in value:
        raise ValueError(f"{value[:40]!r} was damaged when it was stored")
    if _BYTES.search(value):  # bytes that are not the utf-8 they are said to be
        return value.encode("ascii", "surrogateescape").decode("cp1251")
    for taken_for, really in (("cp1251", "utf-8"), ("cp1252", "utf-8"), ("latin-1", "utf-8"), ("cp1252", "cp1251")):
        try:
            mended = value.encode(taken_for).decode(really)
        except UnicodeError:
            continue
        if len(value) > 2 and _CYRILLIC.fullmatch(mended) and (really == "utf-8" or _accents_only(value)):
            return mended
    return value


def _accents_only(value: str) -> bool:
    """«Èâàí» is no word of any language: accented letters alone, not one plain letter among them."""
    return not re.search(r"[A-Za-z]", value) and bool(re.match(r"[À-ÿ]{3}", value))
