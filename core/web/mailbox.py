"""The built-in mailbox in the browser: the letters that a relay would have carried away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import RedirectResponse, Response

from core import mailbox
from core.errors import Refused
from core.mailbox import StoredLetter
from core.web import letters, troubles
from core.web.pages import House, PageNumber, Pager

router = APIRouter()
PER_PAGE = 50


def _folder(house: House) -> Path:
    """Where the letters are; there is no mailbox when a relay is set."""
    if house.config.smtp.host:
        raise troubles.no_page()
    return house.config.path(house.config.mailbox.folder)


def _letter(name: str, folder: Annotated[Path, Depends(_folder)]) -> StoredLetter:
    try:
        return mailbox.letter(folder, name)
    except Refused:
        raise troubles.no_page() from None


Folder = Annotated[Path, Depends(_folder)]
Stored = Annotated[StoredLetter, Depends(_letter)]


@router.get("/mailbox")
def show_mailbox(house: House, page: PageNumber = 1, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    if house.config.smtp.host:
        return house.page("relay.html")
    found = mailbox.letters(_folder(house), page=page, per_page=PER_PAGE, query=q.strip())
    pager = Pager(page, found.total, PER_PAGE, {"q": q} if q else {})
    return house.page("mailbox.html", letters=found.letters, pager=pager, q=q)


@router.post("/mailbox/clear")
def clear_mailbox(folder: Folder) -> Response:
    mailbox.clear(folder)
    return RedirectResponse("/mailbox", 303)


@router.get("/mailbox/{name}")
def show_letter(house: House, letter: Stored) -> Response:
    return house.page("stored_letter.html", letter=letter)


@router.get("/mailbox/{name}/html")
def show_html(house: House, letter: Stored) -> Response:
    return letters.framed(letter.html, house.config.site)


@router.get("/mailbox/{name}/raw")
def download(letter: Stored) -> Response:
    attachment = {"Content-Disposition": f'attachment; filename="{letter.heading.name}"'}
    return Response(letter.raw, media_type="message/rfc822", headers=attachment)
