"""The look of letters: logo, colour, address, phone and social networks, as the admin sets them over the settings file.

Every change is a row of its own, and the newest is in force: undoing is removing it. What is kept differs from the
file, so that a value of the file that nobody has changed goes on following the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from core import tables
from core.config import Section, Site
from core.db import writing
from core.errors import N_, VestnikError

_table = tables.brand
_REMEMBERED = 50  # changes that can be undone


def _link(value: str) -> str:
    if value and not _WEB.fullmatch(value):
        raise ValueError(VestnikError(N_("must be a link with http:// or https:// and no blanks")))
    return value


def _colour(value: str) -> str:
    if not re.fullmatch("#[0-9a-f]{6}", value):
        raise ValueError(VestnikError(N_("must be a colour such as {example}"), example="#0b6b53"))
    return value


def _line(value: str) -> str:
    if not value.isprintable():
        raise ValueError(VestnikError(N_("must be one line")))
    return value


def _pairs(value: Any) -> Any:
    """``Name = https://…``, one a line, as a form has them; a table as it is."""
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, value.splitlines())):
        title, sign, url = (part.strip() for part in line.partition("="))
        if not sign or not title or not url:
            raise ValueError(VestnikError(N_("{line!r}: write a name, = and a link on each line"), line=line[:100]))
        if title in found:
            raise ValueError(VestnikError(N_("{title!r} stands there twice"), title=title[:100]))
        found[title] = url
    return found


_WEB = re.compile(r"https?://[^\s/?#\\<>\"'\x00-\x20][^\s\\<>\"\x00-\x20]*", re.IGNORECASE)
Link = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_link)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_line)]
Colour = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True), AfterValidator(_colour)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(_line)]


class Brand(Section):
    """What can be set; the form of the admin's page and the keys of `vestnik brand set`."""

    logo_url: Link = Field("", title=N_("Logo"), description=N_("Link to a picture of about 160 × 40; empty: the name"))
    colour: Colour = Field("#0b6b53", title=N_("Colour of buttons and links"))
    phone: Line = Field("", title=N_("Phone"))
    address: Line = Field("", title=N_("Postal address"))
    social: Annotated[dict[Title, Link], BeforeValidator(_pairs)] = Field(
        {}, max_length=10, title=N_("Social networks"), description=N_("One a line: ВКонтакте = https://vk.com/shop")
    )


FIELDS = tuple(Brand.model_fields)


@dataclass(frozen=True, slots=True)
class Look:
    """What is set over the file: `kept` differs from it; `number` names the change, 0 when there is none."""

    number: int = 0
    changed_at: datetime | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)

    def over(self, site: Site) -> Site:
        """`site` as letters are to show it."""
        return site.model_copy(update=dict(self.kept)) if self.kept else site


def in_force(connection: sa.Connection) -> Look:
    """The newest change."""
    row = connection.execute(sa.select(_table).order_by(_table.c.id.desc()).limit(1)).mappings().first()
    if row is None:
        return Look()
    known = {name: value for name, value in row["kept"].items() if name in FIELDS}  # another version may know others
    if "social" in known:
        known["social"] = dict(known["social"])
    return Look(row["id"], row["changed_at"], known)


def shown(site: Site) -> dict[str, Any]:
    """The values of `site`, by field."""
    return {name: getattr(site, name) for name in FIELDS}


def change(engine: sa.Engine, site: Site, brand: Brand, *, now: datetime) -> Look:
    """Letters look like `brand` from now on. `site` is that of the file. The same look again is no change."""
    values = brand.model_dump()
    return _put(engine, {name: value for name, value in values.items() if value != getattr(site, name)}, now=now)


def reset(engine: sa.Engine, *, now: datetime) -> Look:
    """Letters look as the file says; this can be undone too."""
    return _put(engine, {}, now=now)


def undo(engine: sa.Engine, number: int) -> Look:
    """Take the change of that number back, if it still is the newest: whoever pressed meant what they saw."""
    with writing(engine) as connection:
        if in_force(connection).number == number:
            connection.execute(sa.delete(_table).where(_table.c.id == number))
        return in_force(connection)


def _put(engine: sa.Engine, kept: dict[str, Any], *, now: datetime) -> Look:
    with writing(engine) as connection:
        if repr(in_force(connection).kept) == repr(kept):  # the same order of networks, too
            return in_force(connection)
        pairs = {"social": list(kept["social"].items())} if "social" in kept else {}  # a table would lose its order
        connection.execute(sa.insert(_table).values(kept=kept | pairs, changed_at=now))
        found = in_force(connection)
        connection.execute(sa.delete(_table).where(_table.c.id <= found.number - _REMEMBERED))
        return found
