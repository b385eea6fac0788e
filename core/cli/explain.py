"""`vestnik explain`: what every scenario and every issue does with one address, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from core.address import normalised
from core.app import App
from core.cli.explaining import sentence
from core.cli.planning import reason_of
from core.cli.root import DEFAULT, AtOption, ConfigOption, JsonOption, cli, help_text, local, moment, say, start
from core.errors import N_, Misconfigured
from core.groups.explain import Explanation
from core.groups.explain import Told as Rule
from core.journeys import book
from core.journeys import explaining as room
from core.journeys.deciding import DEFERRED, QUEUED
from core.journeys.explaining import OFF, Explained, Told
from core.journeys.reaching import IssueExplained, issues_of

SHOWN = 3
"""So many entries of a scenario are shown; --json has all."""
STATUSES = {
    "new": N_("waits to be sent"),
    "composed": N_("is being sent"),
    "claimed": N_("is being sent"),
    "sent": N_("sent"),
    "failed": N_("failed"),
    "unknown": N_("nobody knows whether it arrived"),
    "skipped": N_("not sent"),
}


@cli.command(help=help_text(N_("Why an address gets, or does not get, each scenario's letters and each issue.")))
def explain(
    email: Annotated[str, typer.Argument(help=help_text(N_("The address.")))],
    at: AtOption = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app, address = start(config), normalised(email)
    now, manners = moment(app, at), app.office.manners
    with app.engine.connect() as connection:
        contact_id = room.contact_of(connection, address)
        if contact_id is None:
            raise Misconfigured(N_("Nobody has the address {email}: no source has told of it."), email=address)
        known, broken = book.every(connection, app.office.shelf)
        known.sort(key=lambda one: not one.active)
        for found in room.scenarios_of(connection, known, manners, contact_id, now=now):
            say.json(_plain(found)) if json else _show(app, found)
        for error in broken.values():
            say.error(say.reason(error))
        for issue in issues_of(connection, manners, contact_id, address, now=now):
            say.json(_plain_issue(issue)) if json else _show_issue(app, issue)


def _plain(found: Explained) -> dict[str, Any]:
    scenario = found.scenario
    return {
        "what": "scenario",
        "scenario": scenario.code,
        "active": scenario.active,
        "why_not": reason_of(found.missing or ""),
        "entries": [
            {
                "at": one.entry.at,
                "anchor": one.entry.key,
                "about": one.entry.subject,
                "letters": [_plain_letter(told) for told in one.letters],
            }
            for one in found.entries
        ],
    }


def _plain_letter(told: Told) -> dict[str, Any]:
    fate = told.fate
    return {
        "step": told.step.code,
        "due": told.due_at,
        "outcome": told.outcome,
        "decided": told.decided,
        "at": told.at,
        "until": told.until,
        "reason": reason_of(told.reason),
        "letter": {
            "status": fate.status,
            "reason": reason_of(fate.reason),
            "sent_at": fate.sent_at,
            "opened_at": fate.opened_at,
            "clicked_at": fate.clicked_at,
        }
        if fate
        else None,
    }


def _show(app: App, found: Explained) -> None:
    scenario = found.scenario
    template = N_("“{name}” ({code})") if scenario.active else N_("“{name}” ({code}), switched off")
    say.line(template, name=scenario.form.name, code=scenario.code)
    if found.missing:
        _line(1, say._(N_("never entered: {reason}"), reason=found.missing))
    for one in found.entries[:SHOWN]:
        about = f" ({one.entry.subject})" if one.entry.subject else ""
        word = N_("entered {moment}{about}") if one.entry.at <= app.clock() else N_("enters {moment}{about}")
        _line(1, say._(word, moment=_at(app, one.entry.at), about=about))
        for told in one.letters:
            _line(2, f"{told.step.code:<8} {_letter(app, told, on=scenario.active)}")
    if len(found.entries) > SHOWN:
        _line(1, say._(N_("older entries: {count}"), count=len(found.entries) - SHOWN))


def _line(depth: int, text: str) -> None:
    say.out.print("  " * depth + text, markup=False)


def _at(app: App, at: datetime | None) -> str:
    return local(app, at)[:-3]


def _letter(app: App, told: Told, *, on: bool) -> str:
    reason = f": {reason_of(told.reason)}" if told.reason else ""
    if told.outcome == OFF:
        return say._(N_("this letter is switched off"))
    if told.outcome == QUEUED:
        return _fate(app, told) if told.decided else _would(app, told, on=on)
    if told.outcome == DEFERRED:
        return say._(N_("put off until {moment}"), moment=_at(app, told.until)) + reason
    if told.decided:
        return say._(N_("did not go {moment}"), moment=_at(app, told.at)) + reason
    return say._(N_("would not go {moment}"), moment=_at(app, told.at)) + reason


def _would(app: App, told: Told, *, on: bool) -> str:
    template = N_("goes {moment}, as things stand") if on else N_("would go {moment}")
    return say._(template, moment=_at(app, told.at))


def _fate(app: App, told: Told) -> str:
    fate = told.fate
    if fate is None:
        return say._(N_("queued {moment}"), moment=_at(app, told.at))
    words = [say._(STATUSES[fate.status]) + (f" {_at(app, fate.sent_at)}" if fate.sent_at else "")]
    words += [say._(N_("opened {moment}"), moment=_at(app, fate.opened_at))] if fate.opened_at else []
    words += [say._(N_("clicked {moment}"), moment=_at(app, fate.clicked_at))] if fate.clicked_at else []
    words += [reason_of(fate.reason)] if fate.reason and fate.status != "sent" else []
    return ", ".join(words)


def _plain_issue(found: IssueExplained) -> dict[str, Any]:
    return {
        "what": "issue",
        "issue": found.issue.code,
        "active": found.issue.active,
        "inside": found.inside,
        "left": reason_of(found.left),
        "next": found.next_at,
        "last_sent": found.sent_at,
        "groups": [{"group": name, "inside": any(one.inside for one in told)} for name, told in found.groups],
        "excluded": [{"group": name, "inside": any(one.inside for one in told)} for name, told in found.excluded],
        "why_not": _failing(found),
        "fault": reason_of(found.fault or ""),
    }


def _show_issue(app: App, found: IssueExplained) -> None:
    say.line(N_("Issue “{name}” ({code})"), name=found.issue.name, code=found.issue.code)
    if found.fault:
        _line(1, reason_of(found.fault))
        return
    if found.left:
        _line(1, say._(N_("does not reach them: {reason}"), reason=reason_of(found.left)))
    _line(1, say._(N_("is in its groups") if found.inside else N_("is not in its groups")))
    for why in _failing(found):
        _line(2, why)
    if not (found.issue.active and found.issue.schedule):
        _line(1, say._(N_("goes only by hand")))
    elif found.next_at:
        _line(1, say._(N_("goes next {moment}"), moment=_at(app, found.next_at)))
    if found.sent_at:
        _line(1, say._(N_("sent to them last {moment}"), moment=_at(app, found.sent_at)))


def _failing(found: IssueExplained) -> list[str]:
    """The conditions that keep somebody out of the groups; the groups that leave them out."""
    if found.inside:
        return []
    out = [
        say._(N_("left out by “{group}”"), group=name)
        for name, told in found.excluded
        if any(one.inside for one in told)
    ]
    for name, told in found.groups:
        out += [f"{name}: {text}" for text in _unmet(told)]
    return out


def _unmet(told: Sequence[Explanation]) -> list[str]:
    """What the rule asks and does not find, of everybody with this address; each once."""
    dead = (
        [say._(N_("switched off in the shop, or gone from it"))] if told and not any(one.alive for one in told) else []
    )
    return dead or list(dict.fromkeys(text for one in told for text in _leaves(one.told)))


def _leaves(rule: Rule) -> list[str]:
    if rule.parts:
        return [text for part in rule.parts if not part.holds for text in _leaves(part)]
    return [] if rule.holds else [sentence(rule)]
