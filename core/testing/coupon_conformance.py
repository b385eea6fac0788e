"""What every gift of coupons must keep, as tests to inherit: an author gives three fixtures, and runs them.

::

    class TestShopCoupons(CouponConformance):
        @pytest.fixture
        def coupons(self) -> Coupons:
            return Shop("shop", Shop.Settings(url="…")).coupons()

        @pytest.fixture
        def rule(self) -> str:
            return "7"  # a discount rule that carries coupons

        @pytest.fixture
        def use(self) -> Callable[[str], None]:
            return …  # what the shop does when somebody orders with this code
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Misconfigured, VestnikError
from core.model import Coupon, CouponFate, CouponTerms, CouponUse, DiscountRule
from core.source import Coupons, Ending

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = "the installation's own"  # noqa: S105
ENDINGS: tuple[Ending, ...] = (CouponFate.DELETED, CouponFate.DEACTIVATED)


class CouponConformance:
    """The contract of :class:`core.source.Coupons`.

    Give `coupons`; `rule`, the id of a discount rule that carries coupons; `use`, which lets the shop use a code once;
    and, where there are such, `idle_rule`, the id of a rule that carries none, and `unreachable`, the same gift aimed
    at a system that does not answer.
    """

    @pytest.fixture
    def coupons(self) -> Coupons:
        raise NotImplementedError("give a fixture `coupons`")

    @pytest.fixture
    def rule(self) -> str:
        raise NotImplementedError("give a fixture `rule`")

    @pytest.fixture
    def use(self) -> Callable[[str], None]:
        raise NotImplementedError("give a fixture `use`")

    @pytest.fixture
    def idle_rule(self) -> str | None:
        return None

    @pytest.fixture
    def unreachable(self) -> Coupons | None:
        return None

    def test_it_knows_its_rules(self, coupons: Coupons, rule: str) -> None:
        rules = coupons.rules(now=NOW)
        assert all(isinstance(one, DiscountRule) and one.name for one in rules)
        assert [one.refusal for one in rules if one.external_id == rule] == [None]
        coupons.check(rule, now=NOW)

    def test_a_rule_that_is_not_there_is_refused(self, coupons: Coupons) -> None:
        with pytest.raises(Misconfigured):
            coupons.check("no such rule", now=NOW)
        with pytest.raises(Misconfigured):
            made(coupons, "no such rule", "a")

    def test_a_rule_that_carries_no_coupons_is_refused(self, coupons: Coupons, idle_rule: str | None) -> None:
        if idle_rule is not None:
            with pytest.raises(Misconfigured):
                coupons.check(idle_rule, now=NOW)
            with pytest.raises(Misconfigured):
                made(coupons, idle_rule, "a")

    def test_a_coupon_is_what_was_asked_for(self, coupons: Coupons, rule: str) -> None:
        until = NOW + timedelta(days=7)
        coupon = made(coupons, rule, "a", valid_from=NOW, valid_until=until, prefix="BDAY")
        assert (coupon.rule, coupon.valid_from, coupon.valid_until) == (rule, NOW, until)
        assert coupon.code.startswith("BDAY")
        assert len(coupon.code) <= 32
        assert coupon.code.isascii()

    def test_the_same_key_is_the_same_coupon(self, coupons: Coupons, rule: str) -> None:
        first = made(coupons, rule, "a", valid_until=NOW + timedelta(days=7))
        later = coupons.create(
            CouponTerms(rule, "a", valid_until=NOW + timedelta(days=9)), secret=SECRET, now=NOW + timedelta(days=2)
        )
        assert later == first

    def test_other_keys_are_other_coupons(self, coupons: Coupons, rule: str) -> None:
        assert len({made(coupons, rule, str(number)).code.upper() for number in range(20)}) == 20

    def test_many_may_be_made_in_a_block(self, coupons: Coupons, rule: str) -> None:
        with coupons as open_coupons:
            inside = [made(open_coupons, rule, str(number)) for number in range(3)]
        assert [made(coupons, rule, str(number)) for number in range(3)] == inside
        with coupons:
            assert made(coupons, rule, "0") == inside[0]

    def test_a_new_coupon_is_not_used(self, coupons: Coupons, rule: str) -> None:
        code = made(coupons, rule, "a").code
        assert coupons.usage([code, "NOBODY-KNOWS"]) == {code: CouponUse(), "NOBODY-KNOWS": CouponUse()}

    def test_a_used_coupon_says_so(self, coupons: Coupons, rule: str, use: Callable[[str], None]) -> None:
        code = made(coupons, rule, "a").code
        use(code)
        assert coupons.usage([code])[code].used
        assert coupons.usage([code])[code].times == 1

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_ended_each_code_says_what_became_of_it(
        self, coupons: Coupons, rule: str, use: Callable[[str], None], ending: Ending
    ) -> None:
        used, idle = made(coupons, rule, "used").code, made(coupons, rule, "idle").code
        use(used)
        fates = coupons.expire([used, idle, "NOBODY-KNOWS"], ending=ending, now=NOW)
        assert fates == {used: CouponFate.USED, idle: ending, "NOBODY-KNOWS": CouponFate.GONE}
        assert coupons.usage([used])[used].used, "a used coupon was touched"

    def test_deleted_twice_it_is_gone(self, coupons: Coupons, rule: str) -> None:
        code = made(coupons, rule, "a").code
        for fate in (CouponFate.DELETED, CouponFate.GONE):
            assert coupons.expire([code], ending=CouponFate.DELETED, now=NOW) == {code: fate}

    def test_deleted_it_may_be_made_anew_with_a_later_end(self, coupons: Coupons, rule: str) -> None:
        first, later = NOW + timedelta(days=1), NOW + timedelta(days=3)
        code = made(coupons, rule, "a", valid_until=first).code
        coupons.expire([code], ending=CouponFate.DELETED, now=NOW)
        assert made(coupons, rule, "a", valid_until=later).valid_until == later

    def test_it_knows_which_coupons_stand(self, coupons: Coupons, rule: str) -> None:
        stays, deleted, off = (made(coupons, rule, key).code for key in "abc")
        coupons.expire([deleted], ending=CouponFate.DELETED, now=NOW)
        coupons.expire([off], ending=CouponFate.DEACTIVATED, now=NOW)
        assert coupons.standing([stays, deleted, off, "NOBODY-KNOWS"]) == {stays}

    def test_no_codes_no_answers(self, coupons: Coupons) -> None:
        assert coupons.expire([], ending=CouponFate.DELETED, now=NOW) == {}
        assert coupons.usage([]) == {}
        assert coupons.standing([]) == set()

    def test_out_of_reach_it_raises_an_error_of_ours(self, unreachable: Coupons | None, rule: str) -> None:
        if unreachable is not None:
            with pytest.raises(VestnikError):
                unreachable.rules(now=NOW)
            with pytest.raises(VestnikError):
                made(unreachable, rule, "a")
            with pytest.raises(VestnikError):
                unreachable.expire(["A"], ending=CouponFate.DELETED, now=NOW)
            with pytest.raises(VestnikError):
                unreachable.standing(["A"])
            with pytest.raises(VestnikError):
                unreachable.usage(["A"])


def made(coupons: Coupons, rule: str, key: str, **terms: Any) -> Coupon:
    """A coupon of `rule`, made at `NOW`."""
    return coupons.create(CouponTerms(rule, key, **terms), secret=SECRET, now=NOW)
