"""A published letter filled in for each recipient. Pure: what its blocks show was asked before."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from html import unescape
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from jinja2 import Template
from markupsafe import Markup

from core import consent, mime, signing
from core.block import Facts
from core.compose.filters import Mark, with_marks
from core.compose.publication import TOKEN, Addressee, Placed, Publication
from core.compose.sandbox import card_of, environment, guarded, of_blocks, rendered
from core.errors import N_, Refused
from core.goods import Card
from core.links import Utm, harmless, is_web, own_hosts
from core.model import Letter

T = TypeVar("T")
LETTER, LINK = "letter", "link"
"""What the tokens in a letter's links are stamped and sealed for."""


class NothingToShow(Refused):
    """A block that the letter cannot do without is empty: the letter does not go out."""


def compose(publication: Publication, addressees: Iterable[Addressee], *, key: str) -> Iterator[Letter | Refused]:
    """The letter for each of `addressees`, in their order; a person whose letter fails gets the reason instead."""
    try:
        sheet = guarded(f"letter of issue {publication.issue}", lambda: _sheet(publication, key))
    except Refused as error:  # published by another version of Vestnik, whose templates knew more
        for _ in addressees:
            yield error
        return
    for addressee in addressees:
        try:
            yield sheet.letter(addressee)
        except Refused as error:
            yield error


def html_parts(publication: Publication, addressees: Iterable[Addressee], *, key: str) -> Iterator[str]:
    """The HTML of each letter alone: for measuring, and for pages that show nothing else. Raises Refused."""
    sheet = _sheet(publication, key)
    for addressee in addressees:
        yield sheet.html(addressee)


def _sheet(publication: Publication, key: str) -> _Sheet:
    """The sheet of the publication that a worker is at: batch after batch it is the same object."""
    kept: _Sheet | None = _SHEETS.get(id(publication))
    if kept is not None and kept.publication is publication and kept.key == key:
        return kept
    if len(_SHEETS) >= 8:
        _SHEETS.clear()
    sheet = _SHEETS[id(publication)] = _Sheet(publication, key)
    return sheet


_SHEETS: dict[int, Any] = {}


class _Sheet:
    """One publication with its templates compiled, for the letters of one batch."""

    def __init__(self, publication: Publication, key: str) -> None:
        self.publication, self.key = publication, key
        self.parts = parts_of(publication)
        self.fixed: dict[str, Any] = {
            **publication.shared,
            "_language": publication.language,
            "_currency": publication.currency,
            "_mark": _mark(publication, key),
        }
        self.blocks = [_BlockSheet(placed, self.fixed) for placed in publication.blocks]

    def html(self, addressee: Addressee) -> str:
        token = _token(self.key, addressee)
        values = self._values(addressee, token) | {"subject": "", "preheader": ""}
        return rendered(self.parts[2], values | self._rich(addressee)).replace(TOKEN, token)

    def letter(self, addressee: Addressee) -> Letter:
        subject, preheader, html, text = self.parts
        what = f"letter of issue {self.publication.issue} for {addressee.email}"
        token = _token(self.key, addressee)
        values = self._values(addressee, token)
        values["subject"] = mime.one_line(guarded(what, lambda: rendered(subject, values)))
        values["preheader"] = guarded(what, lambda: rendered(preheader, values))
        rich, plain = self._rich(addressee), self._plain(addressee)
        written = guarded(what, lambda: (rendered(html, values | rich), rendered(text, values | plain)))
        return Letter(
            sender=self.publication.sender,
            to=addressee.email,
            to_name=_full_name(addressee.person),
            subject=values["subject"],
            html=written[0].replace(TOKEN, token),
            text=_tidy(written[1]).replace(TOKEN, token),
            message_id=message_id(self.key, self.publication, addressee),
            headers=_headers(self.publication, values["unsubscribe_url"]),
        )

    def _values(self, addressee: Addressee, token: str) -> dict[str, Any]:
        publication, name = self.publication, str(addressee.person.get("name", "")).strip()
        link = leave_url(publication.public_url, self.key, contact_id=addressee.contact_id, mailing=publication.mailing)
        return {
            **self.fixed,
            "name": name,
            "greeting": _greeting(name, publication.language),
            "person": addressee.person,
            "email": addressee.email,
            "groups": addressee.groups,
            "unsubscribe_url": link,
            "browser_url": f"{publication.public_url}/p/v/{token}" if addressee.recipient_id else "",
        }

    def _rich(self, addressee: Addressee) -> dict[str, Any]:
        """Each block as HTML, under the name that the letter's template has for it."""
        return {f"_block{number}": sheet.rich(facts) for number, (sheet, facts) in enumerate(self._shown(addressee))}

    def _plain(self, addressee: Addressee) -> dict[str, Any]:
        return {f"_block{number}": sheet.plain(facts) for number, (sheet, facts) in enumerate(self._shown(addressee))}

    def _shown(self, addressee: Addressee) -> Iterable[tuple[_BlockSheet, Facts | None]]:
        return zip(self.blocks, addressee.blocks or (None,) * len(self.blocks), strict=True)


