"""What a letter costs in processor time: `python -m tests.benchmarks.letters`, see docs/benchmarks.md.

The letter (`tests/benchmarks/one_letter.py`) has 20–25 KB of Cyrillic HTML, 12 product cards and 45 links. In one run,
in turns: Jinja2 alone; ours with cards that everybody has different, and with cards that many share; the message built
beside bare base64; and the usual way: Jinja2, BeautifulSoup for the links, EmailMessage.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import jinja2
from bs4 import BeautifulSoup

from core import compose, mime
from core.compose import Addressee, Publication
from core.links import Utm, tag
from core.model import Letter
from tests.benchmarks import one_letter
from tests.benchmarks.one_letter import KEY, NOW, SENDER, UTM

LETTERS, ROUNDS = 100, 25
BARE, BASE64, USUAL, OURS = "Jinja2 alone", "base64 of the bodies alone", "the usual way", "whole letter and message"


@dataclass(frozen=True)
class Way:
    """One thing that is measured: what it is called, and the work for all letters."""

    name: str
    work: Callable[[], Iterable[Any]]
    peer: str = ""


def main(letters: int = LETTERS, rounds: int = ROUNDS) -> None:
    """Measure and print; fewer `letters` and `rounds` give rough figures."""
    with tempfile.TemporaryDirectory() as folder:
        tracked = one_letter.published(Path(folder), track=True)
        marked = one_letter.published(Path(folder), track=False)
        bare, untagged = (one_letter.bare(Path(folder), utm) for utm in (UTM, Utm()))
    shared = one_letter.people(letters)
    written = [letter for letter in compose.compose(tracked, shared, key=KEY) if isinstance(letter, Letter)]
    _describe(written[0], bare, marked)
    ways = [*_filling(bare, tracked, marked, shared, rounds), *_building(written), *_wholes(tracked, shared, untagged)]
    _show(ways, _measured(ways, rounds))


def _filling(
    bare: jinja2.Template, tracked: Publication, marked: Publication, shared: Sequence[Addressee], rounds: int
) -> list[Way]:
    """HTML beside HTML, then what the rest of a letter adds."""
    count = len(shared)
    notes = [one_letter.people(count, notes=f"{number}") for number in range(rounds)]
    goods = [one_letter.people(count, goods=1_000_000 * (number + 1)) for number in range(rounds)]
    own = notes[0]
    return [
        Way(BARE, lambda: (bare.render(one_letter.values(one)) for one in own)),
        Way("ours, every card different", lambda: _html(tracked, notes.pop()), BARE),
        Way("ours, every product and link new", lambda: _html(tracked, goods.pop()), BARE),
        Way("ours, cards shared", lambda: _html(tracked, shared), BARE),
        Way("ours, cards shared, links not tracked", lambda: _html(marked, shared), BARE),
        Way("the text part alone, cards shared", lambda: compose.text_parts(tracked, shared, key=KEY), BARE),
        Way("the whole letter, cards shared", lambda: compose.compose(tracked, shared, key=KEY), BARE),
    ]


def _building(written: Sequence[Letter]) -> list[Way]:
    messages = [mime.message(one, now=NOW) for one in written]
    return [
        Way(BASE64, lambda: map(_bare_base64, written)),
        Way("message built", lambda: (mime.message(one, now=NOW) for one in written), BASE64),
        Way("its body in DKIM's form, hashed", lambda: map(_dkim_body, messages), BASE64),
    ]


def _wholes(tracked: Publication, shared: Sequence[Addressee], untagged: jinja2.Template) -> list[Way]:
    few = shared[: max(1, len(shared) // 10)]
    return [
        Way(OURS, lambda: _messages(tracked, shared), USUAL),
        Way(USUAL, lambda: (_usual(untagged, one) for one in few)),
    ]


def _measured(ways: Sequence[Way], rounds: int) -> dict[str, float]:
    """Microseconds of processor time a letter: the best of several rounds in which all take turns."""
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            gc.collect()
            started = time.process_time()
            count = sum(1 for _ in way.work())  # letters are handed on one by one, and not kept
            times[way.name].append((time.process_time() - started) / count * 1e6)
    return {name: min(taken) for name, taken in times.items()}


def _show(ways: Sequence[Way], found: dict[str, float]) -> None:
    print(f"{'µs of processor time a letter':45}{'µs':>8}  ratio")
    for way in ways:
        ratio = f"{found[way.name] / found[way.peer]:.2f} × {way.peer}" if way.peer else ""
        print(f"{way.name:45}{found[way.name]:8.0f}  {ratio}")
    print(f"\nThe usual way costs {found[USUAL] / found[OURS]:.0f} times as much as ours.")


def _describe(one: Letter, bare: jinja2.Template, marked: Publication) -> None:
    [reader] = one_letter.people(1)
    [ours] = compose.compose(marked, [reader], key=KEY)
    theirs = bare.render(one_letter.values(reader))
    assert isinstance(ours, Letter)
    assert one_letter.squeezed(ours.html) == one_letter.squeezed(theirs), "both ways write the same HTML"
    size, links = len(one.html.encode()), one.html.count("/p/c/")
    print(f"A letter: {size} bytes of HTML ({len(theirs.encode())} before its {links} links are tracked), ", end="")
    cyrillic = sum("а" <= letter.lower() <= "ё" for letter in one.html)
    print(f"{cyrillic} Cyrillic letters; {len(one.text.encode())} bytes of text\n")


def _html(publication: Publication, people: Sequence[Addressee]) -> Iterator[str]:
    """The HTML part alone, as Jinja2 alone makes it: rendered, its links marked and tracked."""
    return compose.html_parts(publication, people, key=KEY)


def _messages(publication: Publication, people: Sequence[Addressee]) -> Iterator[bytes]:
    letters = compose.compose(publication, people, key=KEY)
    return (mime.message(letter, now=NOW) for letter in letters if isinstance(letter, Letter))


def _bare_base64(one: Letter) -> bytes:
    return base64.b64encode(one.text.encode()) + base64.b64encode(one.html.encode())


def _dkim_body(message: bytes) -> bytes:
    """The hash of a body in the simple canonical form of RFC 6376 3.4.3, which our bodies have as they are written."""
    body = message[message.index(b"\r\n\r\n") + 4 :]
    return base64.b64encode(hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest())


def _usual(template: jinja2.Template, one: Addressee) -> bytes:
    """As most do it: render, find the links in the finished letter, mark them, build the message."""
    page = BeautifulSoup(template.render(one_letter.values(one)), "html.parser")
    for link in page.find_all("a", href=True):
        link["href"] = tag(str(link["href"]), UTM)
    letter = EmailMessage(policy=SMTP)
    letter["From"], letter["To"], letter["Subject"] = SENDER, one.email, "Анна, это для вас"
    letter.set_content(page.get_text())
    letter.add_alternative(str(page), subtype="html")
    return letter.as_bytes()


if __name__ == "__main__":
    main()
