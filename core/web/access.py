"""Who may see the admin's pages, and the headers that every answer carries."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

from core.config import Web
from core.errors import N_
from core.web import troubles
from core.web.pages import House

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ELSEWHERE = N_(
    "These pages open only on the machine itself, at http://127.0.0.1. To open them from elsewhere set [web] password."
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; script-src 'none'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send "Origin: null" even to ourselves
    "Cross-Origin-Opener-Policy": "same-origin",  # what a letter's link opens cannot reach back
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


async def hardened(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """The answer with our headers where it has none of its own; an error of ours is a page too."""
    try:
        response = await call_next(request)
    except Exception as error:
        response = troubles.unexpected(request, error)
    if request.scope["path"].startswith("/static/") and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000"  # their addresses change with their content
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def admins_only(request: Request, house: House) -> None:
    """Refuse whoever is not the admin: by password when one is set, else whoever is not on this machine."""
    web = house.config.web
    if web.password.get_secret_value():
        _ask_password(request, web)
    elif _from_elsewhere(request):
        raise HTTPException(403, _ELSEWHERE)
    if request.method not in {"GET", "HEAD"} and not _from_our_page(request):
        raise HTTPException(403, N_("This button was pressed on a page of another site. Nothing was done."))


def _ask_password(request: Request, web: Web) -> None:
    expected = f"{web.user}:{web.password.get_secret_value()}".encode()
    if not secrets.compare_digest(_credentials(request), expected):
        challenge = {"WWW-Authenticate": 'Basic realm="Vestnik", charset="UTF-8"'}
        raise HTTPException(401, N_("Sign in with the user and password of [web] in the settings."), challenge)


def _credentials(request: Request) -> bytes:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _from_elsewhere(request: Request) -> bool:
    """Whether the request names another host (a rebound DNS name, a proxy), or comes from another machine."""
    host = request.headers.get("host", "").lower()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name not in _LOOPBACK or _foreign_address(request.client.host if request.client else "")


def _foreign_address(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address.removeprefix("::ffff:")).is_loopback
    except ValueError:  # no address at all: a Unix socket
        return False


def _from_our_page(request: Request) -> bool:
    """Browsers say it in Sec-Fetch-Site, older ones in Origin; what says neither is no browser."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
