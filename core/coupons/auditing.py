"""The daily audit: whether every coupon issued is still in its shop, was used, or was removed by us."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import tables
from core.coupons.book import Mint, Standing, as_used, drop, gift_of, note, settle, terms_of
from core.coupons.ending import RETRY, on_its_way
from core.db import retried, writing
from core.errors import Misconfigured, Refused, VestnikError
from core.model import CouponUse, Status
from core.source import Coupons

_coupons, _accounts, _recipients = tables.coupons, tables.coupon_accounts, tables.recipients
_AT_ONCE = 500
_EVERY = timedelta(days=1)
_LOOKED_AT = (Standing.MADE.value, Standing.LOST.value)
log = logging.getLogger("vestnik.coupons")


def audit_due(engine: sa.Engine, *, now: datetime) -> bool:
    """Whether a rule was not audited for a day, and its source not found away a moment ago."""
    with engine.connect() as connection:
        return connection.scalar(sa.select(_accounts.c.rule).where(*_due(now)).limit(1)) is not None


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        sa.or_(_accounts.c.audited_at.is_(None), _accounts.c.audited_at <= now - _EVERY),
        sa.or_(_accounts.c.failed_at.is_(None), _accounts.c.failed_at <= now - RETRY),
    )


def audit(mint: Mint, *, now: datetime, everything: bool = False) -> list[VestnikError]:
    """Ask the shops about every coupon that is out, of the rules that are due or of all; what could not be asked.

    What is neither used, nor removed by us, nor in its shop is `lost`: an alarm. Coupons whose letter never went out,
    and plans that nobody carried out, are cleared away.
    """
    with mint.engine.connect() as connection:
        query = sa.select(_accounts.c.source, _accounts.c.rule).where(*(() if everything else _due(now)))
        chosen = connection.execute(query.order_by(_accounts.c.source, _accounts.c.rule)).all()
    return [error for source, rule in chosen if (error := _audited(mint, source, rule, now=now))]


def _audited(mint: Mint, source: str, rule: str, *, now: datetime) -> VestnikError | None:
    try:
        _unsent(mint.engine, source, rule, now=now)
        _half_made(mint, source, rule, now=now)
        for rows in _pages(mint.engine, source, rule):
            _look(mint, source, rows, now=now)
    except VestnikError as error:
        log.warning("coupons of source %s, rule %s are not audited: %s", source, rule, error)
        note(mint.engine, source, [rule], error=error, now=now)
        return error
    note(mint.engine, source, [rule], error=None, now=now, audited_at=now)
    _alarm(mint.engine, source, rule)
    return None


@retried
def _unsent(engine: sa.Engine, source: str, rule: str, *, now: datetime) -> None:
    """The time of a coupon whose letter failed or was skipped is over: nobody has ever seen it."""
    never = (Status.FAILED.value, Status.SKIPPED.value)
    letter = sa.exists().where(_recipients.c.id == _coupons.c.recipient_id, _recipients.c.status.in_(never))
    mine = (_coupons.c.source == source, _coupons.c.rule == rule, _coupons.c.status == Standing.MADE.value)
    later = sa.or_(_coupons.c.valid_until.is_(None), _coupons.c.valid_until > now)
    past = now - timedelta(seconds=1)
    with writing(engine) as connection:
        connection.execute(sa.update(_coupons).where(*mine, later, letter).values(valid_until=past))


def _half_made(mint: Mint, source: str, rule: str, *, now: datetime) -> None:
    """Plans of a worker that died, whose letter went without it: only asking again tells whether the shop has them."""
    query = sa.select(_coupons).where(
        _coupons.c.source == source,
        _coupons.c.rule == rule,
        _coupons.c.status == Standing.PLANNED.value,
        _coupons.c.changed_at <= now - _EVERY,
        ~on_its_way(),
    )
    with mint.engine.connect() as connection:
        rows = list(connection.execute(query).mappings())
    pooled = [row["id"] for row in rows if row["pooled"]]
    drop(mint.engine, pooled)
    asked = [row for row in rows if not row["pooled"]]
    if not asked:
        return
    with gift_of(mint, source) as gift:
        found = {row["id"]: code for row in asked if (code := _found(mint, gift, row, now=now))}
    made = {"status": Standing.MADE.value, "made_at": now, "valid_until": now - timedelta(seconds=1)}
    moves = {row_id: {**made, "code": code} for row_id, code in found.items()}
    settle(mint.engine, moves, old=(Standing.PLANNED.value,), now=now)
    drop(mint.engine, [row["id"] for row in asked if row["id"] not in found])


def _found(mint: Mint, gift: Coupons, row: sa.RowMapping, *, now: datetime) -> str:
    """The code of a coupon that may have been made; "" when it was not, and cannot be."""
    try:
        return gift.create(terms_of(row, until=row["valid_until"]), secret=mint.secret, now=now).code
    except (Refused, Misconfigured):
        return ""


def _pages(engine: sa.Engine, source: str, rule: str) -> Iterator[Sequence[sa.RowMapping]]:
    last = 0
    mine = (_coupons.c.source == source, _coupons.c.rule == rule, _coupons.c.status.in_(_LOOKED_AT))
    while True:
        query = sa.select(_coupons).where(*mine, sa.not_(_coupons.c.pooled), _coupons.c.id > last)
        with engine.connect() as connection:
            rows = list(connection.execute(query.order_by(_coupons.c.id).limit(_AT_ONCE)).mappings())
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _look(mint: Mint, source: str, rows: Sequence[sa.RowMapping], *, now: datetime) -> None:
    """Standing is asked before use: one used in between is then not taken for lost."""
    codes = [row["code"] for row in rows]
    with gift_of(mint, source) as gift:
        standing, uses = gift.standing(codes), gift.usage(codes)
    moves = {row["id"]: move for row in rows if (move := _move(row, standing, uses[row["code"]], now=now))}
    settle(mint.engine, moves, old=_LOOKED_AT, now=now)


def _move(row: sa.RowMapping, standing: set[str], use: CouponUse, *, now: datetime) -> dict[str, Any]:
    if use.used:
        return as_used(use)
    over = row["valid_until"] is not None and row["valid_until"] < now
    gone = Standing.REMOVED if over and row["status"] == Standing.LOST else Standing.LOST
    status = Standing.MADE if row["code"] in standing else gone
    return {} if row["status"] == status else {"status": status.value}


def _alarm(engine: sa.Engine, source: str, rule: str) -> None:
    query = sa.select(sa.func.count()).where(
        _coupons.c.source == source, _coupons.c.rule == rule, _coupons.c.status == Standing.LOST.value
    )
    with engine.connect() as connection:
        missing = connection.scalar(query)
    if missing:  # the codes are money: they are named in the command's answer, not in a log
        template = (
            "coupons of source %s, rule %s: %s issued, not used, and not in the shop: see vestnik coupons reconcile"
        )
        log.error(template, source, rule, missing)
