"""`vestnik pull`: read what is new in the sources."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from core import intake, leases, runs
from core.app import App
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, say, start
from core.errors import N_, Misconfigured
from core.i18n import message
from core.intake import KindReport
from core.source import Source


@cli.command(help=help_text(N_("Read what is new in one source, or in all of them.")))
def pull(
    source: Annotated[str, typer.Argument(help=help_text(N_("Its name in the settings; all when left out.")))] = "",
    full: Annotated[bool, typer.Option("--full", help=help_text(N_("Read everything again.")))] = False,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    chosen = [app.source(source)] if source else list(app.sources.values())
    if not chosen:
        raise Misconfigured(N_("The settings name no source. Add [sources.shop] with connector and url."))
    leases.free_dead(app.engine)
    reports = [(one.name, report) for one in chosen for report in _pull(app, one, full)]
    for one in chosen:
        runs.count_buyers(app, one)
    _print(reports, json)
    failed = [report for _, report in reports if report.error]
    for report in failed:
        assert report.error is not None
        say.error(message(report.error, say.language))
    if failed:
        raise typer.Exit(1)


def _pull(app: App, source: Source, full: bool) -> list[KindReport]:
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=say.err,
        disable=not sys.stderr.isatty(),
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(report: KindReport) -> None:
            kind = report.kind.value
            if kind not in tasks:
                tasks[kind] = bars.add_task(f"{source.name}: {kind}", total=None)
            bars.update(tasks[kind], completed=report.read, total=report.total)

        return intake.pull(app.engine, source, clock=app.clock, full=full, progress=show)


def _print(reports: list[tuple[str, KindReport]], json: bool) -> None:
    if json:
        for source, report in reports:
            say.json(_values(source, report))
        return
    columns = [N_("Source"), N_("Kind"), N_("Read"), N_("Changed"), N_("Refused"), N_("Gone")]
    say.table(columns, [[s, r.kind.value, r.read, r.changed, r.refused, r.gone] for s, r in reports])
    bad = [(source, report.kind.value, one) for source, report in reports for one in report.bad]
    for source, kind, one in bad[:20]:
        say.note(N_("{source}, {kind} {id}: {reason}"), source=source, kind=kind, id=one.external_id, reason=one.reason)
    if len(bad) > 20:
        say.note(N_("… and {count} more, see the page of refused rows."), count=len(bad) - 20)


def _values(source: str, report: KindReport) -> dict[str, Any]:
    return {
        "source": source,
        "kind": report.kind.value,
        "read": report.read,
        "changed": report.changed,
        "refused": report.refused,
        "gone": report.gone,
        "error": str(report.error) if report.error else None,
    }
