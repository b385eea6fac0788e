"""The pages of scenarios: looked at, switched, edited by a form, and each letter seen as somebody would get it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core import db, tables
from core.app import App
from core.journeys import Scenario, book
from core.web import create_app, scenarios
from tests.core.web.test_pages import text
from tests.scenarios.house import installation
from tests.scenarios.shop import Shop

FILE = files("scenarios").joinpath("registration.toml").read_text("utf-8")
PAGE = "/scenarios/registration"


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """Boris registered two weeks ago, Anna an hour ago."""
    shop = Shop(engine)
    shop.sells("1", "2")
    shop.registers("boris")
    shop.waits(days=14)
    shop.registers("anna")
    shop.waits(hours=1)
    shop.pull()
    return shop


@pytest.fixture
def app(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    app = installation(shop, tmp_path)
    monkeypatch.setattr(scenarios, "installation", lambda _: app)
    return app


@pytest.fixture
def client(shop: Shop, app: App) -> TestClient:
    pages = create_app(shop.engine, app.config, now=lambda: shop.now)
    return TestClient(pages, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 5000), follow_redirects=False)


def state(app: App, code: str = "registration") -> Scenario:
    with app.engine.connect() as connection:
        return book.find(connection, app.office.shelf, code)


def values(page: str) -> dict[str, str]:
    """What stands in the form of the parameters, as a browser would send it."""
    form = re.findall(r'<form class="fields" action="[^"]*/edit".*?</form>', page, re.DOTALL)[0]
    found = {
        name: unescape(value) for name, value in re.findall(r'<input id="[^"]*" name="([^"]*)" value="([^"]*)"', form)
    }
    for name, inner in re.findall(r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', inner)
        found[name] = chosen[0] if chosen else ""
    for name, value in re.findall(r'<textarea id="[^"]*" name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(value)
    return found


def test_the_list_tells_which_are_on_and_what_went(shop: Shop, client: TestClient) -> None:
    seen = text(client.get("/scenarios").text)
    assert "None yet." in seen
    shop.runs("registration", past=timedelta(days=15))
    shop.tick()
    on, _, off = text(client.get("/scenarios").text).partition("Ready to switch on")
    assert "Регистрация без заказа registration, on since 08.12.2026 13:00 3 1 0 2 Switch off" in on
    assert "Брошенная корзина abandoned_basket Напоминания о корзине" in off
    assert "Регистрация" not in off
    assert "Switched on: 1" in text(client.get("/").text)


def test_a_broken_one_says_why_and_is_put_right_by_a_button(app: App, client: TestClient) -> None:
    client.post(f"{PAGE}/edit", data=values(client.get(PAGE).text) | {"priority": "60"})
    with db.writing(app.engine) as connection:
        connection.execute(sa.update(tables.scenarios).values(edited="name = 1 <b>"))
    answer = client.get("/scenarios")
    assert answer.status_code == 200
    assert "is not readable TOML" in answer.text
    assert client.get(PAGE).status_code == 500
    assert client.post(f"{PAGE}/undo").status_code == 303
    assert state(app).text == FILE


def test_a_scenario_shows_its_letters_one_after_the_other(client: TestClient) -> None:
    seen = text(client.get(PAGE).text)
    assert "3 days after registration/3d 2 %, 2 days Anna, скидка на первый заказ Промокод действует недолго" in seen
    assert seen.index("registration/3d") < seen.index("registration/7d") < seen.index("registration/14d")
    assert "ordered (at any time, even before)" in seen
    assert "block coupon needs percent, days" in text(client.get("/scenarios/order_thanks").text)


def test_it_is_switched_on_and_off_by_a_button(app: App, shop: Shop, client: TestClient) -> None:
    assert client.post(f"{PAGE}/on", data={"past": ""}).headers["Location"] == PAGE
    assert (state(app).active, state(app).since) == (True, shop.now)
    assert client.post(f"{PAGE}/off").headers["Location"] == PAGE
    assert not state(app).active


def test_the_past_is_counted_and_shown_before_it_is_switched_on(app: App, shop: Shop, client: TestClient) -> None:
    page = client.post(f"{PAGE}/on", data={"past": "30"}).text
    assert "registration/3d 0 0 1 registration/7d 0 0 1 registration/14d 1 0 0" in text(page)
    assert not state(app).active
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page))
    assert client.post(f"{PAGE}/on", data=again).headers["Location"] == PAGE
    assert state(app).since == shop.now - timedelta(days=30)


@pytest.mark.parametrize("past", ["", "30"])
def test_what_does_not_work_is_not_switched_on_and_says_why(app: App, client: TestClient, past: str) -> None:
    answer = client.post("/scenarios/order_thanks/on", data={"past": past})
    assert answer.status_code == 422
    assert "block coupon needs percent, days" in re.findall(r'role="alert">(.*?)</p>', answer.text)[0]
    assert not state(app, "order_thanks").active


def test_a_form_changes_only_what_was_typed_differently(app: App, client: TestClient) -> None:
    typed = values(client.get(PAGE).text)
    assert client.post(f"{PAGE}/edit", data=typed).headers["Location"] == PAGE
    assert not state(app).edited, "nothing was changed"
    changes = {"priority": "60", "hours": "any", "sale": "", "steps.3d.after": "4 days", "steps.7d.active": "false"}
    client.post(f"{PAGE}/edit", data=typed | changes | {"steps.14d.blocks.coupon.days": "5", "anchor.code": "vip"})
    found = state(app)
    assert (found.form.priority, found.form.hours, found.form.sale, found.form.anchor.code) == (
        60,
        "any",
        False,
        "registered",
    )
    assert (found.steps[0].form.after, found.steps[1].form.active) == ("4 days", False)
    assert found.steps[2].form.blocks["coupon"] == {"percent": 4, "days": 5}
    assert "# насколько письмо может задержаться" in found.text
    page = client.get(PAGE).text
    assert 'value="4 days"' in page
    assert "edited" in text(page)


def test_settings_of_anchors_are_a_form_too(app: App, client: TestClient) -> None:
    page = "/scenarios/order_status"
    typed = values(client.get(page).text)
    assert typed["anchor.not_to"] == "F"
    client.post(f"{page}/edit", data=typed | {"anchor.not_to": "F, N", "anchor.to": ""})
    assert state(app, "order_status").settings.not_to == ["F", "N"]
    assert "To one of the statuses (empty: any)" in text(client.get(page).text)


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(app: App, client: TestClient) -> None:
    typed = values(client.get(PAGE).text)
    wrong = {"priority": "much", "steps.3d.after": "soon", "steps.7d.late": "-1", "name": '"><script>'}
    answer = client.post(f"{PAGE}/edit", data=typed | wrong)
    assert answer.status_code == 422
    for path, words in (
        ("priority", "must be a whole number"),
        ("steps.3d.after", "“soon” does not say how long after"),
    ):
        assert words in re.findall(rf'<p class="fault" id="{re.escape(path)}-fault">(.*?)</p>', answer.text)[0]
    assert 'id="steps.7d.late-fault"' in answer.text
    assert 'value="much"' in answer.text
    assert "<script>" not in answer.text
    assert "Not saved yet" in answer.text
    assert not state(app).edited


def test_the_whole_text_can_be_typed_and_is_taken_back_by_a_button(app: App, client: TestClient) -> None:
    written = FILE.replace("ever = true", "ever = false")
    assert client.post(f"{PAGE}/text", data={"text": written}).headers["Location"] == PAGE
    assert state(app).text == written
    answer = client.post(f"{PAGE}/text", data={"text": 'name = "x"'})
    assert answer.status_code == 422
    assert "anchor: is missing" in answer.text
    client.post(f"{PAGE}/undo")
    assert state(app).text == FILE
    client.post(f"{PAGE}/undo")
    client.post(f"{PAGE}/reset")
    assert not state(app).edited
    assert f"{PAGE}/reset" not in client.get(PAGE).text


def test_a_letter_is_seen_as_somebody_would_get_it(shop: Shop, client: TestClient) -> None:
    page = client.get(f"{PAGE}/letters/3d")
    assert "As anna@shop.ru would get it now" in page.text, "she entered last"
    source = unescape(re.findall(r'<iframe src="([^"]*)"', page.text)[0])
    answer = client.get(source)
    assert "Hello, Anna!" in answer.text
    assert "ОБРАЗЕЦ" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "Hello, Boris!" in client.get(f"{PAGE}/letters/3d/html?as=boris@shop.ru").text
    assert "Nobody with the address x@shop.ru" in client.get(f"{PAGE}/letters/3d?as=x@shop.ru").text
    assert "nothing to show" in client.get("/scenarios/order_new/letters/new").text


def test_the_last_decisions_lead_to_their_letters_in_pages(
    app: App, shop: Shop, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenarios, "PER_PAGE", 2)
    shop.runs("registration", past=timedelta(days=15))
    shop.tick()
    seen = text(client.get(PAGE).text)
    assert "boris@shop.ru 14d 08.12.2026 13:00 sent" in seen
    assert "Page 1 of 2" in seen
    assert "skipped letter 14d of the chain is due already" in seen + text(client.get(f"{PAGE}?page=2").text)
    [link] = re.findall(r'href="(/postings/\d+/recipients/\d+)"', client.get(PAGE).text)
    assert "самая большая скидка" in client.get(link).text


def test_postings_of_scenarios_stand_apart_from_those_of_issues(shop: Shop, client: TestClient) -> None:
    shop.runs("order_new")
    shop.passes(minutes=1)
    order = shop.orders("anna", "1")
    shop.passes(minutes=1)
    shop.orders("anna", "2")
    shop.pull()
    assert "order_new/new" not in client.get("/").text
    page = client.get("/?of=scenarios").text
    [posting] = set(re.findall(r'href="(/postings/\d+)"', page))
    seen = client.get(posting).text
    assert 'href="/scenarios/order_new"' in seen
    [recipient] = set(re.findall(r'href="(/postings/\d+/recipients/\d+)"', seen))
    assert f"A-{order}" in client.get(f"{recipient}/html").text, "the letter is about its order"


@pytest.mark.parametrize("path", ["/scenarios/nosuch", f"{PAGE}/letters/nosuch", f"{PAGE}/letters/nosuch/html"])
def test_there_is_no_page_of_what_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("verb", ["on", "off", "edit", "text", "undo", "reset"])
def test_a_button_of_another_site_does_nothing(app: App, client: TestClient, verb: str) -> None:
    answer = client.post(f"{PAGE}/{verb}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert not state(app).active
    assert client.post(f"/scenarios/nosuch/{verb}").status_code == 404
