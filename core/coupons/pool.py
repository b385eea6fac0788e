"""The pool: codes made elsewhere and imported, each given to one letter, for sources that cannot make coupons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import tables
from core.db import chunks, insert_ignoring, retried, writing
from core.errors import N_, Refused, VestnikError

_pool = tables.coupon_pool
_LONGEST = 32  # what a Bitrix shop takes, and what people type


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: new codes, those that were there already, and the bad lines with their reasons."""

    added: int
    known: int
    bad: tuple[VestnikError, ...]


def put_in(engine: sa.Engine, codes: Iterable[str], *, source: str, rule: str, now: datetime) -> Imported:
    """Add `codes` for a rule; whoever does it twice adds nothing. Two codes that differ only in case are one."""
    fresh, bad, seen = [], [], 0
    for line, text in enumerate(codes, 1):
        try:
            code = _code(line, text)
        except Refused as error:
            bad.append(error)
            continue
        if code:
            seen += 1
            fresh.append({"source": source, "rule": rule, "code": code, "folded": code.casefold(), "imported_at": now})
    added = sum(_add(engine, part) for part in chunks(fresh, 1000))
    return Imported(added, seen - added, tuple(bad))


def _code(line: int, text: str) -> str:
    code = text.strip().lstrip("\ufeff")
    if len(code) > _LONGEST or not code.isascii() or not code.isprintable() or " " in code:
        template = N_("line {line}: a code has at most {longest} Latin letters, digits and signs, and no blanks")
        raise Refused(template, line=line, longest=_LONGEST)
    return code


@retried
def _add(engine: sa.Engine, rows: Sequence[dict[str, object]]) -> int:
    source = rows[0]["source"]
    count = sa.select(sa.func.count()).select_from(_pool).where(_pool.c.source == source)
    with writing(engine) as connection:
        before = connection.scalar(count) or 0
        insert_ignoring(connection, _pool, rows)
        return int(connection.scalar(count) or 0) - before


def free(connection: sa.Connection, source: str, rule: str) -> int:
    """How many codes nobody has yet."""
    query = sa.select(sa.func.count()).where(*_free(source, rule))
    return int(connection.scalar(query) or 0)


def take(connection: sa.Connection, source: str, rule: str, coupon_ids: Sequence[int]) -> dict[int, str]:
    """A code for each of the coupons, as far as they go; whoever has one keeps it. The account must be locked."""
    had = sa.select(_pool.c.coupon_id, _pool.c.code).where(_pool.c.coupon_id.in_(coupon_ids))
    found = {row.coupon_id: row.code for row in connection.execute(had)}
    wanting = [one for one in coupon_ids if one not in found]
    chosen = sa.select(_pool.c.id, _pool.c.code).where(*_free(source, rule)).order_by(_pool.c.id).limit(len(wanting))
    for coupon_id, row in zip(wanting, connection.execute(chosen).all(), strict=False):
        connection.execute(sa.update(_pool).where(_pool.c.id == row.id).values(coupon_id=coupon_id))
        found[coupon_id] = row.code
    return found


def _free(source: str, rule: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _pool.c.source == source, _pool.c.rule == rule, _pool.c.coupon_id.is_(None)
