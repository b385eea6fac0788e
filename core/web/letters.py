"""A letter on an admin's page: its HTML is hostile, whoever wrote it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from core.config import Site

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data: {shop}; "
    "style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def framed(html: str, site: Site) -> HTMLResponse:
    """The letter for an iframe: no script or form of it lives, and of pictures only the shop's own (a foreign one would
    tell somebody that it was looked at); its links open in a tab of their own.
    """
    base = '<base target="_blank">'
    shown, found = _HEAD.subn(lambda head: head[0] + base, html, count=1)
    return HTMLResponse(
        (shown if found else base + html).encode("utf-8", "replace"),
        headers={"Content-Security-Policy": _POLICY.format(shop=_shop(site)), "Referrer-Policy": "no-referrer"},
    )


def _shop(site: Site) -> str:
    """Where the shop's pictures come from; what a policy cannot name is left out."""
    origins = {f"{url.scheme}://{url.netloc}" for url in (urlsplit(site.url), urlsplit(site.logo_url))}
    return " ".join(sorted(origin for origin in origins if _ORIGIN.fullmatch(origin)))
