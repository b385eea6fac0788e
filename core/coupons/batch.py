"""One batch of coupons: planned in our book, then made by the shop or taken out of the pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import tables
from core.compose import Addressee
from core.coupon import CouponSettings
from core.coupons import pool
from core.coupons.book import Mint, Standing, as_used, drop, locked, outstanding, settle, terms_of
from core.db import chunks, insert_ignoring, retried, writing
from core.errors import N_, Misconfigured, Refused, Unreachable, VestnikError
from core.model import CouponFate
from core.source import Coupons, Ending

_coupons = tables.coupons
_ENDINGS: Mapping[str, Ending] = {"delete": CouponFate.DELETED, "deactivate": CouponFate.DEACTIVATED}
_AT_ONCE = 20  # made between two commits: what a worker whose lease runs out has still got done


@dataclass(frozen=True, slots=True)
class Prepared:
    """What keeps letters back: recipient → why it gets no coupon at all, and those that must wait, and for what."""

    refused: Mapping[int, Refused] = field(default_factory=dict)
    waiting: frozenset[int] = frozenset()
    why: VestnikError | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The coupons of one offer for some letters."""

    mint: Mint
    settings: CouponSettings
    source: str
    wanted: Mapping[str, Addressee]  # by the coupon's key
    until: datetime | None
    now: datetime
    description: str


@retried
def planned(batch: Batch, *, pooled: bool) -> list[sa.RowMapping]:
    """The rows of the batch's coupons, written before the shop is asked; fewer where the cap allows no more."""
    mint, rule = batch.mint, batch.settings.discount
    here = _coupons.c.key.in_(list(batch.wanted))
    with writing(mint.engine) as connection:
        known = set(connection.scalars(sa.select(_coupons.c.key).where(here)))
        fresh = [_row(batch, key, one, pooled) for key, one in batch.wanted.items() if key not in known]
        if fresh:
            locked(connection, batch.source, rule)
            room = max(0, mint.cap - outstanding(connection, batch.source, rule)) if mint.cap else len(fresh)
            insert_ignoring(connection, _coupons, fresh[:room])
        query = sa.select(_coupons).where(here).order_by(_coupons.c.id)
        return list(connection.execute(query).mappings())


def _row(batch: Batch, key: str, one: Addressee, pooled: bool) -> dict[str, Any]:
    settings = batch.settings
    terms = {
        "multi_use": settings.multi_use,
        "max_uses": settings.max_uses,
        "person": str(one.person["external_id"]) if settings.bind_to_user else "",
        "description": batch.description,
        "prefix": settings.prefix,
    }
    return {
        "key": key,
        "source": batch.source,
        "rule": settings.discount,
        "recipient_id": one.recipient_id,
        "offer": settings.offer,
        "status": Standing.PLANNED.value,
        "valid_until": batch.until,
        "ending": _ENDINGS[settings.on_expiry].value,
        "terms": terms,
        "pooled": pooled,
        "changed_at": batch.now,
    }


def _wanting(batch: Batch, row: sa.RowMapping) -> bool:
    """Whether the shop must be asked: the coupon is not there, or would end before its letter's time is over."""
    if row["status"] == Standing.MADE:
        return _sooner(row["valid_until"], batch.until)
    return bool(row["status"] != Standing.USED)


def _sooner(end: datetime | None, wanted: datetime | None) -> bool:
    return end is not None and wanted is not None and end < wanted


def made(batch: Batch, gift: Coupons, rows: Sequence[sa.RowMapping]) -> Prepared:
    """Ask the shop for what is wanting. When it stops answering, the letters that have no coupon yet wait."""
    wanting = [row for row in rows if _wanting(batch, row)]
    if not wanting:
        return Prepared()
    refused: dict[int, Refused] = {}
    left = {row["recipient_id"] for row in wanting}
    with gift:
        for part in chunks(wanting, _AT_ONCE):
            done, bad, why = _part_made(batch, gift, part)
            settle(batch.mint.engine, done, old=_BEFORE, now=batch.now)
            drop(batch.mint.engine, list(bad))
            refused |= {row["recipient_id"]: bad[row["id"]] for row in part if row["id"] in bad}
            left -= {row["recipient_id"] for row in part if row["id"] in done or row["id"] in bad}
            if why:
                return Prepared(refused, frozenset(left), wait(why))
    return Prepared(refused)


Done = dict[int, dict[str, Any]]


def _part_made(
    batch: Batch, gift: Coupons, rows: Sequence[sa.RowMapping]
) -> tuple[Done, dict[int, Refused], VestnikError | None]:
    """By row: the columns of the coupons made, and why others never can be; and what kept the rest from being made."""
    done: Done = {}
    bad: dict[int, Refused] = {}
    for row in rows:
        try:
            done[row["id"]] = _one_made(batch, gift, row)
        except Refused as error:
            bad[row["id"]] = error
        except VestnikError as error:
            return done, bad, error
    return done, bad, None


_BEFORE = (Standing.PLANNED.value, Standing.MADE.value, Standing.REMOVED.value, Standing.LOST.value)


def _one_made(batch: Batch, gift: Coupons, row: sa.RowMapping) -> dict[str, Any]:
    """The columns of the coupon of `row`: as the shop has it, or made anew where that one ends too soon."""
    terms, secret, now = terms_of(row, until=batch.until), batch.mint.secret, batch.now
    coupon = gift.create(terms, secret=secret, now=now)
    ended = row["status"] in (Standing.REMOVED, Standing.LOST)  # it may be there, switched off
    if ended or _sooner(coupon.valid_until, batch.until):
        fates = gift.expire([coupon.code], ending=CouponFate.DELETED, now=now)
        if fates[coupon.code] is CouponFate.USED:
            return {"code": coupon.code, "made_at": row["made_at"] or now, **as_used(None)}
        coupon = gift.create(terms, secret=secret, now=now)
    end = coupon.valid_until or batch.until
    return {"code": coupon.code, "status": Standing.MADE.value, "valid_until": end, "made_at": now}


@retried
def handed_out(batch: Batch, rows: Sequence[sa.RowMapping]) -> Prepared:
    """The same from the pool: two workers never get one code, for the account is locked."""
    wanting = [row for row in rows if _wanting(batch, row)]
    if not wanting:
        return Prepared()
    rule = batch.settings.discount
    with writing(batch.mint.engine) as connection:
        locked(connection, batch.source, rule)
        codes = pool.take(connection, batch.source, rule, [row["id"] for row in wanting])
        for row_id, code in codes.items():
            values = {"code": code, "status": Standing.MADE.value, "valid_until": batch.until, "made_at": batch.now}
            connection.execute(
                sa.update(_coupons).where(_coupons.c.id == row_id).values(**values, changed_at=batch.now)
            )
    left = frozenset(row["recipient_id"] for row in wanting if row["id"] not in codes)
    return Prepared(waiting=left, why=wait(empty(batch.source, rule)) if left else None)


def wait(reason: VestnikError) -> Unreachable:
    return Unreachable(N_("Letters wait for their coupons. {reason}"), reason=reason)


def empty(source: str, rule: str) -> Misconfigured:
    template = N_(
        "Source {source!r} makes no coupons, and the pool for its rule {rule} is empty. "
        "Import codes: vestnik coupons import FILE.csv --source {source} --rule {rule}"
    )
    return Misconfigured(template, source=source, rule=rule)


def everybody(addressees: Sequence[Addressee]) -> frozenset[int]:
    return frozenset(one.recipient_id for one in addressees)
