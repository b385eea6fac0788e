"""`vestnik brand`: the look of letters, shown and set over the settings file."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from pydantic import ValidationError

from core import brand as room
from core.app import App
from core.brand import FIELDS, Brand, Look
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, local, say, start
from core.config import faults
from core.errors import N_, Misconfigured
from core.plugin import suggestion

brand = typer.Typer(no_args_is_help=True, help=help_text(N_("The look of letters.")))
cli.add_typer(brand, name="brand")


@brand.command(help=help_text(N_("How letters look, and what stands over the settings file.")))
def show(json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    look = _look(app)
    values = room.shown(look.over(app.config.site))
    if json:
        for name, value in values.items():
            say.json({"key": name, "value": value, "from": "database" if name in look.kept else "file"})
        return
    rows = [[name, _written(values[name]), _origin(app, look, name)] for name in FIELDS]
    say.table([N_("Key"), N_("Value"), N_("Set")], rows)


@brand.command("set", help=help_text(N_("Set one value: vestnik brand set colour '#b4381f'.")))
def set_(
    key: Annotated[str, typer.Argument(help=help_text(N_("logo_url, colour, phone, address or social.")))],
    value: Annotated[
        str, typer.Argument(help=help_text(N_("Social networks, one a line: ВКонтакте = https://vk.com/shop.")))
    ],
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    if key not in FIELDS:
        template = N_("There is no value {key!r} in the look of letters. {hint}")
        raise Misconfigured(template, key=key, hint=suggestion(key, FIELDS))
    values = room.shown(_look(app).over(app.config.site)) | {key: getattr(_checked({key: value}), key)}
    room.change(app.engine, app.config.site, Brand.model_construct(**values), now=app.clock())
    say.line(N_("Letters published from now on look like this."))


@brand.command(help=help_text(N_("Back to the values of the settings file.")))
def reset(config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    room.reset(app.engine, now=app.clock())
    say.line(N_("Letters published from now on look as the settings file says."))


@brand.command(help=help_text(N_("Take the last change back.")))
def undo(config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    number = _look(app).number
    room.undo(app.engine, number)
    say.line(N_("The last change is taken back.") if number else N_("There is nothing to take back."))


def _look(app: App) -> Look:
    with app.engine.connect() as connection:
        return room.in_force(connection)


def _checked(values: dict[str, Any]) -> Brand:
    try:
        return Brand.model_validate(values)
    except ValidationError as error:
        raise Misconfigured(N_("[{where}]: {faults}"), where="brand", faults=faults(error, Brand)) from None


def _written(value: Any) -> str:
    return "\n".join(f"{name} = {url}" for name, url in value.items()) if isinstance(value, dict) else str(value)


def _origin(app: App, look: Look, name: str) -> str:
    return local(app, look.changed_at) if name in look.kept else say._(N_("in the settings file"))
