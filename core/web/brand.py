"""The look of letters: seen on a letter, changed, taken back, or left to the settings file again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from core import brand, compose, signing
from core.brand import Brand
from core.compose import Addressee
from core.config import Site, faults_by_key
from core.errors import Refused, VestnikError
from core.i18n import message
from core.links import Utm
from core.mailings import Issue, Mailing
from core.model import Letter
from core.web import letters
from core.web.forms import Typed, boxes
from core.web.pages import Door, House

router = APIRouter(prefix="/brand")
_SAMPLE = "welcome/3"  # a letter with texts, a button and goods, and without a coupon
_LONGEST = 8000  # of the address of a sample: what is longer is not shown before it is saved


@router.get("")
def show_brand(house: House) -> Response:
    return _page(house, brand.shown(_look(house).over(house.config.site)))


@router.post("")
def change_brand(house: House, typed: Typed) -> Response:
    """Saved, or with the button "show" only seen on the letter."""
    try:
        wanted = Brand.model_validate({name: typed.get(name, "") for name in brand.FIELDS})
    except ValidationError as error:
        return _page(house, typed, faults_by_key(error), status=422)
    if typed.get("do") == "show":
        return _page(house, typed, sample=urlencode({name: typed.get(name, "") for name in brand.FIELDS}))
    brand.change(house.engine, house.config.site, wanted, now=house.now())
    return _back()


@router.post("/reset")
def reset_brand(house: House) -> Response:
    brand.reset(house.engine, now=house.now())
    return _back()


@router.post("/undo/{number}")
def undo_brand(house: House, number: int) -> Response:
    brand.undo(house.engine, number)
    return _back()


@router.get("/sample")
def show_sample(request: Request, house: House) -> Response:
    """The letter in the look that is in force, or in the one of the address, before it is saved."""
    site = _look(house).over(house.config.site)
    if request.query_params:
        try:
            site = site.model_copy(update=Brand.model_validate(dict(request.query_params)).model_dump())
        except ValidationError as error:
            return _said(house, VestnikError("{faults}", faults=next(iter(faults_by_key(error).values()))))
    try:
        return letters.framed(_letter(house, site).html, site)
    except VestnikError as error:  # a layout of the site's own may be broken
        return _said(house, error)


def _page(
    house: Door, values: Mapping[str, Any], faults: Mapping[str, VestnikError] | None = None, *, status: int = 200,
    sample: str = "",
) -> Response:  # fmt: skip
    site = house.config.site
    return house.page(
        "brand.html",
        status=status,
        boxes=boxes(Brand, values, faults or {}),
        look=_look(house),
        file={box.name: box.value for box in boxes(Brand, brand.shown(site), {})},
        sample=sample if len(sample) < _LONGEST else "",
        unsaved=bool(sample or faults),
    )


def _look(house: Door) -> brand.Look:
    with house.engine.connect() as connection:
        return brand.in_force(connection)


def _letter(house: Door, site: Site) -> Letter:
    """The sample for nobody in particular. Raises Refused or Misconfigured."""
    press, now = replace(house.press, site=site), house.now()
    mailing = Mailing("sample", "…", site.sender or "news@example.org", "", (), (), Utm(), "standard", track=False)
    issue = Issue(
        "sample", "sample", "", _SAMPLE, "", "", "", site.timezone, timedelta(), timedelta(), Utm(), True, now
    )
    publication = compose.publish(press, issue, mailing, at=now)
    nobody = Addressee(0, 0, "anna@example.org", {**compose.NOBODY, "name": "Анна"})
    with house.engine.connect() as connection:
        asked = compose.gathered(connection, publication, [nobody], shelf=press.blocks, now=now)
    [letter] = compose.compose(publication, asked, key=signing.secret(house.engine, now=now))
    if isinstance(letter, Refused):
        raise letter
    return letter


def _said(house: Door, error: VestnikError) -> Response:
    return letters.framed(f"<p>{escape(message(error, house.config.site.language))}</p>", house.config.site)


def _back() -> Response:
    return RedirectResponse("/brand", 303)
