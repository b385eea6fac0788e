"""`vestnik plan`: every letter that will go, to the minute, and why the others will not; two versions compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from core.app import App
from core.cli.comparing import WORDS, compared
from core.cli.root import DEFAULT, AtOption, ConfigOption, JsonOption, cli, help_text, local, moment, say, start
from core.errors import N_, Misconfigured, VestnikError
from core.journeys import planning
from core.journeys.deciding import DEFERRED, QUEUED, SKIPPED
from core.journeys.planning import Due, Line, Planner, Waits, Window
from core.journeys.scenarios import Scenario
from core.journeys.script import Played, nothing_shown
from core.journeys.showing import Showcase

UntilOption = Annotated[
    str, typer.Option("--until", help=help_text(N_("The last moment of it; the end of the day by default.")))
]
LimitOption = Annotated[int, typer.Option(min=0, help=help_text(N_("How many lines to show; the totals are of all.")))]


@cli.command(
    help=help_text(N_("Every letter that will go, with its minute, coupon and products; why the others will not."))
)
def plan(
    at: AtOption = "",
    until: UntilOption = "",
    scenario: Annotated[str, typer.Option("--scenario", help=help_text(N_("Only this scenario, on or off.")))] = "",
    issues: Annotated[bool, typer.Option(help=help_text(N_("With the issues that are due.")))] = True,
    products: Annotated[bool, typer.Option(help=help_text(N_("With what the letters would show; slower.")))] = True,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", help=help_text(N_("Two files of one scenario: whose letters would differ."))),
    ] = None,
    limit: LimitOption = 100,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    window, planner = window_of(app, at, until), planner_of(app)
    if compare:
        compared(app, planner, compare, window, issues=issues, limit=limit, as_json=json)
        return
    planner = planner_of(app, display=Showcase(app.press)) if products else planner
    with app.engine.connect() as connection:
        cast = planning.cast_of(connection, planner, code=scenario)
    _note_off(cast, scenario, app)
    lines = planning.plan(planner, cast, window, issues=issues and not scenario)
    _print(app, (one for one in lines if not scenario or _code(one) == scenario), limit, as_json=json)


def planner_of(app: App, **more: Any) -> Planner:
    """What plans of this installation are made with."""
    return Planner(app.engine, app.office.shelf, app.office.manners, app.clock(), **{"display": nothing_shown, **more})


def window_of(app: App, at: str, until: str) -> Window:
    """From now, or that moment, to the end of the day, or that moment. Raises Misconfigured when it ends too soon."""
    begin = moment(app, at)
    end = moment(app, until) if until else planning.day_end(begin, app.config.site.timezone)
    if end <= begin:
        raise Misconfigured(N_("--until {until} is not after {begin}."), until=until or "–", begin=local(app, begin))
    return Window(begin, end)


def _note_off(cast: Iterable[Scenario], code: str, app: App) -> None:
    """A scenario that is switched off is planned all the same, and the reader must know."""
    if any(one.code == code and one.on_at is None for one in cast):
        say.note(N_("Scenario {code} is switched off. Planned as if it had been on for a year."), code=code)


def _code(line: Line) -> str:
    if isinstance(line, Due):
        return ""
    return line.decision.scenario.code if isinstance(line, Played) else line.scenario.code


def _print(app: App, lines: Iterable[Line], limit: int, *, as_json: bool) -> None:
    totals, reasons, shown = Counter[tuple[str, str]](), Counter[tuple[str, str]](), 0
    for line in lines:
        row = plain(line)
        if as_json:
            say.json({**row, "reason": reason_of(row["reason"])})
            continue
        if row["what"] == "letter":
            totals[row["letter"], row["outcome"]] += 1
            if row["outcome"] == SKIPPED:
                reasons[row["letter"], gist(row["reason"])] += 1
        if shown < limit:
            say.plain(_sentence(app, row))
        shown += 1
    if not as_json:
        _totals(totals, reasons, hidden=max(0, shown - limit))


def plain(line: Line) -> dict[str, Any]:
    """A line of the plan as plain values; its reason is still an error, to be said in the reader's language."""
    if isinstance(line, Due):
        return {
            "what": "issue",
            "at": line.firing.at,
            "issue": line.firing.issue.code,
            "members": line.members,
            "reached": line.reached,
            "withheld": dict(line.withheld or {}),
            "capped": line.capped,
            "reason": line.reason or "",
        }
    if isinstance(line, Waits):
        return {**_letter(line), "until": line.noted.due_at}
    one, who = line.decision, line.decision.case.who
    return {
        "what": "letter",
        "at": line.at,
        "letter": one.scenario.issue(one.step),
        "email": who.email if who else "",
        "contact": one.entry.contact_id,
        "anchor": one.entry.key,
        "about": one.entry.subject,
        "due": one.due_at,
        "outcome": one.outcome,
        "reason": one.reason,
        "coupons": [dict(terms) for terms in line.shown.coupons],
        "products": [{"id": id, "name": name} for id, name in line.shown.products],
    }


