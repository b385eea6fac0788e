"""The web door: admin pages by noun, and the public pages that customers reach from their letters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from fastapi import Depends, FastAPI
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.staticfiles import StaticFiles

from core.app import press_of
from core.config import Config
from core.web import (
    access,
    brand,
    health,
    mailbox,
    overview,
    postings,
    public,
    returns,
    scenarios,
    shop,
    sources,
    surveys,
    troubles,
)
from core.web.pages import STATIC, Door


def create_app(engine: sa.Engine, config: Config, *, now: Callable[[], datetime]) -> FastAPI:
    """The pages of this installation, to be served by uvicorn."""
    app = FastAPI(title="Vestnik", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.door = Door(engine, config, now, press_of(config))
    for noun in (overview, sources, postings, scenarios, brand, mailbox):
        app.include_router(noun.router, dependencies=[Depends(access.admins_only)])
    for noun in (public, returns, surveys, health):
        app.include_router(noun.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    troubles.handle(app)
    app.add_middleware(BaseHTTPMiddleware, dispatch=access.hardened)
    return app


def with_shop(app: FastAPI) -> FastAPI:
    """`app` with the pages of the sample shop, which letters of `vestnik demo` lead to."""
    app.include_router(shop.router)
    return app
