"""``pytest --source NAME``: the conformance kit aimed at a source of the settings, wherever one stands.

pytest loads this plug-in by itself where Vestnik is installed. The settings are those of ``--vestnik-config``.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("vestnik")
    group.addoption("--source", metavar="NAME", help="run Vestnik's conformance kit on this source of the settings")
    group.addoption("--vestnik-config", default="vestnik.toml", metavar="FILE", help="where the source is set up")


def pytest_configure(config: pytest.Config) -> None:
    """With --source the kit is all that runs."""
    if config.getoption("--source"):
        config.args[:] = [str(Path(__file__).with_name("live_source.py"))]
