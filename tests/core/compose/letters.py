"""The birthday issue: published with other sources, written to one reader."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

from core import compose
from core.compose import Addressee, Press, Publication
from core.config import Site
from core.errors import VestnikError
from core.links import Utm
from core.model import Letter
from tests import issues
from tests.conftest import NOW

SITE = Site(name="Домовой", url="https://shop.ru", phone="+7 495", address="Москва")
MAILING = replace(
    issues.MAILING,
    code="greetings",
    name="Поздравления",
    include_groups=("birthday",),
    utm=Utm(source="vestnik", campaign="{issue}-{date}", content="{block}"),
)
PRESS = Press(SITE)
ISSUE = replace(
    issues.ISSUE,
    code="birthday",
    mailing="greetings",
    name="С Днём Рождения",
    letter="birthday",
    subject="{% if name %}{{ name }}, с{% else %}С{% endif %} днём рождения!",
    preheader="Добрых дней",
    schedule="0 5 * * *",
)


def publish(
    tmp_path: Path | None = None, letter: str | None = None, layout: str | None = None, **issue: Any
) -> Publication:
    """The birthday issue, its letter and layout replaced by the given sources."""
    folders = []
    if tmp_path:
        for name, source in (("letters/own.html", letter), ("layouts/standard.html", layout)):
            if source is not None:
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_text(source, "utf-8")
        folders = [tmp_path]
    chosen = replace(ISSUE, **({"letter": "own"} if letter is not None else {}), **issue)
    return compose.publish(Press(SITE, tuple(folders)), chosen, MAILING, at=NOW)


def write(publication: Publication, **person: Any) -> Letter:
    values = {"name": "Анна", "last_name": "Ёлкина", "second_name": "", "gender": "f", "birthday": None, "phone": ""}
    values |= {"city": "Москва", "site": "s1", "attributes": {}} | person
    [letter] = compose.compose(publication, [Addressee(7, 17, "anna@shop.ru", values)], key="key")
    if isinstance(letter, VestnikError):
        raise letter
    return letter


def links(html: str) -> list[str]:
    return [unescape(href) for href in re.findall(r'<a [^>]*href="([^"]*)"', html)]
