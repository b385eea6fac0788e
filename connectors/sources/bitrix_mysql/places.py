"""Kinds that lie in several places of a shop: one walk a place, one after the other, each with a cursor of its own.

{"forms": {…}, "rubrics": {…}}    cursors of walks by place; a place that is not named will be read from its beginning
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import opt_outs
from connectors.sources.bitrix_mysql.awaited import Awaited
from connectors.sources.bitrix_mysql.forms import FormResults
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.subscriptions import Addresses, Rubrics, SenderLists
from connectors.sources.bitrix_mysql.walk import Reader, pages
from core.errors import Misconfigured
from core.model import Kind
from core.source import Cursor, Page


@dataclass(frozen=True, slots=True)
class Place:
    """Tables that one reader cannot do without, and the module of Bitrix that makes them."""

    module: str
    tables: tuple[str, ...]
    reader: Callable[[Shop], Reader]
    newer: bool = False  # older versions have the module, but not these tables


_SENDER = ("b_sender_contact", "b_sender_posting_unsub", "b_sender_posting_recipient")
_PLACES: Mapping[Kind, Mapping[str, Place]] = {
    Kind.SUBSCRIPTIONS: {
        "forms": Place(
            "form", ("b_form", "b_form_field", "b_form_answer", "b_form_result", "b_form_result_answer"), FormResults
        ),
        "rubrics": Place("subscribe", ("b_subscription", "b_subscription_rubric", "b_list_rubric"), Rubrics),
        "awaited": Place("catalog", ("b_catalog_subscribe", "b_iblock_element"), Awaited, newer=True),
        "sender_lists": Place("sender", ("b_sender_contact", "b_sender_contact_list", "b_sender_list"), SenderLists),
    },
    Kind.OPT_OUTS: {  # complaints first: they blacklist the contact too, and the first reason stays
        "complaints": Place("sender", ("b_sender_abuse",), opt_outs.Complaints, newer=True),
        "blacklist": Place("main", ("b_main_mail_blacklist",), opt_outs.Blacklist, newer=True),
        "contacts": Place("sender", ("b_sender_contact",), opt_outs.Contacts),
        "unsubscribed": Place("sender", _SENDER, opt_outs.Unsubscribed),
        "left_mailings": Place("sender", ("b_sender_contact", "b_sender_mailing_subscription"), opt_outs.LeftMailings),
        "subscribers": Place("subscribe", ("b_subscription",), opt_outs.Subscribers),
    },
}
KINDS = _PLACES.keys()


def places(shop: Shop, kind: Kind) -> dict[str, Place]:
    """Every place of `kind` in a shop with these settings, whether its tables are there or not."""
    found = dict(_PLACES[kind])
    if kind is Kind.SUBSCRIPTIONS:
        tables = ("b_iblock", "b_iblock_element", "b_iblock_property")
        for number, fields in shop.settings.addresses.items():
            reader = partial(Addresses, infoblock=number, fields=fields)
            found[f"infoblock_{number}"] = Place("iblock", tables, reader)
    return found


def missing(shop: Shop, place: Place) -> list[str]:
    """Those of its tables that are not there, or may not be read."""
    return [table for table in place.tables if not shop.has(table)]


def left_out(shop: Shop, place: Place) -> bool:
    """Whether this shop has no such place. A table that is missing although its module makes it is a fault."""
    return bool(missing(shop, place)) and (place.newer or not installed(shop, place.module))


def installed(shop: Shop, module: str) -> bool:
    """Whether the shop has this module of Bitrix."""
    if module == "main" or not shop.has("b_module"):
        return True
    table = shop.table("b_module")
    return shop.scalar(sa.select(table.c.ID).where(table.c.ID == module)) is not None


def walk(shop: Shop, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
    """All pages from `cursor` on, place after place; a place that has been read to its end is asked for its news.

    A place that is not set up as it must be costs itself: the others are read first, then its error is raised.
    """
    reached, total, faults = dict(cursor or {}), 0, []
    for name, place in places(shop, kind).items():
        if left_out(shop, place):
            continue
        expected = None
        try:
            for page in pages(place.reader(shop), reached.get(name)):
                reached[name], expected = page.cursor, page.total
                so_far = None if expected is None else total + expected
                yield Page(page.records, dict(reached), page.bad, so_far)
        except Misconfigured as error:
            faults.append(error)
        total += expected or 0
    if faults:
        raise faults[0]
    yield Page([], dict(reached), total=total if cursor is None else None)
