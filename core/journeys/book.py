"""The book of scenarios: the files of the shelf, the copies that admins edited, and which of them are switched on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import sqlalchemy as sa

from core import tables
from core.db import retried, upsert, writing
from core.errors import N_, Misconfigured, VestnikError
from core.journeys.scenarios import Anchors, Scenario, Step, read
from core.plugin import suggestion

_scenarios, _looks, _ledger, _facts = tables.scenarios, tables.scenario_looks, tables.ledger, tables.facts
log = logging.getLogger("vestnik.journeys")


@dataclass(frozen=True)
class Shelf:
    """Where scenarios and their anchors are found: a site's own folder stands before ours."""

    anchors: Anchors
    local: Path | None = None

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The files: code → TOML. Raises Misconfigured for one that is not text."""
        ours = {Path(one.name).stem: one for one in files("scenarios").iterdir() if one.name.endswith(".toml")}
        own = {one.stem: one for one in sorted((self.local / "scenarios").glob("*.toml"))} if self.local else {}
        found = {}
        for code, file in sorted({**ours, **own}.items()):
            try:
                found[code] = file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise Misconfigured(N_("{file} cannot be read: {error}"), file=str(file), error=str(error)) from None
        return found


def every(connection: sa.Connection, shelf: Shelf) -> tuple[list[Scenario], dict[str, VestnikError]]:
    """All scenarios that can be read, those of the highest priority first, and what is wrong with the others."""
    kept = {row["code"]: row for row in connection.execute(sa.select(_scenarios)).mappings()}
    found, broken = [], {}
    for code in sorted(shelf.texts.keys() | kept.keys()):
        try:
            found.append(_scenario(code, shelf, kept.get(code)))
        except VestnikError as error:
            broken[code] = error
    return sorted(found, key=lambda one: (-one.form.priority, one.code)), broken


def active(connection: sa.Connection, shelf: Shelf) -> list[Scenario]:
    """The scenarios that are switched on, the most important first; one that cannot be read is said in the log."""
    found, broken = every(connection, shelf)
    for error in broken.values():
        log.error("%s", error)
    return [one for one in found if one.active]


def find(connection: sa.Connection, shelf: Shelf, code: str) -> Scenario:
    """The scenario named `code`. Raises Misconfigured with the known codes, or with what is wrong with it."""
    return _scenario(code, shelf, _must_exist(connection, shelf, code))


def text_of(connection: sa.Connection, shelf: Shelf, code: str) -> str:
    """The TOML in force of the scenario, also of one that cannot be read. Raises Misconfigured with the known codes."""
    row = _must_exist(connection, shelf, code)
    edited: str | None = row["edited"] if row else None
    return edited if edited is not None else shelf.texts.get(code, "")


def _must_exist(connection: sa.Connection, shelf: Shelf, code: str) -> sa.RowMapping | None:
    """The row of the scenario, None for one that is only a file. Raises Misconfigured with the known codes."""
    row = connection.execute(sa.select(_scenarios).where(_scenarios.c.code == code)).mappings().first()
    if row is None and code not in shelf.texts:
        raise Misconfigured(N_("There is no scenario {code!r}. {hint}"), code=code, hint=suggestion(code, shelf.texts))
    return row


def named(connection: sa.Connection, shelf: Shelf, issue: str) -> tuple[Scenario, Step]:
    """The scenario and the step that ``registration/3d`` names. Raises Misconfigured."""
    code, _, step = issue.partition("/")
    scenario = find(connection, shelf, code)
    return scenario, scenario.step(step)


def _scenario(code: str, shelf: Shelf, row: sa.RowMapping | None) -> Scenario:
    edited = row["edited"] if row else None
    text = edited if edited is not None else shelf.texts.get(code)
    if text is None:
        template = N_("The file of scenario {code!r} is gone. Put it back, or switch the scenario off.")
        raise Misconfigured(template, code=code)
    made = replace(read(code, text, shelf.anchors), edited=edited is not None)
    if row is None:
        return made
    return replace(made, active=bool(row["active"]), on_at=row["on_at"], since=row["since"])


@retried
def edit(engine: sa.Engine, shelf: Shelf, code: str, text: str | None, *, now: datetime) -> Scenario:
    """Keep `text` as an admin's copy of the scenario, or (None) go back to its file. Raises Misconfigured for faults.

    What stood there before is kept, for :func:`undo`.
    """
    if text is not None:
        read(code, text, shelf.anchors)
    with writing(engine) as connection:
        if text is None:
            _must_exist(connection, shelf, code)
        _keep(connection, code, {"edited": text, "before": _edited(connection, code)}, now=now)
        return find(connection, shelf, code)


@retried
def undo(engine: sa.Engine, shelf: Shelf, code: str, *, now: datetime) -> Scenario:
    """Take the last edit of the scenario back; done again, the edit is there again."""
    with writing(engine) as connection:
        _must_exist(connection, shelf, code)
        before = connection.scalar(sa.select(_scenarios.c.before).where(_scenarios.c.code == code))
        _keep(connection, code, {"edited": before, "before": _edited(connection, code)}, now=now)
        return find(connection, shelf, code)


def _edited(connection: sa.Connection, code: str) -> str | None:
    text: str | None = connection.scalar(sa.select(_scenarios.c.edited).where(_scenarios.c.code == code))
    return text


@retried
def switch_on(engine: sa.Engine, shelf: Shelf, code: str, *, now: datetime, past: timedelta = timedelta(0)) -> Scenario:
    """Let the scenario run for anchors from now on, and for those of the `past` if it is asked for."""
    since = now - past
    with writing(engine) as connection:
        scenario = find(connection, shelf, code)
        if not scenario.active:
            _keep(connection, code, {"active": True, "on_at": now, "since": since}, now=now)
            connection.execute(sa.delete(_looks).where(_looks.c.scenario == code))
        return find(connection, shelf, code)


@retried
def switch_off(engine: sa.Engine, shelf: Shelf, code: str, *, now: datetime) -> int:
    """Stop the scenario at once: letters that were put off or queued do not go. How many were put off."""
    with writing(engine) as connection:
        _must_exist(connection, shelf, code)
        _keep(connection, code, {"active": False}, now=now)
        waiting = (_ledger.c.scenario == code, _ledger.c.status == "deferred")
        reason = VestnikError(N_("the scenario was switched off"))
        given_up = sa.update(_ledger).where(*waiting).values(status="skipped", reason=reason, decided_at=now)
        return connection.execute(given_up).rowcount


def _keep(connection: sa.Connection, code: str, values: Mapping[str, object], *, now: datetime) -> None:
    known = connection.scalar(sa.select(_scenarios.c.code).where(_scenarios.c.code == code))
    if known is None:
        upsert(connection, _scenarios, [{"code": code, "active": False, **values, "changed_at": now}], key=("code",))
    else:
        connection.execute(sa.update(_scenarios).where(_scenarios.c.code == code).values(**values, changed_at=now))
