"""Definitions as text: groups, mailings and issues applied from a TOML file, and written back as one.

A file is taken whole or not at all; applying it twice changes nothing the second time. What it does not name stays.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import tomlkit
from pydantic import ValidationError

from core import compose, groups, mailings, schedule
from core.compose import Press
from core.config import Site, faults
from core.db import upsert, writing
from core.definitions.forms import SHAPES, File, GroupForm, IssueForm, MailingForm
from core.errors import N_, Misconfigured, VestnikError, together
from core.groups import Group, preview, snapshots
from core.plugin import suggestion


@dataclass(frozen=True, slots=True)
class Change:
    """One object of the file against the database: "created", "changed" or "same", with (before, after) by field."""

    kind: str
    code: str
    action: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def read(path: Path) -> File:
    """The definitions in `path`. Raises Misconfigured naming every unknown key and bad value."""
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
        return File.model_validate(tree)
    except FileNotFoundError:
        raise Misconfigured(N_("There is no file {file}."), file=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Misconfigured(N_("{file} is not readable TOML: {error}"), file=str(path), error=str(error)) from None
    except ValidationError as error:
        raise Misconfigured(N_("{file}: {faults}"), file=path.name, faults=faults(error, File)) from None


def apply(
    engine: sa.Engine,
    file: File,
    press: Press,
    *,
    sources: Iterable[str],
    now: datetime,
    dry_run: bool = False,
) -> list[Change]:
    """Bring the database to what `file` says; what was or (`dry_run`) would be changed, in the file's order.

    Raises Misconfigured with every fault of the file; then nothing at all has been written.
    """
    site = press.site
    rows = _rows(file, site)
    with writing(engine) as connection:
        changes = [_compare(connection, kind, code, row) for kind, code, row in rows]
        for change, (kind, _, row) in zip(changes, rows, strict=True):
            if change.action != "same":
                _write(connection, kind, row, change, now=now)
        _check(connection, file, press, sources=list(sources), now=now)
        _freeze(connection, changes, site, now=now)
        if dry_run:
            connection.rollback()
    return changes


def _freeze(connection: sa.Connection, changes: Iterable[Change], site: Site, *, now: datetime) -> None:
    """The lists of static groups that are new, or whose rule changed; those made dynamic lose theirs."""
    world = groups.world(connection, now=now, timezone=site.timezone)
    for change in changes:
        if change.kind != "groups" or (change.action != "created" and not change.fields.keys() - {"name"}):
            continue
        group = groups.find(connection, change.code)
        (snapshots.freeze if group.static else snapshots.thaw)(connection, group, world)


def _rows(file: File, site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, code, columns) of everything in the file: groups first, issues last."""
    return [
        (kind, code, {"code": code, **form.columns(code, site)})
        for kind in SHAPES
        for code, form in getattr(file, kind).items()
    ]


def _compare(connection: sa.Connection, kind: str, code: str, row: Mapping[str, Any]) -> Change:
    table = SHAPES[kind]
    old = connection.execute(sa.select(table).where(table.c.code == code)).mappings().first()
    if old is None:
        return Change(kind, code, "created")
    differ = {name: (old[name], value) for name, value in row.items() if old[name] != value}
    return Change(kind, code, "changed" if differ else "same", differ)


def _write(connection: sa.Connection, kind: str, row: Mapping[str, Any], change: Change, *, now: datetime) -> None:
    values = {**row, "changed_at": now}
    if kind == "issues" and (change.action == "created" or change.fields.keys() & {"schedule", "timezone", "active"}):
        values["scheduled_from"] = now  # a new timetable begins now: it does not make up for yesterday
    if change.action == "changed":
        table = SHAPES[kind]
        connection.execute(sa.update(table).where(table.c.code == row["code"]).values(values))
    else:
        upsert(connection, SHAPES[kind], [values], key=("code",))


