"""The shape of a definitions file: what a group, a mailing and an issue may say, and the columns they become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from email.headerregistry import Address
from email.utils import unquote
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from core import schedule, tables
from core.address import normalised
from core.config import Site, known_timezone
from core.errors import N_, Misconfigured, Refused, VestnikError
from core.mime import one_line

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


def _mailbox(value: str) -> str:
    """``Name <address>`` with the address in its one spelling, the name quoted if need be. Raises VestnikError."""
    written, _, address = one_line(value).removesuffix(">").rpartition("<")  # parseaddr stops at an unquoted comma
    name = unquote(written.strip())
    try:
        spelt = normalised(address)
    except Refused as error:
        raise Misconfigured(N_("{error}. Example: Магазин <news@shop.ru>"), error=error) from None
    local, _, domain = spelt.rpartition("@")  # apart: the parser of `email` takes no other script before the @
    return str(Address(name, local, domain)) if name else spelt


def _default_mailbox(site: Site) -> str:
    try:
        return _mailbox(site.sender) if site.sender else ""
    except VestnikError as error:
        raise Misconfigured(N_("[site] sender: {error}"), error=error) from None


def _sender(value: str) -> str:
    try:
        return _mailbox(value)
    except VestnikError as error:
        raise ValueError(error) from None


def _seconds(value: Any) -> int:
    try:
        return round(schedule.duration(value).total_seconds())
    except VestnikError as error:
        raise ValueError(error) from None


def _plain(value: Any) -> Any:
    """Dates inside a rule as text: the tree is kept as JSON."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | time) else value


Tree = Annotated[dict[str, Any], BeforeValidator(_plain)]
Seconds = Annotated[int, PlainValidator(_seconds), Field(le=2**31 - 1)]  # the column is an Integer
Sender = Annotated[str, AfterValidator(_sender), Field(max_length=320)]
Name = Annotated[str, Field(max_length=255)]


class Form(BaseModel):
    """One kind of definition: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class UtmForm(Form):
    """UTM marks: any of the five, with macros such as {issue}, {mailing}, {block}, {date}."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""


class GroupForm(Form):
    """A group of recipients: a rule that takes in, and one that leaves out."""

    name: Name = ""
    include: Tree
    exclude: Tree | None = None
    static: bool = False

    def columns(self, code: str, site: Site) -> dict[str, Any]:
        exclude = self.exclude or None
        return {"name": self.name or code, "include": self.include, "exclude": exclude, "static": self.static}

    @classmethod
    def from_columns(cls, row: sa.RowMapping, site: Site) -> dict[str, Any]:
        kept = {name: row[name] for name in ("name", "include", "exclude")}
        return _filled({**kept, "static": row["static"] or None})


class MailingForm(Form):
    """A mailing: its From, its groups, its UTM marks and its layout."""

    name: Name = ""
    sender: Sender | None = Field(default=None, alias="from")
    reply_to: Sender | None = None
    groups: list[Code] = []  # none: only scenarios write in it
    exclude_groups: list[Code] = []
    utm: UtmForm = UtmForm()
    layout: Annotated[str, Field(max_length=64)] = "standard"
    consent: Literal["any", "agreed", "list"] = "any"
    track: bool = True
    capped: bool = False

    def columns(self, code: str, site: Site) -> dict[str, Any]:
        return {
            "name": self.name or code,
            "sender": self.sender or _default_mailbox(site),
            "reply_to": self.reply_to or "",
            "include_groups": self.groups,
            "exclude_groups": self.exclude_groups,
            "utm": self.utm.model_dump(),
            "layout": self.layout,
            "consent": self.consent,
            "track": self.track,
            "capped": self.capped,
        }

    @classmethod
    def from_columns(cls, row: sa.RowMapping, site: Site) -> dict[str, Any]:
        return _filled(
            {
                "name": row["name"],
                "from": row["sender"],
                "reply_to": row["reply_to"],
                "groups": row["include_groups"],
                "exclude_groups": row["exclude_groups"],
                "utm": _filled(row["utm"]),
                "layout": row["layout"],
                "consent": "" if row["consent"] == "any" else row["consent"],
                "track": None if row["track"] else False,
                "capped": row["capped"] or None,
            }
        )


class BlockForm(BaseModel):
    """One block after the letter's text: its code, and its own settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class IssueForm(Form):
    """An issue: the letter, its subject, and when it goes out ("" = by hand)."""

    mailing: Code
    letter: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$", max_length=255)]
    subject: Annotated[str, Field(max_length=500)] = ""  # empty: the letter's own
    name: Name = ""
    preheader: Annotated[str, Field(max_length=500)] = ""
    schedule: Annotated[str, Field(max_length=255)] = ""
    timezone: Annotated[str, AfterValidator(known_timezone)] | None = None
    catch_up: Seconds = 12 * 3600
    max_age: Seconds = 5 * 60
    utm: UtmForm = UtmForm()
    blocks: list[BlockForm] = []
    active: bool = True

    def columns(self, code: str, site: Site) -> dict[str, Any]:
        return {
            "mailing": self.mailing,
            "name": self.name or code,
            "letter": self.letter,
            "subject": one_line(self.subject),
            "preheader": one_line(self.preheader),
            "schedule": self.schedule,
            "timezone": self.timezone or site.timezone,
            "catch_up_seconds": self.catch_up,
            "max_age_seconds": self.max_age,
            "utm": self.utm.model_dump(),
            "blocks": [block.model_dump() for block in self.blocks],
            "active": self.active,
        }

    @classmethod
    def from_columns(cls, row: sa.RowMapping, site: Site) -> dict[str, Any]:
        names = ("mailing", "name", "letter", "subject", "preheader", "schedule", "timezone")
        values = _filled({name: row[name] for name in names})
        return values | {
            "catch_up": _span(row["catch_up_seconds"]),
            "max_age": _span(row["max_age_seconds"]),
            **({"utm": _filled(row["utm"])} if _filled(row["utm"]) else {}),
            **({"blocks": row["blocks"]} if row["blocks"] else {}),
            "active": row["active"],
        }


class File(Form):
    """A whole definitions file."""

    groups: dict[Code, GroupForm] = {}
    mailings: dict[Code, MailingForm] = {}
    issues: dict[Code, IssueForm] = {}


SHAPES: Mapping[str, sa.Table] = {
    "groups": tables.recipient_groups,
    "mailings": tables.mailings,
    "issues": tables.issues,
}


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None, [], {})}


def _span(seconds: int) -> str:
    """A duration as a person would write it: 43200 → "12h"."""
    span = timedelta(seconds=seconds)
    for unit, size in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1))):
        if span and span % size == timedelta(0):
            return f"{span // size}{unit}"
    return f"{seconds}s"
