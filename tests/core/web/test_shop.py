"""The sample shop's own pages: what letters of `vestnik demo` lead to and show."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core.config import Config
from core.sample.pictures import picture
from core.web import create_app, with_shop
from tests.blocks.conftest import Shop
from tests.core.web.conftest import Visit
from tests.core.world import SITE, World


@pytest.fixture
def client(engine: sa.Engine, world: World, tmp_path: Path) -> TestClient:
    site = SITE.model_dump() | {"language": "en", "url": "http://127.0.0.1:8000"}
    app = create_app(engine, Config.model_validate({"site": site, "folder": tmp_path}), now=world.clock)
    return TestClient(with_shop(app), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000))


@pytest.mark.parametrize("path", ["/upload/iblock/012/photo.jpg", "/upload/iblock/012/%D1%84%D0%BE%D1%82%D0%BE.jpg"])
def test_a_picture_is_drawn_and_always_the_same(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"  # a letter stands in a sandboxed frame
    assert ElementTree.fromstring(answer.text).get("width") == "600"
    assert answer.text == client.get(path).text


def test_goods_have_pictures_of_many_looks() -> None:
    assert len({picture(f"iblock/{number:03}/photo.jpg") for number in range(97)}) > 60


def test_a_link_of_a_letter_leads_to_the_product(client: TestClient, engine: sa.Engine, tmp_path: Path) -> None:
    shop = Shop(engine, tmp_path)
    shop.product(
        "7", name="Плед <шерсть>", url="http://127.0.0.1:8000/catalog/pled-7/", price="1990.50", currency="RUB"
    )
    shop.pull()
    page = client.get("/catalog/pled-7/?utm_source=vestnik").text
    assert "Плед &lt;шерсть&gt;" in page
    assert "1,990.50" in page


@pytest.mark.parametrize("path", ["/catalog/", "/personal/cart/", "/catalog/x%00y/", "/catalog/<script>/"])
def test_any_other_link_leads_to_a_page_too(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "In your shop this is a page of your site" in answer.text
    assert "<script>" not in answer.text


def test_a_real_installation_has_none_of_these_pages(visit: Visit) -> None:
    found: Any = [visit().get(path).status_code for path in ("/upload/x.jpg", "/catalog/", "/personal/cart/")]
    assert found == [404, 404, 404]
