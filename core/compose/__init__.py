"""Compose: a letter is published once for a posting, then filled in for each recipient. Pure: nothing is written."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from jinja2 import Template

from core import consent, mime
from core.compose import inlining
from core.compose.sandbox import LONGEST_PART, TEMPLATES, environment, guarded, line_of, rendered, unknown_names
from core.config import Site
from core.errors import N_, Misconfigured, Refused
from core.links import Utm, tag_html
from core.mailings import Issue, Mailing
from core.model import Letter
from core.plugin import suggestion

NAMES = frozenset(
    {"name", "person", "email", "site", "mailing", "issue", "subject", "preheader", "unsubscribe_url", "day"}
)
"""What a letter may use; `person` holds the mirrored columns and ``person.attributes`` the source's own fields."""

_CONTENT = "{{ content }}"


@dataclass(frozen=True, slots=True)
class Publication:
    """A letter as it goes out in one posting: templates with styles inlined and links marked, and what all share."""

    issue: str
    mailing: str
    sender: str
    reply_to: str
    subject: str
    html: str
    text: str
    utm: Mapping[str, str]
    shared: Mapping[str, Any]
    public_url: str  # where the unsubscribe page is

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Publication | None:
        """What :meth:`as_json` gave; None when another version of Vestnik kept less than this one needs."""
        names = [one.name for one in fields(cls)]
        return cls(**{name: kept[name] for name in names}) if kept.keys() >= set(names) else None


@dataclass(frozen=True, slots=True)
class Addressee:
    """For whom a letter is composed: the contact, and the person in whose name it is written."""

    contact_id: int
    posting_id: int
    email: str
    person: Mapping[str, Any]


def publish(
    issue: Issue, mailing: Mailing, site: Site, *, at: datetime, folders: Iterable[Path] = (), public_url: str = ""
) -> Publication:
    """The letter of `issue` ready to be filled in. `folders` with templates of the site's own stand before ours.

    Raises Misconfigured for a missing file, Refused (with file and line) for a template error or an unknown name.
    """
    files = _Files((*folders, TEMPLATES))
    layout_file, layout = files.read(f"layouts/{mailing.layout}.html")
    letter_file, content = files.read(f"letters/{issue.letter}.html")
    _check(layout_file, layout, NAMES | {"content"})
    _check(letter_file, content, NAMES)
    for what, source in ((N_("subject"), issue.subject), (N_("preheader"), issue.preheader)):
        _check(f"[issues.{issue.code}] {what}", source, NAMES - {"subject", "preheader"})
    if _CONTENT not in layout:
        raise Refused(N_("{file}: the layout has no place {place} for the letter."), file=layout_file, place=_CONTENT)
    utm = _utm(issue, mailing, site, at=at)
    if len(layout) + len(content) > LONGEST_PART:
        raise Refused(N_("{file}: a letter may have {limit} characters at most."), file=letter_file, limit=LONGEST_PART)
    html = inlining.inlined(layout.replace(_CONTENT, content))
    html = tag_html(html, utm=utm, dynamic=_dynamic)
    published = Publication(
        issue=issue.code,
        mailing=mailing.code,
        sender=mailing.sender,
        reply_to=mailing.reply_to,
        subject=issue.subject,
        html=html,
        text=_text(files, issue, html),
        utm=asdict(utm),
        shared=_shared(issue, mailing, site, at=at),
        public_url=public_url or site.url,
    )
    guarded(letter_file, lambda: _parts_of(published))
    return published


def _utm(issue: Issue, mailing: Mailing, site: Site, *, at: datetime) -> Utm:
    """The marks of every link: the mailing's, those of the issue first, macros filled (blocks are filled per link)."""
    day = at.astimezone(ZoneInfo(issue.timezone)).date()
    default = Utm(source="newsletter", medium="email", campaign="{mailing}")
    return (
        default.merged(mailing.utm)
        .merged(issue.utm)
        .filled(issue=issue.code, mailing=mailing.code, date=day.isoformat(), block="content", site=site.name)
    )


def _dynamic(href: str, utm: Utm) -> str:
    """A link known only at composing is given its marks then."""
    return '{% filter tagged("' + utm.content.replace('"', "") + '") %}' + href + "{% endfilter %}"


def _shared(issue: Issue, mailing: Mailing, site: Site, *, at: datetime) -> dict[str, Any]:
    return {
        "site": {"name": site.name, "url": site.url, "phone": site.phone, "address": site.address},
        "mailing": {"code": mailing.code, "name": mailing.name},
        "issue": {"code": issue.code, "name": issue.name},
        "preheader": issue.preheader,
        "day": at.astimezone(ZoneInfo(issue.timezone)).date().isoformat(),
    }


def _text(files: _Files, issue: Issue, html: str) -> str:
    name = f"letters/{issue.letter}.txt"
    if files.find(name) is None:
        return inlining.as_text(html)
    _, source = files.read(name)
    _check(name, source, NAMES)
    return "{% filter tagged_text %}" + source + "{% endfilter %}"


