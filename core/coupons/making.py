"""Coupons made for a batch of letters, just before these are composed: nothing else ever makes one."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.block import Block
from core.compose import Addressee, Publication
from core.coupon import CouponBlock, CouponSettings, valid_until
from core.coupons import pool
from core.coupons.batch import Batch, Prepared, empty, everybody, handed_out, made, planned, wait
from core.coupons.book import Mint
from core.db import utc_text
from core.errors import N_, Misconfigured, Refused, VestnikError
from core.plugin import settings_of

Shelf = Mapping[str, type[Block]]
log = logging.getLogger("vestnik.coupons")


def check(mint: Mint, publication: Publication, *, shelf: Shelf, now: datetime) -> None:
    """Raises Misconfigured or Unreachable while the letter's coupons could not be made: asked before the first letter.

    Blocks that a letter may go without are not asked about.
    """
    for settings in _promises(publication, shelf):
        if settings.required:
            source = mint.source(settings.source)
            gift = source.coupons()
            if gift:
                gift.check(settings.discount, now=now)
            else:
                _check_pool(mint, source.name, settings.discount)


def _check_pool(mint: Mint, source: str, rule: str) -> None:
    with mint.engine.connect() as connection:
        if not pool.free(connection, source, rule):
            raise empty(source, rule)


def prepare(
    mint: Mint,
    publication: Publication,
    addressees: Sequence[Addressee],
    *,
    shelf: Shelf,
    anchor: datetime,
    now: datetime,
) -> Prepared:
    """See that each letter has the coupons it promises. Done again it makes none, but gives them their full time.

    `anchor` is the moment that the letters belong to (of a posting, its firing). What can only be waited for is in the
    answer and never raised. Letters that may go without a coupon are not kept back.
    """
    refused: dict[int, Refused] = {}
    waiting: set[int] = set()
    why: VestnikError | None = None
    try:
        promises = _promises(publication, shelf)
    except Misconfigured as error:  # published by another version of Vestnik
        return Prepared(waiting=everybody(addressees), why=wait(error))
    for settings in promises:
        done = _prepared(mint, publication, settings, addressees, anchor=anchor, now=now)
        if settings.required:
            refused |= done.refused
            waiting |= done.waiting
            why = why or done.why
        elif done.why:
            log.warning("issue %s: letters go without their coupon: %s", publication.issue, done.why)
    return Prepared(refused, frozenset(waiting - refused.keys()), why)


def _promises(publication: Publication, shelf: Shelf) -> list[CouponSettings]:
    """The different offers of the letter; one is required when any of its blocks is."""
    found: list[CouponSettings] = []
    for placed in publication.blocks:
        block = shelf.get(placed.code)
        if block and issubclass(block, CouponBlock):
            found.append(settings_of(block, placed.settings, where=f"block {placed.code}"))
    return list({one.offer: one for one in sorted(found, key=lambda one: one.required)}.values())


def _prepared(
    mint: Mint,
    publication: Publication,
    settings: CouponSettings,
    addressees: Sequence[Addressee],
    *,
    anchor: datetime,
    now: datetime,
) -> Prepared:
    try:
        source = mint.source(settings.source)
        gift = source.coupons()
    except VestnikError as error:
        return Prepared(waiting=everybody(addressees), why=wait(error))
    refused = _nobody_to_bind(settings, source.name, addressees)
    going = [one for one in addressees if one.recipient_id not in refused]
    batch = Batch(
        mint=mint,
        settings=settings,
        source=source.name,
        wanted={_key(publication, settings, one, anchor): one for one in going},
        until=valid_until(settings.days, now=now, timezone=publication.timezone),
        now=now,
        description=f"Vestnik: {publication.issue}, {anchor.astimezone(ZoneInfo(publication.timezone)):%d.%m.%Y}",
    )
    rows = planned(batch, pooled=gift is None)
    short = everybody(going) - {row["recipient_id"] for row in rows}
    done = made(batch, gift, rows) if gift else handed_out(batch, rows)
    why = done.why or (wait(_cap_reached(batch)) if short else None)
    return Prepared({**refused, **done.refused}, done.waiting | short, why)


def _cap_reached(batch: Batch) -> Misconfigured:
    template = N_(
        "Discount rule {rule} of source {source!r} has {cap} coupons outstanding, as many as [coupons] cap allows. "
        "They go on when some are used or over, or when the cap is raised."
    )
    return Misconfigured(template, rule=batch.settings.discount, source=batch.source, cap=batch.mint.cap)


def _nobody_to_bind(settings: CouponSettings, source: str, addressees: Sequence[Addressee]) -> dict[int, Refused]:
    """Those who are no user of the shop in which the coupon is to be bound to its user."""
    if not settings.bind_to_user:
        return {}
    template = N_("no user of {source} to bind the coupon to")
    return {
        one.recipient_id: Refused(template, source=source)
        for one in addressees
        if one.person.get("source") != source or not one.person.get("external_id")
    }


def _key(publication: Publication, settings: CouponSettings, one: Addressee, at: datetime) -> str:
    """Names the coupon for ever. The anchor is in it, for ids come again in a database that was restored."""
    if one.anchor:
        anchor = hashlib.sha256(one.anchor.encode()).hexdigest()[:32]  # it may be as long as the key itself
        return f"{publication.issue} {one.contact_id} {anchor} {settings.offer}"
    about = f" {one.subject}" if one.subject else ""
    return f"{publication.issue} {utc_text(at)} {one.contact_id}{about} {settings.offer}"
