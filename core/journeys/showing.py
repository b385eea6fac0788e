"""Showing: what the letters of a plan would hold out, asked of the blocks of the published letter; nothing is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from core import compose, tables
from core.block import Facts
from core.compose import Addressee, NothingToShow, Placed, Press, Publication
from core.coupon import CouponBlock, CouponSettings, valid_until
from core.errors import N_, VestnikError
from core.goods import Card
from core.goods.lines import Line
from core.journeys import content, printing
from core.journeys.deciding import Decision
from core.journeys.scenarios import Scenario, Step
from core.journeys.script import Shown
from core.plugin import settings_of

_people = tables.people
_NO_KEY = "-"


class Showcase:
    """The letters of a rehearsal as their readers would see them. A letter is published once a day."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._published: dict[tuple[str, date], Publication | VestnikError] = {}

    def __call__(self, connection: sa.Connection, going: Sequence[Decision], now: datetime) -> Sequence[Shown]:
        if not going:
            return []
        publication = self._publication(connection, going[0], now)
        if isinstance(publication, VestnikError):
            reason = VestnikError(N_("the letter cannot be printed: {error}"), error=publication)
            return [Shown(refused=reason)] * len(going)
        addressees = _addressees(connection, going)
        found = compose.gathered(connection, publication, addressees, shelf=self._press.blocks, now=now)
        return [self._shown(publication, one, now) for one in found]

    def _publication(self, connection: sa.Connection, one: Decision, now: datetime) -> Publication | VestnikError:
        day = content.day_of(now, self._press.site.timezone)[0].date()
        name = (one.scenario.issue(one.step), day)
        if name not in self._published:
            try:
                found = printing.publish(connection, self._press, one.scenario, one.step, at=now, tracked=False)
            except VestnikError as error:
                self._published[name] = error
            else:
                self._published[name] = found
        return self._published[name]

    def _shown(self, publication: Publication, addressee: Addressee, now: datetime) -> Shown:
        empty = any(placed.required and facts is None for placed, facts in _blocks(publication, addressee))
        if empty:  # it may stand in a part that this reader does not get
            [letter] = compose.compose(publication, [addressee], key=_NO_KEY)
            if isinstance(letter, NothingToShow):
                return Shown(refused=letter)
        shown = [(placed, facts) for placed, facts in _blocks(publication, addressee) if facts is not None]
        terms = {one.offer: one for placed, _ in shown if (one := coupon_of(self._press, placed))}
        cards = {card.id: card for _, facts in shown for card in facts.get("cards", ()) if isinstance(card, Card)}
        return Shown(
            coupons=tuple(_terms(one, now, publication.timezone) for one in terms.values()),
            products=(*((card.id, card.name) for card in cards.values()), *_lines(shown)),
            parents=tuple(sorted({card.parent for card in cards.values() if card.parent})),
        )


def offers(
    connection: sa.Connection, press: Press, scenario: Scenario, step: Step, *, now: datetime
) -> list[CouponSettings]:
    """The coupons that each letter of `step` promises. Raises what publishing it raises."""
    publication = printing.publish(connection, press, scenario, step, at=now, tracked=False)
    found = (coupon_of(press, placed) for placed in publication.blocks)
    return list({one.offer: one for one in found if one}.values())


def coupon_of(press: Press, placed: Placed) -> CouponSettings | None:
    """The terms of a block that shows a coupon."""
    block = press.blocks[placed.code]
    if not issubclass(block, CouponBlock):
        return None
    found = settings_of(block, placed.settings, where=placed.code)
    assert isinstance(found, CouponSettings)
    return found


def _blocks(publication: Publication, addressee: Addressee) -> list[tuple[Placed, Facts | None]]:
    return list(zip(publication.blocks, addressee.blocks, strict=False))


def _lines(shown: Sequence[tuple[Placed, Facts]]) -> list[tuple[str, str]]:
    """The goods of a basket or an order in the letter, by their names: their lines bear no ids."""
    return [("", one.name) for _, facts in shown for one in facts.get("lines", ()) if isinstance(one, Line)]


def _terms(settings: CouponSettings, now: datetime, timezone: str) -> Mapping[str, object]:
    """What the coupon gives, and its last day; the code is made when the letter goes."""
    until = valid_until(settings.days, now=now, timezone=timezone)
    terms = {"percent": settings.percent, "label": settings.label, "days": settings.days, "rule": settings.discount}
    return {name: value for name, value in terms.items() if value} | ({"until": until} if until else {})


def _addressees(connection: sa.Connection, going: Sequence[Decision]) -> list[Addressee]:
    ids = {one.case.who.person_id for one in going if one.case.who}
    rows = connection.execute(sa.select(_people).where(_people.c.id.in_(ids))).mappings()
    people = {row["id"]: compose.person_values(row) for row in rows}
    return [_addressee(one, people) for one in going]


def _addressee(one: Decision, people: Mapping[int, Mapping[str, object]]) -> Addressee:
    who, entry = one.case.who, one.entry
    person = people.get(who.person_id, compose.NOBODY) if who else compose.NOBODY
    email = who.email if who else ""
    return Addressee(entry.contact_id, 0, email, person, subject=entry.subject, anchor=entry.key)
