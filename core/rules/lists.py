"""Words about the lists of a shop that an address is on, and about having left our letters."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.model import Kind
from core.rules import WHO, Form, Leaf, Said, World, word
from core.rules.forms import Period, Texts, joined
from core.tables import contacts, subscriptions, suppressions


class Lists(Form):
    """One list or several: of a form ("form:3"), infoblock ("iblock:7"), rubric ("rubric:2"), contacts ("sender:5")."""

    short: ClassVar[str] = "lists"
    lists: Texts = Field(title=N_("Lists"))


@word("in_list", title=N_("Is on a list"), example="rubric:2", kinds=[Kind.SUBSCRIPTIONS], dated=False)
def in_list(world: World, form: Lists) -> Leaf:
    """The address is on the list now."""
    names = Said(N_("one of: {names}"), names=", ".join(form.lists))
    listed = _listed(world).where(subscriptions.c.list.in_(form.lists))
    return Leaf(WHO.in_(listed), names, _lists_of_contact(), "text")


class Subscribed(Period):
    """A period, a list or both; ``{}``: any list at any time."""

    list: Texts | None = Field(default=None, title=N_("Lists"))
    topic: str | None = Field(default=None, min_length=1, title=N_("The list's title contains"))


@word(
    "subscribed",
    title=N_("Subscription"),
    example={"within_days": 7, "topic": "Новости"},
    kinds=[Kind.SUBSCRIPTIONS],
    dated=False,
)
def subscribed(world: World, form: Subscribed) -> Leaf:
    """When the address was given to a list that it is still on, and what the list is about."""
    listed = _listed(world).where(*form.during(subscriptions.c.at, world))
    wanted = [form.when()] if form.spans() else []
    if form.list is not None:
        listed = listed.where(subscriptions.c.list.in_(form.list))
        wanted.append(Said(N_("one of: {names}"), names=", ".join(form.list)))
    if form.topic is not None:
        listed = listed.where(subscriptions.c.title.contains(form.topic, autoescape=True))
        wanted.append(Said(N_("with “{text}”"), text=form.topic))
    return Leaf(WHO.in_(listed), joined(wanted) if wanted else Said(N_("on any list")), _lists_of_contact())


def _listed(world: World) -> sa.Select[Any]:
    query = sa.select(subscriptions.c.contact_id).where(
        subscriptions.c.contact_id.is_not(None), subscriptions.c.active, subscriptions.c.gone_at.is_(None)
    )
    return query if world.only is None else query.where(subscriptions.c.contact_id == world.only)


def _lists_of_contact() -> sa.ColumnElement[Any]:
    return (
        sa.select(sa.func.group_concat(subscriptions.c.list.distinct()))
        .where(subscriptions.c.contact_id == WHO, subscriptions.c.active, subscriptions.c.gone_at.is_(None))
        .correlate(WHO.table)
        .scalar_subquery()
    )


class Left(Period):
    """Which mailing was left, when, and why; ``{}``: anything at any time."""

    mailing: Texts | None = Field(default=None, title=N_("Mailings"))
    reason: Texts | None = Field(default=None, title=N_("Reasons"))


@word("has_left", title=N_("Has left letters"), example={"mailing": "news"})
def has_left(world: World, form: Left) -> Leaf:
    """Who left a mailing, or all of them; with ``reason`` "unsubscribed", "complaint", "bounce", "imported" …"""
    left = sa.select(contacts.c.id).join(suppressions, suppressions.c.email == contacts.c.email)
    left = left.where(suppressions.c.at <= world.now, *form.during(suppressions.c.at, world))
    if form.mailing is not None:
        left = left.where(suppressions.c.mailing.in_([*form.mailing, ""]))
    if form.reason is not None:
        left = left.where(suppressions.c.reason.in_(form.reason))
    value = (
        sa.select(sa.func.max(suppressions.c.at))
        .join(contacts, suppressions.c.email == contacts.c.email)
        .where(contacts.c.id == WHO)
        .correlate(WHO.table)
        .scalar_subquery()
    )
    wanted = [form.when()] if form.spans() else []
    wanted += [Said(N_("one of: {names}"), names=", ".join(form.mailing))] if form.mailing else []
    return Leaf(WHO.in_(left), joined(wanted) if wanted else Said(N_("has left")), value, "moment")
