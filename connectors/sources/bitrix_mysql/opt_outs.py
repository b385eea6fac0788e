"""Everybody who has left the old letters, wherever Bitrix keeps it: whoever left once is not written to.

What somebody left there (one mailing, one site) has no counterpart here, so all of it counts as everything: being
stricter than asked is the safe side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent, sender, values
from connectors.sources.bitrix_mysql.newest import newest
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import Read, Reader
from core.model import OptOut

IMPORTED, COMPLAINT, BLACKLISTED = "imported", "complaint", "blacklisted"


class _Left(Reader):
    """One place: a table with an ID, `code` where the address stands, and `dates` that say when a row changed."""

    place: ClassVar[str]
    name: ClassVar[str]  # of the table
    code: ClassVar[str] = "CODE"
    dates: ClassVar[tuple[str, ...]] = ("DATE_INSERT",)
    reason: ClassVar[str] = IMPORTED

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self.table = shop.table(self.name, "t")

    def chosen(self) -> list[sa.ColumnElement[bool]]:
        """Which rows mean that somebody left."""
        return [self.table.c[self.code].contains("@")]

    def _keys(self) -> sa.Select[Any]:
        return sa.select(self.table.c.ID.label("key")).where(*self.chosen())

    def count(self) -> int:
        query = sa.select(sa.func.count()).select_from(self.table).where(*self.chosen())
        return int(self.shop.scalar(query))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        if since is None:
            return in_ranges(self.shop, self.table.c.ID, self._keys(), after)
        then = self.shop.local(since)
        changed = sa.or_(*(self.table.c[date] >= then for date in self.dates))
        return newest(self.shop, self.table.c.ID, self._keys().where(changed), after)

    def read(self, keys: Sequence[int]) -> Read:
        return self._read(sa.select(self.table), keys)

    def _read(self, query: sa.Select[Any], keys: Sequence[int]) -> Read:
        rows = self.shop.rows_in(query, self.table.c.ID, keys)
        return Read([self._opt_out(row) for row in rows if "@" in (row[self.code] or "")])

    def _opt_out(self, row: Row) -> OptOut:
        at = next(filter(None, (self.shop.moment(row[date]) for date in self.dates)), None)
        return OptOut(f"{self.place}:{row['ID']}", str(row[self.code]).strip(), self.reason_of(row), at=at)

    def reason_of(self, row: Row) -> str:
        """Why nobody is to be written to there."""
        return self.reason


class Blacklist(_Left):
    """The blacklist of the whole site, which stops every letter of Bitrix."""

    place, name, reason = "blacklist", "b_main_mail_blacklist", BLACKLISTED


class Complaints(_Left):
    """Who said "this is spam"."""

    place, name, code, reason = "abuse", "b_sender_abuse", "CONTACT_CODE", COMPLAINT


class Contacts(_Left):
    """Contacts of module sender who left everything or were blacklisted.

    Whoever leaves by a link has a row of `Unsubscribed` too, which is new even when the contact is old.
    """

    place, name, dates = "contact", "b_sender_contact", ("DATE_UPDATE", "DATE_INSERT")

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self.table = sender.contacts(shop)

    def chosen(self) -> list[sa.ColumnElement[bool]]:
        table = self.table
        return [table.c.TYPE_ID == sender.EMAIL, sa.or_(table.c.IS_UNSUB == "Y", table.c.BLACKLISTED == "Y")]

    def reason_of(self, row: Row) -> str:
        return BLACKLISTED if values.yes(row["BLACKLISTED"]) else IMPORTED


class Subscribers(_Left):
    """Subscribers of module subscribe who switched their subscription off."""

    place, name, code, dates = "subscriber", "b_subscription", "EMAIL", ("DATE_UPDATE", "DATE_INSERT")

    def chosen(self) -> list[sa.ColumnElement[bool]]:
        return [self.table.c.ACTIVE == "N"]


class Unsubscribed(_Left):
    """Who left by the link in a letter of module sender."""

    place, name = "unsub", "b_sender_posting_unsub"

    def chosen(self) -> list[sa.ColumnElement[bool]]:
        return []

    def read(self, keys: Sequence[int]) -> Read:
        sent = sender.recipients(self.shop).subquery("sent")
        query = sa.select(self.table.c.ID, self.table.c.DATE_INSERT, sent.c.CODE).select_from(
            self.table.join(sent, sent.c.ID == self.table.c.RECIPIENT_ID)
        )
        return self._read(query, keys)


class LeftMailings(Reader):
    """Who left one mailing of module sender; rows 'Y' and 'N' of one pair may stand side by side, and 'Y' wins.

    The table has no ID: a key is the mailing and the contact in one number.
    """

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        table = shop.table("b_sender_mailing_subscription")
        self._pairs = sa.select(*shop.some(table, "MAILING_ID", "CONTACT_ID", IS_UNSUB="N")).subquery("pair")
        self._contacts = sender.contacts(shop)

    def count(self) -> int:
        query = sa.select(sa.func.count()).select_from(self._pairs).where(self._pairs.c.IS_UNSUB == "Y")
        return int(self.shop.scalar(query))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        """Along the primary key, which begins with the mailing.

        A leaving has no date of its own: all of them are met each time, in a large shop only by a full read.
        """
        if since is not None and recent.is_large(self.shop, self._contacts.c.ID):
            return
        first, reached = divmod(after, _SPAN)
        for mailing in self._mailings(first):
            contacts = self._left(mailing, reached if mailing == first else 0)
            yield from (mailing * _SPAN + contact for contact in contacts)

    def _mailings(self, first: int) -> Iterator[int]:
        """Step by step along the index: DISTINCT would read all of it."""
        number = self._pairs.c.MAILING_ID
        found = self.shop.scalar(sa.select(sa.func.min(number)).where(number >= first))
        while found is not None:
            yield int(found)
            found = self.shop.scalar(sa.select(sa.func.min(number)).where(number > found))

    def _left(self, mailing: int, after: int) -> Iterator[int]:
        pairs = sa.select(self._pairs).where(self._pairs.c.MAILING_ID == mailing).subquery("of_mailing")
        chosen = sa.select(pairs.c.CONTACT_ID.label("key")).where(pairs.c.IS_UNSUB == "Y")
        return in_ranges(self.shop, pairs.c.CONTACT_ID, chosen, after)

    def read(self, keys: Sequence[int]) -> Read:
        query = sa.select(self._contacts.c.ID, self._contacts.c.CODE).where(self._contacts.c.TYPE_ID == sender.EMAIL)
        rows = self.shop.rows_in(query, self._contacts.c.ID, {key % _SPAN for key in keys})
        codes = {row["ID"]: row["CODE"] or "" for row in rows}
        pairs = [(*divmod(key, _SPAN), codes.get(key % _SPAN, "").strip()) for key in keys]
        return Read(
            [OptOut(f"mailing:{mailing}:{contact}", email, IMPORTED) for mailing, contact, email in pairs if email]
        )


_SPAN = 2**32
