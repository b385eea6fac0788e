"""Compose: a letter is published once for a posting, then filled in for each recipient. Nothing is written here.

publish (styles, blocks placed, links numbered) ──► gathered (what blocks show to a batch) ──► compose (letters)
"""

from core.compose.block_sheets import NothingToShow
from core.compose.gathering import gathered
from core.compose.letters import (
    LETTER,
    NOBODY,
    compose,
    html_parts,
    leave_url,
    message_id,
    person_values,
    text_parts,
)
from core.compose.marks import LINK
from core.compose.publication import TOKEN, Addressee, Placed, Publication, untracked
from core.compose.publishing import NAMES, Press, publish

__all__ = [
    "LETTER",
    "LINK",
    "NAMES",
    "NOBODY",
    "TOKEN",
    "Addressee",
    "NothingToShow",
    "Placed",
    "Press",
    "Publication",
    "compose",
    "gathered",
    "html_parts",
    "leave_url",
    "message_id",
    "person_values",
    "publish",
    "text_parts",
    "untracked",
]
