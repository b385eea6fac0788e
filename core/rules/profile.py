"""Words about who a person is: birthday, registration, last login, source, attributes, the address itself."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from core.address import normalised
from core.errors import N_, Refused
from core.rules import Condition, World, bad, word
from core.rules.periods import days, period, texts
from core.tables import contacts, people


@word("birthday", title=N_("Birthday"), example="today")
def birthday(world: World, value: Any) -> Condition:
    """``"today"``, ``"tomorrow"``, ``{in_days = 3}`` or ``{month = 12}``."""
    if isinstance(value, Mapping) and value.keys() == {"month"}:
        month = value["month"]
        if isinstance(month, bool) or not isinstance(month, int) or not 1 <= month <= 12:
            raise bad("birthday", value)
        return people.c.birthday_md.between(month * 100, month * 100 + 31)
    return people.c.birthday_md.in_(sorted(_celebrated(world.today + _ahead(value))))


def _ahead(value: Any) -> timedelta:
    if isinstance(value, str) and value in {"today", "tomorrow"}:
        return timedelta(days=("today", "tomorrow").index(value))
    if isinstance(value, Mapping) and value.keys() == {"in_days"}:
        return days("birthday", value["in_days"])
    raise bad("birthday", value)


def _celebrated(day: date) -> Iterable[int]:
    """Which birthdays (month * 100 + day) are celebrated on `day`: in common years 28 February is also for the 29th."""
    yield day.month * 100 + day.day
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        yield 229


@word("registered", title=N_("Registration date"), example={"within_days": 30})
def registered(world: World, value: Any) -> Condition:
    """A period of days: when the person registered."""
    return period("registered", people.c.registered_at, world, value)


@word("last_login", title=N_("Last login"), example={"more_than_days": 90})
def last_login(world: World, value: Any) -> Condition:
    """A period of days: when the person last logged in; ``{never = true}`` for those who never did."""
    return period("last_login", people.c.last_login_at, world, value)


@word("in_source", title=N_("Comes from source"), example="shop")
def in_source(world: World, value: Any) -> Condition:
    """One name of a source in the settings, or a list of them."""
    return people.c.source.in_(texts("in_source", value))


@word("email_domain", title=N_("Domain of the address"), example="mail.ru")
def email_domain(world: World, value: Any) -> Condition:
    """One domain, or a list of them; subdomains are other domains."""
    return contacts.c.domain.in_([domain.strip().lower().removeprefix("@") for domain in texts("email_domain", value)])


@word("email", title=N_("Address"), example="ivanov@shop.ru")
def email(world: World, value: Any) -> Condition:
    """One address, or a list of them, in any spelling."""
    try:
        return contacts.c.email.in_([normalised(address) for address in texts("email", value)])
    except Refused:
        raise bad("email", value) from None


_COLUMNS = ("name", "last_name", "second_name", "gender", "phone", "city", "site", "timezone")


@word("attribute", title=N_("Attribute"), example={"name": "city", "equals": "Москва"})
def attribute(world: World, value: Any) -> Condition:
    """``{name = …}`` with one of ``equals``, ``in``, ``contains``, ``starts``, ``empty = true/false``.

    `name` is a mirrored column (name, last_name, second_name, gender, phone, city, site, timezone) or one of the
    source's own fields such as ``UF_BONUS``. Texts are compared without regard to case where the database does so.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str) or len(value) != 2:
        raise bad("attribute", value)
    [(operator, operand)] = [(key, item) for key, item in value.items() if key != "name"]
    column = _attribute(value["name"], value)
    if operator == "empty" and isinstance(operand, bool):
        empty = sa.func.coalesce(column, "") == ""
        return empty if operand else sa.not_(empty)
    if operator == "in" and isinstance(operand, list) and operand:
        return column.in_([_text(item, value) for item in operand])
    if operator == "equals":
        return column == _text(operand, value)
    if operator in {"contains", "starts"} and isinstance(operand, str) and operand:
        return (
            column.contains(operand, autoescape=True)
            if operator == "contains"
            else column.startswith(operand, autoescape=True)
        )
    raise bad("attribute", value)


def _attribute(name: str, value: Any) -> sa.ColumnElement[Any]:
    if name in _COLUMNS:
        return people.c[name]
    if not name.replace("_", "").isalnum():
        raise bad("attribute", value)
    return JsonText(people.c.attributes, f"$.{name}")


class JsonText(sa.sql.functions.GenericFunction[str]):
    """The text of one member of a JSON column, NULL when it is not there; SQLite and MySQL spell it differently."""

    type = sa.String()
    inherit_cache = True
    name = "json_text"


@compiles(JsonText, "sqlite")
def _sqlite(element: JsonText, compiler: Any, **kwargs: Any) -> str:
    return f"CAST(json_extract({compiler.process(element.clauses, **kwargs)}) AS TEXT)"


@compiles(JsonText, "mysql")
@compiles(JsonText, "mariadb")
def _mysql(element: JsonText, compiler: Any, **kwargs: Any) -> str:
    member = f"CONCAT(JSON_EXTRACT({compiler.process(element.clauses, **kwargs)}))"
    return f"JSON_UNQUOTE(NULLIF({member}, 'null'))"  # JSON's null; the text "null" still has its quotes here


def _text(value: Any, whole: Any) -> str:
    if isinstance(value, bool):
        raise bad("attribute", whole)
    if isinstance(value, str | int | float):
        return str(value)
    raise bad("attribute", whole)
