"""A letter as the bytes of a MIME message: text first, HTML second, as RFC 2046 orders alternatives."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from core.model import Letter

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def message(letter: Letter, *, now: datetime) -> bytes:
    """The message to hand to a relay, CRLF line ends, bodies in base64."""
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = letter.message_id
    mail["From"] = _mailbox(letter.sender)
    mail["To"] = _address(letter.to_name, letter.to)
    mail["Subject"] = one_line(letter.subject)
    for name, value in letter.headers.items():
        mail[name] = one_line(value)
    mail.set_content(letter.text, cte="base64")
    mail.add_alternative(letter.html, subtype="html", cte="base64")
    return mail.as_bytes()


def one_line(text: str) -> str:
    """`text` without line breaks and other control characters: nobody adds a header through a name."""
    return _CONTROL.sub(" ", text).strip()


def envelope_sender(letter: Letter) -> str:
    """The bare address of the letter's From."""
    return parseaddr(letter.sender)[1]


def _mailbox(sender: str) -> Address:
    name, address = parseaddr(sender)
    return _address(name, address)


def _address(name: str, address: str) -> Address:
    return Address(display_name=one_line(name), addr_spec=address)
