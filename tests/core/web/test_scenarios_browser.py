"""An admin walks through a scenario in a real browser: from the list over a letter to a changed parameter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.web import scenarios
from tests.browser import ON_SQLITE, screenshots
from tests.core.web.test_browser import _served
from tests.scenarios.house import installation
from tests.scenarios.shop import Shop

pytestmark = ON_SQLITE
WIDTHS = (375, 1200)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """Anna registered three days ago and got the first letter."""
    shop = Shop(engine)
    shop.sells("1")
    shop.runs("registration")
    shop.passes(minutes=1)
    shop.registers("anna")
    shop.passes(days=3)
    return shop


@pytest.fixture
def context(shop: Shop, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserContext]:
    app = installation(shop, tmp_path)
    monkeypatch.setattr(scenarios, "installation", lambda _: app)
    world = SimpleNamespace(engine=shop.engine, clock=lambda: shop.now)
    with (
        _served(world, app.config) as base,  # type: ignore[arg-type]
        browser.new_context(base_url=base, viewport={"width": 1200, "height": 900}) as context,
    ):
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose every complaint fails the test."""
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [one for one in complaints if "422" not in one] == [], "422: a form with a fault in it"


def test_an_admin_looks_at_a_letter_changes_when_it_goes_and_takes_it_back(page: Page) -> None:
    page.goto("/scenarios")
    page.get_by_role("link", name="Регистрация без заказа").click()
    page.get_by_role("link", name="Anna, скидка на первый заказ").click()
    expect(page.frame_locator("iframe").get_by_text("Hello, Anna!")).to_be_visible()
    page.get_by_role("link", name="Регистрация без заказа").click()
    page.get_by_text("Letter 3d").click()
    page.locator('[id="steps.3d.after"]').fill("5 days")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("5 days after").first).to_be_visible()
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_text("3 days after").first).to_be_visible()
    expect(page.get_by_text("5 days after")).to_have_count(0)


def test_a_wrong_value_is_seen_in_its_open_panel(page: Page) -> None:
    page.goto("/scenarios/registration")
    page.get_by_text("Letter 7d").click()
    page.locator('[id="steps.7d.after"]').fill("soon")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator('[id="steps.7d.after-fault"]')).to_be_visible()
    expect(page.locator('[id="steps.7d.after"]')).to_have_value("soon")


def test_a_scenario_is_switched_off_and_on_for_the_past_too(page: Page) -> None:
    page.goto("/scenarios/registration")
    page.get_by_role("button", name="Switch off").click()
    page.get_by_label("From when on").select_option("7")
    page.get_by_role("button", name="Switch on", exact=True).click()
    expect(page.get_by_text("This would go at once")).to_be_visible()
    page.get_by_role("button", name="Switch on for these too").click()
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_scenarios_fits_phones_and_desks(page: Page, tmp_path: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    paths = ("/scenarios", "/scenarios/registration", "/scenarios/registration/letters/3d", "/?of=scenarios")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for number, path in enumerate(paths):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") == width, path
            page.screenshot(path=screenshots(tmp_path) / f"scenarios-{number}-{width}-{scheme}.png", full_page=True)
