"""`vestnik scenarios` and `vestnik scenario`: which there are, what they say, switched on and off, edited, exported."""

from __future__ import annotations

import difflib
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from core import schedule, showing, switching, wording
from core.app import App
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, local, say, start
from core.errors import N_, Misconfigured, VestnikError
from core.i18n import message
from core.journeys import Scenario, book, figures
from core.journeys.figures import Figures
from core.journeys.retouching import read_value, retouched
from core.showing import Told
from core.switching import AtOnce

scenario = typer.Typer(no_args_is_help=True, help=help_text(N_("One scenario: look at it, switch it, edit it.")))
cli.add_typer(scenario, name="scenario")

CodeArgument = Annotated[str, typer.Argument(help=help_text(N_("The scenario's code.")))]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help=help_text(N_("A file instead of the screen.")))]


@cli.command("scenarios", help=help_text(N_("All scenarios: which are on, and their letters of the last 30 days.")))
def scenarios(json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        found, broken = book.every(connection, app.office.shelf)
        counts = figures.by_scenario(connection, now=app.clock())
    if json:
        for one in found:
            say.json(_values(one, counts[one.code]))
        for code, error in broken.items():
            say.json({"code": code, "error": message(error, say.language)})
        return
    columns = [N_("Code"), N_("Name"), N_("State"), N_("Letters"), N_("Queued"), N_("Sent"), N_("Skipped")]
    say.table([*columns, N_("Put off")], [_line(app, one, counts[one.code]) for one in found])
    for error in broken.values():
        say.error(message(error, say.language))


def _values(one: Scenario, counts: Figures) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.form.name,
        "active": one.active,
        "on_at": one.on_at if one.active else None,
        "since": one.since if one.active else None,
        "edited": one.edited,
        "letters": [one.issue(step) for step in one.chain],
        "queued": counts.queued,
        "sent": counts.sent,
        "skipped": counts.skipped,
        "deferred": counts.deferred,
    }


def _line(app: App, one: Scenario, counts: Figures) -> list[Any]:
    numbers = [counts.queued, counts.sent, counts.skipped, counts.deferred]
    return [one.code, one.form.name, _state(app, one), len(one.chain), *numbers]


def _state(app: App, one: Scenario) -> str:
    state = say._(N_("on since {at}"), at=local(app, one.on_at)) if one.active else say._(N_("off"))
    return f"{state}, {say._(N_('edited'))}" if one.edited else state


