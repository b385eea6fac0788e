"""`vestnik groups`: who is in a group, now or at any moment."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
import typer

from core import groups as room
from core.cli.root import DEFAULT, AtOption, ConfigOption, JsonOption, cli, help_text, moment, say, start
from core.errors import N_
from core.rules import WORDS, World
from core.tables import recipient_groups

groups = typer.Typer(no_args_is_help=True, help=help_text(N_("Groups of recipients.")))
cli.add_typer(groups, name="groups")

CodeArgument = Annotated[str, typer.Argument(help=help_text(N_("The group's code.")))]


@groups.command("list", help=help_text(N_("All groups with how many addresses each has now.")))
def list_(json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    world = World(app.clock(), app.config.site.timezone)
    with app.engine.connect() as connection:
        codes = list(connection.scalars(sa.select(recipient_groups.c.code).order_by(recipient_groups.c.code)))
        found = [room.find(connection, code) for code in codes]
        rows = [{"code": one.code, "name": one.name, "count": room.count(connection, [one], world)} for one in found]
    if json:
        for row in rows:
            say.json(row)
    else:
        say.table([N_("Code"), N_("Name"), N_("Addresses")], [list(row.values()) for row in rows])


@groups.command(help=help_text(N_("How many addresses a group has.")))
def count(code: CodeArgument, at: AtOption = "", json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    now = moment(app, at)
    with app.engine.connect() as connection:
        number = room.count(connection, [room.find(connection, code)], World(now, app.config.site.timezone))
    if json:
        say.json({"group": code, "at": now, "count": number})
    else:
        say.out.print(number)


@groups.command(help=help_text(N_("The addresses of a group, one a line.")))
def export(code: CodeArgument, at: AtOption = "", json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    world = World(moment(app, at), app.config.site.timezone)
    with app.engine.connect() as connection:
        for row in room.people_in(connection, room.find(connection, code), world):
            if json:
                say.json(row)
            else:
                say.out.print(f"{row['email']}\t{row['name']}", markup=False)


@groups.command(help=help_text(N_("The SQL that a group becomes.")))
def sql(code: CodeArgument, at: AtOption = "", config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        group = room.find(connection, code)
        query = room.members([group], World(moment(app, at), app.config.site.timezone))
        text = query.compile(connection, compile_kwargs={"literal_binds": True})
    say.out.print(str(text), markup=False)


@groups.command(help=help_text(N_("The words that rules are made of.")))
def words(json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    if config.exists():
        start(config)  # for its language
    rows = [
        {"word": word.code, "title": say._(word.title), "example": {word.code: word.example}} for word in WORDS.values()
    ]
    if json:
        for row in rows:
            say.json(row)
    else:
        say.table([N_("Word"), N_("Meaning"), N_("Example")], [list(row.values()) for row in rows])
