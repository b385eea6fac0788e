"""A shop with goods whose orders a test writes itself."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.core.rhythms.shop import Shop


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)
