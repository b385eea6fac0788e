"""The shop of the scenarios as an installation: what its command line and its pages are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.app import App
from core.config import Config
from core.testing import MemoryChannel
from tests.scenarios.shop import PERCENTS, SITE, Shop

SETTINGS: dict[str, Any] = {
    "site": SITE.model_dump() | {"language": "en"},
    "sources": {"shop": {"connector": "memory"}},
    "coupons": {"rules": PERCENTS},
}


def installation(shop: Shop, folder: Path, **settings: Any) -> App:
    """An installation in `folder` that pulls this shop, on its clock; letters by e-mail stay in memory."""
    app = App(Config.model_validate({**SETTINGS, "folder": folder, **settings}), clock=lambda: shop.now)
    shop.channels.setdefault("email", MemoryChannel())
    app.__dict__.update(engine=shop.engine, sources={"shop": shop.source}, channel=shop.channels["email"])
    return app
