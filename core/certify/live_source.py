"""The kit for one live source. Everything is read in full several times: for a test system, or a quiet hour."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.app import open_app
from core.source import Source
from core.testing.conformance import SourceConformance


class TestSource(SourceConformance):
    """The source that ``--source`` names."""

    @pytest.fixture
    def source(self, request: pytest.FixtureRequest) -> Source:
        settings = Path(request.config.getoption("--vestnik-config"))
        return open_app(settings).source(request.config.getoption("--source"))
