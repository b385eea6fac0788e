"""What a letter costs in processor time: `python -m tests.benchmarks.letters`, see docs/benchmarks.md.

The letter has 20–25 KB of Cyrillic HTML, 12 product cards and 45 links. In the same run, in turns: Jinja2 alone; ours
with cards that everybody has different, and with cards that many share; building the message beside bare base64; and
the usual way: Jinja2, BeautifulSoup for the links, EmailMessage.
"""

from __future__ import annotations

import base64
import gc
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, ClassVar

import jinja2
from bs4 import BeautifulSoup

from core import compose, mime
from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.compose import Addressee, Press
from core.config import Site
from core.goods import Card
from core.links import Utm, tag
from core.mailings import Issue, Mailing
from core.model import Letter

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
KEY = "a key of forty-three characters, as they are"
LETTERS, ROUNDS, CARDS = 300, 7, 12
SITE = Site(name="Домовой", url="https://shop.example.com", phone="+7 495 000-00-00", address="Москва, Тестовая, 1")
TEXT = "Мы собрали для вас то, что может пригодиться этой осенью: тёплое, уютное и такое, что дарят с лёгким сердцем. "
CARD = """<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
<td width="140"><a href="{{ card.url }}?from=picture"><img src="{{ card.picture_url }}" width="140"
 height="140" alt="{{ card.name }}" style="display:block;border:0"></a></td>
<td><p><a href="{{ card.url }}">{{ card.name }}</a></p>
<p>{{ card.price | money(card.currency) }} <s>{{ card.old_price | money(card.currency) }}</s> {{ card.note }}</p>
<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td class="button">
<a href="{{ card.url }}?from=button">В корзину</a></td></tr></table></td></tr></table>"""
_LINKS = "".join(
    f'<p><a href="https://shop.example.com/catalog/{number}/?a=1&amp;b=2">Раздел {number}</a> {TEXT}</p>'
    for number in range(7)
)
LETTER = f"""<h1>{{{{ greeting }}}}</h1>
<p>{TEXT * 4}</p>
{{{{ block("goods") }}}}
<p>{TEXT * 3}</p>
{_LINKS}
<p>Ваш город: {{{{ person.city }}}}.
{{% if person.attributes.UF_BONUS %}}Бонусов: {{{{ person.attributes.UF_BONUS }}}}.{{% endif %}}</p>"""


