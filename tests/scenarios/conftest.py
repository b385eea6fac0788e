"""A shop for the acceptance tests of scenarios."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.scenarios.shop import Shop


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """A shop with some goods, on a Tuesday at noon."""
    shop = Shop(engine)
    shop.sells("1", "2", "3", "4")
    return shop
