"""People: the real users of `b_user`, never the technical ones, with their groups and UF_ fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent, values
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.user_fields import Attributes, UserFields
from connectors.sources.bitrix_mysql.walk import Read, Reader
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
        """What is new: logins and registrations by their indexes, other changes by a look that goes round the table."""
        key = self._users.c.ID
        chosen = sa.select(key.label("key")).where(*self._real())
        if since is None:
            return in_ranges(self.shop, key, chosen, after)
        found = self.hands.changed("b_user", key, lambda then: chosen.where(self._changed(then)))
        lately = self.shop.rows_in(chosen.where(self._changed(since)), key, recent.users(self.shop, since))
        return recent.ascending(found | {row["key"] for row in lately}, after)

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
        rows = list(self.shop.tuples_in(query, users.c.ID, keys))
        attributes = self._fields.of(keys)
        groups, phones = self._groups(keys), self._confirmed_phones(keys)
        people, bad = [], []
        for row in rows:
            number = row[0]
            extra, faults = attributes.get(number, _NOTHING)
            known = {**extra, "groups": groups.get(number, [])}
            try:
                people.append(self._person(row, phones.get(number), known))
            except ValueError:
                legible, lost = self._legible(row)
                people.append(self._person(legible, phones.get(number), known))
                faults = [*faults, *lost]
            if faults:
                bad.append(Bad(str(number), "; ".join(faults)))
        return Read(people, bad)

    def _person(self, row: Sequence[Any], confirmed_phone: str | None, attributes: Mapping[str, Any]) -> Person:
        """Raises ValueError when some field cannot be read."""
        number, code, active, email, name, last_name, second_name, gender, birthday, *rest = row
        mobile, phone, work_phone, city, site, timezone, registered, login, activity, blocked = rest
        text, zone = values.text, self.shop.zone
        return Person(
            external_id=str(number),
            email=text(email),
            name=text(name),
            last_name=text(last_name),
            second_name=text(second_name),
            gender=_GENDERS.get(gender, ""),
            birthday=values.day(birthday),
            phone=confirmed_phone or text(mobile) or text(phone) or text(work_phone),  # the likeliest to be answered
            city=text(city),
            site=site or "",
            timezone=timezone or "",
            registered_at=values.moment(registered, zone),
            last_login_at=values.moment(login, zone),
            last_activity_at=values.moment(activity, zone),
            active=active == "Y" and blocked != "Y",
            confirmed=not code,
            attributes=attributes,
        )

    def _legible(self, row: Sequence[Any]) -> tuple[list[Any], list[str]]:
        """The row with None for each field that cannot be read, and what is wrong with those."""
        found, faults = list(row), []
        for column, reader in _READERS.items():
            place = _ALWAYS.index(column)
            try:
                reader(row[place], self.shop)
            except ValueError as error:
                found[place] = None
                faults.append(f"b_user.{column}: {error}")
        return found, faults

    def _confirmed_phones(self, keys: Sequence[int]) -> dict[int, str]:
        """Numbers that people entered a code for; since 2019, and only where the shop asks for one."""
        if not self.shop.has("b_user_phone_auth"):
            return {}
        table = self.shop.table("b_user_phone_auth")
        query = sa.select(table.c.USER_ID, table.c.PHONE_NUMBER).where(table.c.CONFIRMED == "Y")
        return {row["USER_ID"]: row["PHONE_NUMBER"] or "" for row in self.shop.rows_in(query, table.c.USER_ID, keys)}

    def _groups(self, keys: Sequence[int]) -> dict[int, list[int]]:
        """Groups that a user is in at this moment: active ones, within the dates of the membership."""
        if not self._active_groups:
            return {}
        member = self.shop.table("b_user_group", "m")
        query = (
            sa.select(member.c.USER_ID, member.c.GROUP_ID)
            .where(sa.or_(_no_date(member.c.DATE_ACTIVE_FROM), member.c.DATE_ACTIVE_FROM <= self._now))
            .where(sa.or_(_no_date(member.c.DATE_ACTIVE_TO), member.c.DATE_ACTIVE_TO >= self._now))
        )
        found: dict[int, list[int]] = {}
        for user, group in self.shop.tuples_in(query, member.c.USER_ID, keys):
            if group in self._active_groups:
                found.setdefault(user, []).append(group)
        return {user: sorted(groups) for user, groups in found.items()}

    @cached_property
    def _active_groups(self) -> set[int]:
        if not (self.shop.has("b_user_group") and self.shop.has("b_group")):
            return set()
        group = self.shop.table("b_group")
        return {row["ID"] for row in self.shop.rows(sa.select(group.c.ID).where(group.c.ACTIVE == "Y"))}

    @cached_property
    def _now(self) -> str:
        return self.shop.local(self.shop.now())


def _no_date(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(None), column < "0001-01-01")


_ALWAYS = (
    "ID",
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
_TEXTS = (
    *("EMAIL", "NAME", "LAST_NAME", "SECOND_NAME", "PERSONAL_CITY"),
    *("PERSONAL_MOBILE", "PERSONAL_PHONE", "WORK_PHONE"),
)
_MOMENTS = ("DATE_REGISTER", "LAST_LOGIN", "LAST_ACTIVITY_DATE")
_READERS: Mapping[str, Callable[[Any, Shop], Any]] = {  # for naming the field that cannot be read
    **dict.fromkeys(_TEXTS, lambda value, _: values.text(value)),
    **dict.fromkeys(_MOMENTS, lambda value, shop: values.moment(value, shop.zone)),
    "PERSONAL_BIRTHDAY": lambda value, _: values.day(value),
}
_GENDERS = {"M": "m", "F": "f"}
_NOTHING: Attributes = ({}, [])
