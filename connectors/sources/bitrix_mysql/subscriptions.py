"""Lists of addresses beside the accounts: rubrics of module subscribe, lists of module sender, infoblocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import sender, values
from connectors.sources.bitrix_mysql.catalogue import Catalogue, Infoblock
from connectors.sources.bitrix_mysql.forms import name_of
from connectors.sources.bitrix_mysql.newest import newest
from connectors.sources.bitrix_mysql.properties import Properties
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.settings import AddressFields
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import Read, Reader
from core.errors import N_, Misconfigured
from core.model import Subscription
from core.plugin import suggestion


class Rubrics(Reader):
    """Subscribers of module subscribe.

    A rubric that somebody left keeps no row, so each subscriber is told of in every rubric, inactive where it is not
    theirs: then a leaving is noticed at the next pull, not at the next full read.
    """

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._subscribers = shop.table("b_subscription")
        self._chosen = shop.table("b_subscription_rubric")

    def count(self) -> int:
        subscribers = int(self.shop.scalar(sa.select(sa.func.count()).select_from(self._subscribers)))
        return subscribers * len(self._rubrics)

    @cached_property
    def _rubrics(self) -> dict[int, str]:
        """Id → name of the site's rubrics."""
        table, site = self.shop.table("b_list_rubric"), self.shop.settings.site
        query = sa.select(table.c.ID, table.c.NAME, table.c.CODE).order_by(table.c.ID)
        rows = self.shop.rows(query.where(table.c.LID == site) if site else query)
        return {row["ID"]: name_of(row["NAME"]) or row["CODE"] or str(row["ID"]) for row in rows}

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        table = self._subscribers
        chosen = sa.select(table.c.ID.label("key"))
        if since is None:
            return in_ranges(self.shop, table.c.ID, chosen, after)
        then = self.shop.local(since)
        return newest(self.shop, table.c.ID, chosen.where(_dated(table, then)), after)

    def read(self, keys: Sequence[int]) -> Read:
        table, chosen = self._subscribers, self._chosen
        names = ("ID", "EMAIL", "USER_ID", "ACTIVE", "CONFIRMED", "DATE_INSERT")
        rows = list(self.shop.rows_in(sa.select(*(table.c[name] for name in names)), table.c.ID, keys))
        query = sa.select(chosen.c.SUBSCRIPTION_ID, chosen.c.LIST_RUBRIC_ID)
        pairs = {tuple(row.values()) for row in self.shop.rows_in(query, chosen.c.SUBSCRIPTION_ID, keys)}
        return Read([self._subscription(row, number, pairs) for row in rows for number in self._rubrics])

    def _subscription(self, row: Row, rubric: int, pairs: set[tuple[Any, ...]]) -> Subscription:
        agreed = values.yes(row["ACTIVE"]) and values.yes(row["CONFIRMED"])
        return Subscription(
            external_id=f"rubric:{rubric}:{row['ID']}",
            list=f"rubric:{rubric}",
            title=self._rubrics[rubric],
            email=row["EMAIL"],
            person=str(row["USER_ID"] or ""),
            at=self.shop.moment(row["DATE_INSERT"]),
            active=agreed and (row["ID"], rubric) in pairs,
        )


