"""The pages in a real browser: walked through by hand and eye, as an admin and as a customer would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core import compose, deliver, mailings, postings, tables
from core.app import App
from core.compose import Press
from core.config import Config
from core.mailbox import Mailbox
from core.web import create_app
from tests import services
from tests.browser import ON_SQLITE
from tests.core.world import SITE, World

Put = Callable[..., None]
PHONE = {"width": 390, "height": 844}
pytestmark = ON_SQLITE


@dataclass
class Visit:
    """An open browser at an installation's own address; what it complained of, and what else it asked for."""

    base: str
    context: BrowserContext
    world: World
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.base + path)
        return page

    def asked(self, url: str) -> None:
        if not url.startswith((self.base, "data:")):
            self.strangers.append(url)


@pytest.fixture
def visit(browser: Browser, world: World, tmp_path: Path) -> Iterator[Visit]:
    config = Config(site=SITE.model_copy(update={"language": "en"}), sources={"shop": {}}, folder=tmp_path)
    with _served(world, config) as base, browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(base, context, world)
        context.on("request", lambda request: visit.asked(request.url))
        yield visit


@contextmanager
def _served(world: World, config: Config) -> Iterator[str]:
    port = services.free_port()
    pages = create_app(world.engine, config, now=world.clock)
    server = uvicorn.Server(uvicorn.Config(pages, port=port, log_level="error", lifespan="off", ws="none"))
    thread = Thread(target=server.run, name="web")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def sent(visit: Visit, folder: Path) -> int:
    """A posting to three people, gone through SMTP into the built-in mailbox; its links lead to these pages."""
    world = visit.world
    world.people(3)
    world.apply()
    issue = world.issue()
    with world.engine.connect() as connection:
        mailing = mailings.mailing(connection, issue.mailing)
    publication = compose.publish(Press(SITE, public_url=visit.base), issue, mailing, at=world.clock())
    posting_id = postings.by_hand(world.engine, issue, now=world.clock())
    postings.open_posting(world.engine, postings.posting(world.engine, posting_id), publication, now=world.clock())
    with Mailbox(folder / "mailbox", "127.0.0.1", 0) as box:
        channel = App(Config.model_validate({"mailbox": {"port": box.port}, "folder": folder})).channel
        with channel.open() as session:
            deliver.work(world.desk(), postings.posting(world.engine, posting_id), session)
    postings.finish(world.engine, posting_id, now=world.clock())
    return posting_id


def left(world: World) -> list[str]:
    with world.engine.connect() as connection:
        return list(connection.scalars(sa.select(tables.suppressions.c.email)))


def test_the_admin_walks_from_the_overview_to_one_persons_letter(visit: Visit, tmp_path: Path) -> None:
    posting_id = sent(visit, tmp_path)
    page = visit.open("/")
    page.get_by_role("link", name=f"birthday № {posting_id}").click()
    page.get_by_role("link", name="sent 3").click()
    page.get_by_role("link", name="user1@shop.ru").click()
    expect(page.frame_locator("iframe").locator("h1")).to_contain_text("С днём рождения, Имя1!")
    page.get_by_text("Plain text").click()
    expect(page.locator("pre")).to_be_visible()
    expect(page.locator("iframe")).to_be_hidden()
    page.get_by_text("Headers").click()
    expect(page.get_by_text("List-Unsubscribe-Post")).to_be_visible()
    assert visit.complaints == []
    assert visit.strangers == []


def test_a_letter_of_the_mailbox_is_seen_as_on_a_phone(visit: Visit, tmp_path: Path) -> None:
    sent(visit, tmp_path)
    page = visit.open("/")
    page.get_by_role("link", name="Mailbox").click()
    page.get_by_role("searchbox").fill("user2")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="С днём рождения, Имя2").click()
    expect(page.frame_locator("iframe").locator("h1")).to_contain_text("Имя2")
    page.get_by_text("Phone", exact=True).click()
    box = page.locator("iframe").bounding_box()
    assert box
    assert box["width"] == 375
    with page.expect_download() as download:
        page.get_by_role("link", name="Download .eml").click()
    assert b"user2@shop.ru" in download.value.path().read_bytes()
    assert visit.complaints == []
    assert visit.strangers == []


