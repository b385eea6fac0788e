"""What our codes are called where people read them: on pages and in the command line."""

from __future__ import annotations

from core.errors import N_
from core.model import Kind, PostingStatus, Status

LETTERS = {
    Status.NEW.value: N_("waiting"),
    Status.COMPOSED.value: N_("composed"),
    Status.CLAIMED.value: N_("on the wire"),
    Status.SENT.value: N_("sent"),
    Status.FAILED.value: N_("failed"),
    Status.SKIPPED.value: N_("skipped"),
    Status.UNKNOWN.value: N_("unknown"),
}
POSTINGS = {
    PostingStatus.WAITING: N_("is waiting"),
    PostingStatus.OPEN: N_("is going out"),
    PostingStatus.DONE: N_("done"),
    PostingStatus.SKIPPED: N_("did not happen"),
}
KINDS = {
    Kind.PEOPLE.value: N_("people"),
    Kind.PRODUCTS.value: N_("products"),
    Kind.BASKETS.value: N_("baskets"),
    Kind.ORDERS.value: N_("orders"),
    Kind.ORDER_CHANGES.value: N_("changes of orders"),
    Kind.VIEWS.value: N_("views"),
    Kind.SUBSCRIPTIONS.value: N_("subscriptions"),
    Kind.OPT_OUTS.value: N_("opt-outs"),
}
COUPONS = {
    "planned": N_("being made"),
    "made": N_("active"),
    "used": N_("used"),
    "removed": N_("removed"),
    "lost": N_("missing in the shop"),
}
REASONS = (  # those that our own rooms write into rows; a relay's words are shown as they are
    N_("unsubscribed"),
    N_("complaint"),
    N_("imported"),
    N_("blacklisted"),
    N_("bounce"),
    N_("already sent today"),
    N_("no consent"),
    N_("missed"),
    N_("the worker stopped while this letter was on the wire"),
)
