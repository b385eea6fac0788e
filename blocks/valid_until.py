"""Until which day an offer is good: a day, not a countdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from core.block import Asked, Block, BlockSettings, Facts, Reader
from core.errors import N_
from core.model import Kind
from core.rules import Said
from core.rules.forms import Day


class ValidUntilSettings(BlockSettings):
    text: str = Field(default="Предложение действует до", max_length=300, title=N_("Text before the day"))
    days: int | None = Field(default=None, strict=True, ge=0, le=3650, title=N_("So many days after the letter"))
    until: Day | None = Field(default=None, title=N_("Until this day"))

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.days is None) == (self.until is None):
            raise ValueError(Said(N_("must say days or until")))
        return self


class ValidUntil(Block):
    code = "valid_until"
    title = N_("Good until")
    Settings = ValidUntilSettings
    kinds: ClassVar[frozenset[Kind]] = frozenset()
    variables: ClassVar[Mapping[str, str]] = {"last_day": N_("The last day of the offer")}

    def facts(self, settings: ValidUntilSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        today = asked.now.astimezone(ZoneInfo(asked.timezone)).date()
        last = settings.until or today + timedelta(days=settings.days or 0)
        return [{"last_day": last} if last >= today else None] * len(readers)
