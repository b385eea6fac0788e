"""`vestnik map`: how many letters fall on whom, past and planned; what falls together; the worst cases."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.app import App
from core.cli.backtest import why_of
from core.cli.planning import planner_of
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, local, say, start
from core.errors import N_
from core.journeys import mapping as room
from core.journeys import planning
from core.journeys.mapping import Map

COLUMNS = 10
"""So many scenarios and issues stand in the table of what falls together: those with most people."""
_MANY = 4


@cli.command(
    "map", help=help_text(N_("Letters per person and week, past and planned; what falls together; the worst."))
)
def map_(
    weeks: Annotated[int, typer.Option(min=1, max=26, help=help_text(N_("So many weeks back, and ahead.")))] = 4,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    planner = planner_of(app)
    with app.engine.connect() as connection:
        cast = planning.cast_of(connection, planner)
    found = room.draw(planner, cast, weeks=weeks)
    if json:
        say.json(plain(found))
    else:
        _show(app, found)


def plain(found: Map) -> dict[str, Any]:
    """The whole map as plain values."""
    return {
        "now": found.now,
        "weeks": [
            {
                "from": week.begin,
                "planned": week.begin >= found.now,
                "letters": week.letters,
                "people": week.people,
                "people_by_letters": {str(count): people for count, people in week.by_count.items()},
            }
            for week in found.weeks
        ],
        "people": dict(found.reached),
        "both": [{"one": one, "other": other, "people": count} for (one, other), count in found.both.most_common()],
        "letters": found.letters,
        "service": found.service,
        "sale": found.sale,
        "due": found.due,
        "skipped": [{"reason": why_of(template), "count": count} for template, count in found.skipped.most_common()],
        "worst": [
            {
                "email": one.email,
                "letters": [{"at": each.at, "letter": each.letter, "planned": each.planned} for each in one.letters],
            }
            for one in found.worst
        ],
    }


def _show(app: App, found: Map) -> None:
    if not found.letters:
        say.line(N_("No letters in this time, sent or planned."))
        return
    _weeks(app, found)
    _together(found)
    _worst(app, found)
    _shares(found)


def _weeks(app: App, found: Map) -> None:
    rows: list[list[Any]] = []
    for week in found.weeks:
        kind = N_("planned") if week.begin >= found.now else N_("sent")
        exact = [week.by_count.get(number, 0) for number in range(1, _MANY)]
        more = sum(people for count, people in week.by_count.items() if count >= _MANY)
        average = f"{week.letters / week.people:.2f}"
        rows.append([local(app, week.begin)[:10], say._(kind), week.letters, week.people, average, *exact, more])
    say.line(N_("Letters per person and week:"))
    titles = [N_("Week from"), N_("What"), N_("Letters"), N_("People"), N_("Each"), "1", "2", "3", f"{_MANY}+"]
    say.table(titles, rows)


def _together(found: Map) -> None:
    names = [name for name, _ in found.reached.most_common(COLUMNS)]
    if not found.both:
        return
    say.line(N_("People who get both within seven days; on the diagonal, all who get it:"))
    rows: list[list[Any]] = [
        [number, name, *(_cell(found, name, other) for other in names)] for number, name in enumerate(names, 1)
    ]
    say.table(["", N_("Scenario or issue"), *(str(number) for number in range(1, len(names) + 1))], rows)
    hidden = len(found.reached) - len(names)
    if hidden > 0:
        say.note(N_("Not in the table: {count} with fewer people. All of them: --json."), count=hidden)


def _cell(found: Map, one: str, other: str) -> int | str:
    if one == other:
        return found.reached[one]
    return found.both[min(one, other), max(one, other)] or "·"


def _worst(app: App, found: Map) -> None:
    say.line(N_("Most letters in all these weeks:"))
    rows: list[list[Any]] = []
    for one in found.worst:
        letters = ", ".join(
            f"{local(app, each.at)[:5]} {each.letter}{'*' if each.planned else ''}" for each in one.letters
        )
        rows.append([one.email, len(one.letters), letters])
    say.table([N_("Address"), N_("Letters"), N_("Which (* planned)")], rows)


def _shares(found: Map) -> None:
    counted = found.letters - found.service
    say.line(
        N_("Letters with a discount: {sale} of {letters} ({share}); service letters beside them: {service}"),
        sale=found.sale,
        letters=counted,
        share=share_of(found.sale, counted),
        service=found.service,
    )
    left = sum(found.skipped.values())
    say.line(
        N_("Letters of scenarios left out: {count} of {due} ({share})"),
        count=left,
        due=found.due,
        share=share_of(left, found.due),
    )
    rows: list[list[Any]] = [
        [why_of(template), count, share_of(count, found.due)] for template, count in found.skipped.most_common()
    ]
    if rows:
        say.table([N_("Why it does not go"), N_("How many"), N_("Of all due")], rows)


def share_of(part: int, whole: int) -> str:
    """``12 %``."""
    return f"{part / whole:.0%}".replace("%", " %") if whole else "–"
