"""Words that put people into cohorts: when they came, how soon they bought, and whether only at lowered prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import BeforeValidator, Field

from core.errors import N_
from core.model import Kind
from core.rules import Condition, Form, Leaf, Said, World, word
from core.rules.days import DaysBetween
from core.rules.forms import Bounded, Bounds, midnight
from core.rules.orders import standing, with_coupon
from core.rules.rows import Rows
from core.tables import order_lines, orders, people


@word(
    "days_to_first_order",
    title=N_("Days from registration to the first order"),
    example={"at_most": 7},
    kinds=[Kind.ORDERS],
)
def days_to_first_order(world: World, form: Bounded) -> Leaf:
    """How soon after registering the first order came; negative where a guest's order came before the registration."""
    rows = Rows(world, orders.c.contact_id, standing(world))
    first = rows.by_contact(sa.func.min(orders.c.created_at).label("at")).subquery("first_orders")
    asked = people.alias("asked")
    took = _rounded(DaysBetween(asked.c.registered_at, first.c.at))
    those = sa.select(asked.c.id).join_from(asked, first, first.c.contact_id == asked.c.contact_id)
    condition = people.c.id.in_(those.where(asked.c.registered_at <= world.now, form.holds(took)))
    value = _rounded(DaysBetween(people.c.registered_at, rows.value(sa.func.min(orders.c.created_at))))
    return Leaf(condition, form.wanted("days"), value, "days")


def _rounded(days: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.round(days, 2, type_=sa.Numeric(12, 2))


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Month = Annotated[str, Field(pattern=r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$")]


class Months(Form):
    """A month such as ``"2026-03"``, or a list of them."""

    short: ClassVar[str] = "months"
    months: Annotated[list[Month], BeforeValidator(_several), Field(min_length=1, max_length=600)] = Field(
        title=N_("Months")
    )

    def holds(self, moment: sa.ColumnElement[Any], world: World) -> Condition:
        """The condition that `moment` lies in one of them, by the world's calendar."""
        return sa.or_(*(sa.and_(moment >= first, moment < end) for first, end in self._spans(world)))

    def _spans(self, world: World) -> Sequence[tuple[Any, Any]]:
        firsts = [date.fromisoformat(f"{month}-01") for month in self.months]
        ends = [date(day.year + day.month // 12, day.month % 12 + 1, 1) for day in firsts]
        return [(midnight(day, world), midnight(end, world)) for day, end in zip(firsts, ends, strict=True)]

    def wanted(self) -> Said:
        """The months in words."""
        return Said(N_("in {months}"), months=", ".join(self.months))


@word("first_order_month", title=N_("Month of the first order"), example="2026-03", kinds=[Kind.ORDERS])
def first_order_month(world: World, form: Months) -> Leaf:
    """The cohort by the first order."""
    rows, first = Rows(world, orders.c.contact_id, standing(world)), sa.func.min(orders.c.created_at)
    return Leaf(rows.together(form.holds(first, world)), form.wanted(), rows.value(first), "moment")


@word("registered_month", title=N_("Month of registration"), example=["2026-03", "2026-04"])
def registered_month(world: World, form: Months) -> Leaf:
    """The cohort by registration."""
    at = people.c.registered_at
    return Leaf(sa.and_(at <= world.now, form.holds(at, world)), form.wanted(), at, "moment")


class OnSaleOnly(Form):
    """``true``: every order was; ``false``: some order was not."""

    short: ClassVar[str] = "only"
    only: Annotated[bool, Field(strict=True)] = Field(title=N_("Every order"))


FULL = sa.and_(
    sa.not_(with_coupon()),
    sa.or_(order_lines.c.base_price.is_(None), order_lines.c.base_price <= order_lines.c.price),
)
"""A line that was not lowered, of an order without a coupon; a price before discounts not known is no discount."""


@word(
    "bought_on_sale_only",
    title=N_("Buys at lowered prices only"),
    example=True,
    kinds=[Kind.ORDERS],
)
def bought_on_sale_only(world: World, form: OnSaleOnly) -> Leaf:
    """Whether each order had a coupon, or lowered prices only; who ordered nothing is in neither half."""
    lines = orders.outerjoin(order_lines, order_lines.c.order_id == orders.c.id)
    every = Rows(world, orders.c.contact_id, standing(world))
    at_full_price = Rows(world, orders.c.contact_id, (*standing(world), FULL), lines)
    condition = sa.and_(every.exist(), at_full_price.missing()) if form.only else at_full_price.exist()
    number = sa.func.count(sa.case((FULL, orders.c.id)).distinct())
    value = Rows(world, orders.c.contact_id, standing(world), lines).value(
        sa.case((sa.func.count() > 0, number))  # NULL for whoever ordered nothing
    )
    bounds = Bounds(equals=0) if form.only else Bounds(at_least=1)
    return Leaf(condition, bounds.wanted("number"), value, "number", Said(N_("Orders at the full price")))
