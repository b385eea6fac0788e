"""The word about RFM: the segment or the scores of a contact as a buyer, and whether it stands on a border."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

import sqlalchemy as sa
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from core.errors import N_
from core.model import Kind
from core.plugin import suggestion
from core.rules import WHO, Condition, Form, Leaf, Said, World, word
from core.rules.forms import Texts, joined
from core.rules.scoring import SEGMENTS, Scored, letters_of, scored
from core.tables import buyers


def _known(value: list[str]) -> list[str]:
    for code in value:
        if code not in SEGMENTS:
            hint = suggestion(code, list(SEGMENTS))
            raise ValueError(Said(N_("there is no segment {code!r}. {hint}"), code=code, hint=hint))
    return value


def _numbers(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


Segments = Annotated[Texts, AfterValidator(_known)]
Score = Annotated[int, Field(strict=True, ge=1, le=5)]
Scores = Annotated[list[Score], BeforeValidator(_numbers), Field(min_length=1)]


class Rfm(Form):
    """A segment or several; or scores (5 is best), a cell such as "555", a border. All that is given must hold."""

    short: ClassVar[str] = "segment"
    segment: Segments | None = Field(default=None, title=N_("Segments"))
    r: Scores | None = Field(default=None, title=N_("Recency score"))
    f: Scores | None = Field(default=None, title=N_("Frequency score"))
    m: Scores | None = Field(default=None, title=N_("Monetary score"))
    cell: Annotated[str, Field(pattern="^[1-5]{3}$")] | None = Field(default=None, title=N_("Cell (R, F, M)"))
    border: Literal["up", "down", True] | None = Field(default=None, title=N_("On a border (true: either)"))
    toward: Segments | None = Field(default=None, title=N_("The border is with the segments"))
    source: Texts | None = Field(default=None, title=N_("Sources"))

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"source"}:
            raise ValueError(Said(N_("must name a segment, a score, a cell or a border")))
        return self


@word("rfm", title=N_("RFM segment"), example={"segment": "champions"}, kinds=[Kind.ORDERS], dated=False)
def rfm(world: World, form: Rfm) -> Leaf:
    """The contact as a buyer of some source (of those named, else any): its segment, its scores, its borders."""
    asked = [scored(scale, world.now) for scale in world.scales if form.source is None or scale.source in form.source]
    condition = sa.or_(sa.false(), *(WHO.in_(_buyers(form, one, world)) for one in asked))
    return Leaf(condition, joined(list(_wanted(form))), _value(asked))


def _buyers(form: Rfm, one: Scored, world: World) -> sa.Select[Any]:
    query = sa.select(buyers.c.contact_id).where(one.mine, *_conditions(form, one))
    return query if world.only is None else query.where(buyers.c.contact_id == world.only)


def _conditions(form: Rfm, one: Scored) -> Iterator[Condition]:
    if form.segment is not None:
        yield one.segment.in_(letters_of(form.segment))
    if form.cell is not None:
        yield sa.and_(*(score == int(digit) for score, digit in zip(_scores(one), form.cell, strict=True)))
    for score, wanted in zip(_scores(one), (form.r, form.f, form.m), strict=True):
        if wanted is not None:
            yield score.in_(wanted)
    if form.border is not None or form.toward is not None:
        yield sa.or_(*(_borders(letter, form.toward) for letter in _sides(form, one)))


def _scores(one: Scored) -> tuple[sa.ColumnElement[Any], ...]:
    return one.r, one.f, one.m


def _sides(form: Rfm, one: Scored) -> list[sa.ColumnElement[str]]:
    sides = {"up": [one.up], "down": [one.down]}
    return sides[form.border] if isinstance(form.border, str) else [one.up, one.down]


def _borders(letter: sa.ColumnElement[str], toward: list[str] | None) -> Condition:
    return letter.is_not(None) if toward is None else letter.in_(letters_of(toward))


def _value(asked: list[Scored]) -> sa.ColumnElement[str] | None:
    """What the contact is, in each source where it bought: "loyal 344"."""
    texts = [
        sa.select(one.named).where(one.mine, buyers.c.contact_id == WHO).correlate(WHO.table).scalar_subquery()
        for one in asked
    ]
    if len(texts) <= 1:
        return texts[0] if texts else None
    told: sa.ColumnElement[str] = sa.literal("")
    for one, text in zip(asked, texts, strict=True):
        told = told + sa.func.coalesce(one.source + ": " + text + " ", "")
    return sa.func.nullif(sa.func.trim(told), "")


def _wanted(form: Rfm) -> Iterator[Said]:
    if form.segment is not None:
        yield Said(N_("one of: {names}"), names=", ".join(form.segment))
    for letter, scores in (("R", form.r), ("F", form.f), ("M", form.m)):
        if scores is not None:
            yield Said(N_("score {letter} {scores}"), letter=letter, scores=", ".join(map(str, scores)))
    if form.cell is not None:
        yield Said(N_("cell {cell}"), cell=form.cell)
    if form.border is not None or form.toward is not None:
        yield _BORDERS[form.border if isinstance(form.border, str) else ""]
    if form.toward is not None:
        yield Said(N_("toward one of: {names}"), names=", ".join(form.toward))
    if form.source is not None:
        yield Said(N_("in source {names}"), names=", ".join(form.source))


_BORDERS = {
    "up": Said(N_("one small step below another segment")),
    "down": Said(N_("about to fall into another segment")),
    "": Said(N_("on the border of another segment")),
}
