"""Words about our own letters: who got them, opened them, clicked in them, or has long done neither."""

from __future__ import annotations

from typing import Any, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from core.errors import N_
from core.model import Status
from core.rules import Condition, Form, Leaf, Said, World, word
from core.rules.forms import Bounded, Bounds, Count, Period, Quantity, Texts
from core.rules.rows import Rows, counted, measured, narrowed
from core.tables import issues, postings, recipients

SENT, OPENED, CLICKED = recipients.c.sent_at, recipients.c.opened_at, recipients.c.clicked_at
REACTED = sa.case((sa.or_(OPENED.is_(None), CLICKED < OPENED), CLICKED), else_=OPENED)
"""A click opens a letter too: whoever shows no pictures is not seen opening it."""


class Sent(Form):
    """Which letters are meant: of a mailing, of an issue."""

    mailing: Texts | None = Field(default=None, title=N_("Mailings"))
    issue: Texts | None = Field(default=None, title=N_("Issues"))

    def rows(self, world: World, *more: Condition) -> Rows:
        """These letters to a contact that had left the house at the world's moment."""
        where = (recipients.c.status == Status.SENT, SENT <= world.now, *self._posted(), *more)
        return Rows(world, recipients.c.contact_id, where)

    def _posted(self) -> list[Condition]:
        if self.mailing is None and self.issue is None:
            return []
        posted = sa.select(postings.c.id).join(issues, issues.c.code == postings.c.issue)
        if self.mailing is not None:
            posted = posted.where(issues.c.mailing.in_(self.mailing))
        if self.issue is not None:
            posted = posted.where(issues.c.code.in_(self.issue))
        return [recipients.c.posting_id.in_(posted)]

    def named(self) -> list[Said]:
        """The same in words."""
        said = [Said(N_("mailing {names}"), names=", ".join(self.mailing))] if self.mailing else []
        return said + ([Said(N_("issue {names}"), names=", ".join(self.issue))] if self.issue else [])


class Letters(Bounds, Period, Sent):
    """How many letters (at least one by default), in which period, of which mailing or issue."""

    def which(self) -> list[Said]:
        """The letters in words."""
        return [*self.whens(), *self.named()]


@word("received", title=N_("Letters received"), example={"within_days": 30, "at_least": 4})
def received(world: World, form: Letters) -> Leaf:
    """How many of our letters the contact got in the period."""
    rows = form.rows(world, *form.during(SENT, world))
    return counted(rows, Bounds(**form.limits()), what=narrowed(N_("Letters received: {which}"), form.which()))


@word("opened", title=N_("Letters opened"), example={"within_days": 90})
def opened(world: World, form: Letters) -> Leaf:
    """How many letters the contact opened in the period, whenever they were sent; a click opens a letter too."""
    what = narrowed(N_("Letters opened: {which}"), form.which())
    return _reacted(world, form, REACTED, what)


@word("clicked", title=N_("Letters clicked in"), example={"within_days": 90, "mailing": "news"})
def clicked(world: World, form: Letters) -> Leaf:
    """In how many letters the contact clicked in the period, whenever they were sent."""
    what = narrowed(N_("Letters clicked in: {which}"), form.which())
    return _reacted(world, form, CLICKED, what)


def _reacted(world: World, form: Letters, moment: sa.ColumnElement[Any], what: Said | None) -> Leaf:
    rows = form.rows(world, moment <= world.now, *form.during(moment, world))
    return counted(rows, Bounds(**form.limits()), what=what)


class NoReaction(Sent):
    """``{days = 90}``: to none of the letters of these days; ``{letters = 5}``: to none of so many last ones."""

    days: Count | None = Field(default=None, title=N_("To the letters of the last N days"))
    letters: Count | None = Field(default=None, title=N_("To the last N letters"))

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.days is None) == (self.letters is None):
            raise ValueError(Said(N_("must say one of: {names}"), names="days, letters"))
        return self


@word("no_reaction", title=N_("No reaction to letters"), example={"letters": 5})
def no_reaction(world: World, form: NoReaction) -> Leaf:
    """Who got letters, and neither opened nor clicked in any of them."""
    return _silent_days(world, form, form.days) if form.days else _silent_letters(world, form, form.letters or 1)


def _silent_days(world: World, form: NoReaction, days: int) -> Leaf:
    period = Period(within_days=days)
    rows = form.rows(world, *period.during(SENT, world))
    reactions = sa.func.count(sa.case((world.now >= REACTED, 1)))
    some = sa.case((sa.func.count() > 0, reactions))  # nothing to react to is no silence
    what = narrowed(N_("Reactions to letters: {which}"), [*period.whens(), *form.named()])
    return measured(rows, some, Bounds(equals=0), unit="number", what=what)


def _silent_letters(world: World, form: NoReaction, letters: int) -> Leaf:
    """The letters since the last one that was opened or clicked in."""
    whole = form.rows(world, REACTED <= world.now)
    last = whole.by_contact(sa.func.max(SENT).label("at")).subquery("last_reactions")
    rows = form.rows(world, sa.or_(last.c.at.is_(None), last.c.at < SENT))
    joined = recipients.outerjoin(last, last.c.contact_id == recipients.c.contact_id)
    since = Rows(world, rows.contact, rows.where, joined)
    what = narrowed(N_("Letters in a row without a reaction: {which}"), form.named())
    what = what or Said(N_("Letters in a row without a reaction"))
    return counted(since, Bounds(at_least=letters), what=what)


class OpenRate(Bounded, Period, Sent):
    """Per cent of the letters of the period that were opened; who got fewer than ``of_letters`` is left out."""

    of_letters: Count = Field(default=3, title=N_("Of so many letters at least"))


@word("open_rate", title=N_("Share of letters opened"), example={"at_least": 30, "within_days": 180})
def open_rate(world: World, form: OpenRate) -> Leaf:
    """How many per cent of the letters that the contact got in the period were opened, then or later."""
    rows = form.rows(world, *form.during(SENT, world))
    seen, all_of_them = sa.func.count(sa.case((world.now >= REACTED, 1))), sa.func.count()
    share = sa.func.round(seen * 100 / all_of_them, 2, type_=sa.Numeric(5, 2))
    enough = sa.case((all_of_them >= form.of_letters, share))
    least = Said(N_("of {limit} letters at least"), limit=Quantity(form.of_letters, "number"))
    what = narrowed(N_("Share of letters opened: {which}"), [*form.whens(), *form.named(), least])
    return measured(rows, enough, form, unit="percent", what=what)
