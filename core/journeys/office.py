"""The office: what delivery asks of scenarios. A letter that was queued is looked at once more just before it goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import groups, mailings
from core.compose import Addressee
from core.db import retried, writing
from core.errors import N_, VestnikError
from core.goods import Card
from core.journeys import book, ledger, looking, reading, walking
from core.journeys.arbiter import may_issue
from core.journeys.book import Shelf
from core.journeys.deciding import Manners
from core.journeys.judging import still
from core.journeys.scenarios import Scenario
from core.model import Kind

Reason = VestnikError | str


@dataclass(frozen=True, slots=True)
class Office:
    """Where scenarios are kept, and how their letters are sent here."""

    shelf: Shelf
    manners: Manners


@dataclass(frozen=True, slots=True)
class About:
    """What a letter is about: the order, basket or product, and the key of what began the chain."""

    subject: str = ""
    anchor: str = ""


NOTHING = About()


def abouts(connection: sa.Connection, ledger_ids: Collection[int]) -> dict[int, About]:
    """What the letters of these rows of the ledger are about; of issues nothing."""
    wanted = {one for one in ledger_ids if one}
    if not wanted:
        return {}
    return {key: About(row["subject"], row["anchor"]) for key, row in ledger.rows_of(connection, wanted).items()}


def over(
    connection: sa.Connection, office: Office, issue: str, rows: Sequence[sa.RowMapping], *, now: datetime
) -> dict[int, Reason]:
    """Recipients of a scenario's letters for whom it is over: the goal was reached meanwhile, say; and why."""
    of_scenarios = {row["id"]: row["ledger_id"] for row in rows if row["ledger_id"]}
    if not of_scenarios:
        return {}
    try:
        scenario, step = book.named(connection, office.shelf, issue)
    except VestnikError as error:  # edited since into something that cannot be read
        return dict.fromkeys(of_scenarios, error)
    if not (scenario.active and step.form.active):
        return dict.fromkeys(of_scenarios, VestnikError(N_("the scenario was switched off")))
    kept = ledger.rows_of(connection, set(of_scenarios.values()))
    entries = _entries(connection, scenario, kept, office, now)
    cases = reading.cases(connection, scenario, list(entries.values()), now=now, zone=office.manners.timezone)
    found = {one.entry: still(scenario, step, one.entry, one.life, now) for one in cases}
    reasons = {
        row_id: found.get(entries[ledger_id]) for row_id, ledger_id in of_scenarios.items() if ledger_id in entries
    }
    return {row_id: reason for row_id, reason in reasons.items() if reason}


def too_often(
    connection: sa.Connection, office: Office, mailing: str, rows: Sequence[sa.RowMapping], *, now: datetime
) -> dict[int, Reason]:
    """Recipients of a capped mailing's issue who were written to so often that [frequency] forbids it; and why."""
    if not mailings.mailing(connection, mailing).capped:
        return {}
    ids, rules, zone = [row["contact_id"] for row in rows], office.manners.frequency, office.manners.timezone
    besides = [row["id"] for row in rows]
    pasts = reading.pasts_of(connection, ids, facts=("ordered",), now=now, besides=besides)
    found = {row["id"]: may_issue(pasts[row["contact_id"]], now, rules, zone=zone) for row in rows}
    return {row_id: reason for row_id, reason in found.items() if reason}


def _entries(
    connection: sa.Connection, scenario: Scenario, rows: Mapping[int, sa.RowMapping], office: Office, now: datetime
) -> dict[int, Any]:
    """The entry of each row, with its moment as it is now."""
    manners = office.manners
    world = groups.world(connection, now=now, timezone=manners.timezone, currency=manners.currency)
    return {key: looking.moved(connection, scenario, looking.entry_in(row), world) for key, row in rows.items()}


@retried
def note(
    engine: sa.Engine,
    rows: Sequence[sa.RowMapping],
    gone: Mapping[int, tuple[Any, Reason]],
    addressees: Iterable[Addressee],
    *,
    now: datetime,
) -> None:
    """Keep in the ledger what became of a scenario's letters: why some do not go, and what the others show."""
    of_scenarios = {row["id"]: row["ledger_id"] for row in rows if row["ledger_id"]}
    if not of_scenarios:
        return
    shown = {one.ledger_id: _products(one) for one in addressees if one.recipient_id not in gone}
    with writing(engine) as connection:
        for row_id, ledger_id in of_scenarios.items():
            if row_id in gone:
                ledger.skipped(connection, ledger_id, gone[row_id][1], now=now)
            elif shown.get(ledger_id):
                ledger.show(connection, ledger_id, shown[ledger_id])


def _products(addressee: Addressee) -> list[str]:
    """The products in the letter's blocks, each also under the one that it is an offer of."""
    cards = [card for facts in addressee.blocks if facts for card in facts.get("cards", ()) if isinstance(card, Card)]
    return sorted({product for card in cards for product in (card.id, card.parent) if product})[:100]


def kinds(connection: sa.Connection, office: Office, issue: str) -> frozenset[Kind]:
    """What must be fresh before the letters of this step go."""
    try:
        return walking.kinds_of(book.find(connection, office.shelf, issue.partition("/")[0]))
    except VestnikError:
        return frozenset()
