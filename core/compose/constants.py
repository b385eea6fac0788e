"""What all letters of a posting share is written into its templates at publish: the site, the mailing, the day.

So the brand's colour reaches the styles before they are inlined, a link to the site is known and numbered, and a letter
fills in only what differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import escape

_PLACE = re.compile(r"\{\{-?\s*([a-z_]+)(?:\.([a-z_]+))?\s*-?\}\}")


def settled(source: str, shared: Mapping[str, Any]) -> str:
    """`source` (HTML) with the values of `shared` where it names them alone, as in ``{{ site.url }}``."""

    def value(found: re.Match[str]) -> str:
        known = shared.get(found[1])
        if found[2]:
            known = known.get(found[2]) if isinstance(known, Mapping) else None
        plain = isinstance(known, str) and "{" not in known  # what looks like a mark stays a value
        return str(escape(known)) if plain else found[0]

    return _PLACE.sub(value, source)
