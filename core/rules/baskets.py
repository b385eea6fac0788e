"""Words about open baskets: what lies in them, for how much, and since when nobody has touched them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.model import Kind
from core.rules import Condition, Leaf, Said, World, word
from core.rules.forms import Bounds, Count, Days, Yes, joined
from core.rules.json_columns import JsonHasItem, JsonLength, JsonMembers, JsonText
from core.rules.orders import last_orders
from core.rules.products import Goods
from core.rules.rows import Rows
from core.tables import Code, Money, baskets

CHANGED = sa.func.coalesce(baskets.c.changed_at, baskets.c.created_at)


class InBasket(Bounds, Goods):
    """``{}``: any open basket; or for how much, with what in it, and since when it lies untouched."""

    idle_hours: Count | None = Field(default=None, title=N_("Untouched for N hours"))
    idle_days: Count | None = Field(default=None, title=N_("Untouched for N days"))
    idle_less_than_days: Days | None = Field(default=None, title=N_("Touched in the last N days"))
    abandoned: Yes | None = Field(default=None, title=N_("Nothing ordered since then"))

    def untouched(self, world: World) -> list[Condition]:
        """The conditions of a basket's last change."""
        conditions: list[Condition] = []
        if self.idle_hours is not None:
            conditions.append(CHANGED <= world.now - timedelta(hours=self.idle_hours))
        if self.idle_days is not None:
            conditions.append(CHANGED <= world.now - timedelta(days=self.idle_days))
        if self.idle_less_than_days is not None:
            conditions.append(CHANGED > world.now - timedelta(days=self.idle_less_than_days))
        return conditions

    def which(self) -> list[Said]:
        """The basket in words."""
        said = self.goods()
        said += [Said(_SAID[name], limit=value) for name in _SAID if (value := getattr(self, name)) is not None]
        return said

    def asked(self) -> Said:
        """What is wanted of it in words: for how much it is, else that there is one."""
        return self.wanted("money") if self.limits() else Said(N_("any"))


_SAID = {
    "idle_hours": N_("untouched for {limit} hours"),
    "idle_days": N_("untouched for {limit} days"),
    "idle_less_than_days": N_("touched in the last {limit} days"),
    "abandoned": N_("nothing ordered since then"),
}


@word(
    "basket",
    title=N_("Open basket"),
    example={"idle_hours": 2, "more_than": 1000, "abandoned": True},
    kinds=[Kind.BASKETS, Kind.ORDERS, Kind.PRODUCTS],
    dated=False,
)
def basket(world: World, form: InBasket) -> Leaf:
    """Whether goods that can be bought lie in a basket of the contact; a sum is that of all such baskets."""
    where = [*_open(world), *form.untouched(world), *_holding(world, form)]
    source: sa.FromClause = baskets
    if form.limits():
        where.append(baskets.c.currency == world.currency)
    if form.abandoned:
        last = last_orders(world)
        source = baskets.outerjoin(last, last.c.contact_id == baskets.c.contact_id)
        where.append(sa.or_(last.c.at.is_(None), last.c.at <= CHANGED))
    rows = Rows(world, baskets.c.contact_id, tuple(where), source)
    total = sa.func.round(sa.func.sum(baskets.c.total), 2, type_=Money)
    condition = rows.measure(total, form, nothing_is_zero=False) if form.limits() else rows.exist()
    which = form.which()
    what = Said(N_("Open basket: {which}"), which=joined(which)) if which else None
    return Leaf(condition, form.asked(), rows.value(total), "money", what)


def _open(world: World) -> list[Condition]:
    """The basket is there, and something in it can be bought and is not put off."""
    buyable = JsonHasItem(baskets.c.lines, '{"buyable": true, "delayed": false}')
    there = baskets.c.gone_at.is_(None)
    return [there, sa.or_(CHANGED.is_(None), CHANGED <= world.now), sa.or_(baskets.c.total > 0, buyable)]


def _holding(world: World, form: Goods) -> list[Condition]:
    """The basket holds such goods."""
    lines = held(world)
    asked = form.among(lines.c.source, lines.c.product, world)
    return [baskets.c.id.in_(sa.select(lines.c.basket_id).where(lines.c.buyable, *asked))] if asked else []


LINES = 100
"""So many lines of a basket are looked at: a lateral table of them is not to be had in MySQL 5.7 and MariaDB 10.5."""
_EVERY = 2**63 - 1
MEMBERS = ("product", "buyable", "delayed")


def held(world: World) -> sa.Subquery:
    """The lines of all baskets that are there: (basket_id, contact_id, source, product, buyable)."""
    brief, number = _brief(world, (), MEMBERS), _numbers()
    path = _path(number)
    product, buyable, delayed = (JsonText(brief.c[name], path) for name in MEMBERS)
    for_sale = sa.and_(buyable.in_(("1", "true")), delayed.in_(("0", "false"))).label("buyable")
    columns = (brief.c.basket_id, brief.c.contact_id, brief.c.source)
    query = sa.select(*columns, sa.cast(product, Code).label("product"), for_sale)
    return query.join_from(brief, number, number.c.n < brief.c.size).limit(_EVERY).subquery("held")


def products_held(world: World, *where: Condition) -> sa.Subquery:
    """What lies in the baskets that are there and answer `where`: (basket_id, contact_id, source, product)."""
    brief, number = _brief(world, where, MEMBERS[:1]), _numbers()
    product = sa.cast(JsonText(brief.c.product, _path(number)), Code).label("product")
    query = sa.select(brief.c.basket_id, brief.c.contact_id, brief.c.source, product)
    return query.join_from(brief, number, number.c.n < brief.c.size).limit(_EVERY).subquery("held")


def _path(number: sa.Subquery) -> sa.ColumnElement[str]:
    return sa.literal_column("'$['", sa.String) + sa.cast(number.c.n, sa.String(3)) + "]"


def _brief(world: World, where: Sequence[Condition], members: Sequence[str]) -> sa.Subquery:
    """Baskets with lists of some members of their lines, made once a basket: the LIMIT keeps the table apart.

    Merged into the query around it, each look into a line reads all of the basket's JSON: 60,000 baskets took more than
    a minute instead of 4 s.
    """
    lists = (JsonMembers(baskets.c.lines, name).label(name) for name in members)
    columns = (baskets.c.id.label("basket_id"), baskets.c.contact_id, baskets.c.source)
    query = sa.select(*columns, JsonLength(baskets.c.lines).label("size"), *lists)
    query = query.where(baskets.c.gone_at.is_(None), baskets.c.contact_id.is_not(None), *where).limit(_EVERY)
    return (query if world.only is None else query.where(baskets.c.contact_id == world.only)).subquery("brief")


def _numbers() -> sa.Subquery:
    """The numbers from 0 below LINES, as ``n``."""
    digits = sa.union_all(*(sa.select(sa.literal_column(str(digit), sa.Integer).label("n")) for digit in range(10)))
    ones, tens = digits.subquery("ones"), digits.subquery("tens")
    return sa.select((ones.c.n + tens.c.n * 10).label("n")).select_from(ones.join(tens, sa.true())).subquery("numbers")
