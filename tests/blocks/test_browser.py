"""A letter with every block in a real browser: on a phone and at the width of a mail program, light and dark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from core.config import Site
from tests.blocks.all_blocks import EVERYTHING, furnished
from tests.blocks.conftest import Shop
from tests.browser import ON_SQLITE, broken, screenshots

pytestmark = ON_SQLITE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 600])
def test_a_letter_with_all_blocks_fits(
    engine: sa.Engine, tmp_path: Path, browser: Browser, pictures: tuple[str, list[str]], width: int, scheme: str
) -> None:
    address, asked = pictures
    shop = replace(Shop(engine, tmp_path), site=Site(name="Домовой", url=address, phone="+7 495 123-45-67"))
    shop.person("anna", attributes={"UF_BONUS": 1521})
    furnished(shop)
    html = shop.letter(EVERYTHING).html
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.set_content(html, wait_until="networkidle")
        page.screenshot(path=screenshots(tmp_path) / f"blocks-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert broken(page) == []
        assert len(page.query_selector_all("h2")) == 17, "each block has its heading"
    assert "/i/1.png" in asked
