"""A relay for tests: a real aiosmtpd server whose answers a test writes beforehand."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.mailbox import Connection, Listener
from tests.services import free_port

DROP, SILENCE = "drop", "silence"


@dataclass
class Relay:
    """``with Relay() as relay:`` takes everything, but for `answers`: (verb, number of the letter) → what to say.

    Verbs are MAIL, RCPT, DATA, INSIDE (after the 354), BODY (after the closing dot), RSET. DROP cuts the connection,
    SILENCE never answers.
    """

    answers: dict[tuple[str, int], str] = field(default_factory=dict)
    implicit_tls: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    password: str = ""
    smtputf8: bool = False
    port: int = field(default_factory=free_port)
    letters: list[Envelope] = field(default_factory=list)
    tried: int = 0  # how many MAIL commands came
    connections: int = 0

    def __enter__(self) -> Relay:
        self._listener = _Listener(self)
        self._listener.start()
        self.connections = 0  # the controller tries its own door
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.stop()

    @property
    def recipients(self) -> list[str]:
        return [address for letter in self.letters for address in letter.rcpt_tos]


class _Listener(Listener):
    def __init__(self, relay: Relay) -> None:
        super().__init__(_Taker(relay), hostname="127.0.0.1", port=relay.port, ssl_context=relay.implicit_tls)
        self.relay = relay

    def connection(self) -> _Script:
        self.relay.connections += 1
        return _Script(self.handler, self.relay)


class _Taker:
    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    async def handle_DATA(self, server: _Script, session: Session, envelope: Envelope) -> str:
        answer = self.relay.answers.get(("BODY", self.relay.tried), "250 taken")
        if answer.startswith("250") or answer == DROP:
            self.relay.letters.append(envelope)
        return "250 too late" if await server.cut(answer) else answer


class _Script(Connection):
    def __init__(self, handler: Any, relay: Relay) -> None:
        self.relay = relay
        auth = {"authenticator": self._authenticated, "auth_require_tls": False} if relay.password else {}
        super().__init__(handler, tls_context=relay.starttls, enable_SMTPUTF8=relay.smtputf8, **auth)

    def _authenticated(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=given.password.decode() == self.relay.password, handled=False)

    async def cut(self, answer: str) -> bool:
        """Play dead or silent if `answer` says so."""
        if answer == SILENCE:
            await asyncio.sleep(60)  # cancelled when the other side goes
        if answer == DROP:
            self.transport.abort()
        return answer in (DROP, SILENCE)

    async def _scripted(self, verb: str) -> bool:
        answer = self.relay.answers.get((verb, self.relay.tried))
        if answer is not None and not await self.cut(answer):
            await self.push(answer)
            if answer.startswith("421"):
                self.transport.close()
        return answer is not None

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.relay.tried += 1
        if not await self._scripted("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._scripted("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if ("INSIDE", self.relay.tried) in self.relay.answers:
            await self.push("354 go on")
        if not await self._scripted("DATA") and not await self._scripted("INSIDE"):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str | None) -> None:
        if not await self._scripted("RSET"):
            await super().smtp_RSET(arg)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that signed itself, for localhost."""

    file: Path
    server: ssl.SSLContext


def self_signed(folder: Path) -> Certificate:
    """A new one, written to `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    no_password = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return Certificate(file, server)
