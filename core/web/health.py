"""Whether Vestnik is up, for load balancers and monitors."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import JSONResponse

from core.web import troubles
from core.web.pages import House

log = logging.getLogger("vestnik.web")
router = APIRouter()


@router.api_route("/health", methods=["GET", "HEAD"])
def health(house: House) -> JSONResponse:
    """200 when the database answers, else 503."""
    try:
        with house.engine.connect() as connection:
            connection.execute(sa.select(1))
    except sa.exc.SQLAlchemyError as error:
        log.error("the database does not answer: %s", troubles.driver_words(error))
        return JSONResponse({"ok": False}, 503)
    return JSONResponse({"ok": True})
