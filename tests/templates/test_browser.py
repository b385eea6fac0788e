"""The standard layout in a real browser: a phone, a mail program and a wide window, light and dark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from core.config import Site
from core.model import Letter
from tests.blocks.all_blocks import furnished
from tests.blocks.conftest import Shop
from tests.browser import ON_SQLITE, broken, screenshots
from tests.templates.test_letters import NAMES, PRESS, published

CONTRASTS = """() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const paper = (node) => {
    for (; node; node = node.parentElement) {
      const found = numbers(getComputedStyle(node).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), faint = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, one = node.parentElement;
    if (!node.data.trim() || !one.checkVisibility() || one.closest("style")) continue;
    const [high, low] = [light(numbers(getComputedStyle(one).color)), light(paper(one))].sort((a, b) => b - a);
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(node.data.trim());
  }
  return faint;
}"""
pytestmark = ON_SQLITE


@pytest.mark.parametrize("colour", ["#0b6b53", "#ffd500"])
def test_the_layout_fits_and_can_be_read(
    engine: sa.Engine, tmp_path: Path, browser: Browser, pictures: tuple[str, list[str]], colour: str
) -> None:
    address, _ = pictures
    brand: dict[str, Any] = {"logo_url": f"{address}/logo.png", "social": {"ВКонтакте": "https://vk.com/shop"}}
    site = Site(name="Домовой", url=address, phone="+7 495 123-45-67", address="Москва", colour=colour, **brand)
    shop = Shop(engine, tmp_path, site=site)
    shop.person("anna")
    furnished(shop)
    letter = shop.written(published("abandoned_basket/5d", replace(PRESS, site=site)), "anna")
    assert isinstance(letter, Letter)
    for scheme in ("light", "dark"):
        for width in (375, 600, 800):
            with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:  # type: ignore[arg-type]
                page = context.new_page()
                page.set_content(letter.html, wait_until="networkidle")
                page.screenshot(
                    path=screenshots(tmp_path) / f"layout-{colour[1:]}-{width}-{scheme}.png", full_page=True
                )
                assert page.evaluate("document.documentElement.scrollWidth") == width
                assert page.evaluate(CONTRASTS) == [], (width, scheme)
                assert broken(page) == []


def test_every_ready_letter_fits_and_can_be_read(
    engine: sa.Engine, tmp_path: Path, browser: Browser, pictures: tuple[str, list[str]]
) -> None:
    """Its pictures are evidence to be looked at: docs/letters.md says how to keep them."""
    address, _ = pictures
    site = Site(name="Домовой", url=address, phone="+7 495 123-45-67", address="Москва, Тверская, 1")
    shop = Shop(engine, tmp_path, site=site)
    shop.person("anna", attributes={"UF_BONUS": 1521})
    furnished(shop)
    folder = screenshots(tmp_path)
    for scheme in ("light", "dark"):
        with browser.new_context(viewport={"width": 600, "height": 900}, color_scheme=scheme) as context:  # type: ignore[arg-type]
            page = context.new_page()
            for name in NAMES:
                letter = shop.written(published(name, replace(PRESS, site=site)), "anna")
                assert isinstance(letter, Letter), name
                page.set_content(letter.html, wait_until="load")
                for width in (375, 600):
                    page.set_viewport_size({"width": width, "height": 900})
                    file = folder / f"{name.replace('/', '-')}-{width}-{scheme}.png"
                    page.screenshot(path=file, full_page=True)
                    assert page.evaluate("document.documentElement.scrollWidth") == width, (name, width)
                assert page.evaluate(CONTRASTS) == [], (name, scheme)
                assert broken(page) == [], name
    assert len(list(folder.glob("*.png"))) >= len(NAMES) * 4
