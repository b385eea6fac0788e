"""The public page behind an answer in a letter: a GET only shows it, the button gives it; scanners answer nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from core import events, signing
from core.compose import LETTER
from core.errors import Refused
from core.events import Survey
from core.web.pages import Door, House
from core.web.returns import visit

router = APIRouter(prefix="/p/s")
_HEADERS = {"Referrer-Policy": "no-referrer"}


@router.api_route("/{token}/{name}/{answer}", methods=["GET", "HEAD"])
def show_answer(house: House, token: str, name: str, answer: str) -> Response:
    return _page(house, token, name, answer)


@router.post("/{token}/{name}/{answer}")
def give_answer(request: Request, house: House, token: str, name: str, answer: str) -> Response:
    return _page(house, token, name, answer, giving=request)


def _page(house: Door, token: str, name: str, answer: str, *, giving: Request | None = None) -> Response:
    key = signing.secret(house.engine, now=house.now())
    try:
        if not signing.stamped(key, LETTER, token)[0]:
            return house.page("survey.html", survey=None, headers=_HEADERS)
        survey = events.survey(house.engine, token, name, answer, key=key)
    except Refused:
        return house.page("damaged_link.html", status=404, headers=_HEADERS)
    if giving:
        events.answered(house.engine, survey, visit(giving), now=house.now())
    return house.page("survey.html", headers=_HEADERS, survey=survey, given=bool(giving), others=_others(survey))


def _others(survey: Survey) -> list[tuple[int, str]]:
    """The answers that the reader did not choose."""
    return [(number, text) for number, text in enumerate(survey.answers) if number != survey.chosen]
