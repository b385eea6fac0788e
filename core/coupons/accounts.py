"""The accounts: how many coupons of each rule were issued, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import tables
from core.coupons.book import Standing, settle
from core.errors import VestnikError

_coupons, _accounts, _pool = tables.coupons, tables.coupon_accounts, tables.coupon_pool


@dataclass(frozen=True, slots=True)
class Account:
    """The coupons of one rule: what was issued is active, used or removed, and whatever is missing is a difference."""

    source: str
    rule: str
    planned: int = 0
    active: int = 0
    used: int = 0
    removed: int = 0
    differences: tuple[str, ...] = ()  # codes that are neither used nor removed by us, and not in the shop
    free: int = 0  # codes in the pool
    audited_at: datetime | None = None
    error: str | VestnikError = ""

    @property
    def issued(self) -> int:
        """Every coupon that ever was in the shop."""
        return self.active + self.used + self.removed + len(self.differences)


def accounts(engine: sa.Engine) -> list[Account]:
    """Every rule that coupons were issued or imported for."""
    counted = sa.select(_coupons.c.source, _coupons.c.rule, _coupons.c.status, sa.func.count().label("count"))
    in_pool = sa.select(_pool.c.source, _pool.c.rule, sa.func.count().label("count")).where(_pool.c.coupon_id.is_(None))
    with engine.connect() as connection:
        rows = {(row.source, row.rule): row for row in connection.execute(sa.select(_accounts))}
        found = connection.execute(counted.group_by(_coupons.c.source, _coupons.c.rule, _coupons.c.status)).all()
        free = {
            (row[0], row[1]): int(row[2]) for row in connection.execute(in_pool.group_by(_pool.c.source, _pool.c.rule))
        }
        lost = _lost(connection)
    counts = {(source, rule, status): count for source, rule, status, count in found}
    names = sorted({*rows, *free, *((source, rule) for source, rule, *_ in found)})
    return [
        Account(
            source=source,
            rule=rule,
            planned=counts.get((source, rule, Standing.PLANNED.value), 0),
            active=counts.get((source, rule, Standing.MADE.value), 0),
            used=counts.get((source, rule, Standing.USED.value), 0),
            removed=counts.get((source, rule, Standing.REMOVED.value), 0),
            differences=tuple(one.code for one in lost if (one.source, one.rule) == (source, rule)),
            free=free.get((source, rule), 0),
            audited_at=rows[source, rule].audited_at if (source, rule) in rows else None,
            error=(rows[source, rule].error or "") if (source, rule) in rows else "",
        )
        for source, rule in names
    ]


def _lost(connection: sa.Connection) -> list[sa.Row[tuple[str, str, str]]]:
    query = sa.select(_coupons.c.code, _coupons.c.source, _coupons.c.rule)
    return list(connection.execute(query.where(_coupons.c.status == Standing.LOST.value).order_by(_coupons.c.code)))


def alarms(engine: sa.Engine) -> Iterator[Account]:
    """The accounts that somebody should look at: with differences, or whose source could not be asked."""
    return (one for one in accounts(engine) if one.differences or one.error)


def forgive(engine: sa.Engine, *, now: datetime) -> int:
    """Count the coupons that were found missing as removed: whoever took them out meant to. How many."""
    query = sa.select(_coupons.c.id).where(_coupons.c.status == Standing.LOST.value)
    with engine.connect() as connection:
        ids = list(connection.scalars(query))
    removed = {"status": Standing.REMOVED.value}
    settle(engine, dict.fromkeys(ids, removed), old=(Standing.LOST.value,), now=now)
    return len(ids)
