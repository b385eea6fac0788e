"""People: the real users of `b_user`, never the technical ones, with their groups and UF_ fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent, values
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.user_fields import UserFields
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import Read, Reader, in_ranges
from core.model import Person
from core.source import Bad

# main/lib/user.php getExternalUserTypes() without "shop": those are real buyers, registered at the checkout
TECHNICAL = (
    "bot",
    "email",
    "__controller",
    "replica",
    "imconnector",
    "sale",
    "saleanonymous",
    "call",
    "document_editor",
    "calendar_sharing",
)


class People(Reader):
    """Users with all that the mirror knows of a person."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._users = shop.table("b_user")
        self._fields = UserFields(shop)

    def count(self) -> int:
        return int(self.shop.scalar(sa.select(sa.func.count()).select_from(self._users).where(*self._real())))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        users = self._users
        chosen = sa.select(users.c.ID.label("key")).where(*self._real())
        if since is None:
            return in_ranges(self.shop, users.c.ID, chosen, after)
        if recent.is_large(self.shop, users.c.ID):
            lately = self.shop.rows_in(chosen.where(self._changed(since)), users.c.ID, recent.users(self.shop, since))
            return recent.ascending({row["key"] for row in lately}, after)
        return in_ranges(self.shop, users.c.ID, chosen.where(self._changed(since)), after)

    def _changed(self, since: datetime) -> sa.ColumnElement[bool]:
        """A login leaves TIMESTAMP_X alone, and so does a visit."""
        users = self._users
        return sa.or_(
            users.c.TIMESTAMP_X >= self.shop.stamped(since),
            users.c.LAST_LOGIN >= self.shop.local(since),
            users.c.LAST_ACTIVITY_DATE >= self.shop.local(since),
        )

    def _real(self) -> list[sa.ColumnElement[bool]]:
        users = self._users
        real: list[sa.ColumnElement[bool]] = [sa.func.coalesce(users.c.EXTERNAL_AUTH_ID, "").not_in(TECHNICAL)]
        anonymous = values.number(self.shop.option("sale", "anonymous_user_id"))
        if anonymous:
            real.append(users.c.ID != anonymous)
        if self.shop.settings.site:
            real.append(sa.func.coalesce(users.c.LID, "").in_(("", self.shop.settings.site)))
        return real

    def read(self, keys: Sequence[int]) -> Read:
        users = self._users
        query = sa.select(*self.shop.some(users, *_ALWAYS, BLOCKED="N"))
        rows = list(self.shop.rows_in(query, users.c.ID, keys))
        attributes = self._fields.of(keys)
        groups, phones = self._groups(keys), self._confirmed_phones(keys)
        people, bad = [], []
        for row in rows:
            extra, faults = attributes.get(row["ID"], ({}, []))
            whole = _Whole(self.shop, row, phones.get(row["ID"], ""), [*faults])
            people.append(whole.person({**extra, "groups": groups.get(row["ID"], [])}))
            bad += [Bad(str(row["ID"]), "; ".join(whole.faults))] if whole.faults else []
        return Read(people, bad)

    def _confirmed_phones(self, keys: Sequence[int]) -> dict[int, str]:
        """Numbers that people entered a code for; since 2019, and only where the shop asks for one."""
        if not self.shop.has("b_user_phone_auth"):
            return {}
        table = self.shop.table("b_user_phone_auth")
        query = sa.select(table.c.USER_ID, table.c.PHONE_NUMBER).where(table.c.CONFIRMED == "Y")
        return {row["USER_ID"]: row["PHONE_NUMBER"] or "" for row in self.shop.rows_in(query, table.c.USER_ID, keys)}

    def _groups(self, keys: Sequence[int]) -> dict[int, list[int]]:
        """Groups that a user is in at this moment: active ones, within the dates of the membership."""
        if not (self.shop.has("b_user_group") and self.shop.has("b_group")):
            return {}
        member, group = self.shop.table("b_user_group", "m"), self.shop.table("b_group", "g")
        now = self.shop.local(self.shop.now())
        query = (
            sa.select(member.c.USER_ID, member.c.GROUP_ID)
            .select_from(member.join(group, group.c.ID == member.c.GROUP_ID))
            .where(group.c.ACTIVE == "Y")
            .where(sa.or_(_no_date(member.c.DATE_ACTIVE_FROM), member.c.DATE_ACTIVE_FROM <= now))
            .where(sa.or_(_no_date(member.c.DATE_ACTIVE_TO), member.c.DATE_ACTIVE_TO >= now))
            .order_by(member.c.GROUP_ID)
        )
        found: dict[int, list[int]] = {}
        for row in self.shop.rows_in(query, member.c.USER_ID, keys):
            found.setdefault(row["USER_ID"], []).append(row["GROUP_ID"])
        return found


def _no_date(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(None), column < "0001-01-01")


_ALWAYS = (
    "ID",
    "LOGIN",
    "CONFIRM_CODE",
    "ACTIVE",
    "EMAIL",
    "NAME",
    "LAST_NAME",
    "SECOND_NAME",
    "PERSONAL_GENDER",
    "PERSONAL_BIRTHDAY",
    "PERSONAL_MOBILE",
    "PERSONAL_PHONE",
    "WORK_PHONE",
    "PERSONAL_CITY",
    "LID",
    "TIME_ZONE",
    "DATE_REGISTER",
    "LAST_LOGIN",
    "LAST_ACTIVITY_DATE",
)


class _Whole:
    """One row of b_user; a field that cannot be read stays empty and is reported, the person is kept."""

    def __init__(self, shop: Shop, row: Row, confirmed_phone: str, faults: list[str]) -> None:
        self._shop, self._row, self._confirmed_phone, self.faults = shop, row, confirmed_phone, faults

    def person(self, attributes: Mapping[str, Any]) -> Person:
        row = self._row
        return Person(
            external_id=str(row["ID"]),
            email=self._text("EMAIL"),
            name=self._text("NAME"),
            last_name=self._text("LAST_NAME"),
            second_name=self._text("SECOND_NAME"),
            gender={"M": "m", "F": "f"}.get(row["PERSONAL_GENDER"], ""),
            birthday=self._read("PERSONAL_BIRTHDAY", values.day, None),
            phone=self._phone(),
            city=self._text("PERSONAL_CITY"),
            site=row["LID"] or "",
            timezone=row["TIME_ZONE"] or "",
            registered_at=self._read("DATE_REGISTER", self._shop.moment, None),
            last_login_at=self._read("LAST_LOGIN", self._shop.moment, None),
            last_activity_at=self._read("LAST_ACTIVITY_DATE", self._shop.moment, None),
            active=values.yes(row["ACTIVE"]) and not values.yes(row["BLOCKED"]),
            confirmed=not row["CONFIRM_CODE"],
            attributes=attributes,
        )

    def _phone(self) -> str:
        """The one that was confirmed, else the likeliest to be answered."""
        written = (self._text(name) for name in ("PERSONAL_MOBILE", "PERSONAL_PHONE", "WORK_PHONE"))
        return self._confirmed_phone or next(filter(None, written), "")

    def _text(self, column: str) -> str:
        return str(self._read(column, values.text, ""))

    def _read(self, column: str, reader: Any, empty: Any) -> Any:
        try:
            return reader(self._row[column])
        except ValueError as error:
            self.faults.append(f"b_user.{column}: {error}")
            return empty
