"""`vestnik backtest`: what a scenario would have done over the past months, and who reaches its goal without it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from core.app import App
from core.cli.planning import gist, planner_of
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, local, moment, say, start
from core.errors import N_, Misconfigured, VestnikError
from core.i18n import quantity
from core.journeys import backtest as room
from core.journeys import book
from core.journeys.anyway import WITHIN
from core.journeys.backtest import Backtest, Day
from core.journeys.planning import Window
from core.journeys.scenarios import Scenario
from core.rules.forms import Quantity

_MONTH = timedelta(days=30.44)
_BARS = " ▁▂▃▄▅▆▇█"


@cli.command(help=help_text(N_("What a scenario would have done in the past, as if it had been on; nothing is sent.")))
def backtest(
    scenario: Annotated[str, typer.Argument(help=help_text(N_("The scenario's code.")))],
    months: Annotated[int, typer.Option(min=1, max=120, help=help_text(N_("So many months back.")))] = 12,
    since: Annotated[str, typer.Option("--from", help=help_text(N_("From this day on, instead of --months.")))] = "",
    until: Annotated[str, typer.Option("--to", help=help_text(N_("Until this day; now by default.")))] = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        chosen = book.find(connection, app.office.shelf, scenario)
    window = _window(app, months, since, until)
    found = _played(app, chosen, window)
    if json:
        say.json(plain(found))
    else:
        _show(app, found)


def _window(app: App, months: int, since: str, until: str) -> Window:
    """Raises Misconfigured for a time that is not past, or ends before it begins."""
    now = app.clock()
    end = min(moment(app, until), now)
    begin = moment(app, since) if since else _midnight(app, end - months * _MONTH)
    if begin >= end:
        template = N_("A backtest is of the past: {begin} is not before {end}.")
        raise Misconfigured(template, begin=local(app, begin), end=local(app, end))
    return Window(begin, end)


def _midnight(app: App, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(app.config.site.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _played(app: App, scenario: Scenario, window: Window) -> Backtest:
    """With a bar on standard error: a year of a large shop takes minutes."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=say.err, transient=True) as bar:
        task = bar.add_task(scenario.code, total=(window.until - window.begin).total_seconds())

        def progress(at: datetime) -> None:
            day = local(app, at)[:10]
            bar.update(task, completed=(at - window.begin).total_seconds(), description=f"{scenario.code} {day}")

        return room.backtest(planner_of(app, progress=progress), scenario, window, app.press)


def plain(found: Backtest) -> dict[str, Any]:
    """The whole result as plain values."""
    return {
        "scenario": found.scenario.code,
        "from": found.window.begin,
        "to": found.window.until,
        "letters": found.going,
        "by_step": dict(found.letters),
        "left_out": found.left_out,
        "had_bought": found.had_bought,
        "reasons": [
            {"step": step, "reason": why_of(template), "count": count} for (step, template), count in _reasons(found)
        ],
        "put_off": found.put_off,
        "collisions": {"own": found.own, "others": found.others},
        "coupons": [{"letter": one.letter, "percent": one.percent, "given": one.given} for one in found.coupons],
        "average_order": found.average,
        "coupon_cost": found.cost,
        "anyway": {
            "within_days": WITHIN.days,
            "entered": found.anyway.entered,
            "reached": found.anyway.reached,
            "rate": round(found.anyway.rate, 4),
            "median_days": found.anyway.median_days,
        },
        "holdout_percent": found.holdout(),
        "days": [
            {"day": day, "letters": one.going, "left_out": one.skipped, "had_bought": one.reached}
            for day, one in sorted(found.days.items())
        ],
    }


def _reasons(found: Backtest) -> list[tuple[tuple[str, str], int]]:
    return sorted(found.reasons.items(), key=lambda one: (one[0][0], -one[1]))


def why_of(template: str) -> str:
    """A reason told by its template."""
    return gist(VestnikError(template, **dict.fromkeys(_fields(template), "…"))) if "{" in template else say._(template)


