"""Wording: what a scenario says of moments, coupons, conditions and ends, in the reader's language; for every door."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.core import Locale
from babel.units import format_unit
from pydantic import BaseModel

from core.errors import N_
from core.i18n import translator
from core.journeys import Scenario, Step
from core.journeys.calendar import Offset
from core.journeys.forms import End, ScenarioForm, Unless
from core.journeys.telling import FACTS, REACTIONS
from core.showing import Promise

CHOICES = {
    "marketing": N_("marketing"),
    "service": N_("service"),
    "polite": N_("polite hours"),
    "any": N_("any hour"),
    "each": N_("each time"),
    "once": N_("once"),
    "email": N_("e-mail"),
}
"""What the words of a scenario's file are called where people read them."""
_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
SHOWN = ("mailing", "kind", "priority", "again", "hours", "sale", "bought_stops", "holdout")
"""The parameters of a whole scenario that people look at; its trial and its anchor's settings stand beside them."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a scenario: where it stands in the file, what it is called, and what it says in words."""

    path: str
    title: str
    value: str


def span(length: timedelta, language: str) -> str:
    """A length of time: ``3 дня``."""
    unit, size = next((one for one in _UNITS if length % one[1] == timedelta(0) and length), _UNITS[-1])
    return _units(length // size, unit, language)


def _units(count: int, unit: str, language: str) -> str:
    return str(format_unit(count, f"duration-{unit}", length="long", locale=Locale.parse(language)))


def when(offset: Offset, language: str) -> str:
    """When a letter is due: ``через 4 часа``, ``за 7 дней``, ``сразу``."""
    count, unit = _counted(offset)
    _ = translator(language)
    if not count:
        return _(N_("at once"))
    template = N_("{span} after") if count > 0 else N_("{span} before")
    return _(template, span=_units(abs(count), unit, language))


def _counted(offset: Offset) -> tuple[int, str]:
    if offset.months:
        return (offset.months // 12, "year") if offset.months % 12 == 0 else (offset.months, "month")
    if offset.days:
        return offset.days, "day"
    return (offset.minutes // 60, "hour") if offset.minutes % 60 == 0 else (offset.minutes, "minute")


def promise(one: Promise, language: str) -> str:
    """What a coupon gives and how long: ``2 %, 2 дня``."""
    what = one.label or (f"{one.percent} %" if one.percent else translator(language)(N_("coupon")))
    return f"{what}, {span(timedelta(days=one.days), language)}" if one.days else what


def conditions(step: Step, language: str) -> Iterator[str]:
    """To whom a letter goes beside what holds for the whole scenario."""
    _ = translator(language)
    if step.form.unless:
        yield _unless(step.form.unless, language)
    if step.form.where:
        yield _(N_("only to those who answer {rule}"), rule=rule(step.form.where))
    if step.form.hours:
        yield _(CHOICES[step.form.hours])
    if not step.form.active:
        yield _(N_("switched off"))


def _unless(form: Unless, language: str) -> str:
    _ = translator(language)
    deeds = ", ".join(_(REACTIONS[one]) for one in form.reacted)
    letter = form.to or _(N_("the one before"))
    if form.within is None:
        return _(N_("not to those who reacted to letter {letter}: {deeds}"), letter=letter, deeds=deeds)
    template = N_("not to those who reacted to letter {letter} within {span}: {deeds}")
    return _(template, letter=letter, deeds=deeds, span=span(form.within, language))


def end(one: End, language: str) -> str:
    """What ends a chain: ``заказал``, ``купил товар (тот же)``."""
    _ = translator(language)
    marks = [N_("about the same thing")] if one.same else []
    marks += [N_("at any time, even before")] if one.ever else []
    fact = _(FACTS.get(one.fact, one.fact))
    return f"{fact} ({', '.join(map(_, marks))})" if marks else fact


def rule(tree: Mapping[str, Any]) -> str:
    """A rule tree on one line."""
    return json.dumps(tree, ensure_ascii=False, default=str)


def parameters(scenario: Scenario, language: str) -> Iterator[Parameter]:
    """The values by which the scenario is set, its anchor's first."""
    _ = translator(language)
    form = scenario.form
    yield Parameter("anchor.code", _title(form.anchor, "code", language), _(scenario.anchor.title))
    for name in type(scenario.settings).model_fields:
        value = getattr(scenario.settings, name)
        yield Parameter(f"anchor.{name}", _title(scenario.settings, name, language), value_of(value, language))
    for name in SHOWN:
        yield Parameter(name, _title(form, name, language), value_of(getattr(form, name), language))
    if form.trial != ScenarioForm.model_fields["trial"].default:
        share = f"{form.trial.percent} %" if form.trial.percent < 100 else ""
        said = ", ".join(filter(None, (form.trial.group, share)))
        yield Parameter("trial", _title(form, "trial", language), said)
    if form.where:
        yield Parameter("where", _title(form, "where", language), rule(form.where))


def _title(form: BaseModel, name: str, language: str) -> str:
    return translator(language)(type(form).model_fields[name].title or name)


def value_of(value: Any, language: str) -> str:
    """A value as people read it."""
    _ = translator(language)
    if isinstance(value, bool):
        return _(N_("yes")) if value else _(N_("no"))
    if isinstance(value, timedelta):
        return span(value, language)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(value_of(one, language) for one in value) or "–"
    if isinstance(value, Mapping):
        return rule(value) if value else "–"
    if value is None or value == "":
        return "–"
    if isinstance(value, Decimal | int | float | date):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return _(CHOICES[value]) if value in CHOICES else str(value)
