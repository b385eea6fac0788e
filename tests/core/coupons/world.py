"""An installation whose birthday letter carries a coupon of a shop that lives in memory, or of any other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from blocks.coupon import Coupon
from core import compose, coupons, definitions, deliver, mailings, postings, tables
from core.channel import Session
from core.compose import Press
from core.coupons import Mint
from core.definitions.forms import File
from core.deliver import Desk
from core.errors import VestnikError
from core.model import DiscountRule
from core.source import Source
from core.testing import MemoryCoupons
from tests.core.world import DEFINITIONS, SITE, World

PRESS = Press(SITE, blocks={"coupon": Coupon})
TWO_DAYS: Mapping[str, Any] = {"code": "coupon", "discount": 7, "percent": 2, "days": 2}
RULES = (DiscountRule("7", "Birthday"), DiscountRule("8", "Last year", VestnikError("It is switched off.")))
LAST_SECOND = datetime(2026, 11, 26, 20, 59, 59, tzinfo=UTC)  # of the 26th in Moscow: two days after the letter
CODE = re.compile(r"\b(?:SL-[A-Z0-9-]+|ОБРАЗЕЦ)")


@dataclass
class CouponWorld(World):
    """A world with a shop that makes coupons."""

    gift: MemoryCoupons = field(default_factory=lambda: MemoryCoupons(*RULES, source="shop"))
    sources: dict[str, Source] = field(default_factory=dict)
    cap: int = 0

    def __post_init__(self) -> None:
        self.source.gift = self.gift
        self.sources = {"shop": self.source}

    def promise(self, *blocks: Mapping[str, Any]) -> None:
        """The issue's letter with these blocks; one good for two days when none is given."""
        listed = [dict(one) for one in blocks or (TWO_DAYS,)]
        tree = {**DEFINITIONS, "issues": {"birthday": {**DEFINITIONS["issues"]["birthday"], "blocks": listed}}}
        definitions.apply(self.engine, File.model_validate(tree), PRESS, sources=["shop"], now=self.clock())

    def published(self) -> compose.Publication:
        issue = self.issue()
        with self.engine.connect() as connection:
            mailing = mailings.mailing(connection, issue.mailing)
        return compose.publish(PRESS, issue, mailing, at=self.clock(), tracked=False)

    def open(self, posting_id: int | None = None, *, again: bool = False) -> int:
        chosen = posting_id or postings.by_hand(self.engine, self.issue(), now=self.clock())
        waiting = postings.posting(self.engine, chosen)
        postings.open_posting(self.engine, waiting, self.published(), now=self.clock(), again=again)
        return chosen

    def desk(self, **changes: Any) -> Desk:
        more = {"blocks": PRESS.blocks, "sources": lambda: self.sources, "coupon_cap": self.cap}
        return super().desk(**more | changes)

    @property
    def mint(self) -> Mint:
        return self.desk().mint

    def work(self, posting_id: int, session: Session) -> None:
        deliver.work(self.desk(), postings.posting(self.engine, posting_id), session)

    def rows(self) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            query = sa.select(tables.coupons).order_by(tables.coupons.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]

    def states(self) -> list[str]:
        return sorted(row["status"] for row in self.rows())

    def codes(self) -> dict[str, str]:
        """Reader → the code in their letter."""
        found: dict[str, str] = {}
        for letter in self.channel.letters:
            [code] = set(CODE.findall(letter.text))
            assert code in letter.html
            assert found.setdefault(letter.to, code) == code
        return found

    def end(self) -> dict[str, int]:
        return dict(coupons.end(self.mint, now=self.clock()))

    def audit(self) -> list[VestnikError]:
        return coupons.audit(self.mint, now=self.clock())

    def account(self) -> coupons.Account:
        [one] = coupons.accounts(self.engine)
        return one
