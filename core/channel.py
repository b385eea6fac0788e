"""The contract of a channel: it carries composed letters away and says what became of each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from core.model import Letter, Outcome
from core.plugin import Plugin
from core.source import Finding


class Session:
    """An open connection of a channel, used by one thread."""

    @abstractmethod
    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        """Carry `letters` away: exactly one outcome for each, in their order; never raises for a letter's sake.

        `retry`: certainly not taken, may be tried later. `unknown`: the connection broke after the letter was handed
        over and before the answer came. Letters behind a broken connection are `retry` with ``reached=False``.
        """


class Channel(Plugin):
    """One way to deliver a letter."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @abstractmethod
    def open(self) -> AbstractContextManager[Session]:
        """A session that connects at the first letter and is closed at the end."""

    @abstractmethod
    def check(self) -> Iterator[Finding]:
        """Whether letters would leave now. Never raises."""
