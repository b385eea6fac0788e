"""The town of the tests of anchors, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.scenarios.anchors.town import Town


@pytest.fixture
def town(engine: sa.Engine) -> Town:
    return Town(engine)
