"""`vestnik init` and `vestnik doctor`: the settings file, and whether everything in it works."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Annotated

import sqlalchemy as sa
import typer

from core import actors, coupons
from core.app import App
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, say, start
from core.errors import N_, Misconfigured, VestnikError, masked
from core.i18n import message, said
from core.source import Finding


@cli.command(help=help_text(N_("Write a commented settings file to begin with.")))
def init(
    force: Annotated[bool, typer.Option("--force", help=help_text(N_("Overwrite a file that is there.")))] = False,
    config: ConfigOption = DEFAULT,
) -> None:
    if config.exists() and not force:
        raise Misconfigured(
            N_("{file} is there already. Nothing was written; --force overwrites it."), file=str(config)
        )
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(files("core").joinpath("vestnik.example.toml").read_text("utf-8"), "utf-8")
    config.chmod(0o600)  # passwords may be written into it
    say.line(N_("Written to {file}. Fill in [sources.shop], then: vestnik doctor."), file=str(config))


@cli.command(help=help_text(N_("Check the database, the broker, the relay and every source; exit code 1 on a fault.")))
def doctor(json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    faults = 0
    for area, finding in _findings(app):
        faults += not finding.ok
        if json:
            say.json({"area": area, "what": finding.what, "ok": finding.ok, "advice": _advice(finding)})
        else:
            _show(area, finding)
    if faults:
        say.error(say._(N_("Faults found: {count}."), count=faults))
        raise typer.Exit(1)
    say.note(N_("Everything is in order."))


def _show(area: str, finding: Finding) -> None:
    sign = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
    say.out.print(f"{sign} ", end="")
    say.out.print(f"{area}: {masked(finding.what)}", markup=False)
    if finding.advice:
        say.out.print(f"    {_advice(finding)}", markup=False)


def _advice(finding: Finding) -> str:
    return masked(said(finding.advice, say.language))


def _findings(app: App) -> Iterator[tuple[str, Finding]]:
    yield "database", _database(app)
    yield "broker", _broker(app)
    for finding in _channel(app):
        yield "smtp", finding
    for name in app.config.channels:
        for finding in _carrier(app, name):
            yield f"channels.{name}", finding
    for name in app.config.sources:
        for finding in _source(app, name):
            yield f"sources.{name}", finding
    yield from _coupons(app)
    if not app.config.sources:
        advice = say._(N_("The settings name no source. Add [sources.shop] with connector and url."))
        yield "sources", Finding(say._(N_("none")), ok=False, advice=advice)


def _coupons(app: App) -> Iterator[tuple[str, Finding]]:
    """What the last audits found: coupons that letters promise and shops do not have, shops that could not be asked."""
    try:
        found = list(coupons.alarms(app.engine))
    except VestnikError:
        return  # the database has been said to be away
    for one in found:
        missing = VestnikError(
            N_("{count} coupons were issued and not used, and are not in the shop. See: vestnik coupons reconcile"),
            count=len(one.differences),
        )
        yield "coupons", Finding(f"{one.source}, {one.rule}", ok=False, advice=one.error or missing)


def _database(app: App) -> Finding:
    what = app.engine_url()
    try:
        with app.engine.connect() as connection:
            connection.execute(sa.select(1))
        return Finding(what, ok=True)
    except VestnikError as error:
        return Finding(what, ok=False, advice=message(error, say.language))


def _broker(app: App) -> Finding:
    url = app.config.broker.url.get_secret_value()
    try:
        actors.check(app.config.broker)
        return Finding(masked(url), ok=True)
    except VestnikError as error:
        return Finding(masked(url), ok=False, advice=message(error, say.language))


def _channel(app: App) -> Iterator[Finding]:
    if not app.config.smtp.host:
        yield Finding(say._(N_("the built-in mailbox (starts with `vestnik run`)")), ok=True)
        return
    try:
        yield from app.channel.check()
    except VestnikError as error:
        yield Finding(app.config.smtp.host, ok=False, advice=message(error, say.language))


def _carrier(app: App, name: str) -> Iterator[Finding]:
    """A channel beside e-mail, for steps of scenarios."""
    try:
        yield from app.carrier(name).check()
    except VestnikError as error:
        yield Finding(name, ok=False, advice=message(error, say.language))


def _source(app: App, name: str) -> Iterator[Finding]:
    try:
        yield from app.source(name).check()
    except VestnikError as error:
        yield Finding(name, ok=False, advice=message(error, say.language))
