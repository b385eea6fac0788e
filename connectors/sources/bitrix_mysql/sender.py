"""Contacts of module sender, which looked otherwise before 2019: an address stood in EMAIL, and nothing was flagged."""

from __future__ import annotations

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.shop import Shop

_EMAIL = 1  # TYPE_ID; the others are phones, messengers and ids of the CRM


def contacts(shop: Shop) -> sa.FromClause:
    """Contacts that are addresses: ID, CODE, NAME, USER_ID, BLACKLISTED, IS_UNSUB, DATE_INSERT, DATE_UPDATE."""
    table = shop.table("b_sender_contact")
    code = table.c["CODE" if "CODE" in table.c else "EMAIL"].label("CODE")
    flags = shop.some(table, "ID", NAME="", USER_ID=None, BLACKLISTED="N", IS_UNSUB="N")
    dates = shop.some(table, DATE_INSERT=None, DATE_UPDATE=None)
    query = sa.select(code, *flags, *dates)
    return (query.where(table.c.TYPE_ID == _EMAIL) if "TYPE_ID" in table.c else query).subquery("contact")


def recipients(shop: Shop) -> sa.Select[tuple[int, str]]:
    """Recipient's ID and address of every letter that was sent."""
    table = shop.table("b_sender_posting_recipient")
    if "CONTACT_ID" not in table.c:
        return sa.select(table.c.ID, table.c.EMAIL.label("CODE"))
    known = contacts(shop)
    return sa.select(table.c.ID, known.c.CODE).select_from(table.join(known, known.c.ID == table.c.CONTACT_ID))
