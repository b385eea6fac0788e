"""`vestnik rfm` and `vestnik cohorts`: what the buyers of a source are worth, and whether they come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from core import buyers as room
from core.app import App
from core.buyers import cuts as cut_offs
from core.buyers.cohorts import Cell, Cohort, cohorts, span
from core.buyers.segments import Segment, segments
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, local, say, start
from core.errors import N_, Misconfigured
from core.model import Kind

rfm = typer.Typer(invoke_without_command=True)
cli.add_typer(rfm, name="rfm")

SourceOption = Annotated[
    str, typer.Option("--source", help=help_text(N_("Its name in the settings; all when left out.")))
]


@rfm.callback(help=help_text(N_("The ten RFM segments of each source: contacts, revenue, who is on a border.")))
def show(
    context: typer.Context, source: SourceOption = "", json: JsonOption = False, config: ConfigOption = DEFAULT
) -> None:
    if context.invoked_subcommand:
        return
    app = start(config)
    for name in _counted(app, source):
        with app.engine.connect() as connection:
            found = cut_offs.find(connection, name)
            lines = segments(connection, found.scale, now=app.clock()) if found else []
        if json:
            for line in lines:
                say.json(_values(name, line))
        else:
            _print(name, lines)


def _counted(app: App, source: str) -> Iterator[str]:
    """The names of the chosen sources that have orders, each counted up to now."""
    chosen = [app.source(source)] if source else list(app.sources.values())
    if not chosen:
        raise Misconfigured(N_("The settings name no source. Add [sources.shop] with connector and url."))
    for one in chosen:
        if Kind.ORDERS in one.capabilities:
            room.refresh(app.engine, one.name, now=app.clock(), currency=app.config.site.currency)
            yield one.name


def _values(source: str, line: Segment) -> dict[str, Any]:
    return {
        "source": source,
        "segment": line.code,
        "contacts": line.contacts,
        "share": line.share,
        "orders": line.orders,
        "revenue": line.revenue,
        "average": line.average,
        "up": line.up,
        "down": line.down,
    }


def _print(source: str, lines: list[Segment]) -> None:
    say.line(N_("Source {source}:"), source=source)
    columns = [N_("Segment"), N_("Code"), N_("Contacts"), N_("Share, %"), N_("Revenue"), N_("Per contact")]
    columns += [N_("Border up"), N_("Border down")]
    say.table(
        columns,
        [
            [say._(one.title), one.code, one.contacts, one.share, f"{one.revenue:.2f}", one.average, one.up, one.down]
            for one in lines
        ],
    )


@rfm.command(help=help_text(N_("The cut-offs between the scores: shown, set by hand, or computed again.")))
def cuts(
    source: SourceOption = "",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help=help_text(N_("From the best score's on: recency=30,60,120,240; may be repeated."))),
    ] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help=help_text(N_("Forget what was set; compute fifths of the buyers every day.")))
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    if set_ and auto:
        raise Misconfigured(N_("--set and --auto exclude each other."))
    values = dict(_given(text) for text in set_ or [])
    if values:
        only = _only(app, source)
        cut_offs.set_scale(app.engine, only, values, now=app.clock())
        say.note(N_("The cut-offs of {source} stay as set until `vestnik rfm cuts --auto`."), source=only)
    for name in _counted(app, source):
        if auto:
            cut_offs.let_go(app.engine, name, now=app.clock())
        _show_cuts(app, name, json)


def _only(app: App, source: str) -> str:
    """The source whose cut-offs are set: the one that is named, or the only one there is."""
    if source:
        return app.source(source).name
    if len(app.sources) != 1:
        raise Misconfigured(N_("Name the source whose cut-offs are set: --source shop."))
    return next(iter(app.sources))


def _given(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, numbers = text.partition("=")
    try:
        return name.strip(), tuple(int(number) for number in numbers.split(","))
    except ValueError:
        raise Misconfigured(N_("--set {text!r} is not understood. Example: recency=30,60,120,240"), text=text) from None


def _show_cuts(app: App, source: str, json: bool) -> None:
    with app.engine.connect() as connection:
        found = cut_offs.find(connection, source)
    assert found is not None
    scale = found.scale
    if json:
        numbers = {name: list(getattr(scale, name)) for name in cut_offs.NAMES}
        say.json({"source": source, **numbers, "edited": found.edited, "at": found.at})
        return
    how = N_("Source {source}: set by hand, {at}") if found.edited else N_("Source {source}: computed, {at}")
    say.line(how, source=source, at=local(app, found.at))
    rows = [
        [say._(N_("Days since the last order, at most")), *scale.recency],
        [say._(N_("Orders, at least")), *scale.frequency],
        [say._(N_("Revenue, at least")), *scale.monetary],
    ]
    say.table([N_("Score"), "5", "4", "3", "2"], rows)


@cli.command("cohorts", help=help_text(N_("Who came in the same month, and who of them bought in each month since.")))
def cohorts_(
    by: Annotated[
        Literal["first_order", "registration", "sale"],
        typer.Option("--by", help=help_text(N_("By the month of the first order or of registration; on sale or not."))),
    ] = "first_order",
    months: Annotated[
        int, typer.Option("--months", min=1, max=240, help=help_text(N_("How many months, up to the present one.")))
    ] = 12,
    source: SourceOption = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    chosen = span(months, now=app.clock(), timezone=app.config.site.timezone)
    for name in _counted(app, source):
        with app.engine.connect() as connection:
            found = cohorts(connection, name, by, span=chosen, currency=app.config.site.currency)
        if json:
            for one in found:
                say.json({"source": name, **_cohort_values(one)})
        else:
            _print_cohorts(name, found)


def _cohort_values(cohort: Cohort) -> dict[str, Any]:
    cells = [
        {
            "month": number,
            "buyers": cell.buyers,
            "share": cohort.share(cell),
            "revenue": cell.revenue,
            "per_member": cohort.per_member(cell),
        }
        for number, cell in enumerate(cohort.cells)
    ]
    return {"cohort": f"{cohort.month:%Y-%m}", "kind": cohort.kind, "size": cohort.size, "months": cells}


def _print_cohorts(source: str, found: list[Cohort]) -> None:
    say.line(N_("Source {source}: in each month since, buyers, their share, and revenue a member:"), source=source)
    longest = max((len(one.cells) for one in found), default=0)
    rows = [[_called(one), one.size, *(_told(one, cell) for cell in one.cells)] for one in found]
    filled = [row + [""] * (longest + 2 - len(row)) for row in rows]
    say.table([N_("Cohort"), N_("Contacts"), *map(str, range(longest))], filled)


def _called(cohort: Cohort) -> str:
    return f"{cohort.month:%Y-%m} {say._(_KINDS[cohort.kind]) if cohort.kind else ''}".strip()


_KINDS = {"sale": N_("on sale"), "full_price": N_("at full price")}


def _told(cohort: Cohort, cell: Cell) -> str:
    return f"{cell.buyers}\n{cohort.share(cell)} %\n{cohort.per_member(cell)}" if cell.buyers else "–"
