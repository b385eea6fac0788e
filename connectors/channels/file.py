"""File: each letter becomes one .eml file in a folder, from which another program takes it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.errors import MessageError
from pathlib import Path

from pydantic import Field

from core import plugin
from core.channel import Channel, Session
from core.errors import N_, Refused, VestnikError
from core.mime import message
from core.model import Letter, Outcome
from core.source import Finding

_BAD_LETTER = (ValueError, LookupError, MessageError, Refused)  # what `email` says of addresses and headers


class FileSettings(plugin.Settings):
    """Where the files go."""

    folder: str = Field(min_length=1, title=N_("Folder"))


class File(Channel):
    """Writes letters into a folder. A letter that is given again, after a crash say, is the same file again."""

    code = "file"
    title = N_("Files in a folder")
    Settings = FileSettings
    settings: FileSettings

    @contextmanager
    def open(self) -> Iterator[Session]:
        yield _Folder(Path(self.settings.folder))

    def check(self) -> Iterator[Finding]:
        folder = Path(self.settings.folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            mark = folder / f".vestnik-{os.getpid()}.part"
            mark.write_bytes(b"")
            mark.unlink()
        except OSError as error:
            template = N_("{error}. Check the folder of the channel, and who may write there.")
            yield Finding(str(folder), ok=False, advice=VestnikError(template, error=str(error)))
        else:
            yield Finding(str(folder), ok=True)


class _Folder(Session):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        away: Outcome | None = None
        for letter in letters:
            outcome = away or self._written(letter)
            if not outcome.reached:
                away = Outcome("retry", outcome.reply, reached=False, tried=False)
            yield outcome

    def _written(self, letter: Letter) -> Outcome:
        try:
            body = message(letter, now=datetime.now(UTC))
        except _BAD_LETTER as error:
            return Outcome("failed", str(error) or type(error).__name__)
        try:
            return Outcome("sent", self._put(letter, body))
        except OSError as error:
            return Outcome("retry", str(error), reached=False)

    def _put(self, letter: Letter, body: bytes) -> str:
        """The file's name; it is there whole or not at all, whenever the machine stops."""
        name = hashlib.sha256(f"{letter.message_id} {letter.to}".encode("utf-8", "replace")).hexdigest()[:32] + ".eml"
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{name}.{os.getpid()}.part"
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / name)
        return name
