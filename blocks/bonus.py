"""The reader's balance of bonus points, as the shop keeps it in a field of the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, ClassVar

from pydantic import Field

from core.block import Asked, Block, BlockSettings, ButtonText, Facts, Heading, Reader
from core.errors import N_
from core.goods.choice import Code
from core.goods.urls import Url, web
from core.model import Kind

Form = Annotated[str, Field(min_length=1, max_length=40)]


class BonusSettings(BlockSettings):
    heading: Heading = "Ваши бонусы"
    attribute: Code = Field(default="UF_BONUS", title=N_("The person's field that holds the balance"))
    forms: list[Form] = Field(
        default=["балл", "балла", "баллов"], min_length=1, max_length=4, title=N_("The word for 1, 2 and 5 of them")
    )
    text: str = Field(default="На вашем счёте", max_length=300, title=N_("Text before the balance"))
    url: Url = Field(default="", title=N_("Where they are spent (empty: no button)"))
    button: ButtonText = "Потратить баллы"


class Bonus(Block):
    code = "bonus"
    title = N_("Bonus points")
    Settings = BonusSettings
    kinds = frozenset({Kind.PEOPLE})
    variables: ClassVar[Mapping[str, str]] = {
        "balance": N_("The number of points, more than zero"),
        "link": N_("Where they are spent"),
    }

    def facts(self, settings: BonusSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        link = web(settings.url, asked.site_url)
        balances = [_number((reader.attributes or {}).get(settings.attribute)) for reader in readers]
        return [{"balance": balance, "link": link} if balance > 0 else None for balance in balances]


def _number(value: Any) -> Decimal:
    """The whole points of a field that may be a number, a text ("1 500,00"), a list of one, or nothing."""
    one = value[0] if isinstance(value, list) and value else value
    try:
        number = Decimal("".join(str(one).split()).replace(",", "."))
    except InvalidOperation:
        return Decimal(0)
    return number // 1 if number.is_finite() and number < 10**12 else Decimal(0)
