"""A letter as it goes out in one posting: templates with styles inlined and links marked, and what all share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from html import escape
from typing import Any

from core.block import Facts

TOKEN = "\ue0b7"  # noqa: S105 - no password
"""Stands in links where the letter's own token goes: one character of the private area, so that it is found fast."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One block where it stands in a letter: its settings, and its templates."""

    code: str
    settings: Mapping[str, Any]
    html: str
    text: str
    card_html: str = ""  # of one product in it: filled in once a product, not once a letter
    card_text: str = ""
    content: str = ""  # utm_content of its links

    @property
    def required(self) -> bool:
        """Whether the letter is held back where the block has nothing to show."""
        return bool(self.settings.get("required"))


@dataclass(frozen=True, slots=True)
class Publication:
    """One letter published for one posting, kept with it."""

    issue: str
    mailing: str
    sender: str
    reply_to: str
    subject: str
    html: str
    text: str
    utm: Mapping[str, str]
    shared: Mapping[str, Any]
    public_url: str  # where the unsubscribe page and the redirects are
    links: tuple[str, ...] = ()  # the marked targets of tracked links, by their number
    tracked: bool = False
    blocks: tuple[Placed, ...] = ()
    groups: tuple[str, ...] = ()  # those that the letter's conditions ask about
    hosts: tuple[str, ...] = ()  # domains beside the site's whose links are marked; "*": all
    language: str = "ru"
    currency: str = "RUB"
    timezone: str = "Europe/Moscow"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Publication | None:
        """What :meth:`as_json` gave; None when another version of Vestnik kept less than this one needs."""
        names = [one.name for one in fields(cls)]
        if not kept.keys() >= set(names):
            return None
        values = {name: kept[name] for name in names}
        blocks = tuple(Placed(**one) for one in kept["blocks"])
        lists = {name: tuple(kept[name]) for name in ("links", "groups", "hosts")}
        return cls(**{**values, **lists, "blocks": blocks})


@dataclass(frozen=True, slots=True)
class Addressee:
    """For whom a letter is composed: the contact, and the person in whose name it is written."""

    contact_id: int
    posting_id: int
    email: str
    person: Mapping[str, Any]
    recipient_id: int = 0  # the row that carries the letter; 0: a preview
    subject: str = ""  # external id of what a scenario's letter is about
    blocks: tuple[Facts | None, ...] = field(default=())  # what each block of the publication has to show
    groups: frozenset[str] = frozenset()  # of those that the letter asks about
    anchor: str = ""  # of a scenario's letter: the key of what began it
    ledger_id: int = 0  # of a scenario's letter: its row in the ledger


def untracked(publication: Publication) -> Publication:
    """The same letter with links that lead straight to their targets and no pixel: for those who only look."""
    goes = re.compile(rf"{re.escape(publication.public_url)}/p/c/{TOKEN}/(\d+)")
    pixel = re.compile(rf"<img src=\"{re.escape(publication.public_url)}/p/o/{TOKEN}[^>]*>")

    def rich(text: str) -> str:
        return pixel.sub("", goes.sub(lambda found: escape(publication.links[int(found[1])]), text))

    def plain(text: str) -> str:
        return goes.sub(lambda found: publication.links[int(found[1])], text)

    def block(one: Placed) -> Placed:
        html, card_html = rich(one.html), rich(one.card_html)
        return replace(one, html=html, card_html=card_html, text=plain(one.text), card_text=plain(one.card_text))

    blocks = tuple(block(one) for one in publication.blocks)
    html, text = rich(publication.html), plain(publication.text)
    return replace(publication, html=html, text=text, blocks=blocks, links=(), tracked=False)
