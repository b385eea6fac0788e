"""`vestnik check` and `preview`: a letter before it goes out, examined and seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from core import compose, mime, showing
from core.app import App
from core.cli.root import DEFAULT, AtOption, ConfigOption, JsonOption, cli, help_text, moment, say, start
from core.cli.specimens import issue_of, members, published, specimen
from core.compose import Addressee, checks, fetching
from core.compose.checks import Finding, Sources
from core.compose.files import Files
from core.errors import N_, Misconfigured, Refused, VestnikError
from core.mailings import Issue, Mailing
from core.model import Letter

Composed = tuple[str, Letter | Refused]
_NOBODY = "nobody@example.org"
IssueArgument = Annotated[
    str, typer.Argument(help=help_text(N_("An issue's code, or a scenario's letter: registration/3d.")))
]


@cli.command(help=help_text(N_("Examine an issue's letter for real people: links, pictures, size, wording.")))
def check(
    issue: IssueArgument,
    people: Annotated[
        int, typer.Option("--people", min=1, max=1000, help=help_text(N_("For how many people it is composed.")))
    ] = 10,
    fetch: Annotated[bool, typer.Option("--fetch", help=help_text(N_("Ask the links whether they answer.")))] = False,
    private: Annotated[
        bool, typer.Option("--allow-private", help=help_text(N_("Ask also links into private networks.")))
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    found, mailing = issue_of(app, issue)
    sources = _sources(app, found, mailing)
    try:
        composed, remarks = _composed(app, found, mailing, people=people, at=app.clock())
    except VestnikError as error:  # file and line stand in its sentence
        composed, findings = [], [Finding("error", error)]
    else:
        findings = [*checks.examined(composed, sources), *remarks]
    if fetch:
        findings += _unanswered(composed, sources, private=private)
    _show(findings, json=json)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


def _composed(
    app: App, issue: Issue, mailing: Mailing, *, people: int, at: datetime
) -> tuple[list[Composed], list[Finding]]:
    """(address, letter) for so many of those who get it; for others when there are none, which is remarked upon."""
    publication = published(app, issue, mailing, at=at)
    chosen, remarks = members(app, issue, mailing, count=people, at=at), []
    if not chosen and "/" in issue.code:
        chosen = showing.anybody(app, count=people)
        remarks = [N_("Nobody entered this scenario in the last year: checked for people who never did.")]
    elif not chosen:
        remarks = [N_("Nobody is in the groups now: checked for nobody in particular.")]
    chosen = chosen or [Addressee(0, 0, _NOBODY, compose.NOBODY)]
    letters = showing.written(app, publication, chosen, at=at)
    return list(zip((one.email for one in chosen), letters, strict=True)), [_remark(one) for one in remarks]


def _remark(template: str) -> Finding:
    return Finding("warning", VestnikError(template))


def _sources(app: App, issue: Issue, mailing: Mailing) -> Sources:
    """The files in which a link or a text of the letter may stand: the letter, its layout, its blocks."""
    places = [f"letters/{issue.letter}", f"layouts/{mailing.layout}"]
    names = [f"{place}{suffix}" for place in places for suffix in (".html", ".mjml")]
    return Sources.of(Files(app.press.folders), [*names, *(f"blocks/{code}.html" for code in app.press.blocks)])


def _unanswered(composed: list[Composed], sources: Sources, *, private: bool) -> list[Finding]:
    """The links of the first letter that do not answer; those of the others lead to other products at most."""
    letter = next((letter for _, letter in composed if isinstance(letter, Letter)), None)
    asked = checks.links(letter) if letter else []
    return [
        Finding("error", VestnikError(N_("Link “{link}”: {fault}"), link=link[:200], fault=fault), *sources.place(link))
        for link, fault in fetching.broken(asked, private=private)
    ]


def _show(findings: list[Finding], *, json: bool) -> None:
    if json:
        for one in findings:
            say.json({"severity": one.severity, "file": one.file, "line": one.line, "said": say.reason(one.said)})
        return
    if not findings:
        say.line(N_("The letter is in order."))
        return
    words = {"error": N_("error"), "warning": N_("warning")}
    rows = [[say._(words[one.severity]), _place(one), say.reason(one.said)] for one in findings]
    say.table([N_("Severity"), N_("Place"), N_("What")], rows)


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}" if finding.file else ""


@cli.command(help=help_text(N_("Show an issue's letter as a real person would get it; nothing is sent.")))
def preview(
    issue: IssueArgument,
    as_: Annotated[str, typer.Option("--as", help=help_text(N_("The person whose letter it is.")))],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=help_text(N_("A file: .html, .txt or .eml (none: the text is shown)."))),
    ] = None,
    at: AtOption = "",
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    if out is not None and out.suffix not in _FORMS:
        raise Misconfigured(N_("{file}: write to .html, .txt or .eml."), file=str(out))
    found, mailing = issue_of(app, issue)
    when = moment(app, at)
    letter = specimen(app, found, mailing, email=as_, at=when)
    if out is None:
        say.plain(f"{letter.subject}\n\n{letter.text}")
        return
    out.write_bytes(_FORMS[out.suffix](letter, when))
    say.line(N_("{file} is written."), file=str(out))


_FORMS: dict[str, Callable[[Letter, datetime], bytes]] = {
    ".html": lambda letter, at: letter.html.encode(),
    ".txt": lambda letter, at: f"{letter.subject}\n\n{letter.text}".encode(),
    ".eml": lambda letter, at: mime.message(letter, now=at),
}
