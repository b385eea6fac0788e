"""A sample shop and an installation that reads it, both on SQLite or both on MariaDB with the real schema."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from core import db
from core.sample.shop import ShopSummary, make_shop
from tests.bitrix import KINDS, shop_engine
from tests.installation import Installation

DAY = date(2026, 11, 24)
_numbers = count(1)

DEFINITIONS = """
[groups.birthday]
name = "Пользователи: день рождения"
include = { birthday = "today" }

[groups.everybody]
include = { in_source = "shop" }

[mailings.greetings]
name = "Поздравления"
from = "Домовой <news@shop.example.com>"
groups = ["birthday"]
utm = { source = "vestnik", medium = "email", campaign = "{issue}", content = "{block}" }

[mailings.news]
name = "Новости"
from = "Домовой <news@shop.example.com>"
groups = ["everybody"]

[issues.birthday]
mailing = "greetings"
name = "С Днём Рождения"
letter = "birthday"
subject = "{% if name %}{{ name }}, с{% else %}С{% endif %} днём рождения!"
schedule = "0 5 * * *"
timezone = "Europe/Moscow"

[issues.news]
mailing = "news"
letter = "birthday"
subject = "Новости"
"""


@dataclass
class Shop:
    """A sample shop as the tests see it: its database, and what was put in."""

    engine: sa.Engine
    url: str
    made: ShopSummary


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> str:
    """On which database the shop and the installation are."""
    kind: str = request.param
    return kind


@pytest.fixture
def server(request: pytest.FixtureRequest, store: str) -> str | None:
    return request.getfixturevalue("mariadb") if store == "mariadb" else None


@pytest.fixture
def shop(store: str, server: str | None, tmp_path: Path) -> Iterator[Shop]:
    """A shop of 300 users on its day, 24 November 2026."""
    with shop_engine(store, tmp_path, server=server) as engine:
        made = make_shop(engine, today=DAY, users=300)
        yield Shop(engine, engine.url.render_as_string(hide_password=False), made)


@pytest.fixture
def database(store: str, server: str | None, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database for Vestnik itself."""
    if server is None:
        yield f"sqlite:///{tmp_path}/vestnik.db"
    else:
        with _mariadb(server) as url:
            yield url


@contextmanager
def _mariadb(server: str) -> Iterator[str]:
    name = f"vestnik_own_{os.getpid()}_{next(_numbers)}"
    engine = db.connect(server)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield f"{server.rstrip('/')}/{name}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()


@pytest.fixture
def installation(shop: Shop, database: str, tmp_path: Path) -> Installation:
    """Settings that name both databases; definitions.toml beside them, not yet applied."""
    made = Installation(tmp_path)
    made.configure(
        database={"url": database},
        site={"name": "Домовой", "url": "https://shop.example.com", "language": "en"},
        sources={"shop": {"connector": "bitrix_mysql", "url": shop.url, "site": "s1", "timezone": "Europe/Moscow"}},
        web={"port": 0},
    )
    made.file("definitions.toml", DEFINITIONS)
    return made
