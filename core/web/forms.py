"""Forms made from a settings schema: a field for each of its keys, with its value and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_origin
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.errors import N_, VestnikError

_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Box:
    """One field of a form: `kind` is line, lines (a table, one pair a line) or colour."""

    name: str
    title: str
    hint: str
    kind: str
    value: str
    fault: VestnikError | str = ""


def boxes(model: type[BaseModel], values: Mapping[str, Any], faults: Mapping[str, VestnikError]) -> list[Box]:
    """The form of `model` with these values: as they were typed, or as they are kept."""
    return [
        Box(
            name=name,
            title=one.title or name,
            hint=one.description or "",
            kind=_kind(name, one),
            value=_text(values.get(name, "")),
            fault=faults.get(name, ""),
        )
        for name, one in model.model_fields.items()
    ]


def _kind(name: str, one: FieldInfo) -> str:
    if get_origin(one.annotation) is dict:
        return "lines"
    return "colour" if name == "colour" else "line"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{name} = {one}" for name, one in value.items())
    return str(value)


async def _typed(request: Request) -> dict[str, str]:
    """What was typed into a form and sent."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise HTTPException(413, N_("That is too much for this form."))
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


Typed = Annotated[dict[str, str], Depends(_typed)]
