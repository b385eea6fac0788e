"""Scenarios: which are on, what each does and has done, its letters as people would get them, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import RedirectResponse, Response

from core import compose, showing, switching, wording
from core.app import App
from core.compose import Addressee
from core.errors import Misconfigured, Refused, VestnikError
from core.journeys import Scenario, Step, book, figures
from core.journeys.retouching import retouched
from core.journeys.scrutiny import faults_of
from core.model import Letter
from core.showing import Draft
from core.web import knobs, letters, troubles
from core.web.forms import Typed
from core.web.knobs import Panel
from core.web.pages import Door, House, PageNumber, Pager

router = APIRouter(prefix="/scenarios")
PER_PAGE = 50
_LONGEST_PAST = 366  # days


def installation(house: Door) -> App:
    """The installation as the rooms behind the doors want it."""
    app = App(house.config, house.now)
    app.engine, app._press = house.engine, house.press
    return app


def _scenario(house: House, code: str) -> Scenario:
    try:
        return switching.find(installation(house), code)
    except Misconfigured as error:
        if _is_there(house, code):
            raise  # it cannot be read: the page says why
        raise troubles.no_page() from error


def _is_there(house: Door, code: str) -> bool:
    app = installation(house)
    with app.engine.connect() as connection:
        found, broken = book.every(connection, app.office.shelf)
    return code in broken or any(one.code == code for one in found)


Found = Annotated[Scenario, Depends(_scenario)]
As = Annotated[str, Query(alias="as", max_length=320)]


@router.get("")
def show_scenarios(house: House) -> Response:
    app = installation(house)
    with app.engine.connect() as connection:
        found, broken = book.every(connection, app.office.shelf)
        counts = figures.by_scenario(connection, now=house.now())
    on = [one for one in found if one.active]
    off = [one for one in found if not one.active]
    return house.page("scenarios.html", on=on, off=off, broken=broken, counts=counts)


@router.get("/{code}")
def show_scenario(house: House, scenario: Found, page: PageNumber = 1) -> Response:
    return _page(house, scenario, page=page)


@router.post("/{code}/on")
def switch_on(house: House, code: str, typed: Typed) -> Response:
    """At once, unless the past is asked for: then the letters are counted and shown first."""
    app, days = installation(house), _days(typed.get("past", ""))
    scenario = _scenario(house, code)
    past = timedelta(days=days)
    try:
        if days and typed.get("sure") != "yes":
            switching.check(app, scenario)
            counted = switching.at_once(app, scenario, past)
            return house.page("scenario_past.html", scenario=scenario, days=days, counted=counted)
        switching.on(app, code, past=past)
    except VestnikError as error:
        return _page(house, scenario, fault=error, status=422)
    return _back(code)


def _days(typed: str) -> int:
    return min(int(typed), _LONGEST_PAST) if typed.isascii() and typed.isdigit() else 0


@router.post("/{code}/off")
def switch_off(house: House, code: str) -> Response:
    try:
        switching.off(installation(house), code)
    except Misconfigured:
        raise troubles.no_page() from None
    return _back(code)


@router.post("/{code}/edit")
def edit(house: House, scenario: Found, typed: Typed) -> Response:
    """The values that were typed differently become an edited copy; faults are said beside their fields."""
    app = installation(house)
    changed = knobs.changes(knobs.every(_panels(app, scenario)), typed)
    text = retouched(scenario.text, changed) if changed else scenario.text
    faults = faults_of(text, app.office.shelf.anchors)
    if faults:
        return _page(house, scenario, typed=typed, faults=faults, status=422)
    return _kept(house, scenario, text, typed)


@router.post("/{code}/text")
def write(house: House, scenario: Found, typed: Typed) -> Response:
    """The whole text, as it was typed."""
    text = typed.get("text", "")
    return _kept(house, scenario, text, {"text": text})


def _kept(house: Door, scenario: Scenario, text: str, typed: Mapping[str, str]) -> Response:
    if text != scenario.text:
        try:
            switching.keep(installation(house), scenario.code, text)
        except VestnikError as error:
            return _page(house, scenario, typed=typed, fault=error, status=422)
    return _back(scenario.code)


@router.post("/{code}/undo")
def undo(house: House, code: str) -> Response:
    return _done(house, code, lambda app: switching.undo(app, code))


@router.post("/{code}/reset")
def reset(house: House, code: str) -> Response:
    return _done(house, code, lambda app: switching.keep(app, code, None))


def _done(house: Door, code: str, verb: Any) -> Response:
    try:
        verb(installation(house))
    except VestnikError as error:
        return _page(house, _scenario(house, code), fault=error, status=422)
    return _back(code)


@router.get("/{code}/letters/{step}")
def show_letter(house: House, scenario: Found, step: str, as_: As = "") -> Response:
    app, found = installation(house), _step(scenario, step)
    try:
        letter, fault = _letter(app, scenario, found, as_), None
    except VestnikError as error:
        letter, fault = None, error
    return house.page("scenario_letter.html", scenario=scenario, step=found, letter=letter, fault=fault, chosen=as_)


@router.get("/{code}/letters/{step}/html")
def show_html(house: House, scenario: Found, step: str, as_: As = "") -> Response:
    try:
        letter = _letter(installation(house), scenario, _step(scenario, step), as_)
        return letters.framed(letter.html, house.config.site)
    except VestnikError:
        raise troubles.no_page() from None


def _step(scenario: Scenario, code: str) -> Step:
    try:
        return scenario.step(code)
    except Misconfigured:
        raise troubles.no_page() from None


def _letter(app: App, scenario: Scenario, step: Step, email: str) -> Letter:
    """The letter of the person with this address; of somebody who entered lately, when none is given."""
    draft, now = showing.draft_of(app, scenario, step), app.clock()
    chosen = showing.addressee_of(app, draft, email, at=now) if email else _somebody(app, draft, now)
    [letter] = showing.letters(app, draft, [chosen], at=now)
    if isinstance(letter, Refused):
        raise letter
    return letter


def _somebody(app: App, draft: Draft, now: datetime) -> Addressee:
    """Days of the calendar come for everybody: anybody will do, and nobody has to be looked for."""
    by_facts = draft.scenario.anchor.stands_on(draft.scenario.settings)
    found = showing.entrants(app, draft, count=1, at=now) if by_facts else []
    found = found or showing.anybody(app, count=1)
    return found[0] if found else Addressee(0, 0, "anna@example.org", compose.NOBODY)


def _panels(app: App, scenario: Scenario) -> tuple[list[Panel], dict[str, Panel]]:
    channels = ["email", *app.config.channels]
    return knobs.panels(scenario, channels, app.press.blocks, app.config.site.language)


def _page(
    house: Door,
    scenario: Scenario,
    *,
    page: int = 1,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, VestnikError] | None = None,
    fault: VestnikError | None = None,
    status: int = 200,
) -> Response:
    app = installation(house)
    whole, of_letters = _panels(app, scenario)
    typed, faults = typed or {}, faults or {}
    with app.engine.connect() as connection:
        pager = Pager(page, figures.count(connection, scenario.code), PER_PAGE)
        rows = figures.newest(connection, scenario.code, limit=PER_PAGE, offset=pager.offset)
        counts = figures.by_step(connection, now=house.now())
    return house.page(
        "scenario.html",
        status=status,
        scenario=scenario,
        told=showing.timeline(app, scenario),
        counts=counts,
        panels=[knobs.refilled(panel, typed, faults) for panel in whole],
        letters={code: knobs.refilled(panel, typed, faults) for code, panel in of_letters.items()},
        text=typed.get("text", scenario.text),
        fault=fault or _elsewhere(faults, whole, of_letters),
        unsaved=bool(typed),
        undoable=switching.undoable(app, scenario.code),
        rows=rows,
        pager=pager,
        wording=wording,
        language=house.config.site.language,
    )


def _elsewhere(
    faults: Mapping[str, VestnikError], whole: list[Panel], of_letters: dict[str, Panel]
) -> VestnikError | None:
    """A fault of what has no field of its own."""
    paths = [f"{knob.path}." for knob in knobs.every((whole, of_letters))]
    rest = [fault for path, fault in faults.items() if not any(f"{path}.".startswith(one) for one in paths)]
    return rest[0] if rest else None


def _back(code: str) -> Response:
    return RedirectResponse(f"/scenarios/{code}", 303)
