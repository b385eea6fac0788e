"""A mirror of a million people for benchmarks of groups: made by the database itself, the same rows in both databases.

Nothing in it is random: each value is a number of the row's own, mixed, so SQLite and MariaDB must answer alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core import buyers, db, tables
from tests.conftest import NOW

SOURCE = "shop"
PEOPLE, ORDERS, LINES, PRODUCTS = 1_000_000, 2_000_000, 5_000_000, 100_000
YEARS_SECONDS = 3 * 365 * 86_400
_PRIME = 2_147_483_647
_END = int(NOW.timestamp())
_OTHER_CITIES = 60
_SESSION = (
    "SET SESSION sql_mode='PIPES_AS_CONCAT', innodb_strict_mode=OFF, time_zone='+00:00', "
    "unique_checks=0, foreign_key_checks=0"  # with both off, MariaDB sorts a whole table's index instead of growing it
)
Columns = Mapping[str, str]


def fill(url: str, scale: float) -> dict[str, float]:
    """Pour the crowd into the empty mirror at `url`; seconds by table, ``buyers`` as core.buyers counts them."""
    engine, took = db.connect(url), {}
    lite = engine.dialect.name == "sqlite"
    for table, count, columns in _crowd(scale, "sqlite" if lite else "mysql"):
        with _Watch() as watch:
            _pour(engine, table, count, columns)
        took[table.name] = watch.seconds
    with _Watch() as watch:
        buyers.rebuild(engine, SOURCE, now=NOW)
    took["buyers"] = watch.seconds
    _analyse(engine)
    engine.dispose()
    return took


class _Watch:
    def __enter__(self) -> _Watch:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began


def _pour(engine: sa.Engine, table: sa.Table, count: int, columns: Columns) -> None:
    """`count` rows by one statement; SQLite's indexes are made afterwards, all at once."""
    lite = engine.dialect.name == "sqlite"
    into, values = ", ".join(f"{name}" for name in columns), ", ".join(columns.values())
    numbers = f"WITH RECURSIVE numbers(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < {count}) "
    rows = f"{numbers}SELECT {values} FROM numbers" if lite else f"SELECT {values} FROM seq_1_to_{count}"
    with db.writing(engine) as connection:
        for index in table.indexes if lite else ():
            index.drop(connection)
        if not lite:
            connection.exec_driver_sql(_SESSION)
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({into}) {rows}".replace("%", "%%" if not lite else "%"))
        for index in table.indexes if lite else ():
            index.create(connection)


def _analyse(engine: sa.Engine) -> None:
    quote, word = engine.dialect.identifier_preparer.quote, "" if engine.dialect.name == "sqlite" else "TABLE "
    with db.writing(engine) as connection:
        for table in tables.metadata.sorted_tables:
            connection.exec_driver_sql(f"ANALYZE {word}{quote(table.name)}")


# ---- what a row is made of, in SQL that both databases read ----


def lot(salt: int) -> str:
    """A number of row `seq` from 0 up to 1, its own for each `salt`."""
    mixed = f"((seq * 48271 + {salt * 69621 + 11}) % {_PRIME})"
    return f"({mixed} * ({mixed} % 65521 + {salt + 7}) % {_PRIME} / {_PRIME}e0)"


def _whole(number: str, dialect: str) -> str:
    return f"CAST({number} AS INTEGER)" if dialect == "sqlite" else f"CAST(FLOOR({number}) AS SIGNED)"


def _moment(seconds_ago: str, dialect: str) -> str:
    at = _whole(f"{_END} - ({seconds_ago})", dialect)
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {at}, 'unixepoch')" if dialect == "sqlite" else f"FROM_UNIXTIME({at})"


def _among(number: str, **shares: float) -> str:
    """One of the words by its share; the last one is for the rest."""
    *some, rest = shares
    below, whens = 0.0, ""
    for word in some:
        below += shares[word]
        whens += f" WHEN {number} < {below:.4f}e0 THEN '{word}'"
    return f"CASE{whens} ELSE '{rest}' END"


def _if(number: str, share: float, then: str, otherwise: str = "NULL") -> str:
    return f"CASE WHEN {number} < {share}e0 THEN {then} ELSE {otherwise} END"


