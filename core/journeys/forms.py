"""The shape of a scenario's file: what ``scenarios/<code>.toml`` may say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core import schedule
from core.errors import N_, VestnikError

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
FactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Tree = dict[str, Any]


def _span(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return schedule.duration(value)
    except VestnikError as error:
        raise ValueError(error) from None


Span = Annotated[timedelta, BeforeValidator(_span), Field(ge=timedelta(0), le=timedelta(days=3650))]


def _again(value: str) -> str:
    if value not in {"each", "once"}:
        _span(value)
    return value


class Form(BaseModel):
    """A part of a scenario's file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnchorForm(BaseModel):
    """The anchor's code, and its own settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    code: FactName = Field(title=N_("What begins it"))

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.__pydantic_extra__ or {})


class End(Form):
    """A fact of the contact that ends the chain: after the anchor, or `ever`; `same`: about the entry's own subject.

    ``bought`` is a fact for each product of an order, its subject the product.
    """

    fact: FactName = Field(title=N_("Fact"))
    ever: bool = Field(default=False, title=N_("At any time, also before the anchor"))
    same: bool = Field(default=False, title=N_("About the same order, basket or product"))


class Unless(Form):
    """No letter to whoever has reacted to an earlier one of the chain."""

    reacted: list[Literal["opened", "clicked", "ordered"]] = Field(min_length=1, title=N_("By doing one of"))
    to: str = Field(default="", title=N_("To the letter (empty: the one before)"))
    within: Span | None = Field(default=None, title=N_("Within (empty: at any time after it)"))


class Trial(Form):
    """Only some get it at first: a group, or a share of all."""

    group: str = Field(default="", title=N_("Group"))
    percent: int = Field(default=100, ge=0, le=100, title=N_("Percent"))


class StepForm(Form):
    """One letter of the chain."""

    code: Code = Field(title=N_("Code"))
    after: str = Field(title=N_("How long after the anchor"))
    letter: str = Field(default="", pattern=r"^[A-Za-z0-9_./-]*$", max_length=255, title=N_("Letter"))
    subject: str = Field(default="", max_length=500, title=N_("Subject (empty: the letter's own)"))
    preheader: str = Field(default="", max_length=500, title=N_("Preheader (empty: the letter's own)"))
    late: Span = Field(default=timedelta(days=2), title=N_("How much later it may still go"))
    channel: Code = Field(default="email", title=N_("Channel"))
    blocks: dict[str, dict[str, Any]] = Field(default={}, title=N_("Settings of blocks"))
    unless: Unless | None = Field(default=None, title=N_("Not to those who reacted"))
    where: Tree | None = Field(default=None, title=N_("Only to those"))
    sale: bool | None = Field(default=None, title=N_("Holds out a discount"))
    hours: Literal["polite", "any"] | None = Field(default=None, title=N_("Hours (empty: those of the scenario)"))
    active: bool = Field(default=True, title=N_("Goes out"))


class UtmForm(Form):
    """UTM marks of the scenario's links."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""


class ScenarioForm(Form):
    """A whole scenario."""

    name: str = Field(min_length=1, max_length=255, title=N_("Name"))
    description: str = Field(default="", max_length=2000, title=N_("Description"))
    mailing: str = Field(default="scenarios", max_length=64, title=N_("Mailing"))
    kind: Literal["marketing", "service"] = Field(default="marketing", title=N_("Kind of letters"))
    priority: int = Field(default=50, ge=0, le=100, title=N_("Priority"))
    again: Annotated[str, AfterValidator(_again)] = Field(default="each", title=N_("How often one may enter"))
    hours: Literal["polite", "any"] = Field(default="polite", title=N_("Hours"))
    sale: bool = Field(default=False, title=N_("Holds out a discount"))
    holdout: int = Field(default=0, ge=0, le=90, title=N_("Percent that never gets it"))
    bought_stops: bool = Field(default=False, title=N_("Ends when a product of the last letter was bought"))
    trial: Trial = Field(default=Trial(), title=N_("Trial"))
    anchor: AnchorForm
    goal: list[End] = Field(default=[], title=N_("Goal"))
    stop: list[End] = Field(default=[], title=N_("Ends without its goal"))
    where: Tree | None = Field(default=None, title=N_("Only for those"))
    utm: UtmForm = UtmForm()
    steps: list[StepForm] = Field(min_length=1, title=N_("Letters"))

    @model_validator(mode="after")
    def _each_step_has_its_own_code(self) -> Self:
        codes = [step.code for step in self.steps]
        twice = {code for code in codes if codes.count(code) > 1}
        if twice:
            raise ValueError(VestnikError(N_("step {code} stands there twice"), code=", ".join(sorted(twice))))
        for step in self.steps:
            if step.unless and step.unless.to and step.unless.to not in codes:
                raise ValueError(
                    VestnikError(N_("step {code}: there is no step {to}"), code=step.code, to=step.unless.to)
                )
        return self


def plain(form: ScenarioForm) -> Mapping[str, Any]:
    """What the form says beside its defaults, as plain values."""
    return form.model_dump(exclude_defaults=True)
