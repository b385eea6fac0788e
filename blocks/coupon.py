"""A coupon of the reader's own on a discount of the shop: ``{{ block("coupon", discount=7, percent=2, days=2) }}``."""

from __future__ import annotations

from core.coupon import CouponBlock
from core.errors import N_


class Coupon(CouponBlock):
    """Shows the code large, what it gives, and its last day."""

    code = "coupon"
    title = N_("Coupon")
