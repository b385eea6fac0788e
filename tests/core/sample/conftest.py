from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.sample.shop import ShopSummary, make_shop
from tests.bitrix import KINDS, shop_engine

TODAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Shop:
    engine: sa.Engine
    summary: ShopSummary

    def ask(self, query: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(query), values))


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    with shop_engine(request.param, tmp_path, server=_server(request)) as engine:
        yield engine


@pytest.fixture
def shop(empty: sa.Engine) -> Shop:
    """A small shop that a test may change."""
    return Shop(empty, make_shop(empty, today=TODAY, users=150))


@pytest.fixture(scope="module", params=KINDS)
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of 600 people, for reading only."""
    with shop_engine(request.param, tmp_path_factory.mktemp("shop"), server=_server(request)) as engine:
        yield Shop(engine, make_shop(engine, today=TODAY, users=600))


def _server(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("mariadb") if request.param == "mariadb" else None


def everything(engine: sa.Engine) -> dict[str, list[str]]:
    """All rows of all tables."""
    with engine.connect() as connection:
        tables = sorted(sa.inspect(connection).get_table_names())
        return {
            table: sorted(str(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {table}"))
            for table in tables
        }
