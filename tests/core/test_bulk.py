"""Many rows at once: what is written is what SQLAlchemy would have written, and errors tell none of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from core import bulk, db, tables
from tests.conftest import NOW

WORDS = [
    "Чай",
    "O'Neil",
    '"Ёлка"',
    "back\\slash",
    "trailing\\",
    "100 %s",
    "%(name)s",
    "a\nb\r\x1a",
    "nul\0",
    "😀",
    "",
    "?",
]
MOSCOW = ZoneInfo("Europe/Moscow")
NAMES = ("source", "external_id", "email", "name", "last_name", "second_name", "gender", "birthday", "birthday_md",
         "phone", "city", "site", "timezone", "registered_at", "last_login_at", "active", "confirmed", "attributes",
         "digest", "seen_at")  # fmt: skip


def person(number: int, word: str) -> tuple[Any, ...]:
    at = datetime(2026, 10, 25, 1, 30, 5, 120 * number, tzinfo=MOSCOW if number % 2 else UTC)
    born = date(1990, 1, 1 + number) if number % 3 else None
    extra = {"б": word, "a": [Decimal(1), None, 2.5], "at": at} if number % 4 else {}
    return ("shop", str(number), "", word, word[::-1], "ё" * number, "m", born, number, "", "", "s1", "", at,
            at if number % 2 else None, bool(number % 2), True, extra, bytes([number] * 16), NOW)  # fmt: skip


def line(number: int, quantity: Any) -> tuple[Any, ...]:
    return (number, "7", "Чай", quantity, Decimal("350.5000"), None, "RUB")


LINE = ("order_id", "product", "name", "quantity", "price", "base_price", "currency")


def raw(engine: sa.Engine, table: sa.Table) -> list[Any]:
    """Every row as the database holds it, without the types' own reading."""
    columns = ", ".join(column.name for column in table.columns if column.name != "id")
    with engine.connect() as connection:
        return list(map(tuple, connection.exec_driver_sql(f"SELECT {columns} FROM {table.name} ORDER BY id")))


def keys(engine: sa.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        found = connection.execute(sa.select(tables.keys.c.name, tables.keys.c.secret))
        return {row.name: row.secret for row in found}


def put(engine: sa.Engine, *pairs: tuple[str, str]) -> None:
    with db.writing(engine) as connection:
        rows = [(name, secret, NOW) for name, secret in pairs]
        bulk.upsert(connection, tables.keys, ("name", "secret", "created_at"), rows, key=("name",))


@pytest.mark.parametrize(
    ("table", "names", "rows"),
    [
        (tables.people, NAMES, [person(number, word) for number, word in enumerate(WORDS)]),
        (tables.order_lines, LINE, [line(1, Decimal("2.0000")), line(2, Decimal("1E+3")), line(3, 2), line(4, 0.25)]),
    ],
    ids=["people", "order_lines"],
)
def test_rows_lie_as_sqlalchemy_would_have_laid_them(
    engine: sa.Engine, table: sa.Table, names: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    with db.writing(engine) as connection:
        connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])
    wanted = raw(engine, table)
    with db.writing(engine) as connection:
        connection.execute(sa.delete(table))
        bulk.insert(connection, table, names, rows)
    assert len(wanted) == len(rows)
    assert raw(engine, table) == wanted


def test_what_is_there_is_updated_or_left(engine: sa.Engine) -> None:
    put(engine, ("a", "1"), ("b", "1"))
    put(engine, ("b", "2"), ("c", "2"))
    assert keys(engine) == {"a": "1", "b": "2", "c": "2"}
    with db.writing(engine) as connection:
        rows = [("c", "3", NOW), ("d", "3", NOW)]
        bulk.insert_ignoring(connection, tables.keys, ("name", "secret", "created_at"), rows)
        bulk.insert_ignoring(connection, tables.keys, ("name", "secret", "created_at"), [])
    assert keys(engine) == {"a": "1", "b": "2", "c": "2", "d": "3"}


def test_rows_too_many_for_one_statement_go_in_several(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_STATEMENT_CHARACTERS", 1000)
    secrets = [(f"key{number}", "x" * number) for number in range(255)]
    put(engine, *secrets)
    assert keys(engine) == dict(secrets)


def test_texts_are_safe_where_a_backslash_escapes_nothing(mariadb_engine: sa.Engine) -> None:
    told = list(enumerate(WORDS))
    with mariadb_engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")
        rows = [(f"mode{number}", word, NOW) for number, word in told]
        bulk.insert(connection, tables.keys, ("name", "secret", "created_at"), rows)
        query = sa.select(tables.keys.c.secret).where(bulk.among(tables.keys.c.secret, WORDS))
        assert sorted(connection.scalars(query)) == sorted(WORDS)
        connection.rollback()
        connection.invalidate()


def test_an_error_does_not_tell_what_was_written(engine: sa.Engine) -> None:
    twice = [("site", "hush-hush", NOW), ("site", "hush-hush", NOW)]
    with pytest.raises(sa.exc.IntegrityError) as caught, db.writing(engine) as connection:
        bulk.insert(connection, tables.keys, ("name", "secret", "created_at"), twice)
    assert "INSERT INTO" in str(caught.value)
    assert "hush-hush" not in str(caught.value) + repr(caught.value)
    with pytest.raises(sa.exc.DBAPIError) as caught_too, db.writing(engine) as connection:
        connection.execute(sa.select(sa.literal_column("nothing")).where(bulk.among(tables.keys.c.secret, ["hush"])))
    assert "hush" not in str(caught_too.value)


def test_half_of_a_surrogate_pair_is_an_error(engine: sa.Engine) -> None:
    for half in ("\ud83d", "\udc80"):  # the second one is what surrogateescape would let through
        with pytest.raises(UnicodeEncodeError):
            put(engine, ("a", half))
    assert keys(engine) == {}


@pytest.fixture
def words(engine: sa.Engine) -> Iterator[sa.Connection]:
    put(engine, *((f"k{number}", word) for number, word in enumerate(WORDS)))
    with engine.connect() as connection:
        yield connection


def test_a_list_finds_its_words(words: sa.Connection) -> None:
    secret = tables.keys.c.secret
    for wanted in (WORDS[:6], WORDS[:1], [*WORDS[1:3], "nobody"]):
        found = set(words.scalars(sa.select(secret).where(bulk.among(secret, wanted))))
        assert found == set(wanted) & set(WORDS)
    assert list(words.scalars(sa.select(secret).where(bulk.among(secret, [])))) == []


def test_a_list_finds_its_numbers(engine: sa.Engine) -> None:
    number = tables.order_lines.c.order_id
    with db.writing(engine) as connection:
        bulk.insert(connection, tables.order_lines, LINE, [line(number, Decimal(1)) for number in range(2000)])
        query = sa.select(sa.func.count()).where(bulk.among(number, range(500, 3000)))
        assert connection.scalar(query) == 1500
        connection.execute(sa.delete(tables.order_lines).where(bulk.among(number, range(1999))))
        assert list(connection.scalars(sa.select(number))) == [1999]


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_comes_twice_is_two_moments(fold: int) -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    assert db.utc_text(twice) == f"2026-10-25 0{fold}:30:00.000000"
    assert db.utc_text(twice + timedelta(microseconds=7)).endswith(".000007")
