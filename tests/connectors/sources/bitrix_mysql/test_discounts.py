"""Discount rules of a Bitrix shop: each that cannot carry coupons says why."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Misconfigured
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix
from tests.connectors.sources.bitrix_mysql.coupon_shop import NOW, a_rule, gift


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"ACTIVE": "N"}, "It is switched off in the shop."),
        ({"USE_COUPONS": "N"}, "It applies without a coupon"),
        ({"ACTIVE_FROM": "2026-11-24 12:00:01"}, "It begins only on 2026-11-24 12:00:01"),
        ({"ACTIVE_TO": "2026-11-24 11:59:59"}, "It ended on 2026-11-24 11:59:59"),
        ({"LID": "s2"}, "It belongs to another site: s2."),
        ({"groups": ()}, "It has no user groups"),
        ({"groups": (5,)}, "Nobody is in its user groups: Опт."),
        ({"ACTIVE_FROM": "2026-11-24 12:00:00", "ACTIVE_TO": "0000-00-00 00:00:00"}, ""),
        ({"groups": (6,)}, ""),
    ],
    ids=str,
)
def test_a_rule_says_why_it_carries_no_coupons(bitrix: Bitrix, values: dict[str, Any], refusal: str) -> None:
    bitrix.add("b_group", ID=5, NAME="Опт", ACTIVE="Y")
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=6)
    a_rule(bitrix, **values)
    [rule] = gift(bitrix).rules(now=NOW)
    assert (rule.external_id, rule.name) == ("7", "Подарок")
    if refusal:
        assert str(rule.refusal).startswith(refusal)
        with pytest.raises(Misconfigured, match=r"rule 7 'Подарок' cannot carry coupons\. (It|Nobody)"):
            gift(bitrix).check("7", now=NOW)
    else:
        assert rule.refusal is None


def test_a_rule_names_the_groups_that_it_is_for(bitrix: Bitrix) -> None:
    bitrix.add("b_group", ID=5, NAME="Опт", ACTIVE="Y")
    bitrix.add("b_user_group", USER_ID=1, GROUP_ID=5)
    a_rule(bitrix, 7, groups=(2, 5))
    a_rule(bitrix, 8, groups=(5, 9))
    assert [rule.groups for rule in gift(bitrix).rules(now=NOW)] == [(), ("Опт", "9")]
