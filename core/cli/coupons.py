"""`vestnik coupons`: the discount rules of the shops, what coupons were issued, and what became of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from core import coupons as room
from core import runs, tables
from core.app import App
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, local, say, start
from core.coupons import Account, Standing
from core.errors import N_, Misconfigured, VestnikError
from core.i18n import message
from core.model import DiscountRule
from core.source import Source
from core.words import COUPONS

coupons = typer.Typer(no_args_is_help=True, help=help_text(N_("Coupons: rules, what was issued, the pool.")))
cli.add_typer(coupons, name="coupons")

SourceOption = Annotated[str, typer.Option("--source", help=help_text(N_("Its name in the settings.")))]
RuleOption = Annotated[str, typer.Option("--rule", help=help_text(N_("The discount rule's id in the shop.")))]
_table = tables.coupons


@coupons.command(help=help_text(N_("The discount rules of the shops, and why some carry no coupons.")))
def rules(source: SourceOption = "", json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    chosen = [app.source(source)] if source else list(app.sources.values())
    found = [(one.name, rule) for one in chosen for rule in _rules(app, one)]
    if json:
        for name, rule in found:
            say.json({"source": name, "rule": rule.external_id, "name": rule.name, "refusal": rule.refusal})
        return
    columns = [N_("Source"), N_("Rule"), N_("Name"), N_("User groups"), N_("Coupons")]
    say.table(columns, [[name, one.external_id, one.name, ", ".join(one.groups), _usable(one)] for name, one in found])


def _rules(app: App, source: Source) -> list[DiscountRule]:
    gift = source.coupons()
    if gift is None:
        say.note(N_("Source {source!r} makes no coupons, or is not allowed to."), source=source.name)
        return []
    return gift.rules(now=app.clock())


def _usable(rule: DiscountRule) -> str:
    return message(rule.refusal, say.language) if rule.refusal else say._(N_("yes"))


@coupons.command("list", help=help_text(N_("The newest coupons: whose, until when, and what became of them.")))
def list_(
    source: SourceOption = "",
    rule: RuleOption = "",
    status: Annotated[Standing | None, typer.Option("--status", help=help_text(N_("Only these.")))] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=help_text(N_("How many at most.")))] = 50,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    wanted = {"source": source, "rule": rule, "status": status.value if status else ""}
    rows = _newest(app, {name: value for name, value in wanted.items() if value}, limit)
    if json:
        for row in rows:
            say.json(dict(row))
        return
    columns = [N_("Code"), N_("Source"), N_("Rule"), N_("Address"), N_("Valid until"), N_("Status"), N_("Orders")]
    say.table(columns, [_line(app, row) for row in rows])


def _newest(app: App, wanted: dict[str, str], limit: int) -> list[sa.RowMapping]:
    letters = tables.recipients
    names = ("code", "source", "rule", "status", "valid_until", "made_at", "used_at", "orders")
    query = (
        sa.select(*(_table.c[name] for name in names), letters.c.email)
        .outerjoin(letters, letters.c.id == _table.c.recipient_id)
        .where(*(_table.c[name] == value for name, value in wanted.items()))
        .order_by(_table.c.id.desc())
        .limit(limit)
    )
    with app.engine.connect() as connection:
        return list(connection.execute(query).mappings())


def _line(app: App, row: sa.RowMapping) -> list[Any]:
    orders = ", ".join(row["orders"] or ())
    status = say._(COUPONS[row["status"]])
    return [
        row["code"] or "–",
        row["source"],
        row["rule"],
        row["email"],
        local(app, row["valid_until"]),
        status,
        orders,
    ]


@coupons.command(
    help=help_text(N_("Ask the shops about every coupon: issued = active + used + removed, or exit code 1."))
)
def reconcile(
    accept: Annotated[
        bool, typer.Option("--accept", help=help_text(N_("Count those missing as removed: whoever did it meant to.")))
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    errors = runs.audit_coupons(app)
    if accept:
        room.forgive(app.engine, now=app.clock())
    found = room.accounts(app.engine)
    _show(app, found, json=json)
    for error in errors:
        say.error(message(error, say.language))
    if errors or any(one.differences for one in found):
        raise typer.Exit(1)


def _show(app: App, found: list[Account], *, json: bool) -> None:
    if json:
        for one in found:
            say.json(_values(one))
        return
    columns = [N_("Source"), N_("Rule"), N_("Issued"), N_("Active"), N_("Used"), N_("Removed"), N_("Missing")]
    rows = [
        [one.source, one.rule, one.issued, one.active, one.used, one.removed, len(one.differences)] for one in found
    ]
    say.table([*columns, N_("In the pool")], [[*row, one.free] for row, one in zip(rows, found, strict=True)])
    for one in found:
        for code in one.differences:
            template = N_("{source}, rule {rule}: {code} was issued, nobody used it, and it is not in the shop.")
            say.line(template, source=one.source, rule=one.rule, code=code)


def _values(one: Account) -> dict[str, Any]:
    counts = {name: getattr(one, name) for name in ("issued", "active", "used", "removed", "free")}
    rest = {"missing": list(one.differences), "audited_at": one.audited_at, "error": one.error or None}
    return {"source": one.source, "rule": one.rule, **counts, **rest}


@coupons.command("import", help=help_text(N_("Put codes made elsewhere into the pool of a source that makes none.")))
def import_(
    file: Annotated[Path, typer.Argument(help=help_text(N_("A CSV file; the codes are its first column.")))],
    source: SourceOption,
    rule: RuleOption,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    if app.source(source).coupons() is not None:
        raise Misconfigured(N_("Source {source!r} makes its coupons itself: it takes none from a pool."), source=source)
    if not rule.strip() or len(rule) > 64:
        raise Misconfigured(N_("--rule must have 1 to 64 characters."))
    done = room.put_in(app.engine, _codes(file), source=source, rule=rule.strip(), now=app.clock())
    for error in done.bad[:20]:
        say.error(message(error, say.language))
    say.line(
        N_("New codes: {added}, known before: {known}, refused: {bad}."), **_counted(done.added, done.known, done.bad)
    )
    if done.bad:
        raise typer.Exit(1)


def _counted(added: int, known: int, bad: tuple[VestnikError, ...]) -> dict[str, int]:
    return {"added": added, "known": known, "bad": len(bad)}


def _codes(file: Path) -> Iterator[str]:
    """The first column, whatever separates it; a head line named "code" or "coupon" is none."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(N_("{file} cannot be read: {error}"), file=str(file), error=str(error)) from None
    separator = ";" if lines and ";" in lines[0] else ","
    for number, row in enumerate(csv.reader(lines, delimiter=separator)):
        code = row[0].strip() if row else ""
        head = number == 0 and code.casefold() in {"code", "coupon", "код", "купон", "промокод"}
        yield "" if head else code
