"""An SMTP relay for tests: counts every letter by its Message-ID, and may be slow."""

from __future__ import annotations

import email
import email.policy
import time
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from core.mailbox import Listener
from tests.services import free_port


@dataclass
class Sink:
    """``with Sink() as sink:`` takes letters; `seen` counts them by Message-ID, `letters` keeps the last of each."""

    delay_seconds: float = 0
    answer: str = "250 ok"
    seen: Counter[str] = field(default_factory=Counter)
    recipients: Counter[str] = field(default_factory=Counter)
    letters: dict[str, EmailMessage] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        if not self.answer.startswith("250"):
            return self.answer
        letter: Any = email.message_from_bytes(content, policy=email.policy.default)
        time.sleep(self.delay_seconds)
        self.seen[str(letter["Message-ID"])] += 1
        self.recipients.update(envelope.rcpt_tos)
        self.letters[envelope.rcpt_tos[0]] = letter
        return self.answer

    def __enter__(self) -> Sink:
        self._controller = Listener(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
