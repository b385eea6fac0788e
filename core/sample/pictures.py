"""Pictures of the sample shop's goods: drawn, not kept; the same address is always the same picture."""

from __future__ import annotations

import hashlib

_PAGE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" width="600" height="600">'
    '<rect width="600" height="600" fill="hsl({hue},38%,91%)"/>'
    '<ellipse cx="300" cy="486" rx="190" ry="20" fill="hsl({hue},30%,80%)"/>'
    '<g fill="hsl({hue},42%,46%)" stroke="hsl({hue},45%,34%)" stroke-width="10" stroke-linejoin="round"'
    ' stroke-linecap="round">{shape}</g></svg>'
)
_SHAPES = (  # a parcel, a bag, a present: the address does not say what is inside
    '<path d="M150 236h300v246H150z"/><path d="M126 176h348v66H126z"/><path d="M300 176v306" fill="none"/>',
    '<path d="M176 220h248l26 262H150z"/><path d="M236 276v-74a64 64 0 0 1 128 0v74" fill="none"/>',
    '<path d="M150 250h300v232H150z"/><path d="M150 366h300M300 250v232" fill="none"/>'
    '<path d="M300 250q-130 6-120-66q60-60 120 66q60-126 120-66q10 72-120 66z"/>',
)


def picture(path: str) -> str:
    """The picture at this path of the shop, as SVG."""
    number = int.from_bytes(hashlib.sha256(path.encode("utf-8", "replace")).digest()[:4], "big")
    return _PAGE.format(hue=number % 360, shape=_SHAPES[number // 360 % len(_SHAPES)])
