"""Coupons: made once for a letter just before it is composed, ended when their time is over, and audited every day.

The row says where a coupon stands; its key (issue, anchor, contact, offer) is the key that the shop is asked with:

    planned ──make──► made ──end──► removed          (nobody used it: taken out of the shop, or switched off there)
       ▲                │ ├───────► used             (it stays in the shop)
       └── make anew ───┘ └──audit► lost ──► made    (somebody took it out of the shop before its time)

The row is there before the shop is asked, so a coupon made just before a crash is found again: the same key is the same
coupon. Making anew gives it a later end, when its letter was held up past midnight.
"""

from core.coupons.accounts import Account, accounts, alarms, forgive
from core.coupons.auditing import audit, audit_due
from core.coupons.batch import Prepared
from core.coupons.book import Mint, Standing, gift_of
from core.coupons.ending import due, end
from core.coupons.making import check, prepare
from core.coupons.pool import put_in

__all__ = [
    "Account",
    "Mint",
    "Prepared",
    "Standing",
    "accounts",
    "alarms",
    "audit",
    "audit_due",
    "check",
    "due",
    "end",
    "forgive",
    "gift_of",
    "prepare",
    "put_in",
]
