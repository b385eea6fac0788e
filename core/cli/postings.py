"""`vestnik issues`, `postings`, `recipients`: what is to go out, what went, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from core import mailings, postings, schedule, tables, words
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, local, say, start
from core.errors import N_
from core.mailings import Issue


def counted(counts: dict[str, int]) -> str:
    """How many letters stand where, in words."""
    found = [f"{say._(words.LETTERS[status])} {number}" for status, number in sorted(counts.items())]
    return ", ".join(found) or say._(N_("nobody"))


@cli.command(help=help_text(N_("All issues: their schedule, the next firing, the last posting.")))
def issues(json: JsonOption = False, config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    with app.engine.connect() as connection:
        found = mailings.issues(connection)
        last = dict(
            connection.execute(
                sa.select(tables.postings.c.issue, sa.func.max(tables.postings.c.firing_at)).group_by(
                    tables.postings.c.issue
                )
            ).all()
        )
    rows = [_issue_values(one, last.get(one.code), now=app.clock()) for one in found]
    if json:
        for row in rows:
            say.json(row)
        return
    columns = [N_("Issue"), N_("Mailing"), N_("Subject"), N_("Schedule"), N_("Next firing"), N_("Last posting")]
    say.table(
        columns,
        [
            [r["issue"], r["mailing"], r["subject"], r["schedule"], local(app, r["next"]), local(app, r["last"])]
            for r in rows
        ],
    )


def _issue_values(issue: Issue, last: datetime | None, *, now: datetime) -> dict[str, Any]:
    timetable = schedule.parse(issue.schedule, issue.timezone) if issue.schedule else None
    return {
        "issue": issue.code,
        "mailing": issue.mailing,
        "subject": issue.subject,
        "schedule": timetable.describe(say.language) if timetable else say._(N_("by hand")),
        "active": issue.active,
        "next": timetable.next_after(max(now, issue.scheduled_from)) if timetable and issue.active else None,
        "last": last,
    }


@cli.command("postings", help=help_text(N_("The newest postings and what became of their letters.")))
def postings_(
    json: JsonOption = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help=help_text(N_("How many.")))] = 50,
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help=help_text(N_("Those of scenarios, not of issues.")))
    ] = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    found = postings.recent(app.engine, limit=limit, kinds=("marketing", "service") if scenarios else ("issue",))
    if json:
        for posting, counts in found:
            say.json(values(posting, counts))
        return
    columns = [N_("Posting"), N_("Issue"), N_("Fired"), N_("Status"), N_("Letters"), N_("Reason")]
    say.table(
        columns,
        [
            [
                one.id,
                one.issue,
                local(app, one.firing_at),
                say._(words.POSTINGS[one.status]),
                counted(counts),
                say.reason(one.reason),
            ]
            for one, counts in found
        ],
    )


def values(posting: postings.Posting, counts: dict[str, int]) -> dict[str, Any]:
    """A posting as --json shows it."""
    return {
        "posting": posting.id,
        "issue": posting.issue,
        "firing_at": posting.firing_at,
        "by_hand": posting.by_hand,
        "status": posting.status.value,
        "reason": posting.reason,
        "opened_at": posting.opened_at,
        "finished_at": posting.finished_at,
        "recipients": sum(counts.values()),
        "counts": counts,
    }


@cli.command(help=help_text(N_("The recipients of a posting and what became of each letter.")))
def recipients(
    posting: Annotated[int, typer.Argument(help=help_text(N_("The posting's number.")))],
    status: Annotated[
        str, typer.Option("--status", help=help_text(N_("Only these: sent, failed, skipped, unknown …")))
    ] = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    table = tables.recipients
    columns = [table.c[name] for name in ("email", "status", "reason", "message_id", "attempts", "sent_at", "next_at")]
    query = sa.select(*columns).where(table.c.posting_id == posting).order_by(table.c.id)
    if status:
        query = query.where(table.c.status == status)
    with app.engine.connect() as connection:
        for row in connection.execution_options(yield_per=1000).execute(query).mappings():
            if json:
                say.json(dict(row))
            else:
                cells = (
                    row["email"],
                    say._(words.LETTERS[row["status"]]),
                    local(app, row["sent_at"]),
                    say.reason(row["reason"]),
                )
                say.out.print("\t".join(cells), markup=False)
