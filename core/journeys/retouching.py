"""Retouching: single values of a scenario's TOML are changed; its comments, its order and its spaces stay."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from core.errors import N_, Misconfigured
from core.plugin import suggestion

GONE = None
"""The value of a key that is to be taken out: then its default counts again."""


def retouched(text: str, changes: Mapping[str, Any]) -> str:
    """`text` with new values: ``{"priority": 60, "steps.3d.after": "4 days", "anchor.min_total": GONE}``.

    A step is named by its code. Raises Misconfigured for a path that cannot be.
    """
    document = _parsed(text)
    for path, value in changes.items():
        *places, key = path.split(".")
        if not key or not all(places):
            template = N_("“{path}” is no key. Examples: priority, anchor.min_total, steps.3d.after")
            raise Misconfigured(template, path=path)
        if value is GONE:
            _take_out(document, path, places, key)
        else:
            _put(_place(document, path, places), path, key, value)
    written: str = tomlkit.dumps(document)
    return written


def value_of(text: str, path: str) -> Any:
    """What stands at `path` in the TOML `text`, as plain values; GONE when nothing does."""
    place: Any = _parsed(text).unwrap()
    for part in path.split("."):
        place = _step(place, path, part) if isinstance(place, list) else place.get(part, GONE)
        if not isinstance(place, dict | list):
            return place
    return place


def read_value(text: str) -> Any:
    """A value as it is typed in a command line: TOML where it is some, else the words themselves."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise Misconfigured(N_("{file} is not readable TOML: {error}"), file="TOML", error=str(error)) from None


def _place(document: Any, path: str, places: list[str]) -> Any:
    """The table in which the last key of `path` stands; tables that are not there are made."""
    place = document
    for part in places:
        if isinstance(place, list):
            place = _step(place, path, part)
            continue
        if part not in place:
            place[part] = tomlkit.inline_table()
        place = place[part]
        if not isinstance(place, dict | list):
            raise _no_table(path, part)
    if isinstance(place, list):
        raise _no_table(path, places[-1])
    return place


def _put(place: Any, path: str, key: str, value: Any) -> None:
    if isinstance(place.get(key), tomlkit.items.AoT):
        raise _no_table(path, key)
    place[key] = _inline(value)


def _take_out(document: Any, path: str, places: list[str], key: str) -> None:
    """The key goes, and with it the tables that are empty then."""
    place = document
    for part in places:
        place = _step(place, path, part) if isinstance(place, list) else place.get(part)
        if place is None:
            return
    if isinstance(place, dict) and key in place:
        del place[key]
        if not place and places:
            _take_out(document, path, places[:-1], places[-1])


def _step(steps: list[Any], path: str, code: str) -> Any:
    found = next((step for step in steps if isinstance(step, dict) and step.get("code") == code), None)
    if found is None:
        known = [str(step["code"]) for step in steps if isinstance(step, dict) and "code" in step]
        hint = suggestion(code, known)
        raise Misconfigured(N_("“{path}”: there is no step {code!r}. {hint}"), path=path, code=code, hint=hint)
    return found


def _no_table(path: str, part: str) -> Misconfigured:
    return Misconfigured(N_("“{path}”: {part} holds no such key."), path=path, part=part)


def _inline(value: Any) -> Any:
    """Tables on one line: what stands in a step must not begin a table of its own."""
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for name, inner in value.items():
            table.append(name, _inline(inner))
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(_inline(one) for one in value)
        return array
    return value
