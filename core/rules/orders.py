"""Which orders a word means: when they were made and what they are like.

Guests' orders count too, because an order carries its own address. Cancelled orders do not count.
"""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.rules import Condition, Form, Said, World
from core.rules.forms import Period, Quantity, Texts
from core.rules.json_columns import JsonHolds, JsonItemLike, contained
from core.rules.rows import Rows
from core.tables import orders

Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(min_length=1)]


class Likeness(Form):
    """What orders are like; everything that is given must be true of an order."""

    status: Texts | None = Field(default=None, title=N_("In the status"))
    completed: Flag | None = Field(default=None, title=N_("Completed"))
    paid: Flag | None = Field(default=None, title=N_("Paid"))
    coupon: Flag | Text | None = Field(default=None, title=N_("With a coupon (true: any)"))
    delivery: Text | None = Field(default=None, title=N_("The delivery's name contains"))
    site: Texts | None = Field(default=None, title=N_("On the site"))
    total_from: int | None = Field(default=None, strict=True, ge=0, title=N_("Of a total from"))
    offline: Flag | None = Field(default=None, title=N_("Not made on the site (false: on the site)"))

    def alike(self, world: World) -> list[Condition]:
        """The conditions that an order is like that; none when nothing was given."""
        asked = {
            "status": orders.c.status.in_(self.status or []),
            "completed": orders.c.completed == sa.true(),
            "paid": sa.and_(orders.c.paid_at.is_not(None), orders.c.paid_at <= world.now),
            "coupon": self._with_coupon(),
            "delivery": JsonItemLike(orders.c.shipments, "name", contained(self.delivery or "")),
            "site": orders.c.site.in_(self.site or []),
            "total_from": sa.and_(orders.c.total >= (self.total_from or 0), orders.c.currency == world.currency),
            "offline": orders.c.offline == sa.true(),
        }
        given = {name: value for name in asked if (value := getattr(self, name)) is not None}
        return [sa.not_(asked[name]) if value is False else asked[name] for name, value in given.items()]

    def _with_coupon(self) -> Condition:
        return JsonHolds(orders.c.coupons, "$", self.coupon) if isinstance(self.coupon, str) else with_coupon()

    def likeness(self) -> list[Said]:
        """The same in words."""
        said = [Said(_FLAGS[name, value]) for name in _FLAGGED if isinstance(value := getattr(self, name), bool)]
        if self.status is not None:
            said.append(Said(N_("in the status {names}"), names=", ".join(self.status)))
        if isinstance(self.coupon, str):
            said.append(Said(N_("with the coupon {code}"), code=self.coupon))
        if self.delivery is not None:
            said.append(Said(N_("delivered by “{text}”"), text=self.delivery))
        if self.site is not None:
            said.append(Said(N_("on the site {names}"), names=", ".join(self.site)))
        if self.total_from is not None:
            said.append(Said(N_("of a total from {limit}"), limit=Quantity(self.total_from, "money")))
        return said


_FLAGS = {
    ("completed", True): N_("completed"),
    ("completed", False): N_("not completed"),
    ("paid", True): N_("paid"),
    ("paid", False): N_("not paid"),
    ("coupon", True): N_("with a coupon"),
    ("coupon", False): N_("without a coupon"),
    ("offline", True): N_("not made on the site"),
    ("offline", False): N_("made on the site"),
}
_FLAGGED = ("completed", "paid", "coupon", "offline")


class Orders(Period, Likeness):
    """Which orders are meant: a period, and what they are like."""

    def rows(self, world: World, *more: Condition) -> Rows:
        """These orders of a contact, as they stood at the world's moment."""
        made = self.during(orders.c.created_at, world)
        return Rows(world, orders.c.contact_id, (*standing(world), *made, *self.alike(world), *more))

    def which(self) -> list[Said]:
        """The same in words."""
        return [*self.whens(), *self.likeness()]


def standing(world: World) -> tuple[Condition, ...]:
    """The order had been made at the world's moment, and not been cancelled."""
    cancelled = orders.c.cancelled_at
    return orders.c.created_at <= world.now, sa.or_(cancelled.is_(None), cancelled > world.now)


def with_coupon() -> Condition:
    """The order has some coupon."""
    return sa.func.coalesce(sa.type_coerce(orders.c.coupons, sa.Text), "[]") != "[]"


def last_orders(world: World) -> sa.Subquery:
    """Contact → when they last ordered (``at``), for a LEFT JOIN."""
    whose = Rows(world, orders.c.contact_id, standing(world))
    return whose.by_contact(sa.func.max(orders.c.created_at).label("at")).subquery("last_orders")
