"""Coupons whose time is over are taken out of their shops, however long nobody looked; used ones stay."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from core import tables
from core.coupons.book import Mint, Standing, as_used, gift_of, note, settle
from core.errors import VestnikError
from core.model import CouponFate, Status
from core.source import Coupons, Ending

_coupons, _accounts, _recipients = tables.coupons, tables.coupon_accounts, tables.recipients
_AT_ONCE = 500
RETRY = timedelta(minutes=5)
"""A source that could not be asked is left alone that long."""
log = logging.getLogger("vestnik.coupons")


def due(engine: sa.Engine, *, now: datetime) -> bool:
    """Whether any coupon is to be ended. The clock asks at every tick: no counting."""
    with engine.connect() as connection:
        return connection.scalar(sa.select(_coupons.c.id).where(*_due(now)).limit(1)) is not None


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    resting = sa.exists().where(
        _accounts.c.source == _coupons.c.source,
        _accounts.c.rule == _coupons.c.rule,
        _accounts.c.failed_at > now - RETRY,
    )
    return (
        _coupons.c.status == Standing.MADE.value,
        _coupons.c.valid_until < now,
        ~on_its_way(),
        ~resting,
    )


def on_its_way() -> sa.ColumnElement[bool]:
    """The coupon's letter has not gone out yet: when it does, the coupon is given its full time again."""
    moving = (Status.NEW.value, Status.COMPOSED.value, Status.CLAIMED.value)
    return sa.exists().where(_recipients.c.id == _coupons.c.recipient_id, _recipients.c.status.in_(moving))


def end(mint: Mint, *, now: datetime, stopping: Callable[[], bool] = lambda: False) -> Counter[str]:
    """End what is due, a batch at a time; how many became what. A source that is away is tried again later."""
    counts: Counter[str] = Counter()
    query = sa.select(_coupons).where(*_due(now)).order_by(_coupons.c.source, _coupons.c.ending).limit(_AT_ONCE)
    while not stopping():
        with mint.engine.connect() as connection:
            rows = list(connection.execute(query).mappings())
        if not rows:
            break
        for _, some in groupby(rows, key=lambda row: (row["source"], row["ending"], row["pooled"])):
            counts += end_these(mint, list(some), now=now)
    return counts


def end_these(mint: Mint, rows: Sequence[sa.RowMapping], *, now: datetime) -> Counter[str]:
    """End coupons of one source that end alike. Done twice it changes nothing."""
    source, rules = rows[0]["source"], sorted({row["rule"] for row in rows})
    if rows[0]["pooled"]:  # whoever made them ends them
        moves = {row["id"]: {"status": Standing.REMOVED.value} for row in rows}
    else:
        try:
            with gift_of(mint, source) as gift:
                moves = _ended(gift, rows, now=now)
        except VestnikError as error:
            log.warning("coupons of source %s are not ended: %s", source, error)
            note(mint.engine, source, rules, error=error, now=now)
            return Counter()
    settle(mint.engine, moves, old=(Standing.MADE.value, Standing.LOST.value), now=now)
    note(mint.engine, source, rules, error=None, now=now)
    return Counter(str(move["status"]) for move in moves.values())


def _ended(gift: Coupons, rows: Sequence[sa.RowMapping], *, now: datetime) -> dict[int, dict[str, Any]]:
    ending: Ending = CouponFate.DEACTIVATED if rows[0]["ending"] == CouponFate.DEACTIVATED.value else CouponFate.DELETED
    fates = gift.expire([row["code"] for row in rows], ending=ending, now=now)
    used = [code for code, fate in fates.items() if fate is CouponFate.USED]
    uses = gift.usage(used) if used else {}
    return {
        row["id"]: as_used(uses[row["code"]]) if row["code"] in uses else {"status": Standing.REMOVED.value}
        for row in rows
    }
