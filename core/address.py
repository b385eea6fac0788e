"""Addresses: one spelling for each mailbox, so that one person gets one letter."""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from core.errors import N_, Refused

# Nine addresses in ten are plain ASCII; they pass without the ~60 us that the full validator takes.
_PLAIN = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_LOCAL_LIMIT, _LIMIT = 64, 254  # octets, RFC 5321 4.5.3.1


def normalised(address: str) -> str:
    """`address` trimmed, lower-cased, its domain in ASCII form. Raises Refused with the reason for a bad one."""
    plain = address.strip().lower()
    if _PLAIN.fullmatch(plain) and plain.index("@") <= _LOCAL_LIMIT and len(plain) <= _LIMIT:
        return plain
    try:
        found = validate_email(plain, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Refused(
            N_("address {address!r} is not valid: {error}"), address=address[:100], error=str(error)
        ) from None
    local, _, domain = found.normalized.rpartition("@")
    return f"{local.lower()}@{_ascii(domain)}"


def domain_of(address: str) -> str:
    """The part after the last ``@``."""
    return address.rpartition("@")[2]


@lru_cache(maxsize=10_000)
def _ascii(domain: str) -> str:
    return domain.encode("idna").decode("ascii") if not domain.isascii() else domain