def _check(what: str, source: str, known: Iterable[str]) -> None:
    sandbox = environment(html=True)
    unknown: set[str] = set()

    def look() -> str:
        unknown.update(unknown_names(sandbox, source, set(known)))
        return ""

    guarded(what, look)
    for name in sorted(unknown):
        raise Refused(
            N_("{what}, line {line}: there is no {name!r} in a letter. {hint}"),
            what=what,
            line=line_of(sandbox, source, name),
            name=name,
            hint=suggestion(name, list(known)),
        )


class _Files:
    """Templates by name, the site's own before ours."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = list(folders)

    def find(self, name: str) -> Path | None:
        for folder in self._folders:
            file = (folder / name).resolve()
            if file.is_relative_to(folder.resolve()) and file.is_file():
                return file
        return None

    def read(self, name: str) -> tuple[str, str]:
        file = self.find(name)
        if file is None:
            raise Misconfigured(
                N_("There is no template {name}. Looked in: {folders}"),
                name=name,
                folders=", ".join(str(folder) for folder in self._folders),
            )
        try:
            return name, file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(N_("Template {file} cannot be read: {error}"), file=str(file), error=str(error)) from None


def compose(publication: Publication, addressees: Iterable[Addressee], *, key: str) -> Iterator[Letter | Refused]:
    """The letter for each of `addressees`, in their order; a person whose letter fails gets the reason instead."""
    try:
        parts = guarded(f"letter of issue {publication.issue}", lambda: _parts_of(publication))
    except Refused as error:  # published by another version of Vestnik, whose templates knew more
        for _ in addressees:
            yield error
        return
    for addressee in addressees:
        try:
            yield _letter(publication, parts, addressee, key)
        except Refused as error:
            yield error


def _parts_of(publication: Publication) -> tuple[Template, ...]:
    return _parts(publication.subject, str(publication.shared["preheader"]), publication.html, publication.text)


@lru_cache(maxsize=32)
def _parts(subject: str, preheader: str, html: str, text: str) -> tuple[Template, Template, Template, Template]:
    plain, rich = environment(html=False), environment(html=True)
    return plain.from_string(subject), plain.from_string(preheader), rich.from_string(html), plain.from_string(text)


def _letter(publication: Publication, parts: tuple[Template, ...], addressee: Addressee, key: str) -> Letter:
    subject, preheader, html, text = parts
    link = leave_url(publication.public_url, key, contact_id=addressee.contact_id, mailing=publication.mailing)
    values = {
        **publication.shared,
        "name": str(addressee.person.get("name", "")).strip(),
        "person": addressee.person,
        "email": addressee.email,
        "unsubscribe_url": link,
        "_utm": Utm(**publication.utm),
    }
    what = f"letter of issue {publication.issue} for {addressee.email}"
    values["subject"] = mime.one_line(guarded(what, lambda: rendered(subject, values)))
    values["preheader"] = guarded(what, lambda: rendered(preheader, values))
    return Letter(
        sender=publication.sender,
        to=addressee.email,
        to_name=_full_name(addressee.person),
        subject=values["subject"],
        html=guarded(what, lambda: rendered(html, values)),
        text=_tidy(guarded(what, lambda: rendered(text, values))),
        message_id=message_id(key, publication, addressee),
        headers=_headers(publication, link),
    )


def _tidy(text: str) -> str:
    """The text part without the blanks and empty lines that Jinja marks leave behind."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]*\n[ \t]*", "\n", text))


def _full_name(person: Mapping[str, Any]) -> str:
    return " ".join(part for part in (str(person.get("name", "")), str(person.get("last_name", ""))) if part.strip())


def _headers(publication: Publication, link: str) -> dict[str, str]:
    headers = {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<{publication.mailing}.{_host(publication)}>",
        "Precedence": "bulk",
    }
    return headers | ({"Reply-To": publication.reply_to} if publication.reply_to else {})


def leave_url(public_url: str, key: str, *, contact_id: int, mailing: str) -> str:
    """The link by which this contact leaves this mailing."""
    return f"{public_url}/p/u/{consent.token(key, contact_id=contact_id, mailing=mailing)}"


def message_id(key: str, publication: Publication, addressee: Addressee) -> str:
    """The same for the same recipient of the same posting, whenever and wherever it is composed."""
    name = f"{addressee.posting_id}:{addressee.contact_id}"
    digest = hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:24]
    return f"<{addressee.posting_id}.{digest}@{_host(publication)}>"


def _host(publication: Publication) -> str:
    """The domain of the From, in whose name the mail goes."""
    return publication.sender.rpartition("@")[2].rstrip("> ").strip() or "localhost"


def person_values(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    """A row of `people` as a letter sees it."""
    names = ("name", "last_name", "second_name", "gender", "birthday", "phone", "city", "site")
    values = {name: row[name] for name in names}
    values["birthday"] = row["birthday"] if isinstance(row["birthday"], date) else None
    return {**values, "attributes": row["attributes"]}
