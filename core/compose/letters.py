"""A published letter filled in for each recipient. Pure: what its blocks show was asked before."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from core import consent, mime, signing
from core.compose.publication import TOKEN, Addressee, Publication
from core.compose.sandbox import guarded
from core.compose.sheets import Sheet, sheet_of
from core.errors import Refused
from core.model import Letter

LETTER = "letter"
"""What the tokens in a letter's links are stamped for."""


def compose(publication: Publication, addressees: Iterable[Addressee], *, key: str) -> Iterator[Letter | Refused]:
    """The letter for each of `addressees`, in their order; a person whose letter fails gets the reason instead."""
    try:
        sheet = sheet_of(publication, key)
    except Refused as error:  # published by another version of Vestnik, whose templates knew more
        for _ in addressees:
            yield error
        return
    for addressee in addressees:
        try:
            yield _letter(sheet, publication, addressee, key)
        except Refused as error:
            yield error


def html_parts(publication: Publication, addressees: Iterable[Addressee], *, key: str) -> Iterator[str]:
    """The HTML of each letter alone: for measuring, and for pages that show nothing else. Raises Refused."""
    sheet = sheet_of(publication, key)
    for addressee in addressees:
        token = _token(key, addressee)
        values = {"subject": "", "preheader": "", **_values(sheet, publication, addressee, key, token)}
        yield sheet.rich(values, sheet.rich_blocks(addressee)).replace(TOKEN, token)


def text_parts(publication: Publication, addressees: Iterable[Addressee], *, key: str) -> Iterator[str]:
    """The text part of each letter alone, for measuring. Raises Refused."""
    sheet = sheet_of(publication, key)
    for addressee in addressees:
        token = _token(key, addressee)
        values = {"subject": "", "preheader": "", **_values(sheet, publication, addressee, key, token)}
        yield sheet.plain(values, sheet.plain_blocks(addressee)).replace(TOKEN, token)


def _letter(sheet: Sheet, publication: Publication, addressee: Addressee, key: str) -> Letter:
    what = f"letter of issue {publication.issue} for {addressee.email}"
    token = _token(key, addressee)
    values = _values(sheet, publication, addressee, key, token)
    values["subject"] = mime.one_line(guarded(what, lambda: sheet.subject.filled(values)))
    values["preheader"] = guarded(what, lambda: sheet.preheader.filled(values))
    rich, plain = sheet.rich_blocks(addressee), sheet.plain_blocks(addressee)
    html, text = guarded(what, lambda: (sheet.rich(values, rich), sheet.plain(values, plain)))
    return Letter(
        sender=publication.sender,
        to=addressee.email,
        to_name=_full_name(addressee.person),
        subject=values["subject"],
        html=html.replace(TOKEN, token),
        text=text.replace(TOKEN, token),
        message_id=message_id(key, publication, addressee),
        headers=_headers(publication, values["unsubscribe_url"]),
    )


def _values(sheet: Sheet, publication: Publication, addressee: Addressee, key: str, token: str) -> dict[str, Any]:
    name = str(addressee.person.get("name", "")).strip()
    return {
        **sheet.fixed,
        "name": name,
        "greeting": _greeting(name, publication.language),
        "person": addressee.person,
        "email": addressee.email,
        "groups": addressee.groups,
        "unsubscribe_url": leave_url(
            publication.public_url, key, contact_id=addressee.contact_id, mailing=publication.mailing
        ),
        "browser_url": f"{publication.public_url}/p/v/{token}" if addressee.recipient_id else "",
    }


def _token(key: str, addressee: Addressee) -> str:
    return signing.stamp(key, LETTER, addressee.recipient_id)


def _greeting(name: str, language: str) -> str:
    """Whom a letter greets: a name in the nominative needs no declension."""
    hello = {"ru": "Здравствуйте", "en": "Hello"}[language]
    return f"{hello}, {name}!" if name else f"{hello}!"


def _full_name(person: Mapping[str, Any]) -> str:
    return " ".join(part for part in (str(person.get("name", "")), str(person.get("last_name", ""))) if part.strip())


def _headers(publication: Publication, link: str) -> dict[str, str]:
    host = _host(publication)
    headers = {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<{publication.mailing}.{host}>",
        "Feedback-ID": f"{publication.issue}:{publication.mailing}:vestnik:{host}",
        "Precedence": "bulk",
    }
    return headers | ({"Reply-To": publication.reply_to} if publication.reply_to else {})


def leave_url(public_url: str, key: str, *, contact_id: int, mailing: str) -> str:
    """The link by which this contact leaves this mailing."""
    return f"{public_url}/p/u/{consent.token(key, contact_id=contact_id, mailing=mailing)}"


def message_id(key: str, publication: Publication, addressee: Addressee) -> str:
    """The same for the same recipient of the same posting, whenever and wherever it is composed."""
    about = f":{addressee.ledger_id}" if addressee.ledger_id else ""
    name = f"{addressee.posting_id}:{addressee.contact_id}{about}"
    digest = hmac.digest(key.encode(), name.encode(), hashlib.sha256).hex()[:24]
    return f"<{addressee.posting_id}.{digest}@{_host(publication)}>"


def _host(publication: Publication) -> str:
    """The domain of the From, in whose name the mail goes."""
    return publication.sender.rpartition("@")[2].rstrip("> ").strip() or "localhost"


def person_values(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    """A row of `people` as a letter sees it."""
    names = ("name", "last_name", "second_name", "gender", "birthday", "phone", "city", "site", "source", "external_id")
    values = {name: row[name] for name in names}
    values["birthday"] = row["birthday"] if isinstance(row["birthday"], date) else None
    return {**values, "attributes": row["attributes"]}


NOBODY: Mapping[str, Any] = person_values(
    dict.fromkeys(("name", "last_name", "second_name", "gender", "phone", "city", "site", "source", "external_id"), "")
    | {"birthday": None, "attributes": {}}
)
"""Whoever is not in the mirror any more: a letter to the bare address."""
