"""`vestnik send` and `test-send`: an issue goes out now, to everybody or to yourself."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core import consent, groups, postings, runs, tables
from core.address import normalised
from core.app import App
from core.channel import Channel
from core.cli.postings import counted, values
from core.cli.root import DEFAULT, AtOption, ConfigOption, JsonOption, cli, help_text, local, moment, say, start
from core.cli.specimens import channel_of, issue_of, specimen
from core.db import chunks
from core.deliver import RelayAway
from core.errors import N_, Misconfigured, Unreachable
from core.mailbox import Mailbox, answers
from core.mailings import Issue, Mailing
from core.model import Letter, PostingStatus

IssueArgument = Annotated[str, typer.Argument(help=help_text(N_("The issue's code.")))]
LetterArgument = Annotated[
    str, typer.Argument(help=help_text(N_("An issue's code, or a scenario's letter: registration/3d.")))
]
AgainOption = Annotated[
    bool, typer.Option("--again", help=help_text(N_("Also to those who got this issue today, and as a new posting.")))
]


@cli.command(help=help_text(N_("Send an issue now, or show with --dry-run to whom it would go.")))
def send(
    issue: IssueArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=help_text(N_("Show to whom, send nothing.")))] = False,
    again: AgainOption = False,
    at: AtOption = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    if "/" in issue:
        template = N_("Letters of scenarios go by themselves: vestnik scenario on {code}. One to yourself: test-send.")
        raise Misconfigured(template, code=issue.partition("/")[0])
    found, mailing = issue_of(app, issue)
    if dry_run:
        _dry_run(app, found, mailing, at=moment(app, at), json=json)
        return
    if at:
        raise Misconfigured(N_("--at goes with --dry-run. To send at a set time give the issue a schedule."))
    posting_id = _posting(app, found, again=again)
    if not runs.open_posting(app, posting_id, again=again):
        _not_opened(app, posting_id)
    _deliver(app, posting_id)
    _report(app, posting_id, json=json)


def _posting(app: App, issue: Issue, *, again: bool) -> int:
    """A posting that was begun and not finished is carried on with: starting over would send twice."""
    begun = None if again else postings.unfinished(app.engine, issue)
    if begun is not None:
        say.note(N_("Posting {id} of this issue is not finished: it goes on."), id=begun)
        return begun
    return postings.by_hand(app.engine, issue, now=app.clock())


def _not_opened(app: App, posting_id: int) -> None:
    """An admin who sends by hand wants to know now: the posting does not lie in wait for a better moment."""
    posting = postings.posting(app.engine, posting_id)
    if posting.by_hand:
        postings.skip(app.engine, posting_id, posting.reason, now=app.clock())
    raise Unreachable(N_("Nothing was sent: {reason}"), reason=posting.reason)


def _deliver(app: App, posting_id: int) -> None:
    counts = postings.counts(app.engine, posting_id)
    with (
        _relay(app),
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=say.err,
            disable=not sys.stderr.isatty(),
        ) as bars,
    ):
        task = bars.add_task(say._(N_("Sending")), total=counts.get("new", 0))
        try:
            runs.send(app, posting_id, progress=lambda done: bars.advance(task, done))
        except RelayAway as error:
            raise Unreachable(
                N_("The relay does not take letters: {error}. The letters wait; run the same command again to go on."),
                error=str(error),
            ) from None


def _relay(app: App) -> Any:
    """The built-in mailbox for the time of this command, when it is the relay and `vestnik run` is not running."""
    mailbox = app.config.mailbox
    if app.config.smtp.host or answers(mailbox.port):
        return nullcontext()
    return Mailbox(app.config.path(mailbox.folder), "127.0.0.1", mailbox.port)


def _report(app: App, posting_id: int, *, json: bool) -> None:
    posting = postings.posting(app.engine, posting_id)
    counts = postings.counts(app.engine, posting_id)
    if json:
        say.json(values(posting, counts))
        return
    say.line(N_("Posting {id}: {counts}."), id=posting.id, counts=counted(counts))
    if posting.status is PostingStatus.OPEN:
        say.note(
            N_("Letters that the relay put off will be tried again by `vestnik run`, or by the same command later.")
        )


def _dry_run(app: App, issue: Issue, mailing: Mailing, *, at: datetime, json: bool) -> None:
    """What a posting fired `at` that moment would do, by the same SELECT and publishing; nothing is written."""
    publication = runs.publish(app, issue, mailing)
    rows = _would_get(app, issue, mailing, at=at)
    if json:
        for row in rows:
            say.json(row)
        return
    left = sum(row["status"] == "skipped" for row in rows)
    template = N_("{issue} at {at}. Letters: {count}, left out: {left}.")
    say.line(template, issue=issue.code, at=local(app, at), count=len(rows) - left, left=left)
    say.line(N_("Subject: {subject}"), subject=publication.subject)
    shown = [[row["email"], row["name"], say.reason(row["reason"])] for row in rows[:20]]
    say.table([N_("Address"), N_("Name"), N_("Reason")], shown)
    if len(rows) > 20:
        say.note(N_("… and {count} more; --json shows all."), count=len(rows) - 20)


def _would_get(app: App, issue: Issue, mailing: Mailing, *, at: datetime) -> list[dict[str, str]]:
    """Everybody whom the groups name, with what would become of their letter and why."""
    people = tables.people
    with app.engine.connect() as connection:
        query = postings.recipients_of(connection, issue, mailing, at=at, currency=app.config.site.currency)
        members = list(groups.read(connection, query))
        left = consent.withheld(connection, [member.email for member in members], mailing=mailing.code)
        names: dict[int, str] = {}
        for part in chunks((member.person_id for member in members), 500):
            found = connection.execute(sa.select(people.c.id, people.c.name).where(people.c.id.in_(part)))
            names.update({row.id: row.name for row in found})
    return [
        {
            "email": member.email,
            "name": names[member.person_id],
            "status": "skipped" if member.email in left else "new",
            "reason": left.get(member.email, ""),
        }
        for member in members
    ]


@cli.command("test-send", help=help_text(N_("Send one letter of an issue to yourself, as a real person would get it.")))
def send_test(
    issue: LetterArgument,
    to: Annotated[str, typer.Option("--to", help=help_text(N_("Your address.")))],
    as_: Annotated[str, typer.Option("--as", help=help_text(N_("The person whose letter it is.")))],
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    found, mailing = issue_of(app, issue)
    letter = specimen(app, found, mailing, email=as_, at=app.clock())
    letter = replace(letter, to=normalised(to), subject=f"[{say._(N_('test'))}] {letter.subject}")
    _send_one(app, letter, app.carrier(channel_of(app, issue)))
    say.line(N_("A test of {issue} went to {to}."), issue=issue, to=to)


def _send_one(app: App, letter: Letter, carrier: Channel) -> None:
    with _relay(app), carrier.open() as session:
        [outcome] = session.send([letter])
    if outcome.result != "sent":
        raise Unreachable(N_("The letter was not taken: {reply}"), reply=outcome.reply)
