"""Words about what a shop keeps of a person: a mirrored column, a field of its own such as UF_BONUS, user groups."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from core.errors import N_
from core.rules import Condition, Form, Leaf, Said, World, word
from core.rules.forms import Bounds, Day, Days, Quantity, Texts, celebrated, joined
from core.rules.json_columns import JsonHolds, JsonNumber, JsonText
from core.tables import people

COLUMNS = ("name", "last_name", "second_name", "gender", "phone", "city", "site", "timezone", "kind")


class Attribute(Bounds):
    """``{name = …}`` with one or more things to ask: of a text, a number, a day, or a list of values."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", title=N_("Attribute"))
    equals: str | int | float | None = Field(default=None, title=N_("Equals"))  # type: ignore[assignment]
    is_in: Annotated[list[str | int | float], Field(min_length=1)] | None = Field(
        default=None, alias="in", title=N_("One of")
    )
    contains: str | None = Field(default=None, min_length=1, title=N_("Contains"))
    starts: str | None = Field(default=None, min_length=1, title=N_("Starts with"))
    empty: Annotated[bool, Field(strict=True)] | None = Field(default=None, title=N_("Is empty"))
    has: Texts | None = Field(default=None, title=N_("Has one of the values (of a list)"))
    after: Day | None = Field(default=None, title=N_("From the day"))
    before: Day | None = Field(default=None, title=N_("Before the day"))
    within_days: Days | None = Field(default=None, title=N_("In the last N days"))
    next_days: Days | None = Field(default=None, title=N_("In the next N days"))
    anniversary_in_days: Days | None = Field(default=None, title=N_("The anniversary is in N days (0: today)"))
    day_of_month: Annotated[int, Field(strict=True, ge=1, le=31)] | None = Field(
        default=None, title=N_("On the day of the month")
    )

    LIMITS: ClassVar[tuple[str, ...]] = ("at_least", "more_than", "at_most", "less_than")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.model_fields_set == {"name"}:
            raise ValueError(Said(N_("must say what is asked of the attribute")))
        if isinstance(self.equals, bool):
            raise ValueError(Said(N_("must be a text in quotes")))
        return self


@word("attribute", title=N_("Attribute"), example={"name": "city", "equals": "Москва"}, dated=False)
def attribute(world: World, form: Attribute) -> Leaf:
    """A mirrored column (name, last_name, city, gender, phone, site …) or one of the source's own fields (UF_BONUS).

    Texts are compared without regard to case where the database does so. Numbers and days are understood in texts too.
    """
    text = _text(form.name)
    asked = [*_texts(form, text), *_numbers(form), *_days(form, text, world)]
    conditions, wanted = [condition for condition, _ in asked], [said for _, said in asked]
    what = Said(N_("Attribute {name}"), name=form.name)
    return Leaf(sa.and_(*conditions), joined(wanted), text, "text", what)


Asked = list[tuple[Condition, Said]]


def _text(name: str) -> sa.ColumnElement[Any]:
    return people.c[name] if name in COLUMNS else JsonText(people.c.attributes, f"$.{name}")


def _texts(form: Attribute, text: sa.ColumnElement[Any]) -> Asked:
    asked: Asked = []
    if form.equals is not None:
        asked.append((text == str(form.equals), Said(N_("exactly {limit}"), limit=form.equals)))
    if form.is_in is not None:
        values = [str(one) for one in form.is_in]
        asked.append((text.in_(values), Said(N_("one of: {names}"), names=", ".join(values[:20]))))
    if form.contains is not None:
        asked.append((text.contains(form.contains, autoescape=True), Said(N_("with “{text}”"), text=form.contains)))
    if form.starts is not None:
        asked.append((text.startswith(form.starts, autoescape=True), Said(N_("from “{text}” on"), text=form.starts)))
    if form.empty is not None:
        blank = sa.func.coalesce(text, "").in_(("", "[]", "{}"))
        asked.append((blank, Said(N_("empty"))) if form.empty else (sa.not_(blank), Said(N_("not empty"))))
    if form.has is not None:
        asked.append((_has(form), Said(N_("one of: {names}"), names=", ".join(form.has[:20]))))
    return asked


def _has(form: Attribute) -> Condition:
    if form.name in COLUMNS:
        return people.c[form.name].in_(form.has or [])
    held = (JsonHolds(people.c.attributes, f"$.{form.name}", value) for value in form.has or [])
    return sa.or_(sa.false(), *held)


def _numbers(form: Attribute) -> Asked:
    if not form.limits():
        return []
    number = JsonNumber(people.c.attributes, f"$.{form.name}")
    return [(form.holds(number), form.wanted("number"))]


def _days(form: Attribute, text: sa.ColumnElement[Any], world: World) -> Asked:
    """Days are kept as "2026-12-31" or "2026-12-31T05:00…": their first ten characters sort as the days do."""
    day, today = sa.func.substr(text, 1, 10), world.today
    asked: Asked = []
    if form.after is not None:
        asked.append((day >= form.after.isoformat(), Said(N_("from {limit} on"), limit=Quantity(form.after, "date"))))
    if form.before is not None:
        condition = sa.and_(day < form.before.isoformat(), day != "")
        asked.append((condition, Said(N_("before {limit}"), limit=Quantity(form.before, "date"))))
    if form.within_days is not None:
        first = today - timedelta(days=form.within_days)
        condition = day.between(first.isoformat(), today.isoformat())
        asked.append((condition, Said(N_("in the last {limit}"), limit=Quantity(form.within_days, "days"))))
    if form.next_days is not None:
        last = today + timedelta(days=form.next_days)
        condition = day.between(today.isoformat(), last.isoformat())
        asked.append((condition, Said(N_("in the next {limit}"), limit=Quantity(form.next_days, "days"))))
    return asked + _calendar(form, text, world)


def _calendar(form: Attribute, text: sa.ColumnElement[Any], world: World) -> Asked:
    asked: Asked = []
    if form.anniversary_in_days is not None:
        day = world.today + timedelta(days=form.anniversary_in_days)
        wanted = [f"-{month:02}-{one:02}" for month, one in celebrated(day)]
        condition = sa.and_(sa.func.substr(text, 5, 6).in_(wanted), sa.func.substr(text, 1, 4) < str(day.year))
        asked.append((condition, Said(N_("anniversary on {day}"), day=Quantity(day, "date"))))
    if form.day_of_month is not None:
        condition = sa.and_(sa.func.substr(text, 5, 1) == "-", sa.func.substr(text, 9, 2) == f"{form.day_of_month:02}")
        asked.append((condition, Said(N_("on day {day}"), day=form.day_of_month)))
    return asked


class UserGroups(Form):
    """One group of users by its number in the shop, or a list of them."""

    short: ClassVar[str] = "groups"
    groups: Annotated[list[str | int], Field(min_length=1)] = Field(title=N_("User groups"))

    @model_validator(mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        groups = value.get("groups") if isinstance(value, dict) else None
        return {**value, "groups": [groups]} if isinstance(groups, str | int) else value


@word("user_group", title=N_("Group of users in the shop"), example=[5, 7], dated=False)
def user_group(world: World, form: UserGroups) -> Leaf:
    """The shop's own groups of users (`b_user_group`), those valid now."""
    held = (JsonHolds(people.c.attributes, "$.groups", str(group)) for group in form.groups)
    names = ", ".join(str(group) for group in form.groups)
    value = JsonText(people.c.attributes, "$.groups")
    return Leaf(sa.or_(sa.false(), *held), Said(N_("one of: {names}"), names=names), value)
