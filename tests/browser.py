"""A real browser, and sites whose pages and pictures it asks for."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import services
from tests.sites import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""What the databases do differently is not seen from a browser: ``pytestmark = ON_SQLITE``."""
ARGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
ARGS += "--disable-component-update --disable-sync"


@pytest.fixture(scope="module")  # not longer: while it lives, nothing else can run an event loop in this thread
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # here, for tests without a browser do without it

    path = os.environ.get("VESTNIK_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        services.missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS.split())
        yield browser
        browser.close()


@pytest.fixture
def pictures() -> Iterator[tuple[str, list[str]]]:
    """A site whose every answer is a picture, and what it was asked for."""
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        wide = request.path.startswith("/banner")
        body = picture(536, 180) if wide else picture(240, 200 if "2" in request.path else 240)
        request.send_response(200)
        request.send_header("Content-Type", "image/png")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    with serving(answer) as address:
        yield address, asked


@pytest.fixture
def spy() -> Iterator[tuple[str, list[str]]]:
    """A stranger's site, and what it was asked for: a browser reports even the requests that it has blocked."""
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        request.send_error(404)

    with serving(answer) as address:
        yield address, asked


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


def broken(page: Page) -> list[str]:
    """Pictures that were not shown, or are wider than the place that they have."""
    script = """[...document.images].filter(one => !one.naturalWidth || one.width > one.parentElement.offsetWidth + 1)
        .map(one => one.src)"""
    return list(page.evaluate(script))


def screenshots(tmp_path: Path) -> Path:
    """Where screenshots are kept: VESTNIK_TEST_SCREENSHOTS, to be looked at, else nowhere."""
    return Path(os.environ.get("VESTNIK_TEST_SCREENSHOTS") or tmp_path)
