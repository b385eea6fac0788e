"""The first page: how the sources stand, when the issues fire, and what the last postings came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from core import mailings, postings, schedule, tables
from core.errors import VestnikError
from core.i18n import message
from core.mailings import Issue
from core.web import sources
from core.web.pages import Door, House

router = APIRouter()
_postings = tables.postings
NEWEST = 20


@dataclass(frozen=True, slots=True)
class Timetable:
    """An issue's schedule in words ("" = by hand) and its next firing; `fault` when it cannot be read."""

    words: str = ""
    next_at: datetime | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class IssueLine:
    """An issue, when it fires, and its newest posting."""

    issue: Issue
    timetable: Timetable
    last: sa.RowMapping | None


@router.get("/")
def overview(house: House, of: Literal["issues", "scenarios"] = "issues") -> Response:
    """Scenarios make a posting a letter and a day: they stand apart, lest issues drown in them."""
    return house.page(
        "overview.html",
        sources=sources.cards(house.engine, house.config),
        issues=_issues(house),
        postings=postings.recent(house.engine, limit=NEWEST, kinds=_KINDS[of]),
        of=of,
        scenarios=_scenarios_on(house.engine),
    )


_KINDS = {"issues": ("issue",), "scenarios": ("marketing", "service")}


def _scenarios_on(engine: sa.Engine) -> int:
    """How many scenarios are switched on."""
    query = sa.select(sa.func.count()).select_from(tables.scenarios).where(tables.scenarios.c.active)
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def _issues(house: Door) -> list[IssueLine]:
    now = house.now()
    with house.engine.connect() as connection:
        found = mailings.issues(connection)
        last = _last_postings(connection)
    return [IssueLine(one, _timetable(house, one, now=now), last.get(one.code)) for one in found]


def _last_postings(connection: sa.Connection) -> dict[str, sa.RowMapping]:
    newest = sa.select(_postings.c.issue, sa.func.max(_postings.c.firing_at).label("at")).group_by(_postings.c.issue)
    last = newest.subquery()
    query = sa.select(_postings.c.id, _postings.c.issue, _postings.c.firing_at, _postings.c.status).join(
        last, (last.c.issue == _postings.c.issue) & (last.c.at == _postings.c.firing_at)
    )
    return {row["issue"]: row for row in connection.execute(query).mappings()}


def _timetable(house: Door, issue: Issue, *, now: datetime) -> Timetable:
    if not issue.schedule:
        return Timetable()
    language = house.config.site.language
    try:
        found = schedule.parse(issue.schedule, issue.timezone)
    except VestnikError as error:
        return Timetable(issue.schedule, fault=message(error, language))
    next_at = found.next_after(max(now, issue.scheduled_from)) if issue.active else None
    return Timetable(found.describe(language), next_at)
