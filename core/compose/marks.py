"""How a link known only at composing is written: marked if it leads to the site, tracked if the mailing is."""

from __future__ import annotations

from functools import lru_cache
from html import unescape

from core import signing
from core.compose.filters import Mark, with_marks
from core.compose.publication import TOKEN, Publication
from core.links import Utm, harmless, is_web, own_hosts

LINK = "link"
"""What the targets in a letter's links are sealed for."""


def marker(publication: Publication, key: str) -> Mark:
    """The marking of one publication's links."""
    utm = Utm(**publication.utm)
    own = own_hosts(str(publication.shared["site"]["url"]), publication.hosts)
    goes = f"{publication.public_url}/p/c/{TOKEN}/."
    ours = tuple(f"{publication.public_url}/p/{page}/" for page in ("u", "c", "v", "o"))

    @lru_cache(maxsize=64)
    def marks(content: str) -> Utm:
        return utm.merged(Utm(content=content)) if content else utm

    def mark(url: str, content: str, escaped: bool) -> str:
        if not is_web(url):
            return harmless(url)
        if url.startswith(ours):
            return url
        target = with_marks(url, marks(content), escaped=escaped) if own(url) else url
        if not publication.tracked:
            return target
        return goes + signing.seal(key, LINK, unescape(target) if escaped else target)

    return mark
