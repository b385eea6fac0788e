"""How two versions of a scenario are compared: whose letters differ, the counts first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.app import App
from core.cli.root import local, say
from core.errors import N_, Misconfigured
from core.journeys import comparing, planning
from core.journeys.comparing import Comparison
from core.journeys.deciding import DEFERRED, QUEUED, SKIPPED
from core.journeys.notebook import Noted
from core.journeys.planning import Planner, Window

WORDS = {QUEUED: N_("goes"), SKIPPED: N_("does not go"), DEFERRED: N_("is put off")}
CHANGES = {comparing.GAINS: N_("gains"), comparing.LOSES: N_("loses"), comparing.MOVES: N_("moves")}


def compared(
    app: App, planner: Planner, files: tuple[Path, Path], window: Window, *, issues: bool, limit: int, as_json: bool
) -> None:
    code = files[0].stem
    old, new = (comparing.version(code, _read(file), planner) for file in files)
    with app.engine.connect() as connection:
        active = planning.cast_of(connection, planner)
    before, after = comparing.versions(active, old, new, planner)
    with Comparison(planner, before, after, window, issues=issues) as comparison:
        _differences(app, comparison, limit, as_json=as_json)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(N_("{file} cannot be read: {error}"), file=str(file), error=str(error)) from None


def _differences(app: App, comparison: Comparison, limit: int, *, as_json: bool) -> None:
    before, after = comparison.letters()
    counts = comparison.counts()
    if as_json:
        say.json({"before": before, "after": after, "changes": _by_scenario(counts)})
        for one in comparison.changes():
            sides = {"before": _side(one.before), "after": _side(one.after)}
            say.json({"change": one.what, "email": one.email, "letter": f"{one.scenario}/{one.step}", **sides})
        return
    say.line(N_("Letters of all scenarios by the one: {before}, by the other: {after}"), before=before, after=after)
    if not counts:
        say.line(N_("No letter differs."))
        return
    kinds = list(CHANGES)
    rows: list[list[Any]] = [
        [code, *(found.get(kind, 0) for kind in kinds)] for code, found in _by_scenario(counts).items()
    ]
    say.table([N_("Scenario"), N_("Gain a letter"), N_("Lose a letter"), N_("Get it at another time")], rows)
    for _, one in zip(range(limit), comparison.changes(), strict=False):
        told = " → ".join(_told(app, side) for side in (one.before, one.after))
        say.plain(f"{say._(CHANGES[one.what])}  {one.scenario}/{one.step}  {one.email}: {told}")


def _by_scenario(counts: Any) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (scenario, what), count in sorted(counts.items()):
        found.setdefault(scenario, {})[what] = count
    return found


def _side(one: Noted | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "outcome": one.status,
        "at": one.at,
        "until": one.due_at,
        "reason": say.reason(one.reason) if one.reason else "",
    }


def _told(app: App, one: Noted | None) -> str:
    if one is None:
        return "–"
    at = local(app, one.due_at if one.status == DEFERRED else one.at)[:-3]
    return f"{say._(WORDS[one.status])} {at}" + (f" ({say.reason(one.reason)})" if one.reason else "")
