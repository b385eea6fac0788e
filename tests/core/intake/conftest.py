"""What tests of intake start from."""

from __future__ import annotations

import pytest

from core.testing import MemorySource


@pytest.fixture
def shop() -> MemorySource:
    """An empty shop that yields two records a page."""
    return MemorySource("shop", page=2)
