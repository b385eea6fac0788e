"""The public pages behind a letter's links and pixel: the redirect, the picture, the letter as a page.

A bad token gets a polite page and leads nowhere: a link's target stands in the published letter, or sealed in the link.
"""

from __future__ import annotations

import base64
import contextlib
import re

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core import compose, events, signing, tables
from core.compose import Addressee
from core.errors import Refused
from core.events import Sent, Visit
from core.model import Letter
from core.postings import Posting
from core.web.pages import Door, House

router = APIRouter(prefix="/p")
_HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
_LETTER_POLICY = (
    "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# Scanners of mail gateways, link previews, and Apple's proxy, which fetches every picture unasked and calls itself so.
_MACHINES = re.compile(
    r"^$|^mozilla/5\.0$|bot\b|crawl|spider|scan|preview|monitor|barracuda|proofpoint|mimecast|symantec|fireeye|cloudmark|"
    r"safelinks|urldefense|curl|wget|python-|go-http|java/|libwww|headless|phantom",
    re.IGNORECASE,
)


def visit(request: Request) -> Visit:
    """Who asks, and whether it is a machine: a HEAD, a prefetch, or a scanner by its name."""
    agent = request.headers.get("user-agent", "")
    early = "prefetch" in f"{request.headers.get('purpose', '')}{request.headers.get('sec-purpose', '')}".lower()
    return Visit(agent, machine=request.method == "HEAD" or early or bool(_MACHINES.search(agent)))


@router.api_route("/c/{token}/{link}", methods=["GET", "HEAD"])
def follow(request: Request, house: House, token: str, link: str) -> Response:
    try:
        url = events.clicked(house.engine, token, link, visit(request), key=_key(house), now=house.now())
    except Refused:
        return house.page("damaged_link.html", status=404, headers=_HEADERS)
    return RedirectResponse(url, status_code=302, headers=_HEADERS)


@router.api_route("/o/{token}.gif", methods=["GET", "HEAD"])
def pixel(request: Request, house: House, token: str) -> Response:
    """A picture whatever happens: a mail program shows a broken one in its place."""
    with contextlib.suppress(Refused, sa.exc.DBAPIError):
        events.opened(house.engine, token, visit(request), key=_key(house), now=house.now())
    headers = {**_HEADERS, "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(_PIXEL, media_type="image/gif", headers=headers)


@router.api_route("/v/{token}", methods=["GET", "HEAD"])
def view(request: Request, house: House, token: str) -> Response:
    """The letter as a page, with what its blocks show today."""
    try:
        sent, posting = events.seen_in_browser(house.engine, token, visit(request), key=_key(house), now=house.now())
        html = _letter(house, sent, posting).html
    except Refused:
        return house.page("damaged_link.html", status=404, headers=_HEADERS)
    return HTMLResponse(
        html.encode("utf-8", "replace"), headers={**_HEADERS, "Content-Security-Policy": _LETTER_POLICY}
    )


def _letter(house: Door, sent: Sent, posting: Posting) -> Letter:
    """Composed anew by the door that sends them all; bodies are not kept."""
    if posting.publication is None:
        raise Refused("")
    people = tables.people
    publication = compose.untracked(posting.publication)
    with house.engine.connect() as connection:
        person = connection.execute(sa.select(people).where(people.c.id == sent.person_id)).mappings().first()
        values = compose.person_values(person) if person else compose.NOBODY
        addressee = Addressee(sent.contact_id, sent.posting_id, sent.email, values, recipient_id=sent.recipient_id)
        asked = compose.gathered(connection, publication, [addressee], shelf=house.press.blocks, now=house.now())
    [letter] = compose.compose(publication, asked, key=_key(house))
    if isinstance(letter, Refused):
        raise letter
    return letter


def _key(house: Door) -> str:
    return signing.secret(house.engine, now=house.now())
