"""The admin's pages open for the admin, the customers' for everybody, and every answer is hardened."""

from __future__ import annotations

import base64
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from core import db, web
from tests.core.web.conftest import TestClient, Visit

PASSWORD = {"web": {"password": "пароль:1"}}
OPEN = ("/p/", "/health", "/upload/", "/catalog/", "/personal/")  # the last three: only the sample shop's


def sign(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def admin_requests() -> list[tuple[str, str]]:
    """Every page and button of core/web that is not public."""
    modules = [importlib.import_module(f"core.web.{entry.name}") for entry in pkgutil.iter_modules(web.__path__)]
    routes = [route for module in modules if hasattr(module, "router") for route in module.router.routes]
    found = [
        (method, re.sub(r"\{[^}]*\}", "1", route.path))
        for route in routes
        if not route.path.startswith(OPEN)
        for method in route.methods
    ]
    assert len(found) >= 9
    return found


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:9", "LOCALHOST", "[::1]:8000", "[::1]"])
def test_the_machine_itself_sees_the_pages(visit: Visit, host: str) -> None:
    assert visit().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["shop.ru", "localhost.evil.ru", "127.0.0.1.evil.ru:80", "0.0.0.0", "", "x/p/u/?"])
def test_a_foreign_host_sees_no_admin_page(visit: Visit, host: str) -> None:
    client = visit()
    for method, path in admin_requests():
        answer = client.request(method, path, headers={"Host": host})
        assert answer.status_code == 403, path
        assert "Set [web] password" in answer.text or "set [web] password" in answer.text


def test_another_machine_that_calls_us_localhost_sees_no_admin_page(visit: Visit) -> None:
    assert visit(address="192.0.2.7").get("/").status_code == 403
    assert visit(address="::1").get("/").status_code == 200


def test_with_a_password_the_admin_signs_in_from_anywhere(visit: Visit) -> None:
    client = visit(host="shop.ru", address="192.0.2.7", **PASSWORD)
    assert client.get("/", headers=sign("admin", "пароль:1")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, sign("admin", ""), sign("admin", "пароль"), sign("root", "пароль:1"), {"Authorization": "Basic ***"},
     {"Authorization": "Basic"}, {"Authorization": "Bearer " + sign("admin", "пароль:1")["Authorization"][6:]}],
)  # fmt: skip
def test_with_a_password_nobody_else_sees_an_admin_page(visit: Visit, headers: dict[str, str]) -> None:
    client = visit(**PASSWORD)
    for method, path in admin_requests():
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_customers_and_monitors_need_neither_password_nor_host(visit: Visit) -> None:
    client = visit(host="shop.ru", address="192.0.2.7", **PASSWORD)
    assert client.get("/health").json() == {"ok": True}
    assert client.get("/static/style.css").status_code == 200
    assert client.get("/p/u/x").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.ru"},
     {"Origin": "null"}, {"Origin": "http://127.0.0.1:9"}],
)  # fmt: skip
def test_a_button_on_another_site_does_nothing(visit: Visit, tmp_path: Path, headers: dict[str, str]) -> None:
    kept = tmp_path / "mailbox" / "x.eml"
    kept.parent.mkdir()
    kept.write_bytes(b"")
    assert visit().post("/mailbox/clear", headers=headers).status_code == 403
    assert kept.exists()


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1:8000"}, {}])
def test_our_own_button_works(visit: Visit, headers: dict[str, str]) -> None:
    assert visit().post("/mailbox/clear", headers=headers).status_code == 303


@pytest.mark.parametrize("path", ["/", "/mailbox", "/health", "/nothing", "/p/u/x", "/postings/1"])
def test_every_answer_is_hardened(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "noindex" in headers["X-Robots-Tag"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


NOWHERE = (
    "/nothing /postings/x /postings/0 /postings/99999999999999999999 /postings/7 /postings/7/recipients/1 "
    "/sources/none/refusals /mailbox?page=0 /static/none /docs /openapi.json"
)


@pytest.mark.parametrize("path", NOWHERE.split())
def test_what_is_not_there_is_a_page_in_kind_words(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no such page." in answer.text


def test_a_database_that_is_away_is_said_so(visit: Visit, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    away = db.connect(f"sqlite:///{tmp_path}/no/such/folder.db")
    client = visit(base=away)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
    assert client.get("/p/u/secret-token").status_code == 503
    assert (client.get("/health").status_code, client.get("/health").json()) == (503, {"ok": False})
    assert "secret-token" not in caplog.text


def test_an_error_of_ours_is_logged_and_shows_no_traceback(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the inside of us")

    monkeypatch.setattr("core.web.overview.postings.recent", broken)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "the inside of us" not in answer.text
    assert "the inside of us" in caplog.text
    assert "Content-Security-Policy" in answer.headers
