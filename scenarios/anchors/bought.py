"""Who bought certain products: these ones, of this section, or what everybody buys at present."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from core.anchoring import OTHER as EARLIER
from core.anchoring import before, detail, first_of_each, happened, named, nothing, same_subject
from core.errors import N_
from core.goods.anchored import OfGoods, ahead, is_of
from core.model import Kind
from core.rules import Condition
from core.rules.forms import Texts
from core.rules.orders import standing
from core.rules.products import Ids
from core.scenario import Anchor, Span
from core.tables import facts, order_lines, orders, products, rhythm_pools

_FAMILY = sa.func.coalesce(sa.func.nullif(products.c.parent, ""), order_lines.c.product)


class BoughtSettings(OfGoods):
    products: Ids | None = Field(default=None, title=N_("Only these products"))
    popular: int = Field(
        default=0, strict=True, ge=0, le=1000, title=N_("Only of the N products bought most in 90 days (0: any)")
    )
    moment: Literal["ordered", "final"] = Field(default="ordered", title=N_("When it is ordered, or when it is done"))
    statuses: Texts = Field(default=["F"], title=N_("Statuses of an order that is done"))
    subject: Literal["product", "order"] = Field(default="product", title=N_("What the letter is about"))

    def right(self) -> list[Condition]:
        """The conditions that a line of an order is of such a product."""
        asked = self.meant()
        if self.products is not None:
            meant = (order_lines.c.product.in_(self.products), products.c.parent.in_(self.products))
            asked.append(sa.func.coalesce(sa.or_(*meant), sa.false()))
        return [*asked, _among_first(self.popular)] if self.popular else asked


class Bought(Anchor):
    """An order with such a product that was not cancelled: one entry an order, about the dearest of these lines.

    What is popular was counted last night.
    """

    code = "bought"
    title = N_("Product bought")
    Settings = BoughtSettings
    kinds = frozenset({Kind.ORDERS, Kind.ORDER_CHANGES, Kind.PRODUCTS})
    facts = frozenset({"ordered", "status_changed"})

    def stands_on(self, settings: BoughtSettings) -> frozenset[str]:
        return frozenset({"ordered" if settings.moment == "ordered" else "status_changed"})

    def entries(self, settings: BoughtSettings, span: Span) -> sa.Select[Any]:
        if ahead(span):
            return nothing()
        asked = [*happened(span, self.stands_on(settings)), facts.c.contact_id.is_not(None), *settings.right()]
        if settings.moment == "final":
            asked += _done_first(settings.statuses)
        lines = _dearest_first(span, asked).subquery("lines")
        subject = lines.c.product if settings.subject == "product" else lines.c.order
        key = named(lines.c.source, lines.c.order).label("key")
        whose = (lines.c.contact_id, lines.c.source, lines.c.person)
        query = sa.select(*whose, subject.label("subject"), key, lines.c.at, lines.c.id)
        return first_of_each(query.where(lines.c.place == 1))


def _dearest_first(span: Span, asked: list[Condition]) -> sa.Select[Any]:
    """The lines of the orders that the facts are about, of each order the dearest in the first place."""
    worth = order_lines.c.price * order_lines.c.quantity
    place = sa.func.row_number().over(partition_by=facts.c.id, order_by=(worth.desc(), order_lines.c.id))
    own = sa.and_(is_of(orders, facts.c.source, facts.c.subject), orders.c.contact_id == facts.c.contact_id)
    whole = facts.join(orders, own).join(order_lines, order_lines.c.order_id == orders.c.id)
    whole = whole.outerjoin(products, is_of(products, orders.c.source, order_lines.c.product))
    columns = (facts.c.contact_id, facts.c.source, facts.c.person, facts.c.at, facts.c.id)
    told = (facts.c.subject.label("order"), order_lines.c.product.label("product"), place.label("place"))
    return sa.select(*columns, *told).select_from(whole).where(*asked, *standing(span.world))


def _done_first(statuses: list[str]) -> list[Condition]:
    """The order reached one of the statuses, for the first time."""
    again = before(same_subject(), detail("status", EARLIER).in_(statuses), names=["status_changed"])
    return [detail("status").in_(statuses), sa.not_(again)]


def _among_first(number: int) -> Condition:
    """The product is one of so many that were bought most.

    Inside a CASE, so that no database begins with it: a shop of 100,000 products would be sorted each few seconds.
    """
    pool = rhythm_pools.c
    order = (pool.lately.desc(), pool.code)
    place = sa.func.row_number().over(partition_by=pool.source, order_by=order).label("place")
    bought = sa.select(pool.source, pool.code, place).where(pool.kind == "product", pool.lately > 0).subquery("ranked")
    first = sa.select(bought.c.source, bought.c.code).where(bought.c.place <= number)
    return sa.case((sa.tuple_(orders.c.source, _FAMILY).in_(first), 1), else_=0) == 1
