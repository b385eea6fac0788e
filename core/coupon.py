"""What a letter promises when it carries a coupon: the terms of the block, and how it shows the coupon that was made.

A block built on :class:`CouponBlock` gets a coupon of the shop for each letter before the letter is composed. Previews
and test letters show a specimen: nothing is made for them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.errors import N_
from core.plugin import Settings
from core.tables import coupons

SPECIMEN = "ОБРАЗЕЦ"
"""The code that previews and test letters show."""
_ON_ITS_WAY = timedelta(minutes=15)
_LAST_SECOND = time(23, 59, 59)


class CouponSettings(BlockSettings):
    """What a letter promises. The discount itself is the shop's: `percent` and `label` are only how it is worded."""

    required: bool = Field(default=True, title=N_("Without it the letter does not go out"))
    discount: str = Field(
        min_length=1, max_length=64, coerce_numbers_to_str=True, title=N_("Discount rule of the shop (its id)")
    )
    source: str = Field(default="", max_length=48, title=N_("Source (empty: the only one)"))
    percent: int | None = Field(default=None, ge=1, le=100, title=N_("Percent, as the letter says it"))
    label: str = Field(default="", max_length=200, title=N_("What it gives, in words (instead of the percent)"))
    days: int | None = Field(default=None, ge=1, le=3650, title=N_("Days it is good for (empty: no end)"))
    multi_use: bool = Field(default=False, title=N_("Good for many orders"))
    max_uses: int = Field(default=0, ge=0, title=N_("Orders at most, if for many (0: no limit)"))
    bind_to_user: bool = Field(default=False, title=N_("Good only for the user whom the letter goes to"))
    on_expiry: Literal["delete", "deactivate"] = Field(default="delete", title=N_("When its time is over"))
    prefix: str = Field(default="SL", pattern=r"^[A-Za-z0-9-]{1,18}$", title=N_("The code begins with"))

    @property
    def offer(self) -> str:
        """Names these terms: two blocks of a letter with the same terms show the same coupon."""
        names = ("discount", "source", "days", "multi_use", "max_uses", "bind_to_user", "prefix")
        terms = json.dumps([getattr(self, name) for name in names])
        return hashlib.sha256(terms.encode()).hexdigest()[:16]


def valid_until(days: int | None, *, now: datetime, timezone: str) -> datetime | None:
    """The last second of a coupon whose letter goes out `now`: the end of a day, so that the letter can name the day.

    Never sooner than `days` whole days after the letter: a batch is on its way for a while, so shortly before midnight
    the count begins with the next day.
    """
    if days is None:
        return None
    zone = ZoneInfo(timezone)
    first = (now + _ON_ITS_WAY).astimezone(zone).date()
    return datetime.combine(first + timedelta(days=days), _LAST_SECOND, tzinfo=zone)


class CouponBlock(Block):
    """A block that shows the coupon made for its letter."""

    Settings: ClassVar[type[Settings]] = CouponSettings
    variables: ClassVar[Mapping[str, str]] = {
        "code": N_("the coupon's code"),
        "until": N_("its last day; empty when it has no end"),
    }

    def facts(self, settings: CouponSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        """The coupon of each letter, also of one looked at when its time is over; None where none was made."""
        if not any(reader.recipient_id for reader in readers):
            until = valid_until(settings.days, now=asked.now, timezone=asked.timezone)
            return [_shown(SPECIMEN, until, asked.timezone)] * len(readers)
        known = _made(asked.connection, settings.offer, [reader.recipient_id for reader in readers])
        return [
            _shown(row.code, row.valid_until, asked.timezone) if (row := known.get(one.recipient_id)) else None
            for one in readers
        ]


def _made(connection: sa.Connection, offer: str, recipient_ids: Sequence[int]) -> dict[int, Any]:
    query = sa.select(coupons.c.recipient_id, coupons.c.code, coupons.c.valid_until).where(
        coupons.c.recipient_id.in_(recipient_ids), coupons.c.offer == offer, coupons.c.code.is_not(None)
    )
    return {row.recipient_id: row for row in connection.execute(query)}


def _shown(code: str, until: datetime | None, timezone: str) -> Facts:
    day: date | str = until.astimezone(ZoneInfo(timezone)).date() if until else ""
    return {"code": code, "until": day}
