"""Words about the products that people looked at, and whether anything came of it."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.model import Kind
from core.rules import Condition, Leaf, Said, World, word
from core.rules.forms import Bounds, Period, Quantity
from core.rules.json_columns import JsonHasItem
from core.rules.orders import last_orders
from core.rules.products import Goods
from core.rules.rows import Rows, counted, narrowed
from core.tables import baskets, products, views

LOOKS = sa.func.coalesce(sa.func.sum(views.c.count), 0)


class Viewed(Bounds, Period, Goods):
    """Which products, when, and how many looks (at least one by default); and what did not follow."""

    price_from: int | None = Field(default=None, strict=True, ge=0, title=N_("Of a price from"))
    without: Literal["basket", "order", "either"] | None = Field(
        default=None, title=N_("Not put into the basket, nothing ordered since, or neither")
    )

    def _asked(self, world: World) -> list[Condition]:
        if self.price_from is None:
            return super()._asked(world)
        dear = sa.and_(products.c.price >= self.price_from, products.c.currency == world.currency)
        return [*super()._asked(world), dear]

    def which(self) -> list[Said]:
        """The looks in words."""
        said = [*self.goods(), *self.whens()]
        if self.price_from is not None:
            said.append(Said(N_("of a price from {limit}"), limit=Quantity(self.price_from, "money")))
        return [*said, Said(_WITHOUT[self.without])] if self.without else said


_WITHOUT = {
    "basket": N_("not put into the basket"),
    "order": N_("nothing ordered since then"),
    "either": N_("neither put into the basket nor anything ordered since then"),
}


@word(
    "viewed",
    title=N_("Viewed products"),
    example={"section": 12, "within_days": 7, "without": "either"},
    kinds=[Kind.VIEWS, Kind.PRODUCTS, Kind.BASKETS, Kind.ORDERS],
)
def viewed(world: World, form: Viewed) -> Leaf:
    """How many times the contact looked at such products; the moment of a product's looks is that of the last one."""
    where = [views.c.at <= world.now, *form.during(views.c.at, world)]
    where += form.among(views.c.source, views.c.product, world)
    source: sa.FromClause = views
    if form.without in {"basket", "either"}:
        where.append(views.c.id.not_in(_in_baskets(world, where)))
    if form.without in {"order", "either"}:
        last = last_orders(world)
        source = views.outerjoin(last, last.c.contact_id == views.c.contact_id)
        where.append(sa.or_(last.c.at.is_(None), last.c.at <= views.c.at))
    rows = Rows(world, views.c.contact_id, tuple(where), source)
    what = narrowed(N_("Views: {which}"), form.which())
    return counted(rows, Bounds(**form.limits()), number=LOOKS, what=what)


def _in_baskets(world: World, where: list[Condition]) -> sa.Select[Any]:
    """Those of the looks whose product, or an offer of it, lies in a basket of the contact now."""
    own = sa.and_(baskets.c.contact_id == views.c.contact_id, baskets.c.source == views.c.source)
    offer = sa.and_(products.c.source == views.c.source, products.c.parent == views.c.product)
    there = views.join(baskets, own).outerjoin(products, offer)
    query = sa.select(views.c.id).select_from(there).where(*where, baskets.c.gone_at.is_(None))
    query = query.where(sa.or_(_holds(views.c.product), _holds(products.c.external_id)))
    return (query if world.only is None else query.where(views.c.contact_id == world.only)).correlate(None)


def _holds(product: sa.ColumnElement[Any]) -> Condition:
    return JsonHasItem(baskets.c.lines, sa.func.json_object("product", product))