def _check(connection: sa.Connection, file: File, press: Press, *, sources: list[str], now: datetime) -> None:
    """Everything the file names must exist, every rule and letter be understood; all faults at once."""
    found = [
        *_group_faults(connection, file, press.site, sources, now=now),
        *_mailing_faults(connection, file),
        *_issue_faults(connection, file, press, now=now),
    ]
    if found:
        raise Misconfigured(N_("Nothing was applied. {faults}"), faults=together(found))


def _at(kind: str, code: str, error: VestnikError) -> VestnikError:
    """`error` with the place in the file that it is about."""
    return VestnikError("[{kind}.{code}] {error}", kind=kind, code=code, error=error)


def _group_faults(
    connection: sa.Connection, file: File, site: Site, sources: list[str], *, now: datetime
) -> Iterator[VestnikError]:
    world = groups.world(connection, now=now, timezone=site.timezone)
    for code, form in file.groups.items():
        try:
            group = groups.checked(Group(code, form.name, form.include, form.exclude), world)
            preview.plan(connection, groups.counting([group], world))
        except VestnikError as error:
            yield _at("groups", code, error)
            continue
        for name in sorted(groups.named_sources(group) - set(sources)):
            template = N_("in_source: there is no source {name!r}. {hint}")
            yield _at("groups", code, VestnikError(template, name=name, hint=suggestion(name, sources)))


def _mailing_faults(connection: sa.Connection, file: File) -> Iterator[VestnikError]:
    for code, form in file.mailings.items():
        if not mailings.mailing(connection, code).sender:
            template = N_('from: missing. Write from = "Магазин <news@shop.ru>", or set [site] sender.')
            yield _at("mailings", code, VestnikError(template))
        for group in (*form.groups, *form.exclude_groups):
            try:
                groups.find(connection, group)
            except VestnikError as error:
                yield _at("mailings", code, error)


def _issue_faults(connection: sa.Connection, file: File, press: Press, *, now: datetime) -> Iterator[VestnikError]:
    for code in _touched(connection, file):
        try:
            issue = mailings.issue(connection, code)
            if issue.schedule:
                schedule.parse(issue.schedule, issue.timezone)
            mailing = mailings.mailing(connection, issue.mailing)
            if not mailing.include_groups:
                template = N_("mailing {mailing!r} has no groups, so nobody would get this issue. Give it some.")
                raise Misconfigured(template, mailing=mailing.code)
            compose.publish(press, issue, mailing, at=now)
        except VestnikError as error:
            yield _at("issues", code, error)


def _touched(connection: sa.Connection, file: File) -> list[str]:
    """The issues of the file, and those in the database whose mailing it changes: their letters stand in its layout."""
    return [one.code for one in mailings.issues(connection) if one.code in file.issues or one.mailing in file.mailings]


def export(engine: sa.Engine, *, site: Site) -> str:
    """All definitions as a TOML file that :func:`apply` takes back without a difference."""
    document = tomlkit.document()
    with engine.connect() as connection:
        for kind, table in SHAPES.items():
            section = tomlkit.table(is_super_table=True)
            for row in connection.execute(sa.select(table).order_by(table.c.code)).mappings():
                section.add(row["code"], _toml(FORMS[kind].from_columns(row, site)))
            if section:
                document.add(kind, section)
    return tomlkit.dumps(document)


def _toml(values: Mapping[str, Any]) -> tomlkit.items.Table:
    table = tomlkit.table()
    for name, value in values.items():
        table.add(name, _inline(value))
    return table


def _inline(value: Any) -> Any:
    """Trees as inline tables, so that a group reads as one line."""
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        for name, inner in value.items():
            inline.append(name, _inline(inner))
        return inline
    return [_inline(inner) for inner in value] if isinstance(value, list) else value


FORMS: Mapping[str, type[GroupForm] | type[MailingForm] | type[IssueForm]] = {
    "groups": GroupForm,
    "mailings": MailingForm,
    "issues": IssueForm,
}
