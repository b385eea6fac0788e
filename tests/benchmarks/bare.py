"""The peer: a bare PyMySQL SSCursor that streams the columns which a source needs, and makes nothing of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pymysql
import sqlalchemy as sa
from pymysql.cursors import SSCursor

from connectors.sources.bitrix_mysql import baskets, orders, people
from connectors.sources.bitrix_mysql.baskets import LINE
from connectors.sources.bitrix_mysql.catalogue import ELEMENT
from core.model import Kind
from tests.benchmarks.rows import GOODS, OFFERS

Statement = tuple[str, str]  # SELECT, and the column by which it can be cut short; the first one's rows are records

_PEOPLE: Sequence[Statement] = (
    (f"SELECT {', '.join(people._ALWAYS)}, BLOCKED FROM b_user", "ID"),
    ("SELECT USER_ID, GROUP_ID FROM b_user_group", "USER_ID"),
    ("SELECT VALUE_ID, UF_BONUS, UF_NEWS FROM b_uts_user", "VALUE_ID"),
)
_PRODUCTS: Sequence[Statement] = (
    (f"SELECT {', '.join(ELEMENT)} FROM b_iblock_element", "ID"),
    (
        f"SELECT IBLOCK_ELEMENT_ID, PROPERTY_1, PROPERTY_2, PROPERTY_3 FROM b_iblock_element_prop_s{GOODS}",
        "IBLOCK_ELEMENT_ID",
    ),
    (f"SELECT IBLOCK_ELEMENT_ID, PROPERTY_11, PROPERTY_12 FROM b_iblock_element_prop_s{OFFERS}", "IBLOCK_ELEMENT_ID"),
    (f"SELECT IBLOCK_ELEMENT_ID, IBLOCK_PROPERTY_ID, VALUE FROM b_iblock_element_prop_m{GOODS}", "IBLOCK_ELEMENT_ID"),
    ("SELECT ID, QUANTITY, QUANTITY_TRACE, CAN_BUY_ZERO, AVAILABLE FROM b_catalog_product", "ID"),
    ("SELECT PRODUCT_ID, PRICE, CURRENCY FROM b_catalog_price WHERE CATALOG_GROUP_ID = 1", "PRODUCT_ID"),
    ("SELECT ID, SUBDIR, FILE_NAME, HANDLER_ID FROM b_file", "ID"),
)
# STRAIGHT_JOIN: left to itself, MariaDB begins with all that lie outside the part which is read
_OPEN = (
    "FROM b_sale_fuser f STRAIGHT_JOIN b_sale_basket b ON b.FUSER_ID = f.ID AND b.LID = 's1' AND b.ORDER_ID IS NULL"
    " WHERE f.USER_ID > 0"
)
_BASKETS: Sequence[Statement] = (
    (f"SELECT DISTINCT f.ID, f.USER_ID {_OPEN}", "f.ID"),
    (f"SELECT {', '.join(f'b.{name}' for name in (*LINE, 'BASE_PRICE', *baskets._OF_BASKET))} {_OPEN}", "f.ID"),
)
_ORDERS: Sequence[Statement] = (
    (f"SELECT {', '.join(orders._COLUMNS)} FROM b_sale_order", "ID"),
    ("SELECT ORDER_ID, ORDER_PROPS_ID, VALUE FROM b_sale_order_props_value", "ORDER_ID"),
    (f"SELECT {', '.join(LINE)}, BASE_PRICE, ORDER_ID FROM b_sale_basket WHERE ORDER_ID > 0", "ORDER_ID"),
)
_ORDER_CHANGES: Sequence[Statement] = (
    ("SELECT ID, ORDER_ID, TYPE, DATA, DATE_CREATE FROM b_sale_order_change"
     " WHERE TYPE IN ('ORDER_STATUS_CHANGED', 'ORDER_PAYED')", "ID"),
)  # fmt: skip
_VIEWS: Sequence[Statement] = (
    ("SELECT v.FUSER_ID, v.SITE_ID, v.PRODUCT_ID, v.DATE_VISIT, v.VIEW_COUNT, f.USER_ID"
     " FROM b_catalog_viewed_product v STRAIGHT_JOIN b_sale_fuser f ON f.ID = v.FUSER_ID WHERE f.USER_ID > 0", "v.ID"),
)  # fmt: skip
STATEMENTS = {
    Kind.PEOPLE: _PEOPLE,
    Kind.PRODUCTS: _PRODUCTS,
    Kind.BASKETS: _BASKETS,
    Kind.ORDERS: _ORDERS,
    Kind.ORDER_CHANGES: _ORDER_CHANGES,
    Kind.VIEWS: _VIEWS,
}


def streamed(url: str, kind: Kind, limit: int) -> int:
    """Stream what `kind` is made of, for keys up to `limit`; how many rows of its main table went by."""
    counts = [_streamed(url, query, key, limit) for query, key in STATEMENTS[kind]]
    return counts[0]


def _streamed(url: str, query: str, key: str, limit: int) -> int:
    at = sa.make_url(url)
    connection = pymysql.connect(
        host=at.host,
        port=at.port or 3306,
        user=at.username,
        password=at.password or "",
        database=at.database,
        charset="utf8mb4",
        cursorclass=SSCursor,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"{query} {'AND' if ' WHERE ' in query else 'WHERE'} {key} <= {limit}")
        return sum(1 for _ in itertools.chain(cursor))
