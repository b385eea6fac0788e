"""What can go wrong, split by what to do next.

    VestnikError
    ├── Misconfigured        the admin must change something: stop and say what
    ├── Unreachable          a system does not answer now: wait and try again
    ├── Refused              one row, address, template or file is bad: skip it, go on with the rest
    └── Busy                 somebody else is doing it at this moment: leave it to them

A message is an English template with named fields; it is also the key of the translation catalogue, so the doors
(command line, web) can show it in Russian. Mark every template with ``N_`` where it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

_SECRET_IN_URL = re.compile(r"(://[^:/@\s]*:)\S+(@)")  # up to the last @: a password may hold / or @


def N_(template: str) -> str:
    """Mark `template` for the translation catalogue and give it back unchanged."""
    return template


def masked(text: str) -> str:
    """`text` with the password of every URL in it replaced by ``***``."""
    return _SECRET_IN_URL.sub(r"\1***\2", text)


class VestnikError(Exception):
    """An error with a message that says what happened, to whom, and what to do.

    `template` is the English message with ``{named}`` fields, `values` fill them. URLs lose their passwords.
    """

    def __init__(self, template: str, **values: Any) -> None:
        self.template = template
        self.values = {name: masked(value) if isinstance(value, str) else value for name, value in values.items()}
        super().__init__(template, self.values)

    def __str__(self) -> str:
        return self.template.format(**self.values)


def together(errors: Sequence[VestnikError]) -> VestnikError:
    """All of them as one, each still to be said in the reader's language."""
    fields = {f"error{number}": error for number, error in enumerate(errors)}
    return VestnikError(" ".join(f"{{{name}}}" for name in fields), **fields)


def packed(error: VestnikError) -> str:
    """`error` as a text that :func:`unpacked` turns back, so that a row's reason can be said in any language."""
    return _MARK + json.dumps(_plain(error), ensure_ascii=False, default=str)


def unpacked(text: str) -> VestnikError | str:
    """The error in a text made by :func:`packed`; any other text as it is."""
    if not text.startswith(_MARK):
        return text
    try:
        return _error(json.loads(text.removeprefix(_MARK)))
    except (ValueError, KeyError, TypeError):
        return text.removeprefix(_MARK)


_MARK = "\x1e"


def _plain(error: VestnikError) -> dict[str, Any]:
    values = {name: _plain(value) if isinstance(value, VestnikError) else value for name, value in error.values.items()}
    return {"template": error.template, "values": values}


def _error(tree: dict[str, Any]) -> VestnikError:
    values = {
        name: _error(value) if isinstance(value, dict) and value.keys() == {"template", "values"} else value
        for name, value in tree["values"].items()
    }
    return VestnikError(tree["template"], **values)


class Misconfigured(VestnikError):
    """A setting, definition or right must be changed by the admin before this can work."""


class Unreachable(VestnikError):
    """A database, relay or API does not answer now; the same call may succeed later."""


class Refused(VestnikError):
    """One row, address, template or file is bad; everything else goes on without it."""


class Busy(VestnikError):
    """Another process is doing the same work at this moment."""
