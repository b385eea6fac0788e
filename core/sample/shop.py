"""A whole sample shop written into a database: the same date and seed make the same shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from core.sample import schema
from core.sample.catalogue import DIRECTORY, PRODUCTS, STORAGE_V2, layout
from core.sample.goods import goods
from core.sample.history import half_a_year
from core.sample.lists import lists
from core.sample.people import people
from core.sample.rows import Rows

ZONE = "Europe/Moscow"  # the shop's own time, in which Bitrix writes
_MODULES = ("main", "iblock", "catalog", "sale", "currency", "highloadblock", "form", "subscribe", "sender")
_OPTIONS = (
    ("main", "server_name", "shop.example.com"),
    ("main", "upload_dir", "upload"),
    ("main", "email_from", "news@shop.example.com"),
    ("catalog", "default_quantity_trace", "Y"),
    ("catalog", "default_can_buy_zero", "N"),
    ("catalog", "viewed_count", "10"),
)


@dataclass(frozen=True, slots=True)
class ShopSummary:
    """What was made; `birthday_emails` are exactly those to be greeted on the day, normalised."""

    users: int
    goods: int
    orders: int
    birthday_emails: tuple[str, ...]


def make_shop(engine: sa.Engine, *, today: date, seed: int = 1, users: int = 2000) -> ShopSummary:
    """Make a shop's tables in the empty database of `engine`, and half a year of its life before `today` in them."""
    rows = Rows(today, seed)
    _site(rows)
    greeted = people(rows, users)
    shelf = goods(rows, layout(rows))
    orders = half_a_year(rows, shelf)
    lists(rows, shelf, greeted)
    summary = ShopSummary(len(rows.of("b_user")), len(shelf), orders, greeted)
    with engine.begin() as connection:
        schema.relaxed(connection)
        schema.create(connection)
        schema.create_user_fields(connection)
        schema.create_property_tables(connection, PRODUCTS, STORAGE_V2)
        schema.create_directory(connection, DIRECTORY)
        rows.write(connection)
    return summary


def _site(rows: Rows) -> None:
    rows.add("b_language", LID="ru", DEF="Y", ACTIVE="Y", NAME="Russian")
    rows.add("b_lang", LID="s1", DEF="Y", ACTIVE="Y", NAME="Домовой", DIR="/", LANGUAGE_ID="ru", SITE_NAME="Домовой",
             SERVER_NAME="shop.example.com", EMAIL="news@shop.example.com")  # fmt: skip
    rows.add("b_lang", LID="s2", DEF="N", ACTIVE="N", NAME="Закрытый филиал", DIR="/old/", LANGUAGE_ID="ru",
             SITE_NAME="", SERVER_NAME="", EMAIL="")  # fmt: skip
    rows.add("b_lang_domain", LID="s1", DOMAIN="shop.example.com")
    for module, name, value in _OPTIONS:
        rows.add("b_option", MODULE_ID=module, NAME=name, VALUE=value)
    for name in _MODULES:
        rows.add("b_module", ID=name, DATE_ACTIVE=rows.begin)
