"""What every page needs: the installation, the reader's language, and how a template becomes an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
import sqlalchemy as sa
from babel.numbers import format_decimal
from fastapi import Depends, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from core import words
from core.compose import Press
from core.config import Config, Site
from core.errors import VestnikError
from core.i18n import message, translator

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Door:
    """One installation as its pages see it."""

    engine: sa.Engine
    config: Config
    now: Callable[[], datetime]
    press: Press

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """The filled template as an answer of this status."""
        html = _environment(self.config.site).get_template(template).render(config=self.config, **values)
        # A hostile letter's headings may hold lone surrogates, which no encoding takes.
        return HTMLResponse(html.encode("utf-8", "replace"), status_code=status, headers=headers)


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


House = Annotated[Door, Depends(_door)]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
RowId = Annotated[int, fastapi.Path(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a long list is open: `page` of `pages`; `query` is what else stands in the address."""

    page: int
    total: int
    per_page: int = PER_PAGE
    query: Mapping[str, str] | None = None

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


@cache
def static(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep it for ever."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def _said(reason: str | VestnikError, language: str) -> str:
    """A row's reason: an error of ours, a word of our rooms, or what a relay said."""
    return message(reason, language) if isinstance(reason, VestnikError) else translator(language)(reason)


@cache
def _environment(site: Site) -> Environment:
    translate, zone = translator(site.language), ZoneInfo(site.timezone)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        _=translate, said=lambda reason: _said(reason, site.language), static=static, words=words
    )
    environment.filters["moment"] = lambda at: at.astimezone(zone).strftime("%d.%m.%Y %H:%M") if at else "–"
    environment.filters["number"] = lambda number: format_decimal(number, locale=site.language)
    return environment
