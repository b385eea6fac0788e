"""What tests of coupons start from."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.core.coupons.world import CouponWorld


@pytest.fixture
def world(engine: sa.Engine) -> CouponWorld:
    """Five readers whose letter carries a coupon good for two days."""
    world = CouponWorld(engine)
    world.people(5)
    world.promise()
    return world
