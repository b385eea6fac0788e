"""The second opinion on who people are, what a shop keeps of them, their lists, and the groups themselves."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.core.rules.second_opinion.facts import Somebody, address
from tests.core.rules.second_opinion.naive import (
    Asked,
    answers,
    between,
    celebrated,
    comes_round,
    during,
    lies,
    members,
    several,
    written,
)

COLUMNS = ("name", "last_name", "second_name", "gender", "phone", "city", "site", "timezone", "kind")


@answers("birthday")
def birthday(asked: Asked, one: Somebody, value: Any) -> bool:
    value, born = written(value, "on"), one.person.birthday
    if born is None:
        return False
    if "month" in value:
        return bool(born.month == value["month"])
    if "day_of_month" in value:
        return bool(born.day == value["day_of_month"])
    ahead = value["in_days"] if "in_days" in value else {"today": 0, "tomorrow": 1}[value["on"]]
    return celebrated(born, asked.today + timedelta(days=ahead))


@answers("registered")
def registered(asked: Asked, one: Somebody, value: Any) -> bool:
    return lies(asked, one.person.registered_at, value)


@answers("last_login")
def last_login(asked: Asked, one: Somebody, value: Any) -> bool:
    return lies(asked, one.person.last_login_at, value)


@answers("last_activity")
def last_activity(asked: Asked, one: Somebody, value: Any) -> bool:
    """Seen on the site, logged in or remembered."""
    return lies(asked, one.person.last_activity_at or one.person.last_login_at, value)


@answers("registered_month")
def registered_month(asked: Asked, one: Somebody, value: Any) -> bool:
    at = one.person.registered_at
    months = several(written(value, "months")["months"])
    return at is not None and at <= asked.now and asked.day(at).isoformat()[:7] in months


@answers("in_source")
def in_source(asked: Asked, one: Somebody, value: Any) -> bool:
    return one.source in several(written(value, "sources")["sources"])


@answers("email")
def email(asked: Asked, one: Somebody, value: Any) -> bool:
    return one.email in [address(text) for text in several(written(value, "emails")["emails"])]


@answers("email_domain")
def email_domain(asked: Asked, one: Somebody, value: Any) -> bool:
    """Subdomains are other domains."""
    wanted = [text.strip().lower().removeprefix("@") for text in several(written(value, "domains")["domains"])]
    return one.email is not None and one.email.partition("@")[2] in wanted


# ---- what the shop keeps ----


@answers("user_group")
def user_group(asked: Asked, one: Somebody, value: Any) -> bool:
    held = one.person.attributes.get("groups", [])
    return any(str(group) in several(written(value, "groups")["groups"]) for group in held)


@answers("attribute")
def attribute(asked: Asked, one: Somebody, value: Mapping[str, Any]) -> bool:
    """Everything that is asked of the one attribute."""
    kept = _kept(one, value["name"])
    tests = {name: limit for name, limit in value.items() if name != "name" and limit is not None}
    numbers = {
        name: limit for name, limit in tests.items() if name in {"at_least", "more_than", "at_most", "less_than"}
    }
    rest = {name: limit for name, limit in tests.items() if name not in numbers}
    if numbers and not _number_between(kept, numbers):
        return False
    return all(_ATTRIBUTE[name](asked, kept, limit) for name, limit in rest.items())


def _kept(one: Somebody, name: str) -> Any:
    return getattr(one.person, name) if name in COLUMNS else one.person.attributes.get(name)


def _number_between(kept: Any, bounds: Mapping[str, Any]) -> bool:
    """Numbers are understood in texts too; what is none lies between no bounds."""
    text = str(kept)
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None and between(Decimal(text), bounds)


def _text(kept: Any) -> str | None:
    return None if kept is None else str(kept)


def _day(kept: Any) -> date | None:
    try:
        return date.fromisoformat(str(kept)[:10])
    except ValueError:
        return None


def _is(kept: Any, wanted: list[Any]) -> bool:
    return _text(kept) in [str(one) for one in wanted]


def _in_days(kept: Any, first: date, last: date) -> bool:
    day = _day(kept)
    return day is not None and first <= day <= last


_FAR, _LONG_AGO = date(9999, 12, 31), date(1, 1, 1)
_ONE = timedelta(days=1)
_ATTRIBUTE: Mapping[str, Any] = {
    "equals": lambda asked, kept, wanted: _is(kept, [wanted]),
    "in": lambda asked, kept, wanted: _is(kept, wanted),
    "contains": lambda asked, kept, part: part in (_text(kept) or ""),
    "starts": lambda asked, kept, part: (_text(kept) or "").startswith(part),
    "empty": lambda asked, kept, wanted: (kept in (None, "", [], {})) is wanted,
    "has": lambda asked, kept, wanted: any(_is(part, several(wanted)) for part in _parts(kept)),
    "after": lambda asked, kept, day: _in_days(kept, date.fromisoformat(day), _FAR),
    "before": lambda asked, kept, day: _in_days(kept, _LONG_AGO, date.fromisoformat(day) - _ONE),
    "within_days": lambda asked, kept, days: _in_days(kept, asked.today - timedelta(days=days), asked.today),
    "next_days": lambda asked, kept, days: _in_days(kept, asked.today, asked.today + timedelta(days=days)),
    "anniversary_in_days": lambda asked, kept, days: _returns(kept, asked.today + timedelta(days=days)),
    "day_of_month": lambda asked, kept, number: (day := _day(kept)) is not None and day.day == number,
}


def _parts(kept: Any) -> list[Any]:
    return kept if isinstance(kept, list) else [kept]


def _returns(kept: Any, day: date) -> bool:
    born = _day(kept)
    return born is not None and comes_round(born, day)


# ---- lists ----


@answers("in_list")
def in_list(asked: Asked, one: Somebody, value: Any) -> bool:
    wanted = several(written(value, "lists")["lists"])
    return any(entry.list in wanted for entry in _on(asked, one))


@answers("subscribed")
def subscribed(asked: Asked, one: Somebody, value: Mapping[str, Any]) -> bool:
    """When the address was given to a list that it is still on, and what the list is about."""
    return any(
        during(asked, entry.at, value)
        and ("list" not in value or entry.list in several(value["list"]))
        and value.get("topic", "") in entry.title
        for entry in _on(asked, one)
    )


def _on(asked: Asked, one: Somebody) -> list[Any]:
    return [entry for whose, entry, still in asked.life.subscriptions if whose == one.email and still]


@answers("has_left")
def has_left(asked: Asked, one: Somebody, value: Mapping[str, Any]) -> bool:
    """Who left everything has left each mailing."""
    return any(
        left.email == one.email
        and left.at <= asked.now
        and during(asked, left.at, value)
        and ("mailing" not in value or left.mailing in ["", *several(value["mailing"])])
        and ("reason" not in value or left.reason in several(value["reason"]))
        for left in asked.life.leavings
    )


# ---- groups ----


@answers("in_group")
def in_group(asked: Asked, one: Somebody, value: Any) -> bool:
    named = several(written(value, "groups")["groups"])
    return any(one.email in members(asked, asked.groups[code]) for code in named)


@answers("sample")
def sample(asked: Asked, one: Somebody, value: Any) -> bool:
    """The lot is (a · id + b) mod p, a and b made of the seed: 0 to 9999."""
    value = written(value, "percent")
    if one.email is None or one.email not in asked.ids:
        return False
    mixed = hashlib.blake2b(value.get("seed", "").encode(), digest_size=8).digest()
    prime = 4_294_967_291
    factor, shift = int.from_bytes(mixed[:4], "big") % (prime - 1) + 1, int.from_bytes(mixed[4:], "big") % prime
    lot = (asked.ids[one.email] * factor + shift) % prime % 10_000
    first = value.get("skip_percent", 0) * 100
    return bool(first <= lot < first + value["percent"] * 100)
