"""Words about goods: which products are meant, and who bought them."""

from __future__ import annotations

from typing import Annotated, Any, Self

import sqlalchemy as sa
from pydantic import BeforeValidator, Field, model_validator

from core.errors import N_
from core.model import Kind
from core.rules import Condition, Form, Leaf, Said, World, word
from core.rules.forms import Bounds, Texts, Yes, joined
from core.rules.in_order import InOrder
from core.rules.json_columns import JsonHolds
from core.rules.orders import Orders
from core.rules.rows import Rows, counted
from core.tables import order_lines, orders, products


def _ids(value: Any) -> Any:
    """One identifier or a list of them, in quotes or without, as texts."""
    several = value if isinstance(value, list) else [value]
    return [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in several]


Ids = Annotated[Texts, BeforeValidator(_ids)]


class Property(Form):
    """A property of products by its code, and the value or values of which it must have one."""

    name: str = Field(pattern=r"^[A-Za-z0-9_]{1,64}$", title=N_("Property"))
    value: Ids = Field(title=N_("Has one of the values (of a list)"))


class Goods(Form):
    """Which products are meant; everything that is given must be true of a product. An offer counts as its parent."""

    product: Ids | None = Field(default=None, title=N_("Products"))
    section: Ids | None = Field(default=None, title=N_("Sections"))
    catalogue: Ids | None = Field(default=None, title=N_("Catalogues"))
    property: Property | None = Field(default=None, title=N_("A property"))

    def among(self, source: sa.ColumnElement[Any], product: sa.ColumnElement[Any], world: World) -> list[Condition]:
        """The condition that `product` of `source` is meant; none when all are."""
        asked = self._asked(world)
        if not asked:
            return []
        meant = sa.tuple_(source, product).in_(self.meant(world))
        if self.product is None or len(asked) > 1:
            return [meant]
        return [sa.or_(product.in_(self.product), meant)]  # also one that the mirror does not know any more

    def meant(self, world: World) -> sa.Select[Any]:
        """(source, external_id) of the products that are meant."""
        chosen = sa.select(products.c.source, products.c.external_id).select_from(_WITH_PARENTS)
        return chosen.where(*self._asked(world))

    def _asked(self, world: World) -> list[Condition]:
        """What is asked of `products`, joined with their parents."""
        asked: list[Condition] = []
        if self.product is not None:
            asked.append(sa.or_(products.c.external_id.in_(self.product), products.c.parent.in_(self.product)))
        if self.section is not None:
            asked.append(sa.or_(*(_in_section(table, one) for table in _BOTH for one in self.section)))
        if self.catalogue is not None:
            asked.append(sa.or_(*(table.c.catalogue.in_(self.catalogue) for table in _BOTH)))
        if self.property is not None:
            path, values = f'$."{self.property.name}"', self.property.value
            asked.append(sa.or_(*(JsonHolds(table.c.properties, path, one) for table in _BOTH for one in values)))
        return asked

    def goods(self) -> list[Said]:
        """The same in words."""
        said = [
            Said(template, names=", ".join(names[:20]))
            for template, names in (
                (N_("product {names}"), self.product),
                (N_("section {names}"), self.section),
                (N_("catalogue {names}"), self.catalogue),
            )
            if names
        ]
        if self.property is not None:
            names = ", ".join(self.property.value[:20])
            said.append(Said(N_("property {name} = {names}"), name=self.property.name, names=names))
        return said


_parents = products.alias("parents")
_BOTH: tuple[sa.FromClause, ...] = (products, _parents)
_WITH_PARENTS = products.outerjoin(
    _parents,
    sa.and_(
        products.c.parent != "",
        _parents.c.source == products.c.source,
        _parents.c.external_id == products.c.parent,
    ),
)


def _in_section(table: sa.FromClause, section: str) -> Condition:
    return sa.or_(table.c.section == section, JsonHolds(table.c.sections, "$", section))


class Bought(Bounds, Orders, Goods):
    """Which products, in which orders, and in how many orders (at least one by default); or never."""

    never: Yes | None = Field(default=None, title=N_("Never"))

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.goods():
            raise ValueError(Said(N_("must name a product, a section, a catalogue or a property")))
        if self.never and self.limits():
            raise ValueError(Said(N_("must say never or how often, not both")))
        return self


@word(
    "bought",
    title=N_("Bought products"),
    example={"section": [12, 15], "within_days": 180},
    kinds=[Kind.ORDERS, Kind.PRODUCTS],
)
def bought(world: World, form: Bought) -> Leaf:
    """In how many orders the contact bought such products; ``{never = true}``: in none of that period."""
    rows = _rows(world, form)
    bounds = Bounds(at_most=0) if form.never else Bounds(**form.limits())
    what = Said(N_("Orders with {which}"), which=joined([*form.goods(), *form.which()]))
    return counted(rows, bounds, number=sa.func.count(orders.c.id.distinct()), what=what)


def _rows(world: World, form: Bought) -> Rows:
    """The lines of such products in such orders.

    MariaDB would take the orders first and look through every line of each: two sections of a million people took 338
    seconds, SQLite's plan 40. Both are told to begin with the goods, and take 3; of one contact, and of products by
    their numbers, they know better.
    """
    if world.only is not None or form.product is not None:
        lines = orders.join(order_lines, order_lines.c.order_id == orders.c.id)
        whose = form.rows(world, *form.among(orders.c.source, order_lines.c.product, world))
        return Rows(world, whose.contact, whose.where, lines)
    meant = form.meant(world).subquery("meant")
    lines = InOrder(meant, order_lines, order_lines.c.product == meant.c.external_id)
    same = sa.and_(orders.c.id == order_lines.c.order_id, orders.c.source == meant.c.source)
    whose = form.rows(world)
    return Rows(world, whose.contact, whose.where, InOrder(lines, orders, same))