def _fields(template: str) -> list[str]:
    return [part.partition("}")[0] for part in template.split("{")[1:]]


def _show(app: App, found: Backtest) -> None:
    span = {"begin": local(app, found.window.begin)[:10], "end": local(app, found.window.until)[:10]}
    say.line(N_("“{name}” from {begin} to {end}, as if it had been on."), name=found.scenario.form.name, **span)
    _months(found)
    _letters(found)
    _left_out(found)
    if found.own or found.others:
        say.line(
            N_("Another letter stood in the way: {own} of the scenario itself, {others} that really went out."),
            own=found.own,
            others=found.others,
        )
    _coupons(app, found)
    _anyway(found)


def _months(found: Backtest) -> None:
    top = max((day.going for day in found.days.values()), default=0)
    rows: list[list[Any]] = []
    for month, days in room.months(found.days).items():
        going, skipped, reached = (sum(getattr(day, name) for _, day in days) for name in _COLUMNS)
        line = "".join(_bar(day, top) for _, day in days)
        rows.append([f"{month:%m.%Y}", going, f"{going / len(days):.1f}", skipped, reached, line])
    titles = [N_("Month"), N_("Letters"), N_("A day"), N_("Not sent"), N_("Had bought"), N_("Day by day")]
    if rows:
        say.table(titles, rows)
    else:
        say.line(N_("Nobody entered it in this time."))


_COLUMNS = ("going", "skipped", "reached")


def _bar(day: Day, top: int) -> str:
    return _BARS[0] if not day.going else _BARS[max(1, round(day.going / top * (len(_BARS) - 1)))]


def _letters(found: Backtest) -> None:
    due = found.going + found.left_out
    if not due:
        return
    rows: list[list[Any]] = [[found.scenario.issue(step), found.letters[step.code]] for step in found.scenario.chain]
    say.table([N_("Letter"), N_("Letters")], rows)
    share = f"{found.had_bought / due:.0%}".replace("%", " %")
    say.line(
        N_("Had reached the goal when a letter was due: {count} of {due} ({share})"),
        count=found.had_bought,
        due=due,
        share=share,
    )


def _left_out(found: Backtest) -> None:
    rows: list[list[Any]] = [[step, why_of(template), count] for (step, template), count in _reasons(found)]
    if rows:
        say.table([N_("Letter"), N_("Why it does not go"), N_("How many")], rows)


def _coupons(app: App, found: Backtest) -> None:
    if found.unprintable:
        say.note(N_("The coupons are not known, for a letter cannot be printed: {error}"), error=found.unprintable)
    if not found.coupons:
        return
    rows: list[list[Any]] = [
        [one.letter, f"{one.percent} %" if one.percent else "–", one.given] for one in found.coupons
    ]
    say.table([N_("Letter"), N_("Coupon"), N_("Given")], rows)
    if found.cost is None or found.average is None:
        return
    money = [quantity(Quantity(value, app.config.site.currency), say.language) for value in (found.cost, found.average)]
    say.line(
        N_("Were each used once, they would cost {cost}: given × percent × the average order of that time, {average}."),
        cost=money[0],
        average=money[1],
    )


def _anyway(found: Backtest) -> None:
    anyway = found.anyway
    if not anyway.entered or not found.scenario.form.goal:
        return
    rate = f"{anyway.rate:.1%}".replace("%", " %")
    say.line(
        N_("Without any letter, the goal was reached within {days} days by {reached} of {entered} people ({rate})."),
        days=WITHIN.days,
        reached=anyway.reached,
        entered=anyway.entered,
        rate=rate,
    )
    if anyway.median_days is not None:
        say.line(N_("Half of them took no longer than {days} days."), days=f"{anyway.median_days:.1f}")
    share = found.holdout()
    if share is None:
        say.line(N_("Too few people to prove by a hold-out that the letters sell a fifth more."))
    else:
        say.line(N_("To prove that the letters sell a fifth more, hold out {share} % for as long."), share=share)
