"""Colours of letters: how well a text is seen on its background, and the shades made of a shop's own colour."""

from __future__ import annotations

import re
from collections.abc import Mapping

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

READABLE = 4.5
"""The contrast that a text needs by WCAG 2 (AA); a large one, 24 px or 18.66 px bold, needs LARGE."""
LARGE = 3.0
_WHITE, _BLACK, _INK, _NIGHT = (255, 255, 255), (0, 0, 0), (29, 29, 27), (32, 37, 36)
_NAMES: Mapping[str, Colour] = {
    "black": _BLACK, "white": _WHITE, "red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255),
    "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192), "yellow": (255, 255, 0),
    "orange": (255, 165, 0), "navy": (0, 0, 128), "maroon": (128, 0, 0), "purple": (128, 0, 128),
}  # fmt: skip


def read(text: str) -> Colour | None:
    """``#abc``, ``#aabbcc``, ``rgb(1, 2, 3)`` or a common name; None for anything else, such as a picture."""
    word = text.strip().lower()
    if found := re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", word):
        digits = found[1] if len(found[1]) == 6 else "".join(one * 2 for one in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := re.fullmatch(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", word):
        return min(int(found[1]), 255), min(int(found[2]), 255), min(int(found[3]), 255)
    return _NAMES.get(word)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white), as WCAG 2 counts it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def palette(colour: str) -> dict[str, str]:
    """What letters have of the shop's colour: ``site.colour`` itself, and what can be read.

    ``colour_text`` is for texts on it, ``colour_link`` its shade on white, ``colour_light`` its shade on a dark page.
    """
    own = read(colour) or _INK
    text = max(_WHITE, _INK, key=lambda ink: contrast(own, ink) * (1.5 if ink == _WHITE else 1))  # white looks better
    link, light = _shade(own, _BLACK, on=_WHITE), _shade(own, _WHITE, on=_NIGHT)
    shades = {"colour_text": text, "colour_link": link, "colour_light": light}
    return {"colour": colour} | {name: _written(shade) for name, shade in shades.items()}


def _shade(own: Colour, towards: Colour, *, on: Colour) -> Colour:
    """As near to `own` as can be read on that background."""
    steps = (_mixed(own, towards, step / 20) for step in range(21))
    return next(shade for shade in steps if contrast(shade, on) >= READABLE + 0.5)


def _mixed(own: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(mine + (its - mine) * share) for mine, its in zip(own, other, strict=True))
    return red, green, blue


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
