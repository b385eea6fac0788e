"""The sample shop lives: with every step some people and the shop itself do something, dated now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.db import writing
from core.sample import schema, trade, visitors
from core.sample.rows import Rows
from core.sample.scene import Scene, last_id
from core.sample.shop import ZONE

_HAPPENINGS: tuple[tuple[Callable[[Scene], None], int], ...] = (
    (visitors.register, 3),
    (visitors.log_in, 8),
    (visitors.look, 10),
    (visitors.fill, 8),
    (visitors.empty, 2),
    (visitors.order, 4),
    (trade.pay, 4),
    (trade.move, 8),
    (trade.cancel, 1),
    (trade.reprice, 2),
    (trade.restock, 3),
    (trade.show_new, 1),
)
_STEP = {"module": "main", "name": "~sample_step"}  # the count lies in the shop: a restarted demo goes on, not again
_READ = sa.text("SELECT VALUE FROM b_option WHERE MODULE_ID = :module AND NAME = :name")
_BEGIN = sa.text("INSERT INTO b_option (MODULE_ID, NAME, VALUE) VALUES (:module, :name, '0')")
_COUNT = sa.text("UPDATE b_option SET VALUE = :value WHERE MODULE_ID = :module AND NAME = :name")


class Life:
    """A shop's further life; the same seed and step do the same to the same shop.

    `timezone` is the shop's own: Bitrix writes local time without saying which.
    """

    def __init__(self, seed: int = 1, *, timezone: str = ZONE) -> None:
        self.seed = seed
        self.zone = ZoneInfo(timezone)

    def step(self, engine: sa.Engine, now: datetime) -> None:
        """Three to six things happen at `now`, all in one short transaction."""
        at = now.astimezone(self.zone).replace(tzinfo=None, microsecond=0)
        with writing(engine) as connection:
            schema.relaxed(connection)
            rows = Rows(at.date(), f"{self.seed}:{_next(connection)}", last=partial(last_id, connection))
            scene = Scene(connection, rows, at)
            doings, weights = zip(*_HAPPENINGS, strict=True)
            for happen in rows.random.choices(doings, weights, k=rows.random.randint(3, 6)):
                happen(scene)
                rows.write(connection)


def _next(connection: sa.Connection) -> int:
    """The number of this step, counted in the shop itself."""
    value = connection.scalar(_READ, _STEP)
    if value is None:
        connection.execute(_BEGIN, _STEP)
    number = int(value or 0) + 1
    connection.execute(_COUNT, {**_STEP, "value": str(number)})
    return number
