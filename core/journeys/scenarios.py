"""Scenarios: each a TOML file of the shelf, or its copy as an admin edited it, with the anchor that it stands on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from core import schedule
from core.config import faults
from core.errors import N_, Misconfigured
from core.journeys.calendar import Offset
from core.journeys.forms import ScenarioForm, StepForm
from core.plugin import settings_of, suggestion
from core.scenario import Anchor

Anchors = Mapping[str, type[Anchor]]
ONCE = timedelta.max


@dataclass(frozen=True, slots=True)
class Step:
    """One letter of a chain: its form, and how long after the anchor it is due."""

    form: StepForm
    offset: Offset

    @property
    def code(self) -> str:
        return self.form.code


@dataclass(frozen=True)
class Scenario:
    """A chain of letters: what begins it, what ends it, and whether it is switched on."""

    code: str
    form: ScenarioForm
    anchor: Anchor
    settings: Any  # of the anchor
    steps: tuple[Step, ...]
    active: bool = False
    on_at: datetime | None = None  # when it was switched on
    since: datetime | None = None  # anchors before this moment never enter
    text: str = field(default="", repr=False)  # the TOML it was read from
    edited: bool = False  # the text is an admin's copy, not the file

    @property
    def again(self) -> timedelta | None:
        """How long after an entry the same contact may not enter anew; None: each anchor counts, ONCE: never."""
        words = {"each": None, "once": ONCE}
        return words[self.form.again] if self.form.again in words else schedule.duration(self.form.again)

    @cached_property
    def chain(self) -> tuple[Step, ...]:
        """The steps that are switched on."""
        return tuple(step for step in self.steps if step.form.active)

    def step(self, code: str) -> Step:
        """The step named `code`. Raises Misconfigured with the known codes."""
        for one in self.steps:
            if one.code == code:
                return one
        hint = suggestion(code, [one.code for one in self.steps])
        raise Misconfigured(
            N_("Scenario {scenario!r} has no step {code!r}. {hint}"), scenario=self.code, code=code, hint=hint
        )

    def before(self, step: Step) -> list[str]:
        """The codes of the steps before `step`, the nearest first."""
        codes = [one.code for one in self.steps]
        return codes[: codes.index(step.code)][::-1]

    def after(self, step: Step) -> list[Step]:
        """The steps after `step` that are switched on."""
        return [one for one in self.steps[self.steps.index(step) + 1 :] if one.form.active]

    def issue(self, step: Step) -> str:
        """What the letters of `step` are called: ``registration/3d``."""
        return f"{self.code}/{step.code}"


def read(code: str, text: str, anchors: Anchors) -> Scenario:
    """The scenario that `text` (TOML) describes. Raises Misconfigured naming every unknown key and bad value."""
    where = f"scenarios/{code}.toml"
    _check_name(where, code)
    try:
        form = ScenarioForm.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(N_("{file} is not readable TOML: {error}"), file=where, error=str(error)) from None
    except ValidationError as error:
        raise Misconfigured(N_("{file}: {faults}"), file=where, faults=faults(error, ScenarioForm)) from None
    kind = anchors.get(form.anchor.code)
    if kind is None:
        hint = suggestion(form.anchor.code, anchors)
        raise Misconfigured(
            N_("{file}: there is no anchor {code!r}. {hint}"), file=where, code=form.anchor.code, hint=hint
        )
    settings = settings_of(kind, form.anchor.settings, where=f"{where}, anchor")
    steps = tuple(_step(where, step) for step in form.steps)
    return Scenario(code, form, kind(), settings, steps, text=text)


def _check_name(where: str, code: str) -> None:
    """It stands in the names of letters, in addresses, and in columns of 64 characters together with a step's code."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,30}", code):
        template = N_("{file}: the name of a scenario is up to 31 small Latin letters, digits, _ or -.")
        raise Misconfigured(template, file=where)


def _step(where: str, form: StepForm) -> Step:
    try:
        return Step(form, Offset.parse(form.after))
    except Misconfigured as error:
        raise Misconfigured(N_("{file}, step {step}: {error}"), file=where, step=form.code, error=error) from None
