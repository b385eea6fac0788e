"""A small installation with its pages, and a visitor who opens them on the same machine."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core.config import Config
from core.mailbox import Mailbox
from core.web import create_app
from tests.core.world import SITE, World

Visit = Callable[..., TestClient]


@pytest.fixture
def world(engine: sa.Engine) -> World:
    return World(engine)


@pytest.fixture
def visit(engine: sa.Engine, world: World, tmp_path: Path) -> Visit:
    """A visitor of pages with these settings, by default on the same machine."""

    def visit(
        *, host: str = "127.0.0.1:8000", address: str = "127.0.0.1", base: sa.Engine = engine, **settings: Any
    ) -> TestClient:
        config = Config.model_validate(
            {"site": SITE.model_dump() | {"language": "en"}, "folder": tmp_path, "sources": {"shop": {}}, **settings}
        )
        app = create_app(base, config, now=world.clock)
        return TestClient(app, base_url=f"http://{host}", client=(address, 50000), follow_redirects=False)

    return visit


@pytest.fixture
def client(visit: Visit) -> TestClient:
    return visit()


@pytest.fixture
def mailbox(tmp_path: Path) -> Callable[..., None]:
    """Puts a letter into the built-in mailbox, as a relay takes it."""

    def put(html: str = "<p>Здравствуйте</p>", *, subject: str = "Привет", to: str = "anna@shop.ru") -> None:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = "Домовой <news@shop.ru>", to, subject
        letter.set_content("Здравствуйте, текстом <b>")
        if html:
            letter.add_alternative(html, subtype="html")
        with Mailbox(tmp_path / "mailbox", "127.0.0.1", 0) as box, smtplib.SMTP("127.0.0.1", box.port) as relay:
            relay.send_message(letter)

    return put
