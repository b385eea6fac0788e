"""Discount rules (`b_sale_discount`): which of them coupons would open, and why the others would not."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from core.errors import N_, VestnikError
from core.model import DiscountRule

_EVERYBODY = 2  # the group that every visitor is in; nobody has a row for it


def rules(shop: Shop, now: datetime) -> list[DiscountRule]:
    """All rules in the order of their ids."""
    table = shop.table("b_sale_discount")
    names = ("ID", "LID", "NAME", "ACTIVE", "USE_COUPONS", "ACTIVE_FROM", "ACTIVE_TO")
    rows = shop.rows(sa.select(*(table.c[name] for name in names)).order_by(table.c.ID))
    groups = _groups(shop)
    titles, inhabited = _titles(shop, groups), _inhabited(shop, groups)
    found = []
    for row in rows:
        own = groups.get(row["ID"], set())
        named = () if _EVERYBODY in own else tuple(titles.get(one, str(one)) for one in sorted(own))
        refusal = _refusal(shop, row, now) or _nobody(own, inhabited, named)
        found.append(DiscountRule(str(row["ID"]), values.text(row["NAME"]) or f"#{row['ID']}", refusal, named))
    return found


def _refusal(shop: Shop, row: Row, now: datetime) -> VestnikError | None:
    begins, ended = shop.moment(row["ACTIVE_FROM"]), shop.moment(row["ACTIVE_TO"])
    if not values.yes(row["ACTIVE"]):
        return VestnikError(N_("It is switched off in the shop."))
    if not values.yes(row["USE_COUPONS"]):
        return VestnikError(N_("It applies without a coupon (USE_COUPONS is not Y): coupons would do nothing."))
    if begins and begins > now:
        return VestnikError(N_("It begins only on {at}, the shop's time."), at=shop.local(begins))
    if ended and ended < now:
        return VestnikError(N_("It ended on {at}, the shop's time."), at=shop.local(ended))
    if shop.settings.site and row["LID"] != shop.settings.site:
        return VestnikError(N_("It belongs to another site: {site}."), site=row["LID"])
    return None


def _nobody(groups: set[int], inhabited: set[int], named: tuple[str, ...]) -> VestnikError | None:
    if not groups:
        return VestnikError(N_("It has no user groups: it applies to nobody."))
    if _EVERYBODY in groups or groups & inhabited:
        return None
    return VestnikError(N_("Nobody is in its user groups: {groups}."), groups=", ".join(named))


def _groups(shop: Shop) -> dict[int, set[int]]:
    """Rule → the user groups that it is for."""
    table = shop.table("b_sale_discount_group")
    found: dict[int, set[int]] = {}
    for row in shop.rows(sa.select(table.c.DISCOUNT_ID, table.c.GROUP_ID, table.c.ACTIVE)):
        if row["ACTIVE"] != "N":  # a copy of the rule's own flag; old rows have none
            found.setdefault(row["DISCOUNT_ID"], set()).add(row["GROUP_ID"])
    return found


def _titles(shop: Shop, groups: dict[int, set[int]]) -> dict[int, str]:
    if not shop.has("b_group"):
        return {}
    table = shop.table("b_group")
    found = shop.rows_in(sa.select(table.c.ID, table.c.NAME), table.c.ID, _all(groups))
    return {row["ID"]: values.text(row["NAME"]) for row in found}


def _inhabited(shop: Shop, groups: dict[int, set[int]]) -> set[int]:
    """Of all these groups those that anybody is in; all of them when this user may not look."""
    if not shop.has("b_user_group"):
        return _all(groups)
    table = shop.table("b_user_group")
    members = sa.select(table.c.GROUP_ID).distinct()
    return {row["GROUP_ID"] for row in shop.rows_in(members, table.c.GROUP_ID, _all(groups) - {_EVERYBODY})}


def _all(groups: dict[int, set[int]]) -> set[int]:
    return set[int]().union(*groups.values())
