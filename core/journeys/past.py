"""What a contact has done, and what was written to them: all that the judging of scenarios knows of anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact of one contact."""

    what: str
    at: datetime
    subject: str = ""  # external id of what it is about


@dataclass(frozen=True, slots=True)
class Written:
    """One letter to a contact, of a scenario or an issue: gone out, or on its way."""

    issue: str  # "registration/3d", or an issue's code
    at: datetime  # sent, or queued
    kind: str  # "issue", "marketing" or "service"
    sale: bool = False
    scenario: str = ""  # of a scenario's letter, as the next three
    step: str = ""
    key: str = ""
    anchor_at: datetime | None = None
    gone: bool = True  # False: queued, not yet sent
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    shown: tuple[str, ...] = ()  # products that it showed


@dataclass(frozen=True, slots=True)
class Past:
    """Of one contact: facts and letters, the oldest first."""

    facts: tuple[Happened, ...] = ()
    letters: tuple[Written, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says of one letter of a scenario to this contact."""

    step: str
    key: str
    anchor_at: datetime
    status: str  # "deferred", "queued" or "skipped"
    due_at: datetime
    ledger_id: int = 0
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """One contact as the judging sees them: the past, the ledger of the scenario, and the clock on their wall."""

    past: Past
    known: tuple[Known, ...] = ()
    zone: str = "Europe/Moscow"

    def row(self, step: str, key: str) -> Known | None:
        """The ledger's word on the letter of `step` for the entry `key`."""
        return next((one for one in self.known if one.step == step and one.key == key), None)
