"""A letter on an admin's page: its HTML is hostile, whoever wrote it."""

from __future__ import annotations

import re

from starlette.responses import HTMLResponse

_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def framed(html: str) -> HTMLResponse:
    """The letter for an iframe: no script, form or remote picture of it lives, its links open in a tab of their own."""
    base = '<base target="_blank">'
    shown, found = _HEAD.subn(lambda head: head[0] + base, html, count=1)
    return HTMLResponse(
        (shown if found else base + html).encode("utf-8", "replace"),
        headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"},
    )
