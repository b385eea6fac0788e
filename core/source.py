"""The contract of a source: it pours people, products, baskets, orders and views, page by page, from a cursor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from core.errors import VestnikError
from core.model import Kind, Record
from core.plugin import Plugin

Cursor = Mapping[str, Any]
"""Where to go on: JSON values only, written and read by the source alone."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that could not be read, and why; it is listed, and the rest goes on."""

    external_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one kind. `cursor` continues after this page: intake keeps it in the same commit as the rows."""

    records: Sequence[Record]
    cursor: Cursor
    bad: Sequence[Bad] = ()
    total: int | None = None  # how many rows this read expects in all, if the source knows (for progress)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `vestnik doctor` found out: what was looked at, whether it is right, and what to do.

    `advice` may be an error with an ``N_`` template: then it is said in the reader's language.
    """

    what: str
    ok: bool
    advice: str | VestnikError = ""


class Source(Plugin):
    """One system that holds facts of a shop. It only pours, and knows nothing of marketing.

    `name` is the source's name in the settings. A source holds no open connection between calls.
    """

    capabilities: ClassVar[frozenset[Kind]] = frozenset()

    def __init__(self, name: str, settings: Any) -> None:
        self.name = name
        self.settings = settings

    @abstractmethod
    def check(self) -> Iterator[Finding]:
        """Everything that can be wrong with this source, each with its advice. Never raises."""

    @abstractmethod
    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        """Pages of `kind`: all rows when `cursor` is None, else from where the cursor stands.

        A full read may be resumed: its pages' cursors continue it, and the last page's cursor asks only for what is new
        after the read began. A row may come twice (intake compares), but none may be missed. Rows come in whatever
        order. Raises Unreachable when the system does not answer, Misconfigured when a table or right is missing.
        """
