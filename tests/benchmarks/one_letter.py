"""The letter that is measured: 20–25 KB of Cyrillic HTML, 12 products, 45 links; published, and for bare Jinja2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import jinja2

from core import compose
from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.compose import Addressee, Press, Publication
from core.config import Site
from core.goods import Card
from core.links import Utm, tag
from core.mailings import Issue, Mailing

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
KEY = "a key of forty-three characters, as they are"
CARDS, PRODUCTS = 12, 200
SENDER = "Домовой <news@shop.example>"
UTM = Utm("newsletter", "email", "news")
SITE = Site(name="Домовой", url="https://shop.example", phone="+7 495 000-00-00", address="Москва, Тестовая, 1")

_TEXT = (
    "Мы собрали для вас то, что пригодится этой осенью: тёплое, уютное и такое, что дарят с лёгким сердцем. ",
    "Пледы и подушки из овечьей шерсти, свечи с запахом хвои, посуда из обожжённой глины ждут вас на полках. ",
    "Доставим за день по городу и за три дня по всей стране, а примерить и вернуть можно в течение месяца. ",
)
_LAYOUT = """<!DOCTYPE html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ subject }}</title>
<style>.content p { margin: 0 0 16px 0 } .button { background: #2f6f4f } .button a { color: #ffffff }</style></head>
<body style="margin:0;font:16px Arial,sans-serif">
<div style="display:none">{{ preheader }}</div>
<p><a href="{{ site.url }}/" data-utm-content="header">{{ site.name }}</a></p>
<div class="content">{{ content }}</div>
<p>Вы получили это письмо на {{ email }}, потому что оставили этот адрес в магазине «{{ site.name }}».
{{ site.address }}, {{ site.phone }}. <a href="{{ unsubscribe_url }}" data-utm="off">Отписаться</a>
{% if browser_url %}<a href="{{ browser_url }}" data-utm="off">Открыть в браузере</a>{% endif %}</p>
</body></html>"""
_SECTIONS = "".join(
    f'<h2><a href="{{{{ site.url }}}}/catalog/{number}/?sort=new">Раздел {number}: новое за неделю</a></h2>\n'
    f"<p>{_TEXT[number % 3] * 3}</p>\n"
    for number in range(7)
)
_LETTER = f"""<h1>{{{{ greeting }}}}</h1>
<p>{"".join(_TEXT * 2)}</p>
{{{{ block("goods", heading="Выбрали для вас") }}}}
{_SECTIONS}<p>Ваш город: {{{{ person.city }}}}.
{{% if person.attributes.UF_BONUS %}}Бонусов на счёте: {{{{ person.attributes.UF_BONUS }}}}.{{% endif %}}</p>
<p class="button"><a href="{{{{ site.url }}}}/catalog/">Смотреть всё</a></p>"""
_CARD = """<a href="{{ card.url }}" aria-hidden="true"><img src="{{ card.picture_url }}" alt="{{ card.name }}"></a>
<p><a href="{{ card.url }}">{{ card.name }}</a></p>{% if card.note %}<p>{{ card.note }}</p>{% endif %}
<p>{{ card.price | money(card.currency) }}{% if card.old_price is not none %} вместо
<s>{{ card.old_price | money(card.currency) }}</s>{% endif %}</p>
<p class="button"><a href="{{ card.url }}">В корзину</a></p>"""


class Goods(Block):
    """Twelve products in our own grid; what each recipient sees was drawn before."""

    code = "goods"
    card = "blocks/bench_card.html"
    variables: ClassVar[dict[str, str]] = {}
    Settings = BlockSettings

    def facts(self, settings: Any, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        raise NotImplementedError


def published(folder: Path, *, track: bool, utm: Utm = UTM) -> Publication:
    """The letter as a posting has it."""
    for name, text in (("layouts/bench", _LAYOUT), ("letters/bench", _LETTER), ("blocks/bench_card", _CARD)):
        file = folder / f"{name}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    press = Press(SITE, (folder,), "https://mail.shop.example", {"goods": Goods})
    marks = replace(utm, content="{block}" if utm.source else "")
    mailing = Mailing("news", "Новости", SENDER, "", ("all",), (), marks, "bench", track=track)
    span = timedelta(hours=1)
    issue = Issue(
        *("autumn", "news", "Осень", "bench", "{{ name }}, это для вас", "Тёплое и уютное", "", "Europe/Moscow"),
        *(span, span, Utm(), True, NOW),
    )
    return compose.publish(press, issue, mailing, at=NOW)


def bare(folder: Path, utm: Utm) -> jinja2.Template:
    """The same HTML as plain Jinja2 writes it, the marks of the goods' links typed by hand: no work, the same size."""
    page = published(folder, track=False, utm=utm)
    [block] = page.blocks
    marks = escape(tag("https://x/", replace(utm, content="goods")).partition("/?")[2]) if utm.source else ""
    card = re.sub(
        r"\{\{ \[\((card\.url)\)\] \| link\(.*?\) \}\}", rf"{{{{ \1 }}}}{'?' if marks else ''}{marks}", block.card_html
    )
    grid = block.html.replace("in pairs", "in cards | batch(2)")
    for side in ("left", "right"):
        grid = grid.replace(f"{{{{ {side} }}}}", card.replace("card.", f"{side}."))
    grid = re.sub(r"\{% if heading %\}(.*?)\{% endif %\}", r"\1", grid).replace("{{ heading }}", "Выбрали для вас")
    plain = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    plain.filters["money"] = lambda value, currency: f"{value:,}\xa0₽".replace(",", "\xa0")
    return plain.from_string(page.html.replace("{{ _block0 }}", grid))


def squeezed(html: str) -> str:
    """`html` without what differs by nature: its own leave link, and white space."""
    return re.sub(r"\s+", " ", re.sub(r"/p/[uv]/[\w-]+", "/p/", html))


def people(count: int, *, notes: str = "", goods: int = 0) -> list[Addressee]:
    """Recipients with twelve products each: of 200 that all share, or each card with a note of the reader's own.

    `goods`: the number of the first product, where nobody's products have ever been seen.
    """
    made = []
    for number in range(1, count + 1):
        note = f"Вы смотрели, № {notes}-{number}" if notes else "Осталось мало"
        first = goods + number * CARDS if goods else number * 7
        cards = tuple(_card(first + place if goods else (first + place) % PRODUCTS, note) for place in range(CARDS))
        person = {"name": "Анна", "last_name": "Ёлкина", "city": "Москва", "attributes": {"UF_BONUS": number}}
        facts: Facts = {"cards": cards}
        made.append(Addressee(number, 1, f"anna{number}@shop.ru", person, recipient_id=number, blocks=(facts,)))
    return made


@lru_cache(maxsize=PRODUCTS)
def _card(number: int, note: str) -> Card:
    """A product; the blocks of a batch make one card of it for all readers who see the same."""
    url, picture = f"https://shop.example/catalog/pledy/{number}/", f"https://shop.example/upload/{number}.jpg"
    name = f"Плед «Осень» № {number}, овечья шерсть, 140 × 200 см"
    price, old = Decimal(1990 + number % 1000), Decimal(2490 + number % 1000)
    return Card("shop", str(number), name, url, picture, price, "RUB", True, "7", old_price=old, note=note)


def values(one: Addressee) -> dict[str, Any]:
    """What the letter names, for bare Jinja2."""
    facts = one.blocks[0] or {}
    return {
        "greeting": "Здравствуйте, Анна!",
        "subject": "Анна, это для вас",
        "preheader": "Тёплое и уютное",
        "person": one.person,
        "email": one.email,
        "unsubscribe_url": "https://mail.shop.example/p/u/x",
        "browser_url": "https://mail.shop.example/p/v/x",
        "cards": facts["cards"],
    }
