"""Scrutiny: what is wrong with a scenario's text, value by value, for a form to say beside its fields."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from core.config import faults_by_path
from core.errors import Misconfigured, VestnikError
from core.journeys.calendar import Offset
from core.journeys.forms import ScenarioForm
from core.journeys.scenarios import Anchors


def faults_of(text: str, anchors: Anchors) -> dict[str, VestnikError]:
    """Path → what is wrong there, as :func:`core.journeys.retouching.retouched` names it: ``steps.3d.after``.

    A text that is no TOML, and an anchor that is not there, are left to :func:`core.journeys.scenarios.read`.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    return dict([*_form_faults(tree), *_anchor_faults(tree, anchors), *_offset_faults(tree)])


def _form_faults(tree: Mapping[str, Any]) -> Iterator[tuple[str, VestnikError]]:
    try:
        ScenarioForm.model_validate(tree)
    except ValidationError as error:
        for place, fault in faults_by_path(error).items():
            yield _path(tree, place), fault


def _path(tree: Mapping[str, Any], place: tuple[str, ...]) -> str:
    """The place in the file, with the code of a step instead of its number."""
    if place[:1] == ("steps",) and len(place) > 1:
        step = tree["steps"][int(place[1])]
        return ".".join(("steps", str(step.get("code", place[1])), *place[2:]))
    return ".".join(place)


def _anchor_faults(tree: Mapping[str, Any], anchors: Anchors) -> Iterator[tuple[str, VestnikError]]:
    anchor = tree.get("anchor")
    kind = anchors.get(anchor.get("code", "")) if isinstance(anchor, dict) else None
    if kind is None or not isinstance(anchor, dict):
        return
    try:
        kind.Settings.model_validate({name: value for name, value in anchor.items() if name != "code"})
    except ValidationError as error:
        for place, fault in faults_by_path(error).items():
            yield ".".join(("anchor", *place[:1])), fault


def _offset_faults(tree: Mapping[str, Any]) -> Iterator[tuple[str, VestnikError]]:
    for step in tree.get("steps", ()):
        after = step.get("after") if isinstance(step, dict) else None
        if isinstance(after, str):
            try:
                Offset.parse(after)
            except Misconfigured as error:
                yield f"steps.{step.get('code', '')}.after", error
