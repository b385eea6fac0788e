"""Words about the orders of a contact: how many, for how much, when, how far apart, where.

Sums count orders in the world's currency only; orders in other currencies are orders, but in no sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.model import Kind
from core.rules import Condition, Leaf, Said, World, word
from core.rules.days import DaysBetween
from core.rules.forms import Bounded, Bounds, Days, Moments, Number, Period
from core.rules.orders import Likeness, Orders, standing
from core.rules.rows import Rows, counted, measured, narrowed
from core.tables import Money, orders


class Ordered(Bounds, Orders):
    """``true``/``false``, or which orders, and how many (at least one by default)."""

    short: ClassVar[str] = "any"
    any: Annotated[bool, Field(strict=True)] | None = Field(default=None, title=N_("Has ordered"))


@word("ordered", title=N_("Number of orders"), example={"within_days": 90, "at_least": 2}, kinds=[Kind.ORDERS])
def ordered(world: World, form: Ordered) -> Leaf:
    """How many orders the contact made."""
    bounds = Bounds(at_most=0) if form.any is False else Bounds(**form.limits())
    return counted(form.rows(world), bounds, what=narrowed(N_("Orders {which}"), form.which()))


class Measured(Bounded, Orders):
    """Bounds, at least one of them, and which orders are looked at."""


# Rounded, because SQLite adds money as floating point: 3 · 33.33 would not be "exactly 99.99".
SUM = sa.func.round(sa.func.coalesce(sa.func.sum(orders.c.total), 0), 2, type_=Money)
AVERAGE = sa.func.round(sa.func.avg(orders.c.total), 2, type_=Money)


@word("orders_sum", title=N_("Orders' sum"), example={"more_than": 5000, "within_days": 365}, kinds=[Kind.ORDERS])
def orders_sum(world: World, form: Measured) -> Leaf:
    """For how much the contact ordered; who ordered nothing, or in another currency only, ordered for 0."""
    rows = form.rows(world, orders.c.currency == world.currency)
    what = narrowed(N_("Orders' sum {which}"), form.which())
    return Leaf(rows.measure(SUM, form), form.wanted("money"), rows.value(SUM), "money", what)


@word("average_order", title=N_("Average order"), example={"at_least": 3000}, kinds=[Kind.ORDERS])
def average_order(world: World, form: Measured) -> Leaf:
    """The mean of the contact's orders; who has none in the currency has no mean."""
    rows = form.rows(world, orders.c.currency == world.currency)
    return measured(rows, AVERAGE, form, unit="money", what=narrowed(N_("Average order {which}"), form.which()))


class Vip(Measured):
    """``{}``: more than 100,000 in the last 365 days; both may be written otherwise."""

    more_than: Number | None = Field(default=Decimal(100_000), title=N_("More than"))
    within_days: Days | None = Field(default=365, title=N_("In the last N days"))

    def limits(self) -> dict[str, Decimal]:
        """The bounds that were given; the default one only if none was."""
        return self._given(super().limits(), "more_than")

    def spans(self) -> dict[str, Any]:
        """The period that was given; the default one only if none was."""
        return self._given(super().spans(), "within_days")

    def _given(self, values: dict[str, Any], default: str) -> dict[str, Any]:
        given = {name: value for name, value in values.items() if name != default}
        return given if given and default not in self.model_fields_set else values


@word("vip", title=N_("VIP customer"), example={"more_than": 100_000, "within_days": 365}, kinds=[Kind.ORDERS])
def vip(world: World, form: Vip) -> Leaf:
    """Whoever ordered for much lately: ``orders_sum`` with bounds and a period that need not be written."""
    leaf = orders_sum(world, form)
    return replace(leaf, what=narrowed(N_("Orders' sum {which}"), form.which()))


class OrderMoment(Moments, Likeness):
    """A period that the order lies in, or ``{never = true}``; and which orders are looked at."""


@word("first_order", title=N_("First order"), example={"within_days": 30}, kinds=[Kind.ORDERS])
def first_order(world: World, form: OrderMoment) -> Leaf:
    """When the contact ordered for the first time: a period, its anniversary, or never."""
    return _moment(world, form, sa.func.min(orders.c.created_at), narrowed(N_("First order {which}"), form.likeness()))


@word("last_order", title=N_("Last order"), example={"more_than_days": 90}, kinds=[Kind.ORDERS])
def last_order(world: World, form: OrderMoment) -> Leaf:
    """When the contact ordered for the last time: a period, its anniversary, or never."""
    return _moment(world, form, sa.func.max(orders.c.created_at), narrowed(N_("Last order {which}"), form.likeness()))


def _moment(world: World, form: OrderMoment, moment: sa.ColumnElement[Any], what: Said | None) -> Leaf:
    rows = Rows(world, orders.c.contact_id, (*standing(world), *form.alike(world)))
    leaf = form.leaf(moment, world)
    condition = rows.missing() if form.never else rows.together(leaf.condition)
    return replace(leaf, condition=condition, value=rows.value(moment), what=what)


@word("days_between_orders", title=N_("Days between orders"), example={"at_most": 45}, kinds=[Kind.ORDERS])
def days_between_orders(world: World, form: Measured) -> Leaf:
    """The mean number of days between an order and the next one, of whoever made two at least."""
    made, steps = orders.c.created_at, sa.func.count() - 1
    days = DaysBetween(sa.func.min(made), sa.func.max(made)) / sa.func.nullif(steps, 0)
    mean = sa.func.round(days, 2, type_=sa.Numeric(12, 2))
    what = narrowed(N_("Days between orders {which}"), form.which())
    return measured(form.rows(world), mean, form, unit="days", what=what)


Where = Literal["offline", "online", "both", "only_offline", "only_online"]


class BuysIn(Period):
    """Where orders were made: "online" is the site, "offline" everywhere else; and in which period."""

    short: ClassVar[str] = "where"
    where: Where = Field(title=N_("Where"))


OFFLINE, ONLINE = sa.func.max(orders.c.offline) == 1, sa.func.min(orders.c.offline) == 0
_WHERE: Mapping[str, tuple[Condition, str]] = {
    "offline": (OFFLINE, N_("not on the site, at least once")),
    "online": (ONLINE, N_("on the site, at least once")),
    "both": (sa.and_(OFFLINE, ONLINE), N_("both on the site and elsewhere")),
    "only_offline": (sa.not_(ONLINE), N_("never on the site")),
    "only_online": (sa.not_(OFFLINE), N_("only on the site")),
}


@word("buys_in", title=N_("Where the customer buys"), example="both", kinds=[Kind.ORDERS])
def buys_in(world: World, form: BuysIn) -> Leaf:
    """Whether the contact's orders were made on the site, elsewhere (a shop, a till, a marketplace), or both."""
    rows = Orders(**form.spans()).rows(world)
    condition, wanted = _WHERE[form.where]
    found = sa.case((sa.and_(OFFLINE, ONLINE), "both"), (OFFLINE, "only_offline"), (ONLINE, "only_online"))
    what = narrowed(N_("Where the customer bought {which}"), form.whens())
    return Leaf(rows.together(condition), Said(wanted), rows.value(found), "text", what)
