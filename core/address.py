"""Addresses: one spelling for each mailbox, so that one person gets one letter."""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from core.errors import N_, Refused

# Nine addresses in ten are plain ASCII; they pass without the ~60 us that the full validator takes.
_PLAIN = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_TOP = re.compile(r"\.[a-z][a-z0-9-]+$")
_LOCAL_LIMIT, _LIMIT = 64, 254  # octets, RFC 5321 4.5.3.1


def normalised(address: str) -> str:
    """`address` trimmed, lower-cased, its domain in ASCII form. Raises Refused with the reason for a bad one.

    What stands before the @ may be any script (RFC 6531); it is kept composed (NFC), so that the ё of one keyboard and
    the е with two dots of another are one mailbox.
    """
    plain = address.strip().lower()
    if _PLAIN.fullmatch(plain) and plain.index("@") <= _LOCAL_LIMIT and len(plain) <= _LIMIT:
        return plain
    try:
        found = validate_email(plain, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError as error:
        raise _refused(address, str(error).rstrip(".")) from None
    if not _TOP.search(found.ascii_domain):
        raise _refused(address, Refused(N_("its domain has no top level")))
    local = unicodedata.normalize("NFC", found.local_part.lower())
    spelt = f"{local}@{found.ascii_domain}"
    if len(local.encode()) > _LOCAL_LIMIT or len(spelt.encode()) > _LIMIT:  # the validator counts characters
        raise _refused(address, Refused(N_("it is too long")))
    return spelt


def domain_of(address: str) -> str:
    """The part after the last ``@``."""
    return address.rpartition("@")[2]


def _refused(address: str, reason: str | Refused) -> Refused:
    return Refused(N_("address {address!r} is not valid: {error}"), address=address[:100], error=reason)
