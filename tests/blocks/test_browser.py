"""A letter with every block in a real browser: on a phone and at the width of a mail program, light and dark."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright

from core import db
from core.config import Site
from core.tables import metadata
from tests import services
from tests.blocks.all_blocks import EVERYTHING, furnished
from tests.blocks.conftest import Shop

ARGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
ARGS += "--disable-component-update --disable-sync"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("VESTNIK_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        services.missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS.split())
        yield browser
        browser.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """SQLite only: what the databases do differently is not seen from a browser."""
    engine = db.connect(f"sqlite:///{tmp_path}/vestnik.db")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def pictures() -> Iterator[tuple[str, list[str]]]:
    """A server whose every answer is a picture, and what it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            wide = self.path.startswith("/banner")
            body = picture(536, 180) if wide else picture(240, 200 if "2" in self.path else 240)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, name="pictures")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def picture(width: int, height: int) -> bytes:
    """A PNG of that size: a slope from one colour to another."""
    rows = b"".join(
        b"\x00" + b"".join(bytes((180 - y * 60 // height, 190 - x * 60 // width, 170)) for x in range(width))
        for y in range(height)
    )
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


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
        page.screenshot(path=_folder(tmp_path) / f"blocks-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert broken(page) == []
        assert len(page.query_selector_all("h2")) == 16, "each block has its heading"
    assert "/i/1.png" in asked


def broken(page: Page) -> list[str]:
    """Pictures that were not shown, or are wider than the place that they have."""
    script = """[...document.images].filter(one => !one.naturalWidth || one.width > one.parentElement.offsetWidth + 1)
        .map(one => one.src)"""
    return list(page.evaluate(script))


def _folder(tmp_path: Path) -> Path:
    """Where the screenshots are kept: VESTNIK_TEST_SCREENSHOTS, to be looked at, else nowhere."""
    return Path(os.environ.get("VESTNIK_TEST_SCREENSHOTS") or tmp_path)
