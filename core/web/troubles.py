"""What a reader sees when there is no such page, the database is away, or we have made a mistake."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.responses import Response

from core.errors import N_, Misconfigured, VestnikError, masked
from core.i18n import message
from core.web.pages import Door

log = logging.getLogger("vestnik.web")
NO_PAGE = N_("There is no such page.")
_SILENT = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


def handle(app: FastAPI) -> None:
    """Answer every error with a page."""
    app.add_exception_handler(AnyHTTPException, _refusal)
    app.add_exception_handler(RequestValidationError, _no_page)
    app.add_exception_handler(VestnikError, _ours)
    for kind in _SILENT:
        app.add_exception_handler(kind, _away)


def no_page() -> HTTPException:
    """To be raised for what is not there."""
    return HTTPException(404, NO_PAGE)


def unexpected(request: Request, error: Exception) -> Response:
    """A mistake of ours: the log has it all, the reader one sentence."""
    log.error("%s %s failed", request.method, _path(request), exc_info=error)
    return _page(request, 500, N_("Something went wrong on our side. It is written down. Please try again later."))


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)
    words = {404: NO_PAGE, 405: N_("This page cannot be used like that.")}.get(error.status_code, error.detail)
    return _page(request, error.status_code, words, headers=dict(error.headers or {}))


def _no_page(request: Request, error: Exception) -> Response:
    return _page(request, 404, NO_PAGE)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, VestnikError)
    log.error("%s %s: %s", request.method, _path(request), error)
    status = 500 if isinstance(error, Misconfigured) else 503
    return _page(request, status, message(error, _door(request).config.site.language))


def _away(request: Request, error: Exception) -> Response:
    log.error("%s %s: the database does not answer: %s", request.method, _path(request), driver_words(error))
    words = N_("The database does not answer at this moment. Please try again in a minute.")
    return _page(request, 503, words, headers={"Retry-After": "60"})


def driver_words(error: Exception) -> str:
    """What the driver said, without the statement: addresses stand in its parameters."""
    return masked(str(getattr(error, "orig", None) or error))


def _path(request: Request) -> str:
    """The path without what is secret in it: whoever has a token can unsubscribe its owner."""
    path: str = request.scope["path"]
    return "/p/…" if path.startswith("/p/") else path


def _page(request: Request, status: int, words: str, *, headers: dict[str, str] | None = None) -> Response:
    return _door(request).page("trouble.html", status=status, headers=headers, text=words)


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door
