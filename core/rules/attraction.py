"""The word about where a contact came from: the marks of the advertisement, and how the address became known."""

from __future__ import annotations

from functools import reduce
from typing import Any, Literal, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from core.errors import N_
from core.model import Kind
from core.rules import Condition, Form, Leaf, Said, World, word
from core.rules.forms import Texts, joined
from core.rules.json_columns import JsonText
from core.rules.rows import Rows
from core.tables import orders, people, subscriptions

MARKS = ("utm_source", "utm_medium", "utm_campaign")


class Attraction(Form):
    """Marks of the advertisement, how the address became known, or both."""

    utm_source: Texts | None = Field(default=None, title=N_("utm_source"))
    utm_medium: Texts | None = Field(default=None, title=N_("utm_medium"))
    utm_campaign: Texts | None = Field(default=None, title=N_("utm_campaign"))
    via: Literal["account", "order", "list"] | None = Field(
        default=None, title=N_("First known by an account, an order or a list")
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(Said(N_("must say one of: {names}"), names=", ".join(Attraction.model_fields)))
        return self

    def marks(self) -> dict[str, list[str]]:
        """The marks asked for, with their wanted values."""
        return {name: wanted for name in MARKS if (wanted := getattr(self, name)) is not None}

    def wanted(self) -> Said:
        """The same in words."""
        said = [
            Said(N_("{name} one of: {names}"), name=name, names=", ".join(values[:20]))
            for name, values in self.marks().items()
        ]
        return joined([*said, Said(_VIA[self.via])] if self.via else said)


_VIA = {
    "account": N_("first known by an account"),
    "order": N_("first known by an order"),
    "list": N_("first known by a list"),
}


@word(
    "attracted_by",
    title=N_("Source of attraction"),
    example={"utm_source": "yandex", "utm_medium": ["cpc", "cpm"]},
    kinds=[Kind.ORDERS, Kind.SUBSCRIPTIONS],
    dated=False,
)
def attracted_by(world: World, form: Attraction) -> Leaf:
    """By which advertisement the contact came, as the first order's properties or the person's fields say.

    ``UTM_SOURCE`` or ``utm_source`` of the order, ``UF_UTM_SOURCE`` of the person; ``via``: what came first of an
    account, an order and a subscription.
    """
    conditions: list[Condition] = []
    values: list[sa.ColumnElement[Any]] = []
    if form.marks():
        conditions.append(_marked(world, form))
        values += [_mark(world, name) for name in form.marks()]
    if form.via:
        ways = _ways(world)
        conditions.append(ways.together(_earliest(ways) == form.via))
        values.append(ways.value(_earliest(ways)))
    value = reduce(lambda one, other: one + " / " + other, values)
    return Leaf(sa.and_(*conditions), form.wanted(), value, "text")


def _marked(world: World, form: Attraction) -> Condition:
    """All the marks in the first order, or all in the person's own fields."""
    in_order = [_one_of(_of_order(name), wanted) for name, wanted in form.marks().items()]
    in_person = [_one_of(_of_person(name), wanted) for name, wanted in form.marks().items()]
    return sa.or_(_first_orders(world, *in_order).exist(), sa.and_(*in_person))


def _mark(world: World, name: str) -> sa.ColumnElement[Any]:
    of_order = _first_orders(world).value(sa.func.max(_of_order(name)))
    return sa.func.coalesce(of_order, _of_person(name), "", type_=sa.String)


def _one_of(text: sa.ColumnElement[Any], wanted: list[str]) -> Condition:
    """Small letters and capitals are one; SQLite knows that of Latin ones only."""
    return sa.or_(text.in_(wanted), sa.func.lower(text).in_([one.lower() for one in wanted]))


def _of_order(name: str) -> sa.ColumnElement[Any]:
    spellings = (JsonText(orders.c.properties, f"$.{spelling}") for spelling in (name.upper(), name))
    return sa.func.coalesce(*(sa.func.nullif(text, "") for text in spellings), type_=sa.String)


def _of_person(name: str) -> sa.ColumnElement[Any]:
    return sa.func.nullif(JsonText(people.c.attributes, f"$.UF_{name.upper()}"), "", type_=sa.String)


def _first_orders(world: World, *more: Condition) -> Rows:
    """The first order of a contact, also when it was cancelled: the advertisement had done its work."""
    made = (orders.c.created_at <= world.now,)
    first = Rows(world, orders.c.contact_id, made).by_contact(sa.func.min(orders.c.created_at).label("at")).subquery()
    same = sa.and_(first.c.contact_id == orders.c.contact_id, first.c.at == orders.c.created_at)
    return Rows(world, orders.c.contact_id, (*made, *more), orders.join(first, same))


LATE = "9999-12-31 23:59:59.999999"
"""What a moment not known counts as; as long as every moment's text in both databases."""


def _ways(world: World) -> Rows:
    """How and when each contact became known, as texts (``told``): the moment with the way behind it."""
    account = (people.c.kind == "user", people.c.registered_at <= world.now)
    at = subscriptions.c.at
    given = (sa.or_(at.is_(None), at <= world.now),)
    known = (
        _way("account", Rows(world, people.c.contact_id, account), people.c.registered_at),
        _way("order", Rows(world, orders.c.contact_id, (orders.c.created_at <= world.now,)), orders.c.created_at),
        _way("list", Rows(world, subscriptions.c.contact_id, given), at),
    )
    ways = sa.union_all(*known).subquery("ways")
    return Rows(world, ways.c.contact_id, (), ways)


def _way(name: str, rows: Rows, at: sa.ColumnElement[Any]) -> sa.Select[Any]:
    first = sa.func.coalesce(sa.cast(sa.func.min(at), sa.String(len(LATE))), LATE, type_=sa.String)
    return rows.by_contact((first + name).label("told"))


def _earliest(ways: Rows) -> sa.ColumnElement[str]:
    """The way that came first."""
    told = sa.func.min(ways.source.c.told, type_=sa.String)  # type: ignore[union-attr]
    return sa.func.substr(told, len(LATE) + 1, type_=sa.String)
