"""SMTP: letters go to the relay of the settings over one kept connection."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from pydantic import SecretStr

from core import plugin
from core.channel import Channel, Session
from core.mime import envelope_sender, message
from core.model import Letter, Outcome
from core.source import Finding

_BROKEN = (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError, OSError)


class Settings(plugin.Settings):
    """Where the relay is and how to speak to it."""

    host: str
    port: int = 25
    tls: Literal["none", "starttls", "implicit"] = "none"
    user: str = ""
    password: SecretStr = SecretStr("")
    timeout_seconds: float = 30


class Smtp(Channel):
    """Delivers by SMTP."""

    code = "smtp"
    title = "SMTP"
    Settings = Settings
    settings: Settings

    @contextmanager
    def open(self) -> Iterator[Session]:
        session = _Connection(self.settings)
        try:
            yield session
        finally:
            session.close()

    def check(self) -> Iterator[Finding]:
        session = _Connection(self.settings)
        where = f"smtp {self.settings.host}:{self.settings.port}"
        try:
            session.relay().noop()
            yield Finding(where, ok=True)
        except (smtplib.SMTPException, OSError) as error:
            yield Finding(where, ok=False, advice=f"{_said(error)}. Check [smtp] host, port, tls, user and password.")
        finally:
            session.close()


class _Connection(Session):
    """A connection that is opened at the first letter and again after it broke."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._relay: smtplib.SMTP | None = None

    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        away: Outcome | None = None
        for letter in letters:
            outcome = away or self._send(letter)
            if not outcome.reached:
                away = outcome
            yield outcome

    def _send(self, letter: Letter) -> Outcome:
        try:
            relay = self.relay()
        except smtplib.SMTPAuthenticationError as error:
            return Outcome("retry", _said(error), reached=False)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            return Outcome("retry", _said(error), reached=False)
        return self._hand_over(relay, letter)

    def _hand_over(self, relay: smtplib.SMTP, letter: Letter) -> Outcome:
        body = message(letter, now=datetime.now(UTC))
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: relay.mail(envelope_sender(letter), [f"size={len(body)}"] if relay.has_extn("size") else []),
            lambda: relay.rcpt(letter.to),
            lambda: relay.docmd("DATA"),
        )
        try:
            for step in steps:
                code, said = step()
                if code >= 400:
                    return self._refused(relay, code, said)
        except (UnicodeEncodeError, ValueError) as error:
            return self._refused(relay, 553, str(error).encode())
        except _BROKEN as error:  # the body has not been sent: certainly not taken
            self.close()
            return Outcome("retry", _said(error), reached=False)
        return self._body(relay, body)

    def _body(self, relay: smtplib.SMTP, body: bytes) -> Outcome:
        try:
            relay.send(_stuffed(body))
            code, said = relay.getreply()
        except _BROKEN as error:  # sent, perhaps taken: nobody but the relay knows
            self.close()
            return Outcome("unknown", _said(error))
        if code < 400:
            return Outcome("sent", f"{code} {_text(said)}")
        return Outcome("retry" if code < 500 else "failed", f"{code} {_text(said)}")

    def _refused(self, relay: smtplib.SMTP, code: int, said: bytes) -> Outcome:
        try:
            relay.rset()
        except (smtplib.SMTPException, OSError):
            self.close()
        if code == 421:
            self.close()
            return Outcome("retry", f"{code} {_text(said)}", reached=False)
        return Outcome("retry" if code < 500 else "failed", f"{code} {_text(said)}")

    def relay(self) -> smtplib.SMTP:
        """The open connection; opened now if it is not."""
        if self._relay is None:
            self._relay = _connect(self._settings)
        return self._relay

    def close(self) -> None:
        relay, self._relay = self._relay, None
        if relay is not None:
            try:
                relay.quit()
            except (smtplib.SMTPException, OSError):
                relay.close()


def _connect(settings: Settings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    where = (settings.host, settings.port)
    if settings.tls == "implicit":
        relay: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=settings.timeout_seconds, context=context)
    else:
        relay = smtplib.SMTP(*where, timeout=settings.timeout_seconds)
    relay.ehlo_or_helo_if_needed()
    if settings.tls == "starttls":
        relay.starttls(context=context)
        relay.ehlo()
    if settings.user:
        relay.login(settings.user, settings.password.get_secret_value())
    return relay


def _stuffed(body: bytes) -> bytes:
    """The body with its dots doubled and the closing dot (RFC 5321 4.5.2); our lines end in CRLF already."""
    if b"\r\n." in body:
        body = body.replace(b"\r\n.", b"\r\n..")
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").replace("\n", " ")


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {_text(said if isinstance(said, bytes) else str(said).encode())}"
    return str(error) or type(error).__name__
