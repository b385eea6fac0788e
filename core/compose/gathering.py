"""What the blocks of a letter have to show to each recipient of a batch, and in which groups the letter finds them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from core import groups
from core.block import Asked, Facts, Reader
from core.compose.placing import Shelf
from core.compose.publication import TOKEN, Addressee, Placed, Publication
from core.plugin import settings_of
from core.rules import WHO, tree

log = logging.getLogger("vestnik.compose")


def gathered(
    connection: sa.Connection, publication: Publication, addressees: Sequence[Addressee], *, shelf: Shelf, now: datetime
) -> list[Addressee]:
    """`addressees` with what each block of the letter has to show them at this moment: one question a block."""
    if not publication.blocks and not publication.groups:
        return list(addressees)
    asked = Asked(
        connection=connection,
        now=now,
        timezone=publication.timezone,
        currency=publication.currency,
        site_url=str(publication.shared["site"]["url"]),
        issue=publication.issue,
        answers_url=f"{publication.public_url}/p/s/{TOKEN}",
    )
    readers = [_reader(one) for one in addressees]
    answers = zip(*(_answer(placed, asked, readers, shelf) for placed in publication.blocks), strict=True)
    shown = list(answers) if publication.blocks else [()] * len(addressees)
    inside = _groups(connection, publication, [one.contact_id for one in addressees], now=now)
    return [
        replace(
            one,
            blocks=blocks,
            groups=frozenset(code for code, contacts in inside.items() if one.contact_id in contacts),
        )
        for one, blocks in zip(addressees, shown, strict=True)
    ]


def _reader(addressee: Addressee) -> Reader:
    person = addressee.person
    return Reader(
        contact_id=addressee.contact_id,
        source=person.get("source", ""),
        person=person.get("external_id", ""),
        attributes=person.get("attributes"),
        subject=addressee.subject,
        recipient_id=addressee.recipient_id,
    )


def _answer(placed: Placed, asked: Asked, readers: Sequence[Reader], shelf: Shelf) -> Sequence[Facts | None]:
    """What one block says. A block that breaks shows nothing: where it is required, no letter goes out without it."""
    try:
        block = shelf[placed.code]
        return block().facts(settings_of(block, placed.settings, where=f"block {placed.code}"), asked, readers)
    except sa.exc.DBAPIError:
        raise
    except Exception:
        log.exception("issue %s, block %s", asked.issue, placed.code)
        return [None] * len(readers)


def _groups(
    connection: sa.Connection, publication: Publication, contact_ids: Sequence[int], *, now: datetime
) -> dict[str, set[int]]:
    """Which of these contacts are in each group that the letter's conditions name."""
    if not publication.groups:
        return {}
    world = groups.world(connection, now=now, timezone=publication.timezone, currency=publication.currency)
    found: dict[str, set[int]] = {}
    for code in publication.groups:
        if code in world.groups:
            query = sa.select(WHO).where(WHO.in_(contact_ids), tree.taken(world.groups[code], world))
            found[code] = set(connection.scalars(query.where(*tree.alive(world))))
    return found
