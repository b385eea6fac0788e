"""`vestnik groups`: who is in a group, now or at any moment; why; and who came and went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from core import definitions
from core import groups as room
from core.address import normalised
from core.app import App
from core.cli import explaining
from core.cli.root import DEFAULT, AtOption, ConfigOption, JsonOption, cli, help_text, local, moment, say, start
from core.db import writing
from core.errors import N_, Misconfigured
from core.groups import Group, preview, snapshots
from core.groups.explain import explain as explained
from core.rules import WORDS, World

groups = typer.Typer(no_args_is_help=True, help=help_text(N_("Groups of recipients.")))
cli.add_typer(groups, name="groups")

CodeArgument = Annotated[str, typer.Argument(help=help_text(N_("The group's code.")))]


def world_of(app: App, connection: sa.Connection, at: str = "") -> World:
    """The world that groups are asked in, now or at the moment `at`."""
    site = app.config.site
    return room.world(connection, now=moment(app, at), timezone=site.timezone, currency=site.currency)


@groups.command("list", help=help_text(N_("All groups with how many addresses each has now.")))
def list_(json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        world = world_of(app, connection)
        rows = [
            {"code": one.code, "name": one.name, "static": one.static, "count": room.count(connection, [one], world)}
            for one in room.every(connection)
        ]
    if json:
        for row in rows:
            say.json(row)
        return
    kinds = {False: say._(N_("asked anew")), True: say._(N_("frozen"))}
    shown = [[row["code"], row["name"], kinds[bool(row["static"])], row["count"]] for row in rows]
    say.table([N_("Code"), N_("Name"), N_("List"), N_("Addresses")], shown)


@groups.command(help=help_text(N_("How many addresses a group has.")))
def count(code: CodeArgument, at: AtOption = "", json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        world = world_of(app, connection, at)
        number = room.count(connection, [room.find(connection, code)], world)
    if json:
        say.json({"group": code, "at": world.now, "count": number})
    else:
        say.out.print(number)


@groups.command(help=help_text(N_("The addresses of a group, one a line.")))
def export(code: CodeArgument, at: AtOption = "", json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        for row in room.people_in(connection, room.find(connection, code), world_of(app, connection, at)):
            if json:
                say.json(row)
            else:
                say.plain(f"{row['email']}\t{row['name']}")


@groups.command(help=help_text(N_("The SQL that a group becomes.")))
def sql(code: CodeArgument, at: AtOption = "", config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        query = room.members([room.find(connection, code)], world_of(app, connection, at))
        text = query.compile(connection, compile_kwargs={"literal_binds": True})
    say.out.print(str(text), markup=False)


@groups.command(help=help_text(N_("The words that rules are made of; with a word, its whole form.")))
def words(
    word: Annotated[str, typer.Argument(help=help_text(N_("One word.")))] = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    if config.exists():
        start(config)  # for its language
    if word:
        explaining.form(word, as_json=json)
        return
    rows = [
        {"word": word.code, "title": say._(word.title), "example": {word.code: word.example}} for word in WORDS.values()
    ]
    if json:
        for row in rows:
            say.json(row)
    else:
        say.table([N_("Word"), N_("Meaning"), N_("Example")], [list(row.values()) for row in rows])


@groups.command(help=help_text(N_("Why an address is in a group, or is not: each condition with its value.")))
def explain(
    code: CodeArgument,
    email: Annotated[str, typer.Argument(help=help_text(N_("The address.")))],
    at: AtOption = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        group, world = room.find(connection, code), world_of(app, connection, at)
        found = explained(connection, group, world, email=normalised(email))
    if not found:
        raise Misconfigured(N_("Nobody has the address {email}: no source has told of it."), email=email)
    for one in found:
        explaining.show(one, group, past=bool(at) and world.now < app.clock(), as_json=json)


@groups.command(
    "preview", help=help_text(N_("A group before it is saved: how many, whom letters reach, at what cost."))
)
def preview_(
    code: CodeArgument,
    file: Annotated[Path | None, typer.Option("--file", help=help_text(N_("A file of definitions with it.")))] = None,
    at: AtOption = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        world = world_of(app, connection, at)
        group = _drafted(file, code) if file else room.find(connection, code)
        room.checked(group, world)
        others = [one for one in room.every(connection) if one.code != code]
        explaining.preview(
            group,
            preview.reach(connection, group, world),
            preview.sample(connection, group, world),
            preview.overlap(connection, group, world, others),
            preview.cost(connection, group, world),
            as_json=json,
        )


def _drafted(file: Path, code: str) -> Group:
    forms = definitions.read(file).groups
    if code not in forms:
        raise room.unknown(code, list(forms))
    return Group(code, forms[code].name or code, forms[code].include, forms[code].exclude)


@groups.command(help=help_text(N_("Who joined and left a group between two moments, and which condition changed.")))
def diff(
    code: CodeArgument,
    since: Annotated[str, typer.Option("--from", help=help_text(N_("The earlier moment.")))],
    until: Annotated[str, typer.Option("--to", help=help_text(N_("The later moment; now by default.")))] = "",
    limit: Annotated[int, typer.Option(min=0, help=help_text(N_("How many addresses of each side to show.")))] = 20,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        group, world = room.find(connection, code), world_of(app, connection)
        found = snapshots.compare(connection, group, world, since=moment(app, since), until=moment(app, until))
        explaining.difference(connection, found, group, world, limit=limit, as_json=json)


@groups.command(help=help_text(N_("Keep who is in a group now, to compare it with later.")))
def snapshot(code: CodeArgument, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with writing(app.engine) as connection:
        group, world = room.find(connection, code), world_of(app, connection)
        size = snapshots.keep(connection, group, snapshots.asked(connection, group, world), at=world.now)
    say.line(N_("{count} addresses are in {group} now; kept."), count=size, group=code)


@groups.command(help=help_text(N_("The snapshots kept of a group.")))
def history(code: CodeArgument, json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        rows = snapshots.history(connection, room.find(connection, code).code)
    if json:
        for row in rows:
            say.json(dict(row))
        return
    shown: Sequence[list[object]] = [[local(app, row["at"]), row["size"], row["posting_id"] or "–"] for row in rows]
    say.table([N_("When"), N_("Addresses"), N_("Posting")], list(shown))


@groups.command(help=help_text(N_("Make a group static: its list stays as it is now.")))
def freeze(
    code: CodeArgument,
    copy: Annotated[
        str, typer.Option("--as", help=help_text(N_("Leave it dynamic, freeze a copy of this code.")))
    ] = "",
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    with writing(app.engine) as connection:
        group, world = room.find(connection, code), world_of(app, connection)
        if copy:
            size = snapshots.copy_frozen(connection, group, world, code=copy, name=f"{group.name}, {world.today}")
        else:
            size = snapshots.freeze(connection, group, world)
    say.line(N_("{group} is a list of {count} addresses now."), group=copy or code, count=size)


@groups.command(help=help_text(N_("Make a static group dynamic again: its rule is asked anew at each posting.")))
def thaw(code: CodeArgument, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with writing(app.engine) as connection:
        group, world = room.find(connection, code), world_of(app, connection)
        snapshots.thaw(connection, group, world)
    say.line(N_("{group} is dynamic again."), group=code)