def _letter(line: Waits) -> dict[str, Any]:
    noted = line.noted
    return {
        "what": "letter",
        "at": noted.at,
        "letter": f"{line.scenario.code}/{line.step}",
        "email": line.email,
        "contact": noted.entry.contact_id,
        "anchor": noted.entry.key,
        "about": noted.entry.subject,
        "due": noted.first_due_at,
        "outcome": noted.status,
        "reason": noted.reason,
    }


def reason_of(reason: VestnikError | str) -> str:
    """The reason in words; nothing when there is none."""
    return say.reason(reason) if reason else ""


def gist(reason: VestnikError | str) -> str:
    """What many reasons have in common: their words without names and moments."""
    if not isinstance(reason, VestnikError):
        return reason_of(reason)
    inner = {name: gist(one) if isinstance(one, VestnikError) else "…" for name, one in reason.values.items()}
    words = say._(reason.template).format(**inner)
    return words.removeprefix("…: ").removesuffix(", …").removesuffix(": …")


def _sentence(app: App, row: dict[str, Any]) -> str:
    at = local(app, row["at"])[:-3]
    if row["what"] == "issue":
        some = N_("reaches {reached} of {members} at most") if row["capped"] else N_("reaches {reached} of {members}")
        tail = reason_of(row["reason"]) or say._(some, **_counts(row))
        return f"{at}  {row['issue']:<28}  {tail}"
    words = [say._(WORDS[row["outcome"]])]
    if row["outcome"] == DEFERRED:
        words = [say._(N_("is put off until {moment}"), moment=local(app, row["until"])[:-3])]
    words += [reason_of(row["reason"])] if row["reason"] else []
    words += [coupon(terms, app) for terms in row.get("coupons", ())]
    names = [one["name"] for one in row.get("products", ())]
    words += [say._(N_("products: {names}"), names=", ".join(names))] if names else []
    return f"{at}  {row['letter']:<28}  {row['email'] or '#' + str(row['contact'])}: {'; '.join(words)}"


def _counts(row: dict[str, Any]) -> dict[str, int]:
    return {"reached": row["reached"], "members": row["members"]}


def coupon(terms: dict[str, Any], app: App) -> str:
    """What a coupon gives: «coupon −2 %, until 26.11.2026»."""
    gives = terms.get("label") or (f"−{terms['percent']} %" if "percent" in terms else str(terms.get("rule", "")))
    until: datetime | None = terms.get("until")
    if until is None:
        return say._(N_("coupon {gives}"), gives=gives)
    return say._(N_("coupon {gives} until {day}"), gives=gives, day=local(app, until)[:10])


def _totals(totals: Counter[tuple[str, str]], reasons: Counter[tuple[str, str]], *, hidden: int) -> None:
    if hidden:
        say.note(N_("Lines not shown: {count}. All of them: --limit or --json."), count=hidden)
    if not totals:
        say.line(N_("No letter of a scenario is due in this time."))
        return
    letters = list(dict.fromkeys(letter for letter, _ in totals))
    rows: list[list[Any]] = [
        [letter, *(totals[letter, outcome] for outcome in (QUEUED, DEFERRED, SKIPPED))] for letter in letters
    ]
    rows.append([say._(N_("All")), *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))])
    say.table([N_("Letter"), N_("Goes"), N_("Put off"), N_("Does not go")], rows)
    if reasons:
        why: list[list[Any]] = [[letter, reason, count] for (letter, reason), count in sorted(reasons.items())]
        say.table([N_("Letter"), N_("Why it does not go"), N_("How many")], why)
