"""How facts, reactions and moments are told in the reasons that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from core.errors import N_, VestnikError
from core.journeys.past import Happened

FACTS: Mapping[str, str] = {
    "registered": N_("registered"),
    "logged_in": N_("came back to the site"),
    "basket_changed": N_("changed the basket"),
    "basket_emptied": N_("emptied the basket"),
    "ordered": N_("ordered"),
    "bought": N_("bought the product"),
    "cancelled": N_("the order was cancelled"),
    "restored": N_("the order was taken up again"),
    "paid": N_("paid"),
    "shipped": N_("the order was shipped"),
    "status_changed": N_("the order's status changed"),
    "viewed": N_("looked at a product"),
    "subscribed": N_("subscribed"),
    "unsubscribed": N_("unsubscribed"),
    "opened": N_("opened a letter"),
    "clicked": N_("clicked in a letter"),
    "back_in_stock": N_("the product came back into stock"),
    "price_dropped": N_("the price fell"),
    "product_added": N_("a new product appeared"),
    "deal_created": N_("a deal was made"),
    "deal_stage_changed": N_("the deal came to another stage"),
}
"""The names of facts in words; a site's own facts are told by their names."""

REACTIONS: Mapping[str, str] = {"opened": N_("opened it"), "clicked": N_("clicked in it"), "ordered": N_("ordered")}


def day(at: datetime, zone: str) -> str:
    """``24.11.2026`` on the wall of `zone`."""
    return f"{at.astimezone(ZoneInfo(zone)):%d.%m.%Y}"


def moment(at: datetime, zone: str) -> str:
    """``24.11.2026 05:00`` on the wall of `zone`."""
    return f"{at.astimezone(ZoneInfo(zone)):%d.%m.%Y %H:%M}"


def told(fact: Happened, zone: str) -> VestnikError:
    """A fact and when it happened."""
    what = VestnikError(FACTS[fact.what]) if fact.what in FACTS else fact.what
    return VestnikError(N_("{fact}, {moment}"), fact=what, moment=moment(fact.at, zone))
