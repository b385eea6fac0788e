"""Words about who a person is: birthday, registration, last login, source, the address itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from core.address import normalised
from core.errors import N_, Refused
from core.rules import WHO, Condition, Form, Leaf, Said, World, bad, word
from core.rules.forms import Days, Moments, Quantity, Texts, celebrated
from core.tables import contacts, people


class Birthday(Form):
    """``"today"``, ``"tomorrow"``, ``{in_days = 3}``, ``{month = 12}`` or ``{day_of_month = 5}``."""

    short: ClassVar[str] = "on"
    on: str | None = Field(default=None, pattern="^(today|tomorrow)$", title=N_("Today or tomorrow"))
    in_days: Days | None = Field(default=None, title=N_("In N days"))
    month: Annotated[int, Field(strict=True, ge=1, le=12)] | None = Field(default=None, title=N_("In the month"))
    day_of_month: Annotated[int, Field(strict=True, ge=1, le=31)] | None = Field(
        default=None, title=N_("On the day of the month")
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(Said(N_("must say one of: {names}"), names=", ".join(Birthday.model_fields)))
        return self


@word("birthday", title=N_("Birthday"), example="today", dated=False)
def birthday(world: World, form: Birthday) -> Leaf:
    """The day of birth, without its year; who was born on 29 February is greeted on the 28th of common years."""
    column = people.c.birthday_md
    condition: Condition
    if form.month is not None:
        condition = column.between(form.month * 100, form.month * 100 + 31)
        return Leaf(condition, Said(N_("in month {month}"), month=form.month), people.c.birthday, "date")
    if form.day_of_month is not None:
        condition = column % 100 == form.day_of_month
        return Leaf(condition, Said(N_("on day {day}"), day=form.day_of_month), people.c.birthday, "date")
    ahead = form.in_days if form.in_days is not None else ("today", "tomorrow").index(form.on or "")
    day = world.today + timedelta(days=ahead)
    condition = column.in_(sorted(month * 100 + one for month, one in celebrated(day)))
    return Leaf(condition, Said(N_("on {day}"), day=Quantity(day, "date")), people.c.birthday, "date")


@word("registered", title=N_("Registration date"), example={"within_days": 30})
def registered(world: World, form: Moments) -> Leaf:
    """When the person registered: a period, or its anniversary."""
    return form.leaf(people.c.registered_at, world)


@word("last_login", title=N_("Last login"), example={"more_than_days": 90}, dated=False)
def last_login(world: World, form: Moments) -> Leaf:
    """When the person last logged in: a period; ``{never = true}`` for those who never did."""
    return form.leaf(people.c.last_login_at, world)


@word("last_activity", title=N_("Last visit"), example={"within_days": 7}, dated=False)
def last_activity(world: World, form: Moments) -> Leaf:
    """When the person was last seen on the site, logged in or remembered: a period, or never."""
    return form.leaf(sa.func.coalesce(people.c.last_activity_at, people.c.last_login_at), world)


class Sources(Form):
    """One name of a source in the settings, or a list of them."""

    short: ClassVar[str] = "sources"
    sources: Texts = Field(title=N_("Sources"))


@word("in_source", title=N_("Comes from source"), example="shop")
def in_source(world: World, form: Sources) -> Leaf:
    """The source that the person is in."""
    return Leaf(people.c.source.in_(form.sources), _one_of(form.sources), people.c.source)


class Domains(Form):
    """One domain, or a list of them."""

    short: ClassVar[str] = "domains"
    domains: Texts = Field(title=N_("Domains"))


@word("email_domain", title=N_("Domain of the address"), example="mail.ru")
def email_domain(world: World, form: Domains) -> Leaf:
    """The domain of the address; subdomains are other domains."""
    wanted = [domain.strip().lower().removeprefix("@") for domain in form.domains]
    condition = WHO.in_(sa.select(contacts.c.id).where(contacts.c.domain.in_(wanted)))
    return Leaf(condition, _one_of(wanted), _of_contact(contacts.c.domain))


class Emails(Form):
    """One address, or a list of them, in any spelling."""

    short: ClassVar[str] = "emails"
    emails: Texts = Field(title=N_("Addresses"))


@word("email", title=N_("Address"), example="ivanov@shop.ru")
def email(world: World, form: Emails) -> Leaf:
    """The address itself."""
    try:
        wanted = [normalised(address) for address in form.emails]
    except Refused as error:
        raise bad("email", form.emails, error) from None
    return Leaf(
        WHO.in_(sa.select(contacts.c.id).where(contacts.c.email.in_(wanted))),
        _one_of(wanted),
        _of_contact(contacts.c.email),
    )


def _of_contact(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.select(column).where(contacts.c.id == WHO).correlate(people).scalar_subquery()


def _one_of(texts: list[str]) -> Said:
    return Said(N_("one of: {names}"), names=", ".join(texts[:20]) + ("…" if len(texts) > 20 else ""))
