"""Mailings and their issues as they stand in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import tables
from core.errors import N_, Misconfigured
from core.links import Utm
from core.plugin import suggestion

_mailings, _issues = tables.mailings, tables.issues


@dataclass(frozen=True, slots=True)
class Mailing:
    """A mailing: a From, groups of recipients, UTM marks, and a topic that people can leave."""

    code: str
    name: str
    sender: str
    reply_to: str
    include_groups: tuple[str, ...]
    exclude_groups: tuple[str, ...]
    utm: Utm
    layout: str
    consent: str = "any"  # what a contact must have given, see core.consent
    track: bool = True  # whether its letters tell who opened them and which links were followed
    capped: bool = False  # whether its issues keep [frequency] as letters of scenarios do


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of a mailing: one letter and its schedule ("" = sent by hand)."""

    code: str
    mailing: str
    name: str
    letter: str
    subject: str
    preheader: str
    schedule: str
    timezone: str
    catch_up: timedelta
    max_age: timedelta
    utm: Utm
    active: bool
    scheduled_from: datetime
    blocks: tuple[Mapping[str, Any], ...] = ()  # code and settings of each, in their order


def mailing(connection: sa.Connection, code: str) -> Mailing:
    """The mailing named `code`. Raises Misconfigured with the known codes."""
    row = _find(connection, _mailings, code, N_("There is no mailing {code!r}. {hint}"))
    return Mailing(
        code=row["code"],
        name=row["name"],
        sender=row["sender"],
        reply_to=row["reply_to"],
        include_groups=tuple(row["include_groups"]),
        exclude_groups=tuple(row["exclude_groups"]),
        utm=Utm(**row["utm"]),
        layout=row["layout"],
        consent=row["consent"],
        track=bool(row["track"]),
        capped=bool(row["capped"]),
    )


def issue(connection: sa.Connection, code: str) -> Issue:
    """The issue named `code`. Raises Misconfigured with the known codes."""
    return _issue(_find(connection, _issues, code, N_("There is no issue {code!r}. {hint}")))


def issues(connection: sa.Connection) -> list[Issue]:
    """All issues by code."""
    query = sa.select(_issues).order_by(_issues.c.code)
    return [_issue(row) for row in connection.execute(query).mappings()]


def _issue(row: Mapping[str, object] | sa.RowMapping) -> Issue:
    fields = {name: row[name] for name in ("code", "mailing", "name", "letter", "subject", "preheader", "schedule")}
    return Issue(
        **fields,  # type: ignore[arg-type]
        timezone=str(row["timezone"]),
        catch_up=timedelta(seconds=int(str(row["catch_up_seconds"]))),
        max_age=timedelta(seconds=int(str(row["max_age_seconds"]))),
        utm=Utm(**row["utm"]),  # type: ignore[arg-type]
        active=bool(row["active"]),
        scheduled_from=row["scheduled_from"],  # type: ignore[arg-type]
        blocks=tuple(row["blocks"] or ()),  # type: ignore[arg-type]
    )


def _find(connection: sa.Connection, table: sa.Table, code: str, template: str) -> sa.RowMapping:
    row = connection.execute(sa.select(table).where(table.c.code == code)).mappings().first()
    if row is None:
        known = list(connection.scalars(sa.select(table.c.code)))
        raise Misconfigured(template, code=code, hint=suggestion(code, known) if known else "")
    return row