class _BlockSheet:
    """One block of a publication with its templates compiled; what several recipients see alike is filled in once."""

    def __init__(self, placed: Placed, fixed: Mapping[str, Any]) -> None:
        self.placed, self.fixed = placed, {**fixed, **placed.settings}
        self.html, self.text = of_blocks(html=True, source=placed.html), of_blocks(html=False, source=placed.text)
        self._rich_cards: _Cards[Markup] = _Cards(placed.card_html, self.fixed, html=True)
        self._plain_cards: _Cards[str] = _Cards(placed.card_text, self.fixed, html=False)
        self._last: dict[str, tuple[Facts, Any]] = {}

    def rich(self, facts: Facts | None) -> Markup:
        """The block as HTML. Raises NothingToShow for a required block without facts."""
        if facts is None:
            if self.placed.required:
                raise NothingToShow(N_("block {code}: nothing to show"), code=self.placed.code)
            return Markup("")
        return self._once("rich", facts, lambda: self._filled(self.html, facts, self._rich_cards, Markup))

    def plain(self, facts: Facts | None) -> str:
        """The block as text, apart from what stands before and after it."""
        if facts is None:
            return ""
        return self._once(
            "plain", facts, lambda: f"\n\n{self._filled(self.text, facts, self._plain_cards, str).strip()}\n\n"
        )

    def _once(self, what: str, facts: Facts, fill: Callable[[], T]) -> T:
        """What `fill` gives; readers who see the same, one after the other, are given the same."""
        last = self._last.get(what)
        if last is None or last[0] is not facts:
            last = self._last[what] = (facts, guarded(f"block {self.placed.code}", fill))
        found: T = last[1]
        return found

    def _filled(self, template: Template, facts: Facts, cards: _Cards[Any], made: Callable[[str], T]) -> T:
        values = {**self.fixed, **facts}
        values["cards"] = [cards.filled(card) for card in facts.get("cards", ())]
        return made(template.render(values))


class _Cards(Generic[T]):
    """The cards of one block, each filled in once a product and kept for the letters that follow."""

    def __init__(self, source: str, fixed: Mapping[str, Any], *, html: bool) -> None:
        self._show: Callable[[Card], T] = card_of(html=html, source=source, fixed=fixed)
        self._kept: dict[Card, T] = {}
        self._met: dict[int, tuple[Card, T]] = {}  # by identity: a card's hash is that of ten fields

    def filled(self, card: Card) -> T:
        """`card` by the template of cards."""
        met = self._met.get(id(card))
        if met is not None and met[0] is card:
            return met[1]
        if len(self._met) > _MOST_CARDS:
            self._kept.clear()
            self._met.clear()
        known = self._kept.get(card)
        if known is None:
            known = self._kept[card] = self._show(card)
        self._met[id(card)] = (card, known)
        return known


_MOST_CARDS = 20_000


def _mark(publication: Publication, key: str) -> Mark:
    """How a link known only at composing is written: marked if it leads to the site, and tracked if the mailing is."""
    utm = Utm(**publication.utm)
    own = own_hosts(str(publication.shared["site"]["url"]), publication.hosts)
    goes = f"{publication.public_url}/p/c/{TOKEN}/."
    ours = tuple(f"{publication.public_url}/p/{page}/" for page in ("u", "c", "v", "o"))

    @lru_cache(maxsize=64)
    def marks(content: str) -> Utm:
        return utm.merged(Utm(content=content)) if content else utm

    @lru_cache(maxsize=20_000)
    def mark(url: str, content: str, escaped: bool) -> str:
        if not is_web(url):
            return harmless(url)
        if url.startswith(ours):
            return url
        target = with_marks(url, marks(content), escaped=escaped) if own(url) else url
        if not publication.tracked:
            return target
        return goes + signing.seal(key, LINK, unescape(target) if escaped else target)

    return mark


def parts_of(publication: Publication) -> tuple[Template, Template, Template, Template]:
    """The templates of subject, preheader, HTML and text, compiled once a process."""
    return _parts(publication.subject, str(publication.shared["preheader"]), publication.html, publication.text)


@lru_cache(maxsize=32)
def _parts(subject: str, preheader: str, html: str, text: str) -> tuple[Template, Template, Template, Template]:
    plain, rich = environment(html=False), environment(html=True)
    return plain.from_string(subject), plain.from_string(preheader), rich.from_string(html), plain.from_string(text)


def _token(key: str, addressee: Addressee) -> str:
    return signing.stamp(key, LETTER, addressee.recipient_id)


def _greeting(name: str, language: str) -> str:
    """Whom a letter greets: a name in the nominative needs no declension."""
    hello = {"ru": "Здравствуйте", "en": "Hello"}[language]
    return f"{hello}, {name}!" if name else f"{hello}!"


def _tidy(text: str) -> str:
    """The text part without the blanks and empty lines that Jinja marks leave behind."""
    lines = "\n".join([line.strip() for line in text.split("\n")])
    return re.sub(r"\n{3,}", "\n\n", lines) if "\n\n\n" in lines else lines


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
    name = f"{addressee.posting_id}:{addressee.contact_id}"
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