class SenderLists(Reader):
    """Contacts of module sender that stand in its lists."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._contacts, self._members = sender.contacts(shop), shop.table("b_sender_contact_list", "m")

    def _wanted(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        contacts, members = self._contacts, self._members
        listed = sa.select(members.c.CONTACT_ID).where(members.c.CONTACT_ID == contacts.c.ID).exists()
        return sa.select(*columns).select_from(contacts).where(contacts.c.TYPE_ID == sender.EMAIL, listed)

    def count(self) -> int:
        return int(self.shop.scalar(sa.select(sa.func.count()).select_from(self._members)))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        """A known contact that is put on one more list has no new date: the next full read meets it."""
        contacts = self._contacts
        chosen = self._wanted(contacts.c.ID.label("key"))
        if since is None:
            return in_ranges(self.shop, contacts.c.ID, chosen, after)
        changed = chosen.where(_dated(contacts, self.shop.local(since)))
        return newest(self.shop, contacts.c.ID, changed, after)

    def read(self, keys: Sequence[int]) -> Read:
        contacts, members, lists = self._contacts, self._members, self.shop.table("b_sender_list", "l")
        names = ("CODE", "USER_ID", "BLACKLISTED", "IS_UNSUB", "DATE_INSERT")
        query = (
            sa.select(
                *(contacts.c[name] for name in names),
                *(contacts.c.ID.label("contact"), contacts.c.NAME.label("called")),
                *(members.c.LIST_ID.label("list"), lists.c.NAME.label("title")),
            )
            .select_from(contacts.join(members, members.c.CONTACT_ID == contacts.c.ID))
            .outerjoin(lists, lists.c.ID == members.c.LIST_ID)
            .order_by(contacts.c.ID, members.c.LIST_ID)
        )
        rows = self.shop.rows_in(query, contacts.c.ID, keys)
        return Read([self._subscription(row) for row in rows if row["CODE"]])

    def _subscription(self, row: Row) -> Subscription:
        return Subscription(
            external_id=f"sender:{row['list']}:{row['contact']}",
            list=f"sender:{row['list']}",
            title=name_of(row["title"]) or str(row["list"]),
            email=row["CODE"],
            name=name_of(row["called"]),
            person=str(row["USER_ID"] or ""),
            at=self.shop.moment(row["DATE_INSERT"]),
            active=not (values.yes(row["BLACKLISTED"]) or values.yes(row["IS_UNSUB"])),
        )


def _dated(table: sa.FromClause, then: str) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.DATE_UPDATE >= then, table.c.DATE_INSERT >= then)


class Addresses(Reader):
    """Elements of one infoblock that hold an address in a property."""

    def __init__(self, shop: Shop, infoblock: int, fields: AddressFields) -> None:
        super().__init__(shop)
        self._elements = shop.table("b_iblock_element")
        self._infoblock, self._title = _found(shop, infoblock)
        shape = _Shape(shop, self._infoblock)
        self._properties = Properties(shop, shape)
        self._email, self._name = (_property(shape, code) for code in (fields.email, fields.name))

    def _wanted(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """Never the workflow drafts, which lie in the same table."""
        elements = self._elements
        published = sa.func.coalesce(elements.c.WF_PARENT_ELEMENT_ID, 0) == 0
        return sa.select(*columns).where(elements.c.IBLOCK_ID == self._infoblock.id, published)

    def count(self) -> int:
        return int(self.shop.scalar(self._wanted(sa.func.count()).select_from(self._elements)))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        elements = self._elements
        chosen = self._wanted(elements.c.ID.label("key"))
        if since is None:
            return in_ranges(self.shop, elements.c.ID, chosen, after)
        then = self.shop.local(since)
        return newest(self.shop, elements.c.ID, chosen.where(elements.c.TIMESTAMP_X >= then), after)

    def read(self, keys: Sequence[int]) -> Read:
        elements = self._elements
        query = sa.select(*(elements.c[name] for name in ("ID", "ACTIVE", "WF_STATUS_ID", "DATE_CREATE")))
        stored = self._properties.raw(self._infoblock, keys)
        rows = self.shop.rows_in(query, elements.c.ID, keys)
        return Read([one for row in rows for one in self._subscriptions(row, stored.get(row["ID"], {}))])

    def _subscriptions(self, row: Row, stored: Mapping[int, Sequence[Any]]) -> Iterator[Subscription]:
        """One for each address: the property may hold several."""
        name = next(iter(stored.get(self._name, ())), "")
        emails = filter(None, (str(value).strip() for value in stored.get(self._email, ())))
        for number, email in enumerate(emails, start=1):
            yield Subscription(
                external_id=f"iblock:{row['ID']}" + (f":{number}" if number > 1 else ""),
                list=f"iblock:{self._infoblock.id}",
                title=self._title,
                email=email,
                name=name_of(name),
                at=self.shop.moment(row["DATE_CREATE"]),
                active=values.yes(row["ACTIVE"]) and row["WF_STATUS_ID"] in (1, None),
            )


class _Shape(Catalogue):
    """One infoblock alone, whatever the trade catalogue holds."""

    def __init__(self, shop: Shop, infoblock: Infoblock) -> None:
        super().__init__(shop)
        self.infoblock = infoblock

    @cached_property
    def infoblocks(self) -> Mapping[int, Infoblock]:
        return {self.infoblock.id: self.infoblock}


def _found(shop: Shop, number: int) -> tuple[Infoblock, str]:
    """The infoblock of that id and its name. Raises Misconfigured when it is not there."""
    table = shop.table("b_iblock")
    names = ("ID", "CODE", "NAME", "IBLOCK_TYPE_ID", "ACTIVE", "VERSION")
    for row in shop.rows(sa.select(*(table.c[name] for name in names)).where(table.c.ID == number)):
        found = Infoblock(
            id=row["ID"],
            code=row["CODE"] or "",
            type=row["IBLOCK_TYPE_ID"],
            xml_id="",
            active=values.yes(row["ACTIVE"]),
            url="",
            own_tables=row["VERSION"] == 2,
        )
        return found, name_of(row["NAME"]) or found.code
    template = N_("[sources.{source}] addresses: the shop has no infoblock {infoblock}.")
    raise Misconfigured(template, source=shop.name, infoblock=number)


def _property(shape: _Shape, code: str) -> int:
    """The id of the property with that code, 0 for no code. Raises Misconfigured with the codes that there are."""
    known = {one.code: one.id for one in shape.properties.values()}
    if code and code not in known:
        template = N_("[sources.{source}] addresses: infoblock {infoblock} has no property {property!r}. {hint}")
        hint = suggestion(code, known)
        raise Misconfigured(template, source=shape.shop.name, infoblock=shape.infoblock.id, property=code, hint=hint)
    return known.get(code, 0)
