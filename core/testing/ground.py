"""A ground to try anchors on: facts are told of people, and the anchor is asked who entered, in more ways than one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core import db
from core.rules import World
from core.scenario import ENTRY, Anchor, Entry, Span
from core.tables import contacts, facts, metadata


class Ground:
    """An empty database in `folder`; its clock is Moscow's."""

    def __init__(self, folder: Path) -> None:
        self.engine = db.connect(f"sqlite:///{folder}/ground.db")
        metadata.create_all(self.engine)

    def fact(self, what: str, email: str, at: datetime, *, subject: str = "", **details: Any) -> int:
        """Tell a fact of whoever has this address; the contact's number. Anything more is the fact's details."""
        with db.writing(self.engine) as connection:
            address = {"email": email, "domain": email.rpartition("@")[2], "created_at": at}
            db.insert_ignoring(connection, contacts, [address])
            number: int = connection.scalar(sa.select(contacts.c.id).where(contacts.c.email == email)) or 0
            told = sa.func.coalesce(sa.func.max(facts.c.id), 0)
            row = {"source": "shop", "what": what, "at": at, "seen_at": at, "person": str(number), "subject": subject}
            digest = (connection.scalar(sa.select(told)) or 0).to_bytes(16)
            values = {**row, "contact_id": number, "details": details, "digest": digest}
            connection.execute(sa.insert(facts).values(**values))
        return number

    def entered(self, anchor: Anchor, since: datetime, until: datetime, **settings: Any) -> Sequence[Entry]:
        """Who entered in (since, until], the earliest first; asked again in parts, and of each contact alone.

        Fails when the answers differ, when two rows have one key, or when a moment lies outside.
        """
        chosen, span = anchor.Settings(**settings), Span(World(until, "Europe/Moscow"), since, until)
        found = self._asked(anchor, chosen, span)
        twice = [key for key, times in Counter((one.contact_id, one.key) for one in found).items() if times > 1]
        assert not twice, f"one row a contact and key, please: {twice}"
        assert all(since < one.at <= until for one in found), "a moment outside of what was asked for"
        middle = since + (until - since) / 2
        halves = (replace(span, until=middle), replace(span, since=middle))
        keys = {one.key for one in found}
        assert keys == {one.key for half in halves for one in self._asked(anchor, chosen, half)}, "halves differ"
        alone = [one for number in self._contacts() for one in self._asked(anchor, chosen, _only(span, number))]
        assert sorted(alone, key=_order) == found, "asked of one contact alone it answers otherwise"
        return found

    def _asked(self, anchor: Anchor, settings: Any, span: Span) -> list[Entry]:
        query = anchor.entries(settings, span)
        assert tuple(query.selected_columns.keys()) == ENTRY, f"an anchor selects {', '.join(ENTRY)}"
        with self.engine.connect() as connection:
            return sorted((Entry(*row) for row in connection.execute(query)), key=_order)

    def _contacts(self) -> list[int]:
        with self.engine.connect() as connection:
            return list(connection.scalars(sa.select(contacts.c.id)))


def _only(span: Span, contact_id: int) -> Span:
    return replace(span, world=replace(span.world, only=contact_id))


def _order(one: Entry) -> tuple[datetime, int, str]:
    return one.at, one.contact_id, one.key
