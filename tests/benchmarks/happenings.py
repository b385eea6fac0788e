"""What happened to the million people of the crowd: facts, views and baskets, made by the database itself."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core import db, tables
from tests.benchmarks.crowd import SOURCE, lot

_BASKETS, _VIEWS = 200_000, 2_000_000


def happen(url: str, scale: float) -> int:
    """Write the facts of three years into the crowd's mirror at `url`; how many they are.

    Each registration, last login and order of the mirror, three statuses of each order, and baskets and views of the
    last 90 days; a price falls and a product comes back every quarter of an hour.
    """
    engine = db.connect(url)
    lite = engine.dialect.name == "sqlite"
    with db.writing(engine) as connection:
        if not lite:
            connection.exec_driver_sql("SET SESSION sql_mode='PIPES_AS_CONCAT', unique_checks=0")
        for statement in _statements(scale, lite):
            connection.exec_driver_sql(statement.replace("%", "%%") if not lite else statement)
        connection.exec_driver_sql(f"ANALYZE {'' if lite else 'TABLE '}facts")
        count = connection.scalar(sa.select(sa.func.count()).select_from(tables.facts)) or 0
    engine.dispose()
    return count


def _statements(scale: float, lite: bool) -> Iterator[str]:
    digest = "randomblob(16)" if lite else "UNHEX(MD5(CONCAT(UUID(), RAND())))"
    columns = "source, what, at, seen_at, person, contact_id, subject, details, digest"

    def facts(what: str, at: str, rows: str, *, subject: str = "''", details: str = "'{}'", who: str = "") -> str:
        person, contact = (f"{who}external_id", f"{who}contact_id") if who != "nobody" else ("''", "NULL")
        values = f"'{SOURCE}', '{what}', {at}, {at}, {person}, {contact}, {subject}, {details}, {digest}"
        return f"INSERT INTO facts ({columns}) SELECT {values} FROM {rows}"

    order = (
        "orders.person AS external_id, orders.contact_id, orders.external_id AS number, orders.created_at, orders.id"
    )
    orders = f"(SELECT {order} FROM orders) AS told"
    yield facts("registered", "registered_at", "people WHERE registered_at IS NOT NULL")
    yield facts("logged_in", "last_login_at", "people WHERE last_login_at IS NOT NULL")
    yield facts("ordered", "created_at", orders, subject="number")
    for status, hours in (("P", 5), ("S", 40), ("F", 120)):
        details = f'\'{{"name": "x", "status": "{status}"}}\''
        yield facts("status_changed", _later("created_at", hours, lite), orders, subject="number", details=details)
    for what, count in (("basket_changed", _BASKETS), ("viewed", _VIEWS)):
        yield facts(
            what, "at", _lately(int(count * scale), scale, lite), subject="subject", details='\'{"total": "900"}\''
        )
    for what in ("price_dropped", "back_in_stock"):
        prices = '\'{"currency": "RUB", "from": "1000", "to": "800"}\''
        yield facts(what, "at", _lately(8640, scale, lite), subject="subject", details=prices, who="nobody")


def _later(at: str, hours: int, lite: bool) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {at}, '+{hours} hours')" if lite else f"{at} + INTERVAL {hours} HOUR"


def _lately(count: int, scale: float, lite: bool) -> str:
    """(external_id, contact_id, subject, at): somebody does something to a product in the last 90 days."""
    numbers = (
        f"(WITH RECURSIVE numbers(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < {count}) "
        "SELECT seq FROM numbers)"
        if lite
        else f"seq_1_to_{count}"
    )
    people, products = int(1_000_000 * scale), int(70_000 * scale)
    whole = "CAST({} AS INTEGER)" if lite else "CAST(FLOOR({}) AS SIGNED)"
    who = whole.format(f"1 + {lot(61)} * {people}")
    what = whole.format(f"1 + {lot(62)} * {products}")
    seconds = whole.format(f"{lot(63)} * 90 * 86400")
    end = "(SELECT MAX(seen_at) FROM people)"
    at = (
        f"strftime('%Y-%m-%d %H:%M:%S.000000', {end}, '-' || {seconds} || ' seconds')"
        if lite
        else f"{end} - INTERVAL {seconds} SECOND"
    )
    columns = f"{who} || '' AS external_id, {who} AS contact_id, {what} || '' AS subject, {at} AS at"
    return f"(SELECT {columns} FROM {numbers} AS n) AS told"
