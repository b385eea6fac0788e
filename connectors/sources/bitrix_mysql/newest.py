"""What lies at the end of a table that mostly grows: where its news are, when no index on a date says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop


def newest(shop: Shop, key: sa.ColumnElement[Any], chosen: sa.Select[Any], after: int) -> Iterator[int]:
    """Keys of `chosen` greater than `after` among the last `examined_rows` of the table.

    A change of an older row is found by the next full read.
    """
    last = int(shop.scalar(sa.select(sa.func.max(key))) or 0)
    return in_ranges(shop, key, chosen, max(after, last - max(shop.settings.examined_rows, shop.pace.bite)))
