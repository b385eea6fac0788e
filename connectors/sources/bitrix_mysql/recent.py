"""Who has been on the site lately: whose rows may have changed although no index says so.

In a Bitrix base `b_user.TIMESTAMP_X`, `b_sale_basket.DATE_UPDATE` and `b_catalog_viewed_product.DATE_VISIT` have no
index of their own, but LAST_LOGIN, LAST_ACTIVITY_DATE and DATE_REGISTER have one. Whoever changes a profile or a basket
or looks at goods has entered the site not long before; what others change for them, the nightly full read finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.shop import Shop

SESSION = timedelta(days=1)
"""LAST_LOGIN is written when somebody enters, not at every hit: so long one visit may last."""


def users(shop: Shop, since: datetime) -> set[int]:
    """People who entered, registered or were seen since then, or entered so lately that they may still be there."""
    table = shop.table("b_user")
    limits = {"LAST_LOGIN": since - SESSION, "LAST_ACTIVITY_DATE": since, "DATE_REGISTER": since}
    found: set[int] = set()
    for column, limit in limits.items():  # one query an index: an OR over three would use none
        query = sa.select(table.c.ID.label("key")).where(table.c[column] >= shop.local(limit))
        found.update(row["key"] for row in shop.rows(query))
    return found


def fusers(shop: Shop, since: datetime) -> set[int]:
    """All fusers of those people."""
    table = shop.table("b_sale_fuser")
    query = sa.select(table.c.ID.label("key"))
    return {row["key"] for row in shop.rows_in(query, table.c.USER_ID, users(shop, since))}


def is_large(shop: Shop, key: sa.ColumnElement[Any]) -> bool:
    """Whether a table has too many rows to be examined whole at every pull; judged by its highest key."""
    return (shop.scalar(sa.select(sa.func.max(key))) or 0) > shop.settings.examined_rows


def ascending(keys: set[int], after: int) -> Iterator[int]:
    """`keys` greater than `after` in their order."""
    return iter(sorted(key for key in keys if key > after))
