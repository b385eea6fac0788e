"""A whole sample shop written into a database: the same date and seed make the same shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from core.sample import schema
from core.sample.catalogue import PRODUCTS, STORAGE_V2, catalogue
from core.sample.orders import orders
from core.sample.people import people
from core.sample.rows import Rows

_MODULES = ("main", "iblock", "catalog", "sale", "form", "subscribe", "sender")


@dataclass(frozen=True, slots=True)
class ShopSummary:
    """What was made; `birthday_emails` are exactly those to be greeted on the day, normalised."""

    users: int
    goods: int
    orders: int
    birthday_emails: tuple[str, ...]


def make_shop(engine: sa.Engine, *, today: date, seed: int = 1, users: int = 2000) -> ShopSummary:
    """Make the tables in the empty database of `engine` and fill them with half a year of a shop's life before `today`."""
    rows = Rows(today, seed)
    _site(rows)
    greeted = people(rows, users)
    goods = catalogue(rows)
    made = orders(rows, goods)
    with engine.begin() as connection:
        schema.relaxed(connection)
        schema.create(connection)
        schema.create_user_fields(connection)
        schema.create_property_tables(connection, PRODUCTS, STORAGE_V2)
        rows.write(connection)
    return ShopSummary(len(rows.of("b_user")), len(goods), made, greeted)


def _site(rows: Rows) -> None:
    rows.add("b_lang", LID="s1", DEF="Y", ACTIVE="Y", NAME="Домовой", DIR="/", LANGUAGE_ID="ru", SERVER_NAME="shop.example.com",
             SITE_NAME="Домовой", EMAIL="news@shop.example.com")  # fmt: skip
    for name, value in (
        ("server_name", "shop.example.com"),
        ("upload_dir", "upload"),
        ("email_from", "news@shop.example.com"),
    ):
        rows.add("b_option", MODULE_ID="main", NAME=name, VALUE=value)
    for name in _MODULES:
        rows.add("b_module", ID=name, DATE_ACTIVE=rows.end)
