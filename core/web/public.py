"""The public page behind a letter's unsubscribe link: a GET only shows, a POST does."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from core import consent
from core.consent import EVERYTHING, Left
from core.errors import Refused
from core.web.pages import Door, House

router = APIRouter(prefix="/p/u")
_HEADERS = {"Referrer-Policy": "no-referrer"}  # the address is the right to unsubscribe


@router.api_route("/{token}", methods=["GET", "HEAD"])
def show(house: House, token: str) -> Response:
    try:
        left = consent.read_token(house.engine, token, now=house.now())
    except Refused:
        return _damaged(house)
    return _standing(house, token, left)


@router.post("/{token}")
def leave(house: House, token: str) -> Response:
    """From the page's button, or one-click by the mail program (RFC 8058).

    The body is not read: whoever posts here means to leave, however the program words it.
    """
    return _leave(house, token)


@router.post("/{token}/everything")
def leave_everything(house: House, token: str) -> Response:
    return _leave(house, token, everything=True)


@router.post("/{token}/back")
def come_back(house: House, token: str) -> Response:
    return _come_back(house, token)


@router.post("/{token}/everything/back")
def come_back_to_everything(house: House, token: str) -> Response:
    return _come_back(house, token, everything=True)


def _leave(house: Door, token: str, *, everything: bool = False) -> Response:
    try:
        left = consent.leave(house.engine, token=token, now=house.now(), everything=everything)
    except Refused:
        return _damaged(house)
    return _standing(house, token, left)


def _come_back(house: Door, token: str, *, everything: bool = False) -> Response:
    try:
        left = consent.come_back(house.engine, token=token, now=house.now(), everything=everything)
    except Refused:
        return _damaged(house)
    return _standing(house, token, left, back=True)


def _standing(house: Door, token: str, left: Left, *, back: bool = False) -> Response:
    """The page says how things stand, whatever has just been pressed, and offers what can be done from there."""
    reasons = consent.standing(house.engine, left)
    return house.page(
        "unsubscribe.html",
        headers=_HEADERS,
        here=f"/p/u/{token}",
        left=left,
        everything=EVERYTHING in reasons,
        for_good=bool(set(reasons.values()) - {consent.UNSUBSCRIBED}),
        gone=bool(reasons),
        back=back,
    )


def _damaged(house: Door) -> Response:
    return house.page("damaged_link.html", status=404, headers=_HEADERS)