class Goods(Block):
    """Twelve products; what each recipient sees was drawn before."""

    code = "goods"
    card = "blocks/bench_card.html"
    variables: ClassVar[dict[str, str]] = {}
    Settings = BlockSettings

    @property
    def template(self) -> str:
        return "blocks/bench_goods.html"

    def facts(self, settings: Any, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        raise NotImplementedError


@dataclass(frozen=True)
class Way:
    """One thing that is measured: what it is called, and the work for all letters."""

    name: str
    work: Callable[[], Any]
    peer: str = ""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        press = _press(Path(folder))
        mailing, issue = _mailing(), _issue()
        tracked = compose.publish(press, issue, mailing, at=NOW)
        marked = compose.publish(press, issue, replace(mailing, track=False), at=NOW)
        bare = _bare_template(folder)
        shared = list(_people())
        letters = [letter for letter in compose.compose(tracked, shared, key=KEY) if isinstance(letter, Letter)]
        _describe(letters)
        fresh = [list(_people(f"{number}")) for number in range(ROUNDS)]  # cards that nobody has seen before
        own = fresh[0]
        ways = [
            Way("Jinja2 alone", lambda: [bare.render(**_values(one)) for one in own]),
            Way("ours, every card different", lambda: _html(tracked, fresh.pop()), "Jinja2 alone"),
            Way("ours, cards shared", lambda: _html(tracked, shared), "Jinja2 alone"),
            Way("ours, cards shared, not tracked", lambda: _html(marked, shared), "Jinja2 alone"),
            Way("the whole letter (text, subject, headers)", lambda: _whole(tracked, shared), "Jinja2 alone"),
            Way("base64 of the bodies alone", lambda: [_bare_base64(one) for one in letters]),
            Way("message built", lambda: [mime.message(one, now=NOW) for one in letters], "base64 of the bodies alone"),
            Way("whole letter and message", lambda: _messages(tracked, shared), "the usual way"),
            Way("the usual way", lambda: [_usual(bare, one) for one in own[: LETTERS // 10]]),
        ]
        _show(ways, _measured(ways))


def _measured(ways: Sequence[Way]) -> dict[str, float]:
    """Microseconds of processor time a letter: the median of several rounds in which all take turns."""
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            gc.collect()
            started = time.process_time()
            done = way.work()
            times[way.name].append((time.process_time() - started) / len(done) * 1e6)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _show(ways: Sequence[Way], found: dict[str, float]) -> None:
    print(f"{'µs of processor time a letter':45}{'µs':>8}  ratio")
    for way in ways:
        ratio = f"{found[way.name] / found[way.peer]:.2f} × {way.peer}" if way.peer else ""
        print(f"{way.name:45}{found[way.name]:8.0f}  {ratio}")
    print(
        f"\nThe usual way costs {found['the usual way'] / found['whole letter and message']:.0f} times as much as ours."
    )


def _bare_base64(one: Letter) -> bytes:
    return base64.b64encode(one.text.encode()) + base64.b64encode(one.html.encode())


def _describe(letters: Sequence[Letter]) -> None:
    one = letters[0]
    links = one.html.count("/p/c/")
    print(f"A letter: {len(one.html)} characters, {len(one.html.encode())} bytes of HTML, {links} tracked links\n")


def _press(folder: Path) -> Press:
    for name, text in (
        ("letters/bench.html", LETTER),
        ("blocks/bench_goods.html", "{% for card in cards %}{{ card }}{% endfor %}"),
        ("blocks/bench_card.html", CARD),
    ):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return Press(SITE, (folder,), "https://mail.shop.example.com", {"goods": Goods})


def _mailing() -> Mailing:
    return Mailing(
        "news", "Новости", "Домовой <news@shop.example.com>", "", ("all",), (), Utm(content="{block}"), "standard"
    )


def _issue() -> Issue:
    span = timedelta(hours=1)
    return Issue(
        *("autumn", "news", "Осень", "bench", "{{ name }}, это для вас", "Тёплое и уютное", "", "Europe/Moscow"),
        *(span, span, Utm(), True, NOW),
    )


def _people(unlike: str = "") -> Iterator[Addressee]:
    """Recipients with twelve products each: of 200 that all share, or each card with a line of its own."""
    for number in range(LETTERS):
        note = f"для вас, № {unlike}-{number}" if unlike else ""
        cards = tuple(_card((number * 7 + place) % 200, note) for place in range(CARDS))
        person = {"name": "Анна", "last_name": "Ёлкина", "city": "Москва", "attributes": {"UF_BONUS": number}}
        facts: Facts = {"cards": cards}
        yield Addressee(number, 1, f"anna{number}@shop.ru", person, recipient_id=number + 1, blocks=(facts,))


def _card(number: int, note: str) -> Card:
    url = f"https://shop.example.com/catalog/teplye-veshchi/{number}/"
    name, picture = f"Плед «Осень» № {number}, шерсть", f"https://shop.example.com/upload/iblock/{number}.jpg"
    price, old = Decimal(1990 + number), Decimal(2490 + number)
    return Card("shop", str(number), name, url, picture, price, "RUB", True, "7", old_price=old, note=note)


def _html(publication: compose.Publication, people: Sequence[Addressee]) -> list[str]:
    """The HTML part alone, as Jinja2 alone makes it: rendered, its links marked and tracked."""
    return list(compose.html_parts(publication, people, key=KEY))


def _whole(publication: compose.Publication, people: Sequence[Addressee]) -> list[Any]:
    return list(compose.compose(publication, people, key=KEY))


def _messages(publication: compose.Publication, people: Sequence[Addressee]) -> list[bytes]:
    letters = compose.compose(publication, people, key=KEY)
    return [mime.message(letter, now=NOW) for letter in letters if isinstance(letter, Letter)]


def _bare_template(folder: str) -> jinja2.Template:
    """The same letter for plain Jinja2: the layout, the letter and the cards as one template, links as they are."""
    press = _press(Path(folder))
    page = compose.publish(press, _issue(), replace(_mailing(), track=False, utm=Utm()), at=NOW)
    [block] = page.blocks
    card = block.card_html.replace("{{ card }}", "")
    source = page.html.replace("{{ _block0 }}", "{% for card in cards %}" + card + "{% endfor %}")
    plain = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    plain.filters["money"] = lambda value, currency: f"{value:,} ₽".replace(",", " ")
    return plain.from_string(re.sub(r"\{\{ \[(.*?)\] \| link\(.*?\) \}\}", _as_it_was, source))


def _as_it_was(found: re.Match[str]) -> str:
    """A link put together by our filter, as plain Jinja2 would write it."""
    parts = re.findall(r'"([^"]*)"|\((.*?)\)', found[1])
    return "".join(text or f"{{{{ {value} }}}}" if value else text for text, value in parts)


def _values(one: Addressee) -> dict[str, Any]:
    facts = one.blocks[0] or {}
    return {
        "site": SITE.brand() | {"language": "ru"},
        "mailing": {"name": "Новости", "code": "news"},
        "issue": {"name": "Осень", "code": "autumn"},
        "greeting": "Здравствуйте, Анна!",
        "subject": "Анна, это для вас",
        "preheader": "Тёплое и уютное",
        "name": "Анна",
        "person": one.person,
        "email": one.email,
        "day": "2026-11-25",
        "groups": (),
        "unsubscribe_url": "https://mail.shop.example.com/p/u/x",
        "browser_url": "https://mail.shop.example.com/p/v/x",
        "cards": facts["cards"],
    }


def _usual(template: jinja2.Template, one: Addressee) -> bytes:
    """As most do it: render, find the links in the finished letter, mark them, build the message."""
    page = BeautifulSoup(template.render(**_values(one)), "html.parser")
    utm = Utm("newsletter", "email", "news")
    for link in page.find_all("a", href=True):
        link["href"] = tag(str(link["href"]), utm)
    letter = EmailMessage(policy=SMTP)
    letter["From"], letter["To"], letter["Subject"] = "Домовой <news@shop.example.com>", one.email, "Анна, это для вас"
    letter.set_content(page.get_text())
    letter.add_alternative(str(page), subtype="html")
    return letter.as_bytes()


if __name__ == "__main__":
    main()
