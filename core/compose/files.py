"""Templates by name: the site's own before ours."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.compose.sandbox import TEMPLATES
from core.errors import N_, Misconfigured, Refused


class Files:
    """The folders where templates are looked for, in their order; ours is the last."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = [*folders, TEMPLATES]

    def find(self, *names: str) -> Path | None:
        """The first of `names` in the first folder that has any of them."""
        found = self._find(names)
        return found[1] if found else None

    def read(self, *names: str) -> tuple[str, str]:
        """(name, text) of a template. Raises Misconfigured when there is none, Refused when it cannot be read."""
        found = self._find(names)
        if found is None:
            raise Misconfigured(
                N_("There is no template {name}. Looked in: {folders}"),
                name=names[0],
                folders=", ".join(str(folder) for folder in self._folders),
            )
        name, file = found
        try:
            return name, file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(N_("Template {file} cannot be read: {error}"), file=str(file), error=str(error)) from None

    def _find(self, names: Iterable[str]) -> tuple[str, Path] | None:
        wanted = list(names)
        for folder in self._folders:
            for name in wanted:
                file = (folder / name).resolve()
                if file.is_relative_to(folder.resolve()) and file.is_file():
                    return name, file
        return None
