"""Links and pictures that a letter may show: of the web, or of the site's own; never a script, never data."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from core.errors import N_
from core.rules import Said

_WEB = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_BROKEN = re.compile(r"[\x00-\x1f\x7f\\<>\"]")
_LONGEST = 2000


def web(url: str, site_url: str) -> str:
    """`url` whole, when it is http(s) or one of the site's own (``/catalog/``); "" for anything else.

    Browsers read a backslash as a slash and leave tabs out (``java\\tscript:``), so neither is let through.
    """
    url = url.strip().replace(" ", "%20")
    if not url or len(url) > _LONGEST or _BROKEN.search(url):
        return ""
    if url.startswith("//"):
        url = f"https:{url}"
    elif url.startswith("/"):
        url = f"{site_url.rstrip('/')}{url}"
    return url if _WEB.match(url) else ""


def _web(value: str) -> str:
    if value and not web(value, "https://site"):
        raise ValueError(Said(N_("must be a link: https://… or /… on the site")))
    return value


Url = Annotated[str, AfterValidator(_web), Field(max_length=_LONGEST)]
"""A setting that is a link; "" is none."""
