"""The contract of a block: a part of a letter that brings its own facts, such as products, an order or a coupon.

It stands in a letter's text as a component, ``{{ block("viewed", limit=4) }}``, or in the list of an issue's blocks.
It answers for a whole batch of recipients at once, from the mirror alone.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_
from core.model import Kind
from core.plugin import Plugin, Settings


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a block is asked: the contact, the person in whose name the letter is written, and what it is about."""

    contact_id: int
    source: str = ""  # of the person; "" when nobody is known
    person: str = ""  # external id in that source
    attributes: Mapping[str, Any] | None = None
    subject: str = ""  # external id of the order, basket or product that a scenario's letter is about; "": nothing
    recipient_id: int = 0  # the row that carries the letter; 0: a preview or a test


@dataclass(frozen=True, slots=True)
class Asked:
    """When and where a block is asked: its facts come from this connection, as they stand now."""

    connection: sa.Connection
    now: datetime
    timezone: str
    currency: str  # of the site: sums in another one are shown in their own
    site_url: str
    issue: str = ""
    answers_url: str = ""  # of our own page that takes answers to this letter, see :func:`question_name`


Heading = Annotated[str | None, Field(max_length=200, title=N_("Heading (empty: none)"))]
"""The setting of what stands above a block, with a default of the block's own: ``heading: Heading = "Новинки"``."""
ButtonText = Annotated[str, Field(max_length=60, title=N_("Text of the button"))]


class BlockSettings(Settings):
    """What every block understands."""

    required: bool = Field(default=False, title=N_("Without it the letter does not go out"))
    heading: Heading = None
    utm_content: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]{0,64}$", title=N_("utm_content of its links"))


def question_name(question: str) -> str:
    """What a question is called in links: they cannot hold its words, and must find it in the letter again."""
    return hashlib.blake2b(question.encode(), digest_size=6).hexdigest()


Facts = Mapping[str, Any]
"""The variables of the block's template for one recipient."""


class Block(Plugin):
    """A functional block of letters."""

    Settings: ClassVar[type[Settings]] = BlockSettings
    variables: ClassVar[Mapping[str, str]] = {}
    """What the template may use beside the settings: name → what it is (an N_ text)."""
    kinds: ClassVar[frozenset[Kind]] = frozenset()
    """What of the sources it looks at: this is made fresh before the letters go out."""

    card: ClassVar[str] = ""
    """The template of one product in it, when it shows any: ``blocks/card.html``. It is filled in once a product."""

    @property
    def template(self) -> str:
        """Its template below ``templates/``; a site's own of the same name stands before ours."""
        return f"blocks/{self.code}.html"

    @abstractmethod
    def facts(self, settings: Any, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        """For each reader, in their order, all of :attr:`variables`; None where there is nothing to show.

        An empty block vanishes from the letter, or holds the letter back when it is required. Whoever sees the same
        may be given the same object: it is then filled in once.
        """
