"""How fast a shop may be read: smaller bites while its answers are slow, pauses while its server is busy."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger("vestnik.bitrix_mysql")
LARGEST, SMALLEST = 20_000, 500  # rows that one statement examines
BUDGET_SECONDS = 0.5  # what one statement may take
LOOK_SECONDS = 5.0  # how often the server is asked how busy it is
PATIENCE_SECONDS = 60.0  # so long a busy server is waited for, then a bite is taken all the same


class Pace:
    """One walk's pace. `threads_running` asks the server; None: it cannot be asked (no right, SQLite)."""

    def __init__(
        self,
        threads_running: Callable[[], int | None],
        busy: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._threads_running, self._busy, self._clock, self._sleep = threads_running, busy, clock, sleep
        self._looked_at = float("-inf")
        self.bite = LARGEST

    def took(self, seconds: float) -> None:
        """A statement over `bite` rows took so long: the next bite is fitted to the budget."""
        if seconds > BUDGET_SECONDS:
            self.bite = max(SMALLEST, self.bite // 2)
        elif seconds < BUDGET_SECONDS / 4:
            self.bite = min(LARGEST, self.bite * 2)

    def wait(self) -> None:
        """Let customers go first: while more threads than `busy` run on the server, wait, a minute at most."""
        if self._clock() - self._looked_at < LOOK_SECONDS:
            return
        deadline = self._clock() + PATIENCE_SECONDS
        while (running := self._threads_running()) is not None and running > self._busy and self._clock() < deadline:
            log.info("the shop's server is busy (%s threads run): waiting", running)
            self._sleep(1.0)
        self._looked_at = self._clock()
