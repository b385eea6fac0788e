"""The links of a letter, asked whether they answer: politely, and never inside the shop's own network unasked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

import requests

from core.errors import N_, VestnikError

_HOPS = 5
_SECONDS = 10
_HEADERS = {"User-Agent": "Vestnik (checks the links of a letter)"}
_NOT_FOR_HEAD = frozenset({400, 403, 404, 405, 501})  # servers that dislike HEAD say one of these


def broken(links: Iterable[str], *, private: bool = False) -> Iterator[tuple[str, VestnikError]]:
    """(link, what is wrong) of those that do not answer; `private`: addresses of inner networks are asked, too."""
    with requests.Session() as session:
        session.headers.update(_HEADERS)
        session.trust_env = False  # no password of ~/.netrc goes to a link of a letter
        for link in links:
            fault = _fault(session, link, private)
            if fault:
                yield link, fault


def _fault(session: requests.Session, link: str, private: bool) -> VestnikError | None:
    url = link
    for _ in range(_HOPS):
        inside = None if private else _inside(url)
        if inside:
            return inside
        try:
            answer = _ask(session, url)
        except (requests.RequestException, ValueError) as error:
            return VestnikError(N_("does not answer: {error}"), error=type(error).__name__)
        if not answer.is_redirect:
            code = answer.status_code
            return VestnikError(N_("answers {code}"), code=code) if code >= 400 else None
        url = urljoin(url, answer.headers["Location"])
    return VestnikError(N_("leads from page to page without an end"))


def _ask(session: requests.Session, url: str) -> requests.Response:
    """The headers of an answer; redirects are not followed, for each host is looked at first."""
    answer = session.head(url, timeout=_SECONDS, allow_redirects=False)
    if answer.status_code not in _NOT_FOR_HEAD:
        return answer
    with session.get(url, timeout=_SECONDS, allow_redirects=False, stream=True) as whole:
        return whole


def _inside(url: str) -> VestnikError | None:
    """What is wrong with the host of `url`: unknown, or inside a network that is not the world's."""
    try:
        found = _addresses(urlsplit(url).hostname or "")
    except (OSError, UnicodeError, ValueError):
        return VestnikError(N_("there is no such host"))
    if all(ipaddress.ip_address(address.partition("%")[0]).is_global for address in found):
        return None
    return VestnikError(N_("leads into a private network; --allow-private asks there, too"))


def _addresses(host: str) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, None)]
