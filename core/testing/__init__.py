"""What plug-in authors test with: a source, its coupons and a channel that live in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from core.channel import Channel, Session
from core.model import (
    Coupon,
    CouponFate,
    CouponTerms,
    CouponUse,
    DiscountRule,
    Kind,
    Letter,
    Outcome,
    Record,
)
from core.plugin import Settings
from core.source import Coupons, Cursor, Ending, Finding, Page, Source


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
        self.gift: MemoryCoupons | None = None

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

    def coupons(self) -> Coupons | None:
        return self.gift


class MemoryCoupons(Coupons):
    """Coupons on the rules it is given; `made` holds them by key, `uses` says how each code was used."""

    def __init__(self, *rules: DiscountRule, source: str = "memory") -> None:
        super().__init__(source)
        self._rules = list(rules)
        self.made: dict[str, Coupon] = {}
        self.terms: dict[str, CouponTerms] = {}  # by code
        self.uses: dict[str, CouponUse] = {}
        self.off: set[str] = set()  # codes that were deactivated
        self.error: Exception | None = None  # raised by the next call that would write
        self._codes: dict[str, str] = {}  # by key

    def rules(self, *, now: datetime) -> list[DiscountRule]:
        return self._rules

    def create(self, terms: CouponTerms, *, secret: str, now: datetime) -> Coupon:
        self._fail()
        if terms.key not in self.made:
            self.check(terms.rule, now=now)
            code = self._codes.setdefault(terms.key, f"{terms.prefix.upper()}-{len(self._codes) + 1:06}")
            self.made[terms.key] = Coupon(code, terms.rule, terms.valid_from, terms.valid_until)
            self.terms[code] = terms
        return self.made[terms.key]

    def expire(self, codes: Iterable[str], *, ending: Ending, now: datetime) -> dict[str, CouponFate]:
        self._fail()
        return {code: self._ended(code, ending) for code in codes}

    def standing(self, codes: Iterable[str]) -> set[str]:
        return set(codes) & {coupon.code for coupon in self.made.values()} - self.off

    def usage(self, codes: Iterable[str]) -> dict[str, CouponUse]:
        return {code: self.uses.get(code, CouponUse()) for code in codes}

    def _ended(self, code: str, ending: Ending) -> CouponFate:
        keys = [key for key, coupon in self.made.items() if coupon.code == code]
        if not keys:
            return CouponFate.GONE
        if code in self.uses:
            return CouponFate.USED
        if ending is CouponFate.DELETED:
            del self.made[keys[0]]
            self.off.discard(code)
        else:
            self.off.add(code)
        return ending

    def _fail(self) -> None:
        if self.error:
            raise self.error


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
