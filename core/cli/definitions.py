"""`vestnik apply` and `vestnik export`: groups, mailings and issues as text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from core import definitions
from core.cli.root import DEFAULT, ConfigOption, cli, help_text, say, start
from core.definitions import Change
from core.definitions.remarks import remarks
from core.errors import N_

_SIGNS = {"created": "+", "changed": "~", "same": "="}


@cli.command(help=help_text(N_("Create or update groups, mailings and issues from a TOML file.")))
def apply(
    file: Annotated[Path, typer.Argument(help=help_text(N_("The file of definitions.")))],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=help_text(N_("Show the difference, change nothing.")))
    ] = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    read = definitions.read(file)
    changes = definitions.apply(
        app.engine,
        read,
        app.press,
        sources=app.config.sources,
        now=app.clock(),
        dry_run=dry_run,
    )
    for change in changes:
        _show(change)
    with app.engine.connect() as connection:
        for remark in remarks(connection, read):
            say.note(remark.template, **remark.values)
    different = sum(change.action != "same" for change in changes)
    if not different:
        say.line(N_("Nothing to change: the database says the same."))
    elif dry_run:
        say.line(N_("{count} would change; nothing was changed."), count=different)
    else:
        say.line(N_("{count} applied."), count=different)


def _show(change: Change) -> None:
    say.out.print(f"{_SIGNS[change.action]} {change.kind}.{change.code}", markup=False)
    for name, (before, after) in change.fields.items():
        say.out.print(f"    {name}: {_short(before)} → {_short(after)}", markup=False)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"


@cli.command(help=help_text(N_("Write all groups, mailings and issues as a TOML file.")))
def export(
    to: Annotated[Path | None, typer.Option("--to", "-o", help=help_text(N_("A file instead of the screen.")))] = None,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    text = definitions.export(app.engine, site=app.config.site)
    if to is None:
        sys.stdout.write(text)
    else:
        to.write_text(text, "utf-8")
        say.note(N_("Written to {file}."), file=str(to))
