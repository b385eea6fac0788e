"""Texts typed into settings."""

from __future__ import annotations

import re


def paragraphs(text: str) -> list[list[str]]:
    """Paragraphs, parted by empty lines, each as its lines."""
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return [[line.strip() for line in part.split("\n")] for part in parts if part.strip()]
