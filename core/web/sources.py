"""The sources: how far each has been read, and the rows that could not be taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from core import tables
from core.config import Config
from core.errors import VestnikError
from core.model import Kind
from core.web import troubles
from core.web.pages import House, PageNumber, Pager

router = APIRouter()
_reads, _refusals = tables.source_reads, tables.refusals
_KINDS = {kind.value: place for place, kind in enumerate(Kind)}  # in the order in which they are read


@dataclass(frozen=True, slots=True)
class Reading:
    """One kind of a source and the last word on it."""

    kind: str
    pulled_at: datetime | None
    error: str | VestnikError
    failed_at: datetime | None
    refused: int


@dataclass(frozen=True, slots=True)
class SourceCard:
    """A source of the settings, or one that was read once and has been taken out of them (no `connector`)."""

    name: str
    connector: str
    readings: tuple[Reading, ...]

    @property
    def refused(self) -> int:
        return sum(one.refused for one in self.readings)


def cards(engine: sa.Engine, config: Config) -> list[SourceCard]:
    """Every source, those of the settings first."""
    with engine.connect() as connection:
        reads = connection.execute(sa.select(_reads).order_by(_reads.c.source)).mappings().all()
        query = sa.select(_refusals.c.source, _refusals.c.kind, sa.func.count()).group_by(
            _refusals.c.source, _refusals.c.kind
        )
        refused = {(source, kind): count for source, kind, count in connection.execute(query)}
    found: dict[str, list[Reading]] = {name: [] for name in config.sources}
    for row in sorted(reads, key=lambda row: _KINDS.get(row["kind"], len(_KINDS))):
        reading = Reading(
            kind=row["kind"],
            pulled_at=row["pulled_at"],
            error=row["error"] or "",
            failed_at=row["failed_at"],
            refused=refused.get((row["source"], row["kind"]), 0),
        )
        found.setdefault(row["source"], []).append(reading)
    return [SourceCard(name, _connector(config, name), tuple(readings)) for name, readings in found.items()]


def _connector(config: Config, name: str) -> str:
    return str(config.sources[name].get("connector", "?")) if name in config.sources else ""


@router.get("/sources/{name}/refusals")
def show_refusals(house: House, name: str, page: PageNumber = 1) -> Response:
    found = [card for card in cards(house.engine, house.config) if card.name == name]
    if not found:
        raise troubles.no_page()
    pager = Pager(page, found[0].refused)
    return house.page("refusals.html", source=found[0], rows=_rows(house.engine, name, pager), pager=pager)


def _rows(engine: sa.Engine, source: str, pager: Pager) -> Iterable[sa.RowMapping]:
    query = (
        sa.select(_refusals)
        .where(_refusals.c.source == source)
        .order_by(_refusals.c.at.desc(), _refusals.c.id.desc())
        .limit(pager.per_page)
        .offset(pager.offset)
    )
    with engine.connect() as connection:
        return connection.execute(query).mappings().all()