@scenario.command(help=help_text(N_("What a scenario does: its parameters, its letters, its state.")))
def show(code: CodeArgument, json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    found = switching.find(app, code)
    told = showing.timeline(app, found)
    if json:
        with app.engine.connect() as connection:
            counts = figures.by_scenario(connection, now=app.clock())[code]
        steps = [_step_values(found, one) for one in told]
        say.json(_values(found, counts) | {"form": found.form.model_dump(mode="json"), "steps": steps})
        return
    say.line("{name} ({code}): {state}", name=found.form.name, code=code, state=_state(app, found))
    if found.form.description:
        say.line("{text}", text=found.form.description)
    say.table([N_("Parameter"), N_("Value"), N_("Key")], [[*one] for one in _parameters(found)])
    _show_letters(told)
    for one in told:
        if one.fault:
            fault = message(one.fault, say.language)
            say.error(say._(N_("Letter {letter}: {error}"), letter=one.letter, error=fault))


def _step_values(found: Scenario, one: Told) -> dict[str, Any]:
    return {
        "issue": found.issue(one.step),
        "after": one.step.form.after,
        "letter": one.letter,
        "subject": one.subject,
        "preheader": one.preheader,
        "coupons": [wording.promise(promise, say.language) for promise in one.promises],
        "channel": one.step.form.channel,
        "conditions": list(wording.conditions(one.step, say.language)),
        "error": message(one.fault, say.language) if one.fault else None,
    }


def _parameters(found: Scenario) -> list[tuple[str, str, str]]:
    rows = [(one.title, one.value, one.path) for one in wording.parameters(found, say.language)]
    ends = ((N_("Goal"), found.form.goal, "goal"), (N_("Ends without its goal"), found.form.stop, "stop"))
    for title, some, key in ends:
        rows.append((say._(title), "; ".join(wording.end(one, say.language) for one in some) or "–", key))
    return rows


def _show_letters(told: list[Told]) -> None:
    say.out.print()
    columns = [N_("Step"), N_("When"), N_("Letter"), N_("Subject"), N_("Coupon"), N_("Channel"), N_("Condition")]
    say.table(columns, [_letter_line(one) for one in told])


def _letter_line(one: Told) -> list[str]:
    coupons = "; ".join(wording.promise(promise, say.language) for promise in one.promises)
    channel = wording.value_of(one.step.form.channel, say.language)
    when, conditions = (
        wording.when(one.step.offset, say.language),
        "; ".join(wording.conditions(one.step, say.language)),
    )
    return [one.step.code, when, one.letter, one.subject or "–", coupons or "–", channel, conditions or "–"]


@scenario.command(help=help_text(N_("Switch a scenario on, once everything in it works.")))
def on(
    code: CodeArgument,
    past: Annotated[
        str, typer.Option("--past", help=help_text(N_("Also for what happened so long ago: 30d. It is counted first.")))
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help=help_text(N_("Do not ask.")))] = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    found = switching.find(app, code)
    if found.active:
        say.line(N_("Scenario {code} is on already, since {at}."), code=code, at=local(app, found.on_at))
        return
    switching.check(app, found)
    length = schedule.duration(past) if past else timedelta(0)
    if length:
        _show_at_once(switching.at_once(app, found, length))
        if not yes:
            typer.confirm(say._(N_("Switch it on for these too?")), abort=True)
    done = switching.on(app, code, past=length)
    say.line(N_("Scenario {code} is on."), code=code)
    if length:
        say.line(N_("What happened since {at} counts too."), at=local(app, done.since))
    else:
        say.line(N_("Only what happens from now on counts; --past 30d takes the last 30 days in as well."))


def _show_at_once(found: list[AtOnce]) -> None:
    columns = [N_("Letter"), N_("Would go at once"), N_("Put off"), N_("Would not go")]
    say.table(columns, [[one.step, one.go, one.later, one.never] for one in found])


@scenario.command(help=help_text(N_("Switch a scenario off: letters that wait do not go any more.")))
def off(code: CodeArgument, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    dropped = switching.off(app, code)
    template = N_("Scenario {code} is off. Letters put off until later that do not go any more: {count}.")
    say.line(template, code=code, count=dropped)


@scenario.command(help=help_text(N_("Edit a scenario in your editor; nothing is kept while it has faults.")))
def edit(code: CodeArgument, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    text = _text(app, code)
    written = text
    while True:
        written = _edited(written)
        if written == text:
            say.line(N_("Nothing was changed."))
            return
        try:
            switching.keep(app, code, written)
        except VestnikError as error:
            say.error(message(error, say.language))
            if not sys.stdin.isatty() or not typer.confirm(say._(N_("Nothing was kept. Edit it again?")), default=True):
                raise typer.Exit(1) from None
        else:
            break
    _kept(code)


def _edited(text: str) -> str:
    try:
        written = click.edit(text, extension=".toml")
    except click.ClickException as error:
        raise Misconfigured(N_("The editor failed: {error}. Set EDITOR."), error=error.format_message()) from None
    return text if written is None else written


def _text(app: App, code: str) -> str:
    """The text in force, also of a scenario that cannot be read any more."""
    shelf = app.office.shelf
    with app.engine.connect() as connection:
        return book.text_of(connection, shelf, code)


def _kept(code: str) -> None:
    say.line(N_("The edited copy of scenario {code} is kept. `vestnik scenario undo {code}` takes it back."), code=code)


@scenario.command(
    "set", help=help_text(N_("Change single values: priority=60 steps.3d.after='4 days'; key= takes it out."))
)
def set_(
    code: CodeArgument,
    values: Annotated[list[str], typer.Argument(help=help_text(N_("key=value, as many as you like.")))],
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    text = _text(app, code)
    written = retouched(text, dict(map(_pair, values)))
    if written == text:
        say.line(N_("Nothing was changed."))
        return
    switching.keep(app, code, written)
    _show_difference(code, text, written)
    _kept(code)


def _pair(words: str) -> tuple[str, Any]:
    path, sign, value = words.partition("=")
    if not sign:
        raise Misconfigured(N_("“{words}”: write key=value, such as priority=60."), words=words)
    return path.strip(), read_value(value.strip()) if value.strip() else None


@scenario.command(help=help_text(N_("Keep the text of a file as a scenario's edited copy.")))
def apply(
    file: Annotated[Path, typer.Argument(help=help_text(N_("A file as `scenario export` writes it.")))],
    code: Annotated[
        str, typer.Option("--code", help=help_text(N_("The scenario's code (none: the file's name).")))
    ] = "",
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(N_("{file} cannot be read: {error}"), file=str(file), error=str(error)) from None
    code = code or file.stem
    switching.keep(app, code, text)
    _kept(code)


@scenario.command(help=help_text(N_("Write the scenario's text as it is in force.")))
def export(code: CodeArgument, out: OutOption = None, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    text = _text(app, code)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise Misconfigured(N_("{file} cannot be written: {error}"), file=str(out), error=str(error)) from None
    say.note(N_("Written to {file}."), file=str(out))


@scenario.command(help=help_text(N_("Forget the edited copy: the scenario is again as its file says.")))
def reset(code: CodeArgument, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    switching.keep(app, code, None)
    say.line(N_("Scenario {code} is as its file says. `vestnik scenario undo {code}` takes that back."), code=code)


@scenario.command(help=help_text(N_("Take the last edit back; once more: it is there again.")))
def undo(code: CodeArgument, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    before = _text(app, code)
    done = switching.undo(app, code)
    _show_difference(code, before, done.text)
    say.line(N_("The last edit of scenario {code} is taken back."), code=code)


@scenario.command(help=help_text(N_("How the edited copy differs from the file.")))
def diff(code: CodeArgument, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    text, file = _text(app, code), app.office.shelf.texts.get(code, "")
    if text == file:
        say.line(N_("Scenario {code} is as its file says."), code=code)
        return
    _show_difference(code, file, text)


def _show_difference(code: str, before: str, after: str) -> None:
    name = f"scenarios/{code}.toml"
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="", n=1)
    for line in lines:
        say.plain(line)
