"""SMTP: letters go to the relay of the settings over one kept connection."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.errors import MessageError
from typing import Literal

from pydantic import Field, SecretStr

from core import plugin
from core.channel import Channel, Session
from core.errors import N_, Refused, VestnikError
from core.mime import envelope_sender, message, needs_smtputf8
from core.model import Letter, Outcome
from core.source import Finding

_AWAY = (421, 530)  # the relay speaks to nobody now, or not to us: no fault of the letter
_NO_UTF8 = N_("553 5.6.7 The relay does not offer SMTPUTF8, without which no letter with such an address can go.")
_BAD_LETTER = (ValueError, LookupError, MessageError, Refused)  # what `email` says of addresses and headers


class SmtpSettings(plugin.Settings):
    """Where the relay is and how to speak to it."""

    host: str
    port: int = 25
    tls: Literal["none", "starttls", "implicit"] = "none"
    user: str = ""
    password: SecretStr = SecretStr("")
    timeout_seconds: float = Field(default=30, gt=0)


class Smtp(Channel):
    """Delivers by SMTP."""

    code = "smtp"
    title = "SMTP"
    Settings = SmtpSettings
    settings: SmtpSettings

    @contextmanager
    def open(self) -> Iterator[Session]:
        session = _Connection(self.settings)
        try:
            yield session
        finally:
            session.close()

    def check(self) -> Iterator[Finding]:
        where = f"smtp {self.settings.host}:{self.settings.port}"
        try:
            relay = _connect(self.settings)
        except (OSError, ValueError) as error:
            template = N_("{error}. Check [smtp] host, port, tls, user and password.")
            yield Finding(where, ok=False, advice=VestnikError(template, error=_said(error)))
        else:
            _close(relay)
            yield Finding(where, ok=True)


class _Connection(Session):
    """A connection that is opened at the first letter and again after it broke."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._relay: smtplib.SMTP | None = None

    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        broken: Outcome | None = None
        for letter in letters:
            outcome = broken or self._send(letter)
            if not outcome.reached or outcome.result == "unknown":
                broken = Outcome("retry", outcome.reply, reached=False, tried=False)
            yield outcome

    def _send(self, letter: Letter) -> Outcome:
        kept = self._relay is not None
        try:
            body = message(letter, now=datetime.now(UTC))
        except _BAD_LETTER as error:
            return Outcome("failed", _said(error))
        outcome = self._attempt(letter, body)
        if kept and not outcome.reached:  # relays close connections that idled or carried many letters
            outcome = self._attempt(letter, body)
        return outcome

    def _attempt(self, letter: Letter, body: bytes) -> Outcome:
        try:
            self._relay = self._relay or _connect(self._settings)
            refusal = self._envelope(self._relay, letter, len(body))
        except (OSError, ValueError) as error:  # the body has not been sent: certainly not taken
            begun = self._relay is not None
            self.close()
            return Outcome("retry", _said(error), reached=False, tried=begun)
        return refusal or self._body(self._relay, body)

    def _envelope(self, relay: smtplib.SMTP, letter: Letter, size: int) -> Outcome | None:
        """MAIL, RCPT and DATA; the outcome if the relay refuses one of them, None when it wants the body."""
        options = [f"size={size}"] if relay.has_extn("size") else []
        if needs_smtputf8(letter):
            if not relay.has_extn("smtputf8"):
                return Outcome("failed", _NO_UTF8)
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        steps: tuple[tuple[Callable[[], tuple[int, bytes]], range], ...] = (
            (lambda: relay.mail(envelope_sender(letter), options), range(200, 300)),
            (lambda: relay.rcpt(letter.to), range(200, 300)),
            (lambda: relay.docmd("DATA"), range(354, 355)),
        )
        for step, welcome in steps:
            code, said = step()
            if code not in welcome:
                return self._refused(relay, code, said)
        return None

    def _body(self, relay: smtplib.SMTP, body: bytes) -> Outcome:
        try:
            relay.send(_stuffed(body))
            code, said = relay.getreply()
        except OSError as error:  # sent, perhaps taken: nobody but the relay knows
            self.close()
            return Outcome("unknown", _said(error))
        if 200 <= code < 300:
            return Outcome("sent", f"{code} {_text(said)}")
        if code in range(400, 600):
            return self._answer(code, said)
        self.close()
        return Outcome("unknown", f"{code} {_text(said)}")

    def _refused(self, relay: smtplib.SMTP, code: int, said: bytes) -> Outcome:
        """The relay's no before the body; the connection goes on with the next letter if it can."""
        outcome = self._answer(code, said)
        if outcome.reached:
            try:
                relay.rset()
            except OSError:
                self.close()
        return outcome

    def _answer(self, code: int, said: bytes) -> Outcome:
        reply = f"{code} {_text(said)}"
        if code in _AWAY or code not in range(400, 600):  # what is no answer at all is no refusal of the letter
            self.close()
            return Outcome("retry", reply, reached=False)
        return Outcome("retry" if code < 500 else "failed", reply)

    def close(self) -> None:
        relay, self._relay = self._relay, None
        if relay is not None:
            _close(relay)


def _connect(settings: SmtpSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    where = (settings.host, settings.port)
    if settings.tls == "implicit":
        relay: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=settings.timeout_seconds, context=context)
    else:
        relay = smtplib.SMTP(*where, timeout=settings.timeout_seconds)
    try:
        _introduce(relay, settings, context)
    except BaseException:
        relay.close()
        raise
    return relay


def _introduce(relay: smtplib.SMTP, settings: SmtpSettings, context: ssl.SSLContext) -> None:
    relay.ehlo_or_helo_if_needed()
    if settings.tls == "starttls":
        relay.starttls(context=context)
        relay.ehlo()
    if settings.user:
        relay.login(settings.user, settings.password.get_secret_value())


def _close(relay: smtplib.SMTP) -> None:
    try:
        relay.quit()
    except OSError:
        relay.close()


def _stuffed(body: bytes) -> bytes:
    """The body with its dots doubled and the closing dot (RFC 5321 4.5.2); our lines end in CRLF already."""
    if b"\r\n." in body:
        body = body.replace(b"\r\n.", b"\r\n..")
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").replace("\n", " ")


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the relay's certificate is not trusted: {error.verify_message}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {_text(said if isinstance(said, bytes) else str(said).encode())}"
    return str(error) or type(error).__name__
