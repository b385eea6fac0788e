"""The clock: every few seconds it looks at the rows and nudges the workers about whatever is due.

Several clocks may run: a lease in the database makes one of them the leader.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event

from core import deliver, intake, leases, postings, runs
from core.actors import Nudges
from core.app import App
from core.errors import VestnikError

log = logging.getLogger("vestnik.clock")


class Clock:
    """One clock of an installation."""

    def __init__(self, app: App, nudges: Nudges) -> None:
        self._app, self._nudges, self._owner = app, nudges, leases.owner()

    def run(self, stopping: Event) -> None:
        """Tick until told to stop; an error of one tick is logged, the next tick comes all the same."""
        seconds = self._app.config.clock.tick_seconds
        while not stopping.is_set():
            try:
                self.tick()
            except VestnikError as error:
                log.error("%s", error)
            except Exception:
                log.exception("a tick failed; the next one comes in %s s", seconds)
            stopping.wait(seconds)
        leases.free(self._app.engine, "clock", owner=self._owner)

    def tick(self) -> bool:
        """Look once at everything that may be due; False when another clock leads."""
        app, now = self._app, self._app.clock()
        lease_seconds = max(3.0, app.config.clock.tick_seconds * 3)  # how long a killed leader is waited for
        if not leases.take(app.engine, "clock", owner=self._owner, now=now, seconds=lease_seconds):
            return False
        for look in (self._release, self._pull, self._open, self._walk, self._deliver, self._tend_coupons):
            self._at_ease(look, now)
        return True

    def _at_ease(self, look: Callable[[datetime], None], now: datetime) -> None:
        """One thing that fails (a bad source, say) keeps nothing else from being looked at."""
        try:
            look(now)
        except VestnikError as error:
            log.error("%s", error)
        except Exception:
            log.exception("a part of the tick failed; it is tried again at the next one")

    def _release(self, now: datetime) -> None:
        back, unknown = deliver.release_dead(self._app.engine, now=now)
        if back or unknown:
            log.warning("a worker was lost: %s letters given back, %s on the wire marked unknown", back, unknown)

    def _open(self, now: datetime) -> None:
        for posting_id in postings.due(self._app.engine, now=now):
            self._nudges.open_posting.send(posting_id)

    def _pull(self, now: datetime) -> None:
        settings = self._app.config.clock
        every = timedelta(seconds=settings.pull_seconds)
        for source in self._app.sources.values():
            if runs.sweep_due(self._app, source):
                self._nudges.sweep.send(source.name)
            elif intake.due(self._app.engine, source, now=now, every=every, retry=min(every, runs.RETRY)):
                self._nudges.pull.send(source.name)

    def _walk(self, now: datetime) -> None:
        self._nudges.walk.send()

    def _deliver(self, now: datetime) -> None:
        app = self._app
        opened = postings.opened(app.engine)
        for posting_id in runs.waiting_letters(app, opened):
            self._nudges.nudge_delivery(posting_id)
        for posting_id in opened:
            postings.finish(app.engine, posting_id, now=now)

    def _tend_coupons(self, now: datetime) -> None:
        if runs.coupons_due(self._app):
            self._nudges.tend_coupons.send()
