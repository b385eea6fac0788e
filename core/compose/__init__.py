"""Compose: a letter is published once for a posting, then filled in for each recipient. Nothing is written here.

publish (styles, blocks placed, links numbered) ──► gathered (what blocks show to a batch) ──► compose (letters)
"""

from core.compose.gathering import gathered
from core.compose.letters import (
    LETTER,
    LINK,
    NOBODY,
    NothingToShow,
    compose,
    html_parts,
    leave_url,
    message_id,
    person_values,
)
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
    "untracked",
]