def _crowd(scale: float, dialect: str) -> Iterator[tuple[sa.Table, int, Columns]]:
    size = {name: int(count * scale) for name, count in (("people", PEOPLE), ("orders", ORDERS), ("lines", LINES))}
    size["products"] = int(PRODUCTS * scale)
    yield tables.contacts, size["people"], _contacts(dialect)
    yield tables.people, size["people"], _people(dialect)
    yield tables.products, size["products"], _products(dialect, size["products"])
    yield tables.orders, size["orders"], _orders(dialect, size["people"], size["orders"])
    yield tables.order_lines, size["lines"], _lines(dialect, size["products"])
    yield tables.subscriptions, size["people"] // 5, _subscriptions(dialect, size["people"])
    yield tables.suppressions, size["people"] // 50, _suppressions(dialect)


_DOMAIN = _among(lot(1), **{"mail.ru": 0.35, "yandex.ru": 0.3, "gmail.com": 0.2, "firma.ru": 0.15})
_EMAIL = f"('user' || seq || '@' || {_DOMAIN})"


def _mirrored(dialect: str) -> dict[str, str]:
    return {
        "source": f"'{SOURCE}'",
        "external_id": "seq || ''",
        "digest": "X'00000000000000000000000000000000'",
        "seen_at": _moment("0", dialect),
    }


def _contacts(dialect: str) -> Columns:
    return {"id": "seq", "email": _EMAIL, "domain": _DOMAIN, "created_at": _moment("0", dialect)}


def _people(dialect: str) -> Columns:
    other = f"'Город ' || {_whole(f'{lot(2)} * {_OTHER_CITIES}', dialect)}"
    city = f"CASE WHEN {lot(3)} < 0.25e0 THEN 'Москва' WHEN {lot(3)} < 0.4e0 THEN 'Санкт-Петербург' ELSE {other} END"
    registered = f"{YEARS_SECONDS} * {lot(4)}"
    day = _moment(f"6e8 + 1.15e9 * {lot(5)}", dialect)
    return _mirrored(dialect) | {
        "id": "seq",
        "contact_id": "seq",
        "email": _EMAIL,
        "name": _among(lot(6), Анна=0.3, Иван=0.3, Мария=0.2, Пётр=0.2),
        "last_name": f"'Фамилия' || {_whole(f'{lot(7)} * 5000', dialect)}",
        "second_name": "''",
        "gender": _among(lot(6), f=0.5, m=0.5),
        "birthday": _if(lot(8), 0.4, f"substr({day}, 1, 10)"),
        "birthday_md": _if(lot(8), 0.4, f"substr({day}, 6, 2) * 100 + substr({day}, 9, 2)"),
        "phone": "'+7900' || (1000000 + seq)",
        "city": city,
        "site": "'s1'",
        "timezone": "''",
        "registered_at": _moment(registered, dialect),
        "last_login_at": _if(lot(9), 0.7, _moment(f"{registered} * {lot(10)}", dialect)),
        "active": _if(lot(11), 0.99, "1", "0"),
        "attributes": f"'{{\"UF_BONUS\": \"' || {_whole(f'{lot(12)} * 1000', dialect)} || '\"}}'",
    }


def _products(dialect: str, count: int) -> Columns:
    section = _whole(f"500 * {lot(13)}", dialect)
    parent = _whole(f"1 + {count * 0.7} * {lot(14)}", dialect)
    return _mirrored(dialect) | {
        "id": "seq",
        "parent": f"CASE WHEN seq > {count * 0.7} THEN {parent} || '' ELSE '' END",  # three in ten are offers
        "name": "'Товар ' || seq",
        "url": "'/catalog/' || seq || '/'",
        "picture_url": "''",
        "section": f"CASE WHEN seq > {count * 0.7} THEN '' ELSE {section} || '' END",
        "sections": f"CASE WHEN seq > {count * 0.7} THEN '[]' ELSE '[\"' || {section} || '\"]' END",
        "catalogue": f"CASE WHEN seq > {count * 0.7} THEN '3' ELSE '2' END",
        "xml_id": "''",
        "price": _whole(f"100 + 20000 * {lot(15)} * {lot(16)}", dialect),
        "currency": "'RUB'",
        "available": "1",
        "quantity": "5",
        "active": "1",
        "shows": "0",
        "sort": "500",
        "properties": f"'{{\"BRAND\": \"brand' || {_whole(f'200 * {lot(17)}', dialect)} || '\"}}'",
    }