def test_a_customer_leaves_by_the_letters_link_and_comes_back(visit: Visit, tmp_path: Path) -> None:
    sent(visit, tmp_path)
    letters = visit.open("/mailbox")
    letters.get_by_role("link", name="С днём рождения, Имя0").click()
    with letters.expect_popup() as popup:
        letters.frame_locator("iframe").get_by_role("link", name="Отписаться").click()
    page = popup.value
    expect(page.get_by_text("user0@shop.ru")).to_be_visible()
    assert left(visit.world) == [], "the link alone does nothing"
    page.get_by_role("button", name="Unsubscribe", exact=True).click()
    expect(page.get_by_role("heading")).to_have_text("Done, you have unsubscribed")
    assert left(visit.world) == ["user0@shop.ru"]
    page.get_by_role("button", name="Come back").click()
    expect(page.get_by_role("heading")).to_have_text("Good to have you back!")
    assert left(visit.world) == []
    assert visit.complaints == []


def test_the_mailbox_is_cleared_by_its_button(visit: Visit, tmp_path: Path) -> None:
    sent(visit, tmp_path)
    page = visit.open("/mailbox")
    page.get_by_role("button", name="Clear mailbox").click()
    expect(page.get_by_text("There are no letters yet")).to_be_visible()
    assert visit.complaints == []


HOSTILE = """<html><head><meta http-equiv="refresh" content="0; url=SPY/refresh"></head><body>
<script>document.title = "ran"; document.body.id = "ran"; top.document.title = "ran"</script>
<img src="x" onerror="document.body.id = 'ran'"><img src="SPY/pixel.gif">
<svg onload="document.body.id = 'ran'"></svg><link rel="stylesheet" href="SPY/style.css">
<style>@import url(SPY/import.css); p { background: url(SPY/back.gif) }</style>
<iframe src="SPY/frame"></iframe><object data="SPY/object"></object>
<form action="SPY/form"><button>Form</button></form>
<p><a href="javascript:document.body.id='ran'">Link</a></p><p id="end">Конец</p></body></html>"""


def test_a_hostile_letter_runs_nothing_and_calls_nobody(visit: Visit, mailbox: Put, spy: tuple[str, list[str]]) -> None:
    address, asked = spy
    mailbox(HOSTILE.replace("SPY", address))
    page = visit.open("/mailbox")
    page.get_by_role("link", name="Привет").click()
    letter = page.frame_locator("iframe")
    expect(letter.locator("#end")).to_be_visible()
    letter.get_by_role("button", name="Form").click()
    letter.get_by_role("link", name="Link").click()
    frame = page.frames[1].url
    page.goto(frame)  # nor when the letter is opened by itself
    expect(page.locator("#end")).to_be_visible()
    page.get_by_role("button", name="Form").click()
    page.wait_for_timeout(300)
    assert page.url == frame
    assert page.locator("#ran").count() == 0
    assert page.title() != "ran"
    assert asked == []


def test_every_page_fits_a_phone(visit: Visit, tmp_path: Path) -> None:
    posting_id = sent(visit, tmp_path)
    recipient = visit.world.recipients(posting_id)["user0"]["id"]
    page = visit.open("/mailbox")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    letter = page.get_by_role("link", name="С днём рождения, Имя0").get_attribute("href")
    posting = f"/postings/{posting_id}"
    person = f"{posting}/recipients/{recipient}"
    for path in ("/", "/mailbox", str(letter), posting, person, "/sources/shop/refusals", "/p/u/x"):
        page.goto(visit.base + path)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path
