"""The contract of a source: it pours people, products, baskets, orders, views, lists and opt-outs, page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from core.errors import N_, Misconfigured, VestnikError
from core.model import Coupon, CouponFate, CouponTerms, CouponUse, DiscountRule, Kind, Record
from core.plugin import Plugin, suggestion

Cursor = Mapping[str, Any]
"""Where to go on: JSON values only, written and read by the source alone."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that could not be read, and why; it is listed, and the rest goes on."""

    external_id: str
    reason: str | VestnikError


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


Ending = Literal[CouponFate.DELETED, CouponFate.DEACTIVATED]
"""How a coupon that nobody used shall end."""


class Coupons(ABC):
    """Coupons on the discount rules of a shop: all that a source ever writes, and only if its admin allows it.

    Rules are the shop's own: they are chosen, never changed. `source` is the source's name in the settings. Every
    method raises Unreachable when the system does not answer, Misconfigured when a right is missing.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def __enter__(self) -> Self:
        """``with source.coupons() as coupons``: for the time of the block connections are kept, for many calls."""
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing stays open behind the block."""
        return None

    @abstractmethod
    def rules(self, *, now: datetime) -> list[DiscountRule]:
        """Every discount rule of the shop, those that cannot carry coupons at `now` with their refusal."""

    def check(self, rule: str, *, now: datetime) -> None:
        """Raises Misconfigured when coupons of `rule` would do nothing: to be asked before the first letter."""
        known = {one.external_id: one for one in self.rules(now=now)}
        if rule not in known:
            template = N_("Source {source!r}: there is no discount rule {rule}. {hint}")
            raise Misconfigured(template, source=self.source, rule=rule, hint=suggestion(rule, known))
        if refusal := known[rule].refusal:
            template = N_("Source {source!r}: discount rule {rule} {name!r} cannot carry coupons. {refusal}")
            raise Misconfigured(template, source=self.source, rule=rule, name=known[rule].name, refusal=refusal)

    @abstractmethod
    def create(self, terms: CouponTerms, *, secret: str, now: datetime) -> Coupon:
        """The coupon of ``terms.key``: made now, or as it already stands, whatever `terms` say the second time.

        So a caller that crashed before it could note the code asks again and gets the same one. The code is made of the
        key and `secret` (the installation's own): it can be found again, but not be guessed. It has at most 32
        characters and is no other coupon's, in whatever case. One that was deleted is made anew. Raises
        Refused when these terms cannot be met, Misconfigured when the rule carries no coupons.
        """

    @abstractmethod
    def expire(self, codes: Iterable[str], *, ending: Ending, now: datetime) -> dict[str, CouponFate]:
        """End those of `codes` that nobody has used; what became of each. A used coupon is never touched."""

    @abstractmethod
    def standing(self, codes: Iterable[str]) -> set[str]:
        """Those of `codes` that are in the shop and switched on. One for a single order may be off once it is used."""

    @abstractmethod
    def usage(self, codes: Iterable[str]) -> dict[str, CouponUse]:
        """How each of `codes` was used; one that is not in the shop was not."""


class Source(Plugin):
    """One system that holds facts of a shop. It only pours (but for coupons), and knows nothing of marketing.

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

    def coupons(self) -> Coupons | None:
        """The gift of making coupons; None when this source cannot, or may not."""
        return None
