"""The built-in mailbox: an SMTP sink that keeps every letter as a file, so that it can be looked at in the browser."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import itertools
import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.errors import N_, Refused

_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}-\d{6}-[0-9a-f]{8}\.eml")
_LARGEST = 20 * 1024 * 1024
_BROKEN = (ValueError, LookupError, AttributeError, TypeError, MessageError)  # what `email` says of a bad letter


@dataclass(frozen=True, slots=True)
class Heading:
    """One letter in the list."""

    name: str  # its file
    received_at: datetime
    sender: str
    to: str
    subject: str


@dataclass(frozen=True, slots=True)
class LetterList:
    """A page of the mailbox, newest first; `total` counts all that match."""

    letters: tuple[Heading, ...]
    total: int


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A whole letter as it was received."""

    heading: Heading
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    raw: bytes


class Mailbox:
    """The sink: ``with Mailbox(folder, "127.0.0.1", 1025):`` takes letters until the end of the block. Port 0: any."""

    def __init__(self, folder: Path, host: str, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or _free_port(host)
        self._controller = Listener(
            _Sink(folder),
            hostname=host,
            port=self.port,
            data_size_limit=_LARGEST,
            enable_SMTPUTF8=True,
            decode_data=False,
        )

    def start(self) -> None:
        """Begin to listen, in a thread of its own."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    def __enter__(self) -> Mailbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Listener(Controller):
    """An SMTP server in a thread that closes its connections when it stops: aiosmtpd's own leaves sockets open."""

    def __init__(self, handler: Any, **settings: Any) -> None:
        super().__init__(handler, **settings)
        self.open: dict[SMTP, asyncio.WriteTransport] = {}

    def factory(self) -> SMTP:
        connection = self.connection()
        connection.listener = self
        return connection

    def connection(self) -> Connection:
        """The protocol of one connection that has just come."""
        return Connection(self.handler, **self.SMTP_kwargs)

    def stop(self, no_assert: bool = True) -> None:
        if self.server is not None:
            asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(timeout=10)
        super().stop(no_assert=no_assert)

    async def _hang_up(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        for door in self.server.sockets:
            self.loop.remove_reader(door.fileno())
        await asyncio.sleep(0.01)  # whoever has been let in must be seated: a closed server cannot take them any more
        while self.open:
            for transport in self.open.values():
                transport.abort()
            await asyncio.sleep(0.001)


class Connection(SMTP):
    """A connection that its listener knows of from the first byte to the last."""

    listener: Listener

    def connection_made(self, transport: Any) -> None:
        self.listener.open[self] = transport
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.listener.open.pop(self, None)
        super().connection_lost(error)

    def eof_received(self) -> bool:
        """Whoever hung up without QUIT is gone; aiosmtpd would keep its half of the connection for five minutes."""
        super().eof_received()
        return False


class _Sink:
    """Answers 250 only when the letter is safely a file."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        name = f"{stamp}-{next(self._numbers) % 1_000_000:06}-{hashlib.sha256(content).hexdigest()[:8]}.eml"
        try:
            _write(self._folder / name, content)
        except OSError as error:  # a full disk is no fault of the letter: the sender keeps it and tries again
            return f"452 cannot be kept: {error.strerror}"
        return f"250 kept as {name}"


def _write(file: Path, content: bytes) -> None:
    """Under another name first: nobody ever reads half a letter."""
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.rename(file)


def letters(folder: Path, *, page: int = 1, per_page: int = 50, query: str = "") -> LetterList:
    """A page of the letters in `folder`, newest first; `query` looks in address, sender and subject."""
    files = sorted((file for file in folder.glob("*.eml") if _NAME.fullmatch(file.name)), reverse=True)
    shown = slice((page - 1) * per_page, page * per_page)
    if not query:
        return LetterList(tuple(_headings(files[shown])), len(files))
    found = [one for one in _headings(files) if query.casefold() in _searched(one)]
    return LetterList(tuple(found[shown]), len(found))


def _headings(files: Iterable[Path]) -> Iterator[Heading]:
    for file in files:
        with suppress(FileNotFoundError):  # cleared at this moment
            yield _heading(file)


def _searched(one: Heading) -> str:
    return f"{one.to} {one.sender} {one.subject}".casefold()


def letter(folder: Path, name: str) -> StoredLetter:
    """One letter by its file name. Raises Refused for a name that is none of ours."""
    file = folder / name
    if not _NAME.fullmatch(name) or not file.is_file():
        raise Refused(N_("There is no letter {name!r} in the mailbox."), name=name[:80])
    raw = file.read_bytes()
    message = _parsed(raw)
    headers = tuple((key, _text(message, key, value)) for key, value in message.raw_items())
    return StoredLetter(_headed(name, message), headers, _body(message, "html"), _body(message, "plain"), raw)


def clear(folder: Path) -> int:
    """Remove all letters; how many they were."""
    files = list(folder.glob("*.eml"))
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _heading(file: Path) -> Heading:
    with file.open("rb") as stream:
        return _headed(file.name, _parsed(stream.read(64 * 1024).split(b"\r\n\r\n", 1)[0]))


def _headed(name: str, message: EmailMessage) -> Heading:
    received = datetime.strptime(name[:22], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    first = {key.lower(): _text(message, key, value) for key, value in reversed(list(message.raw_items()))}
    return Heading(name, received, *(first.get(key, "") for key in ("from", "to", "subject")))


def _parsed(raw: bytes) -> EmailMessage:
    message: Any = email.message_from_bytes(raw, policy=email.policy.default)
    return message  # type: ignore[no-any-return]


def _text(message: EmailMessage, key: str, value: Any) -> str:
    """A header as text; a broken one is shown as it was written."""
    # the parser would leave a blank between two encoded words of a name, where RFC 2047 6.2 wants none
    joined = re.sub(r"\?=\s+=\?", "?==?", _unescaped(str(value)))
    try:
        return str(message.policy.header_fetch_parse(key, joined))
    except _BROKEN:
        return str(value).encode("utf-8", "replace").decode()


def _unescaped(value: str) -> str:
    """Headers in UTF-8 (RFC 6532): the parser kept their bytes as surrogates."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _body(message: EmailMessage, kind: str) -> str:
    """The part of this kind; one in an unknown alphabet or broken is shown as far as it goes."""
    part = None
    try:
        part = message.get_body((kind,))
        return str(part.get_content()) if part else ""
    except _BROKEN:
        payload = part.get_payload(decode=True) if part else None
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def answers(port: int) -> bool:
    """Whether something listens on this port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
