"""What looks like a slip in a definitions file although it may be meant: names that nothing has borne so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from core import tables
from core.definitions.forms import File
from core.errors import N_, VestnikError
from core.plugin import suggestion
from core.rules import WORDS, tree

_lists = tables.subscriptions.c.list


def remarks(connection: sa.Connection, file: File) -> list[VestnikError]:
    """One sentence for each list that a group names and no source has told of yet. The file was applied before."""
    known = list(connection.scalars(sa.select(_lists).distinct()))
    if not known:  # before the first pull nothing can be known
        return []
    template = N_("[groups.{code}] no source knows the list {name!r} so far. {hint}")
    return [
        VestnikError(template, code=code, name=name, hint=suggestion(name, known))
        for code, form in file.groups.items()
        for rule in (form.include, form.exclude or {})
        for word, value in tree.leaves(rule)
        for name in _named(word, value)
        if name not in known
    ]


def _named(word: str, value: Any) -> Iterator[str]:
    if word == "in_list":
        yield from WORDS[word].read(value).lists
    if word == "subscribed":
        yield from WORDS[word].read(value).list or ()
