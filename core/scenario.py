"""The contract of scenarios: an anchor says who entered and when, a file says which letters follow, until what goal.

An anchor is a plug-in of ``scenarios/anchors/`` (or a site's own ``local/anchors/``); a scenario is a TOML file.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa

from core.model import Kind
from core.plugin import Plugin
from core.rules import World


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact who entered a scenario, by what, and when."""

    contact_id: int
    source: str  # of the person; "" when the anchor knows only the contact
    person: str  # external id in that source; "": nobody in particular
    subject: str  # external id of what it is about: an order, a basket, a product; "": nothing
    key: str  # names this entry for ever: the same anchor, asked again, has the same key
    at: datetime


ENTRY = ("contact_id", "source", "person", "subject", "key", "at")
"""The columns of an anchor's SELECT, in this order: those of :class:`Entry`."""


@dataclass(frozen=True, slots=True)
class Span:
    """The anchors that are looked for: those with ``since < at <= until``, as they stood at the world's `now`.

    What happened after `now` is not known. `learnt`: only anchors that stand on facts with a higher id than this.
    """

    world: World
    since: datetime
    until: datetime
    learnt: int | None = None

    @property
    def now(self) -> datetime:
        return self.world.now


class Anchor(Plugin):
    """What brings people into a scenario: a query over the mirror and its facts."""

    kinds: ClassVar[frozenset[Kind]] = frozenset()
    """What of the sources it asks: this is made fresh before the letters go out."""

    facts: ClassVar[frozenset[str]] = frozenset()
    """The names of the facts that it stands on: each new one is looked at, however late it was learnt.

    An anchor without any stands on dates: birthdays, holidays, the end of a term.
    """

    moves: ClassVar[bool] = False
    """Whether the moment of one and the same entry can become later, as that of a basket that is changed again."""

    def stands_on(self, settings: Any) -> frozenset[str]:
        """The names of the facts that it stands on with these settings, where they say which."""
        return self.facts

    @abstractmethod
    def entries(self, settings: Any, span: Span) -> sa.Select[Any]:
        """One SELECT of the columns :data:`ENTRY`: who entered in `span`; one row a key and contact.

        With ``span.world.only`` one contact alone is asked. Contacts without an address are left out (no NULL).
        """

    def about(self, settings: Any) -> Mapping[str, Any]:
        """More settings for the letter's blocks that follow from those of the anchor: block code → settings."""
        return {}
