"""Settings of blocks that choose products: how many, of which catalogue, section, property."""

from __future__ import annotations

import calendar
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, BlockSettings
from core.errors import N_
from core.goods import Condition
from core.rules.json_columns import JsonHolds
from core.rules.products import Ids
from core.tables import products

Days = Annotated[int, Field(strict=True, ge=1, le=3650)]
Limit = Annotated[int, Field(strict=True, ge=1, le=24)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]

_parents = products.alias("parents")


class Several(BlockSettings):
    """How many products are shown."""

    limit: Limit = Field(default=4, title=N_("How many products at most"))


class Choice(Several):
    """Which products may be shown; everything that is given must be true of a product."""

    source: str = Field(default="", max_length=64, title=N_("Of this source (empty: of any)"))
    catalogue: Ids | None = Field(default=None, title=N_("Catalogues (infoblocks)"))
    section: Ids | None = Field(default=None, title=N_("Sections"))
    property: dict[Code, Ids] | None = Field(
        default=None, max_length=10, title=N_("Properties: of each, one of the values")
    )

    def among(self) -> list[Condition]:
        """The conditions on `products`; an offer also counts as its parent. None when all are meant."""
        found = [products.c.source == self.source] if self.source else []
        if self.catalogue:
            found.append(_either(lambda table: table.c.catalogue.in_(self.catalogue or [])))
        if self.section:
            found.append(_either(lambda table: _in_section(table, self.section or [])))
        for name, values in (self.property or {}).items():
            found.append(_either(lambda table, name=name, values=values: _has(table, name, values)))
        return found


def _either(condition: Any) -> Condition:
    """The product, or the one that it is an offer of, answers `condition`."""
    parent = sa.select(1).where(
        _parents.c.source == products.c.source, _parents.c.external_id == products.c.parent, condition(_parents)
    )
    return sa.or_(condition(products), sa.and_(products.c.parent != "", parent.correlate(products).exists()))


def _in_section(table: sa.FromClause, sections: list[str]) -> Condition:
    return sa.or_(table.c.section.in_(sections), *(JsonHolds(table.c.sections, "$", one) for one in sections))


def _has(table: sa.FromClause, name: str, values: list[str]) -> Condition:
    return sa.or_(*(JsonHolds(table.c.properties, f'$."{name}"', one) for one in values))


def months_before(asked: Asked, months: int) -> datetime:
    """The same hour of the same day so many calendar months ago, where the letter is; the 31st may be the 30th."""
    here = asked.now.astimezone(ZoneInfo(asked.timezone))
    years, month = divmod(here.year * 12 + here.month - 1 - months, 12)
    day = min(here.day, calendar.monthrange(years, month + 1)[1])
    return here.replace(year=years, month=month + 1, day=day)
