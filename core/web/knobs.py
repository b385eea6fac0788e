"""Knobs: a scenario as a form. Each has the value that is written in the file; an empty one stands for its default."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from core import wording
from core.block import Block
from core.errors import N_, VestnikError
from core.journeys import Scenario, Step
from core.journeys.forms import ScenarioForm, StepForm, Trial
from core.journeys.retouching import GONE, read_value, value_of

_WHOLE = ("name", "description", "priority", "again", "hours", "sale", "bought_stops", "holdout")
_OF_STEPS = ("after", "subject", "preheader", "late", "hours", "channel", "active")
_OF_COUPONS = ("percent", "days")


@dataclass(frozen=True, slots=True)
class Knob:
    """One value: `kind` is line, lines, number, list, table or choice; `default` is what an empty one means."""

    path: str
    title: str
    kind: str
    value: str = ""
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # (value, what it is called)
    of: str = ""  # the block that it belongs to
    fault: VestnikError | None = None

    def read(self, typed: str) -> Any:
        """What was typed as a value of the file; GONE when it is empty."""
        typed = typed.strip()
        if not typed:
            return GONE
        if self.kind == "list":
            return [one.strip() for one in typed.split(",") if one.strip()]
        if self.kind in {"number", "table"}:
            return read_value(typed)
        return typed == "true" if self.kind == "choice" and typed in {"true", "false"} else typed


@dataclass(frozen=True, slots=True)
class Panel:
    """Knobs that stand together."""

    title: str
    knobs: tuple[Knob, ...]


def panels(
    scenario: Scenario, channels: list[str], blocks: Mapping[str, type[Block]], language: str
) -> tuple[list[Panel], dict[str, Panel]]:
    """The panels of the whole scenario, and that of each letter by its step's code."""
    made = _Maker(scenario.text, language)
    whole = made.knobs(ScenarioForm, "", _WHOLE)
    begins = made.knobs(type(scenario.settings), "anchor.", tuple(type(scenario.settings).model_fields))
    trial = made.knobs(Trial, "trial.", ("group", "percent"))
    found = [Panel(scenario.anchor.title, begins)] if begins else []
    found += [Panel(N_("The whole scenario"), whole), Panel(N_("Trial"), trial)]
    return found, {step.code: made.letter(step, channels, blocks) for step in scenario.steps}


def changes(knobs: Iterator[Knob], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed differently from what stood there: path → value."""
    return {
        knob.path: knob.read(typed[knob.path])
        for knob in knobs
        if knob.path in typed and typed[knob.path].strip() != knob.value.strip()
    }


def every(found: tuple[list[Panel], dict[str, Panel]]) -> Iterator[Knob]:
    """All knobs of all panels."""
    whole, letters = found
    for panel in (*whole, *letters.values()):
        yield from panel.knobs


def refilled(panel: Panel, typed: Mapping[str, str], faults: Mapping[str, VestnikError]) -> Panel:
    """The panel as it was typed, with what is wrong beside each knob."""
    knobs = (replace(one, value=typed.get(one.path, one.value), fault=_fault(one, faults)) for one in panel.knobs)
    return replace(panel, knobs=tuple(knobs))


def _fault(knob: Knob, faults: Mapping[str, VestnikError]) -> VestnikError | None:
    """Also one deeper in it, as in a list's third item."""
    return next((fault for path, fault in faults.items() if f"{path}.".startswith(f"{knob.path}.")), None)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes knobs of the values that are written in `text`."""

    text: str
    language: str

    def knobs(self, form: type[BaseModel], prefix: str, names: tuple[str, ...]) -> tuple[Knob, ...]:
        return tuple(self._knob(form, prefix, name) for name in names if name in form.model_fields)

    def letter(self, step: Step, channels: list[str], blocks: Mapping[str, type[Block]]) -> Panel:
        place = f"steps.{step.code}."
        knobs = [_of_channels(one, channels) for one in self.knobs(StepForm, place, _OF_STEPS)]
        for code, settings in {"coupon": {}, **step.form.blocks}.items():
            if code in blocks:
                names = (*(_OF_COUPONS if code == "coupon" else ()), *settings)
                own = self.knobs(blocks[code].Settings, f"{place}blocks.{code}.", tuple(dict.fromkeys(names)))
                knobs += [replace(knob, of=blocks[code].title) for knob in own]
        return Panel(step.code, tuple(knobs))

    def _knob(self, form: type[BaseModel], prefix: str, name: str) -> Knob:
        field, path = form.model_fields[name], prefix + name
        kind, choices = _kind(field.annotation)
        if name == "description":
            kind = "lines"
        default = "" if field.default is PydanticUndefined else self._default(field.default)
        return Knob(path, field.title or name, kind, _typed(value_of(self.text, path)), default, choices)

    def _default(self, value: Any) -> str:
        return "" if value in (None, "", [], {}) else wording.value_of(value, self.language)


def _of_channels(knob: Knob, channels: list[str]) -> Knob:
    if not knob.path.endswith(".channel"):
        return knob
    return replace(knob, kind="choice", choices=tuple((one, wording.CHOICES.get(one, one)) for one in channels))


def _kind(annotation: Any) -> tuple[str, tuple[tuple[str, str], ...]]:
    """(kind, choices) of a field by its type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return _kind(next(one for one in arguments if one is not type(None)))
    if origin is Literal:
        return "choice", tuple((str(one), wording.CHOICES.get(str(one), str(one))) for one in arguments)
    if hasattr(annotation, "__metadata__"):  # Annotated
        return _kind(arguments[0])
    if annotation is bool:
        return "choice", (("true", N_("yes")), ("false", N_("no")))
    if origin in {list, tuple, set, frozenset}:
        return "list", ()
    if origin is dict or annotation is dict:
        return "table", ()
    return ("line", ()) if annotation in {str, timedelta} else ("number", ())


def _typed(value: Any) -> str:
    """A value of the file as it stands in a form."""
    if value is GONE:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_literal(one)}" for name, one in value.items()) + " }"
    return str(value)


def _literal(value: Any) -> str:
    if isinstance(value, dict | list):
        return _typed(value) if isinstance(value, dict) else "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else _typed(value)
