"""What plug-in authors test with: a source and a channel that live in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

from core.channel import Channel, Session
from core.model import Kind, Letter, Outcome, Record
from core.plugin import Settings
from core.source import Cursor, Finding, Page, Source


class MemorySource(Source):
    """Pours the records put into `rows`; the cursor is how many of each kind have been poured."""

    code = "memory"
    title = "Memory"
    capabilities: ClassVar[frozenset[Kind]] = frozenset(Kind)

    def __init__(self, name: str = "memory", page: int = 100) -> None:
        super().__init__(name, Settings())
        self.rows: dict[Kind, list[Record]] = {kind: [] for kind in Kind}
        self.page = page
        self.error: Exception | None = None  # raised before the next page

    def check(self) -> Iterator[Finding]:
        yield Finding("memory", ok=True)

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        start = int(cursor["done"]) if cursor else 0
        rows = self.rows[kind]
        for first in range(start, max(len(rows), start + 1), self.page):
            if self.error:
                raise self.error
            part = rows[first : first + self.page]
            yield Page(part, {"done": first + len(part)}, total=len(rows))


class MemoryChannel(Channel):
    """Keeps the letters it is given; `answers` says what becomes of an address (sent when it says nothing)."""

    code = "memory"
    title = "Memory"

    def __init__(self) -> None:
        super().__init__(Settings())
        self.letters: list[Letter] = []
        self.answers: Mapping[str, Outcome] = {}

    @contextmanager
    def open(self) -> Iterator[Session]:
        yield _MemorySession(self)

    def check(self) -> Iterator[Finding]:
        yield Finding("memory", ok=True)


class _MemorySession(Session):
    def __init__(self, channel: MemoryChannel) -> None:
        self._channel = channel

    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        for letter in letters:
            outcome = self._channel.answers.get(letter.to, Outcome("sent", "250 ok"))
            if outcome.result == "sent":
                self._channel.letters.append(letter)
            yield outcome
