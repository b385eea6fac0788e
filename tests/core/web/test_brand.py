"""The page of the look of letters: seen on a letter, wrong values said beside their fields, saved, taken back."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core import brand
from tests.core.web.conftest import Visit

FILE = {"logo_url": "", "colour": "#0b6b53", "phone": "", "address": "", "social": ""}
RED = FILE | {"colour": "#b4381f", "phone": "8 800 <1>", "social": "ВКонтакте = https://vk.com/shop"}


def look(engine: sa.Engine) -> dict[str, object]:
    with engine.connect() as connection:
        return dict(brand.in_force(connection).kept)


def test_what_is_saved_is_seen_on_the_letter(client: TestClient, engine: sa.Engine) -> None:
    assert client.post("/brand", data=RED | {"do": "save"}).headers["Location"] == "/brand"
    assert look(engine) == {
        "colour": "#b4381f",
        "phone": "8 800 <1>",
        "social": {"ВКонтакте": "https://vk.com/shop"},
    }
    page, letter = client.get("/brand").text, client.get("/brand/sample").text
    assert 'value="#b4381f"' in page
    assert "ВКонтакте = https://vk.com/shop" in page
    assert "In the settings file: #0b6b53" in page
    assert "background-color: #b4381f" in letter
    assert "8 800 &lt;1&gt;" in letter
    assert "https://vk.com/shop" in letter


def test_a_look_is_tried_on_before_it_is_saved(client: TestClient, engine: sa.Engine) -> None:
    page = client.post("/brand", data=RED | {"do": "show"}).text
    source = unescape(re.findall(r'<iframe src="(/brand/sample\?[^"]+)"', page)[0])
    assert "background-color: #b4381f" in client.get(source).text
    assert "Not saved yet" in page
    assert look(engine) == {}


@pytest.mark.parametrize("do", ["save", "show"])
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    client: TestClient, engine: sa.Engine, do: str
) -> None:
    wrong = RED | {"logo_url": 'logo.png"><script>', "social": "ВКонтакте"}
    answer = client.post("/brand", data=wrong | {"do": do})
    assert answer.status_code == 422
    for name, words in (("logo_url", "must be a link"), ("social", "write a name, = and a link")):
        assert words in re.findall(rf'<p class="fault" id="{name}-fault">(.*?)</p>', answer.text)[0]
    assert 'value="8 800 &lt;1&gt;"' in answer.text
    assert "<script>" not in answer.text
    assert look(engine) == {}


def test_changes_are_taken_back_with_one_button(client: TestClient, engine: sa.Engine) -> None:
    client.post("/brand", data=RED)
    client.post("/brand", data=FILE | {"colour": "#222222"})
    [undo] = re.findall(r'action="(/brand/undo/\d+)"', client.get("/brand").text)
    assert client.post(undo).status_code == client.post(undo).status_code == 303  # pressed twice
    assert look(engine)["colour"] == "#b4381f"
    client.post("/brand/reset")
    assert look(engine) == {}
    assert "/brand/reset" not in client.get("/brand").text


def test_the_sample_can_do_nothing(client: TestClient) -> None:
    policy = client.get("/brand/sample").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "script-src" not in policy


def test_a_wrong_address_of_the_sample_is_a_sentence(client: TestClient) -> None:
    answer = client.get("/brand/sample?colour=red%3C")
    assert answer.status_code == 200
    assert "must be a colour" in answer.text


def test_a_broken_layout_of_the_sites_own_is_said_in_the_frame(client: TestClient, tmp_path: Path) -> None:
    layout = tmp_path / "local" / "templates" / "layouts" / "standard.html"
    layout.parent.mkdir(parents=True)
    layout.write_text("{{ nothing }} {{ content }}", "utf-8")
    assert "layouts/standard.html" in client.get("/brand/sample").text
    assert client.get("/brand").status_code == 200


def test_a_form_that_is_too_large_is_refused(client: TestClient) -> None:
    assert client.post("/brand", data=FILE | {"address": "a" * 100_000}).status_code == 413


def test_a_button_of_another_site_changes_no_look(visit: Visit, engine: sa.Engine) -> None:
    assert visit().post("/brand", data=RED, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert look(engine) == {}
