"""The rows of a contact that a word counts or measures: orders, views, letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.rules import WHO, Condition, Leaf, Said, World
from core.rules.forms import Bounds, joined


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a contact that a word counts: orders, views, letters."""

    world: World
    contact: sa.ColumnElement[Any]  # the column of theirs that names the contact
    where: tuple[Condition, ...]
    source: sa.FromClause | None = None  # what they are selected from, when it is a join

    def exist(self) -> Condition:
        """The contact has such a row."""
        return WHO.in_(self._select(self.contact))

    def missing(self) -> Condition:
        """The contact has no such row."""
        return WHO.not_in(self._select(self.contact))

    def together(self, condition: Condition) -> Condition:
        """The contact has such rows, and `condition`, which is made of aggregates, is true of them."""
        return WHO.in_(self._select(self.contact).group_by(self.contact).having(condition))

    def measure(self, measured: sa.ColumnElement[Any], bounds: Bounds, *, nothing_is_zero: bool = True) -> Condition:
        """The contact's `measured` (an aggregate of its rows) lies between `bounds`.

        A contact without rows measures 0 if `nothing_is_zero`, else it has nothing to measure and is not taken.
        """
        grouped = self._select(self.contact).group_by(self.contact)
        if nothing_is_zero and bounds.takes(Decimal(0)):
            return WHO.not_in(grouped.having(sa.not_(bounds.holds(measured))))
        return WHO.in_(grouped.having(bounds.holds(measured)))

    def by_contact(self, measured: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """(contact_id, `measured`) of every contact that has such rows."""
        return self._select(self.contact).add_columns(measured).group_by(self.contact)

    def value(self, measured: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """`measured` of the contact that is asked, for an explanation."""
        return self._select(measured).where(self.contact == WHO).correlate(WHO.table).scalar_subquery()

    def _select(self, column: sa.ColumnElement[Any]) -> sa.Select[Any]:
        query = sa.select(column).where(*self.where, self.contact.is_not(None))
        if self.source is not None:
            query = query.select_from(self.source)
        return query if self.world.only is None else query.where(self.contact == self.world.only)


def counted(
    rows: Rows, bounds: Bounds, *, number: sa.ColumnElement[Any] | None = None, what: Said | None = None
) -> Leaf:
    """The word "so many rows": without bounds at least one; `number`: what counts them, when a row is not one."""
    limits = bounds.limits() or {"at_least": Decimal(1)}
    stated = Bounds(**limits)
    count = sa.func.count() if number is None else number
    if limits == {"at_least": Decimal(1)}:
        condition = rows.exist()
    elif limits in ({"at_most": Decimal(0)}, {"equals": Decimal(0)}):
        condition = rows.missing()
    else:
        condition = rows.measure(count, stated)
    return Leaf(condition, stated.wanted("number"), rows.value(count), "number", what)


def measured(
    rows: Rows, measure: sa.ColumnElement[Any], bounds: Bounds, *, unit: str, what: Said | None = None
) -> Leaf:
    """The word "so much": `measure`, an aggregate of the rows, between `bounds`; who has no rows is not taken."""
    condition = rows.measure(measure, bounds, nothing_is_zero=False)
    return Leaf(condition, bounds.wanted(unit), rows.value(measure), unit, what)


def narrowed(template: str, pieces: Sequence[Said]) -> Said | None:
    """What a word looks at, "Orders {which}", with the pieces that say which; None, its title, when all are."""
    return Said(template, which=joined(pieces)) if pieces else None