def _orders(dialect: str, people: int, count: int) -> Columns:
    """In the order of their dates; a third of the people never ordered, the most eager one made thousands."""
    eager = _whole(f"{people * 0.8} * {lot(18)} * {lot(18)}", dialect)
    made = f"{YEARS_SECONDS} * ({count} - seq + {lot(19)}) / {count}e0"
    return _mirrored(dialect) | {
        "id": "seq",
        "number": "seq || ''",
        "contact_id": f"{eager} * 611953 % {people} + 1",
        "person": f"({eager} * 611953 % {people} + 1) || ''",
        **dict.fromkeys(("email", "name", "phone", "status_name"), "''"),
        "site": "'s1'",
        "status": _among(lot(20), F=0.8, N=0.1, P=0.1),
        "total": _whole(f"300 + 60000 * {lot(21)} * {lot(21)} * {lot(21)}", dialect),
        "delivery_price": "300",
        "currency": _among(lot(22), RUB=0.97, KZT=0.03),
        "created_at": _moment(made, dialect),
        "changed_at": _moment(made, dialect),
        "written_at": _moment("0", dialect),
        "paid_at": _if(lot(20), 0.9, _moment(f"{made} * 0.999e0", dialect)),
        "cancelled_at": _if(lot(23), 0.08, _moment(f"{made} * 0.99e0", dialect)),
        "completed": _if(lot(20), 0.8, "1", "0"),
        "offline": _if(lot(24), 0.1, "1", "0"),
        "coupons": _if(lot(25), 0.1, "'[\"SPRING\"]'", "'[]'"),
        **dict.fromkeys(("payments", "shipments"), "'[]'"),
        "properties": "'{}'",
    }


def _lines(dialect: str, products: int) -> Columns:
    """Five lines to two orders; a tenth of the products make a third of the sales."""
    price = _whole(f"100 + 8000 * {lot(26)} * {lot(26)}", dialect)
    return {
        "id": "seq",
        "order_id": _whole("(seq - 1) / 2.5e0 + 1", dialect),
        "product": f"{_whole(f'1 + {products} * {lot(27)} * {lot(27)}', dialect)} || ''",
        "name": "'Товар'",
        "quantity": "1",
        "price": price,
        "base_price": _if(lot(28), 0.3, f"{price} * 1.25", price),
        "currency": "'RUB'",
    }


def _subscriptions(dialect: str, people: int) -> Columns:
    return _mirrored(dialect) | {
        "id": "seq",
        "contact_id": f"seq * 5 % {people} + 1",
        "list": "'rubric:' || (seq % 4)",
        "title": "'Новости'",
        **dict.fromkeys(("email", "name", "person"), "''"),
        "at": _moment(f"{YEARS_SECONDS} * {lot(29)}", dialect),
        "active": "1",
    }


def _suppressions(dialect: str) -> Columns:
    """Every fiftieth person has left; they have the address of the person with this number."""
    return {
        "id": "seq",
        "email": _EMAIL.replace("seq", "(seq * 50)"),
        "mailing": "''",
        "reason": "'unsubscribed'",
        "source": "'link'",
        "at": _moment(f"{YEARS_SECONDS} * {lot(30)}", dialect),
    }


def ago(days: int) -> str:
    """The moment so many days ago, as both databases read it."""
    return db.utc_text(NOW - timedelta(days=days))


def sizes(url: str) -> dict[str, Any]:
    """Rows by table."""
    engine = db.connect(url)
    named = (tables.people, tables.orders, tables.order_lines, tables.products, tables.buyers)
    with engine.connect() as connection:
        return {one.name: connection.scalar(sa.select(sa.func.count()).select_from(one)) for one in named}
