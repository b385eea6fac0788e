"""Contacts of module sender, which looked otherwise before 2019: an address stood in EMAIL, and nothing was flagged."""

from __future__ import annotations

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.shop import Shop

EMAIL = 1  # TYPE_ID; the others are phones, messengers and ids of the CRM


def contacts(shop: Shop) -> sa.FromClause:
    """All contacts: ID, TYPE_ID, CODE, NAME, USER_ID, BLACKLISTED, IS_UNSUB, DATE_INSERT, DATE_UPDATE."""
    table = shop.table("b_sender_contact")
    code = table.c["CODE" if "CODE" in table.c else "EMAIL"].label("CODE")
    flags = shop.some(table, "ID", TYPE_ID=EMAIL, NAME="", USER_ID=None, BLACKLISTED="N", IS_UNSUB="N")
    dates = shop.some(table, DATE_INSERT=None, DATE_UPDATE=None)
    return sa.select(code, *flags, *dates).subquery("contact")


def recipients(shop: Shop) -> sa.Select[tuple[int, str]]:
    """Recipient's ID and address of every letter that was sent."""
    table = shop.table("b_sender_posting_recipient")
    if "CONTACT_ID" not in table.c:
        return sa.select(table.c.ID, table.c.EMAIL.label("CODE"))
    known = contacts(shop)
    joined = table.join(known, known.c.ID == table.c.CONTACT_ID)
    return sa.select(table.c.ID, known.c.CODE).select_from(joined).where(known.c.TYPE_ID == EMAIL)
