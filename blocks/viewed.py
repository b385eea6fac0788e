"""Products that the reader looked at, not bought since, and still to be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from core.block import Asked, Facts, Heading, Reader
from core.errors import N_
from core.goods import Ref, Shared, card, distinct, showable
from core.goods.choice import Choice, Days
from core.goods.readers import looks, purchases
from core.goods.showing import GoodsBlock
from core.model import Kind


class ViewedSettings(Choice):
    heading: Heading = "Вы недавно смотрели"
    sort: Literal["last", "count"] = Field(default="last", title=N_("First: looked at last, or most often"))
    days: Days = Field(default=90, title=N_("Looked at in the last N days"))


class Viewed(GoodsBlock):
    code = "viewed"
    title = N_("Viewed products")
    Settings = ViewedSettings
    kinds = frozenset({Kind.VIEWS, Kind.PRODUCTS, Kind.ORDERS})

    def facts(self, settings: ViewedSettings, asked: Asked, readers: Sequence[Reader]) -> Sequence[Facts | None]:
        seen = looks(asked, readers, *showable(), *settings.among(), days=settings.days)
        shared = Shared()
        return [
            shared(distinct((card(row, asked) for row in _left(rows, bought, settings)), limit=settings.limit))
            for rows, bought in zip(seen, purchases(asked, readers), strict=True)
        ]


def _left(
    rows: Sequence[sa.RowMapping], bought: Mapping[Ref, datetime], settings: ViewedSettings
) -> list[sa.RowMapping]:
    """Those not bought since they were looked at, in the order that was asked for."""

    def since(row: sa.RowMapping) -> bool:
        family = row["source"], row["parent"] or row["external_id"]
        return family in bought and bought[family] >= row["at"]

    left = [row for row in rows if not since(row)]
    return sorted(left, key=_times, reverse=True) if settings.sort == "count" else left


def _times(row: sa.RowMapping) -> Any:
    return row["looked"]
