"""The book of coupons: one row a coupon, one account a rule, and where the coupons of a source come from."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import tables
from core.db import chunks, insert_ignoring, retried, writing
from core.errors import N_, Misconfigured, VestnikError
from core.model import CouponTerms, CouponUse
from core.plugin import suggestion
from core.source import Coupons, Source

_coupons, _accounts = tables.coupons, tables.coupon_accounts
_AT_ONCE = 500


class Standing(enum.StrEnum):
    """Where a coupon stands in our book."""

    PLANNED = "planned"  # the shop may have it, or not: only asking again tells
    MADE = "made"
    USED = "used"
    REMOVED = "removed"
    LOST = "lost"


OUTSTANDING = (Standing.PLANNED.value, Standing.MADE.value)
"""What counts against the cap."""


@dataclass(frozen=True, slots=True)
class Mint:
    """What coupons are made with: our database, the secret in their codes, the sources, and the cap a rule (0: none).

    `sources` are asked for only when there is a coupon: one with bad settings must not stop other letters.
    """

    engine: sa.Engine
    secret: str
    sources: Callable[[], Mapping[str, Source]]
    cap: int = 0

    def source(self, name: str) -> Source:
        """The source called `name`, the only one when it is "". Raises Misconfigured."""
        known = self.sources()
        if name in known:
            return known[name]
        if not name and len(known) == 1:
            return next(iter(known.values()))
        if not name:
            raise Misconfigured(
                N_('A coupon must say whose it is: source="…". {hint}'), hint=suggestion(name, known) if known else ""
            )
        hint = suggestion(name, known) if known else ""
        raise Misconfigured(N_("There is no source {name!r} in the settings. {hint}"), name=name, hint=hint)


def gift_of(mint: Mint, name: str) -> Coupons:
    """How the source called `name` makes and ends coupons. Raises Misconfigured when it cannot any more."""
    gift = mint.source(name).coupons()
    if gift is None:
        raise Misconfigured(N_("Source {source!r} makes no coupons, or is not allowed to."), source=name)
    return gift


def terms_of(row: sa.RowMapping, *, until: datetime | None) -> CouponTerms:
    """What the shop is asked for."""
    return CouponTerms(row["rule"], row["key"], valid_until=until, **row["terms"])


def locked(connection: sa.Connection, source: str, rule: str) -> None:
    """Until the transaction ends nobody else plans coupons of this rule: neither the cap nor the pool is overdrawn."""
    insert_ignoring(connection, _accounts, [{"source": source, "rule": rule}])
    where = (_accounts.c.source == source, _accounts.c.rule == rule)
    connection.execute(sa.select(_accounts.c.source).where(*where).with_for_update()).all()


def outstanding(connection: sa.Connection, source: str, rule: str) -> int:
    """How many coupons of the rule could still be used, or may be in the shop."""
    query = sa.select(sa.func.count()).where(
        _coupons.c.source == source, _coupons.c.rule == rule, _coupons.c.status.in_(OUTSTANDING)
    )
    return int(connection.scalar(query) or 0)


@retried
def settle(engine: sa.Engine, moves: Mapping[int, Mapping[str, Any]], *, old: Collection[str], now: datetime) -> None:
    """Write each row's new values where it still stands as one of `old`."""
    for part in chunks(moves.items(), _AT_ONCE):
        with writing(engine) as connection:
            for row_id, values in part:
                connection.execute(
                    sa.update(_coupons)
                    .where(_coupons.c.id == row_id, _coupons.c.status.in_(old))
                    .values(**values, changed_at=now)
                )


@retried
def drop(engine: sa.Engine, row_ids: Sequence[int]) -> None:
    """Planned rows whose coupon was never made: nothing was issued."""
    for part in chunks(row_ids, _AT_ONCE):
        with writing(engine) as connection:
            chosen = (_coupons.c.id.in_(part), _coupons.c.status == Standing.PLANNED.value, _coupons.c.code.is_(None))
            connection.execute(sa.delete(_coupons).where(*chosen))


@retried
def note(
    engine: sa.Engine, source: str, rules: Collection[str], *, error: VestnikError | None, now: datetime, **more: Any
) -> None:
    """How asking the source about these rules went: `error` is what is shown, None clears it."""
    failed_at = now if error else None
    with writing(engine) as connection:
        insert_ignoring(connection, _accounts, [{"source": source, "rule": rule} for rule in rules])
        connection.execute(
            sa.update(_accounts)
            .where(_accounts.c.source == source, _accounts.c.rule.in_(rules))
            .values(error=error, failed_at=failed_at, **more)
        )


def as_used(use: CouponUse | None) -> dict[str, Any]:
    """The columns of a coupon that was used."""
    used = use or CouponUse()
    return {"status": Standing.USED.value, "used_at": used.last_at, "orders": list(used.orders)}
