"""Coupons in memory keep the contract that a source's gift is held to, and one that breaks it is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import pytest

from core.errors import VestnikError
from core.model import Coupon, CouponFate, CouponTerms, CouponUse, DiscountRule, Kind
from core.source import Coupons, Ending
from core.testing import MemoryCoupons, MemorySource
from core.testing.coupon_conformance import CouponConformance

RULES = (DiscountRule("7", "Birthday"), DiscountRule("8", "Last year", VestnikError("It is switched off.")))


class TestMemoryCoupons(CouponConformance):
    @pytest.fixture
    def coupons(self) -> MemoryCoupons:
        return MemoryCoupons(*RULES)

    @pytest.fixture
    def rule(self) -> str:
        return "7"

    @pytest.fixture
    def idle_rule(self) -> str:
        return "8"

    @pytest.fixture
    def use(self, coupons: Coupons) -> Callable[[str], None]:
        def used(code: str) -> None:
            assert isinstance(coupons, MemoryCoupons)
            coupons.uses[code] = CouponUse(1)

        return used


class Twice(MemoryCoupons):
    """Makes another coupon when it is asked again."""

    def create(self, terms: CouponTerms, *, secret: str, now: datetime) -> Coupon:
        self.made.clear()
        return super().create(terms, secret=secret, now=now)


class Ruthless(MemoryCoupons):
    """Ends coupons that were used."""

    def expire(self, codes: Iterable[str], *, ending: Ending, now: datetime) -> dict[str, CouponFate]:
        self.uses.clear()
        return super().expire(codes, ending=ending, now=now)


def test_a_gift_that_makes_a_coupon_twice_is_found_out() -> None:
    with pytest.raises(AssertionError):
        CouponConformance().test_the_same_key_is_the_same_coupon(Twice(*RULES), "7")


def test_a_gift_that_ends_a_used_coupon_is_found_out() -> None:
    coupons = Ruthless(*RULES)

    def use(code: str) -> None:
        coupons.uses[code] = CouponUse(1)

    with pytest.raises(AssertionError):
        CouponConformance().test_ended_each_code_says_what_became_of_it(coupons, "7", use, CouponFate.DELETED)


def test_a_source_offers_no_coupons_unless_it_says_so() -> None:
    source = MemorySource()
    assert source.coupons() is None
    assert source.capabilities == frozenset(Kind)
    source.gift = MemoryCoupons(*RULES)
    assert source.coupons() is source.gift
