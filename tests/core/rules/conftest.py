"""The shop of the tests of rule words, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.core.rules.shop import Shop


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)
