"""Dramatiq actors: each message is only a nudge that says where there is work; the database knows what the work is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import BoundedSemaphore, Event
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware

from core import runs
from core.app import App
from core.config import Broker
from core.deliver import RelayAway
from core.errors import N_, Unreachable, VestnikError, masked

log = logging.getLogger("vestnik.actors")
_FOREVER = 10**9  # milliseconds: a posting takes as long as it takes
_STALE = 600_000  # milliseconds: by then the clock has nudged anew


class Nudges:
    """The actors of one installation on its broker."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stopping = Event()
        self._connections = BoundedSemaphore(app.config.deliver.workers)
        self.broker = broker(app.config.broker)
        self.pull = self._actor("pull", self._pull)
        self.sweep = self._actor("sweep", self._sweep)
        self.open_posting = self._actor("open_posting", self._open_posting)
        self.deliver = self._actor("deliver", self._deliver)
        self.tend_coupons = self._actor("tend_coupons", self._tend_coupons)
        self.walk = self._actor("walk", self._walk)

    def _actor(self, name: str, work: Callable[..., None]) -> dramatiq.Actor[..., Any]:
        declare = dramatiq.actor(
            actor_name=name,
            broker=self.broker,
            queue_name=self.app.config.broker.queue,
            time_limit=_FOREVER,
            max_age=_STALE,
        )
        return declare(work)

    def _pull(self, source: str) -> None:
        runs.pull(self.app, self.app.source(source))

    def _sweep(self, source: str) -> None:
        runs.sweep(self.app, self.app.source(source))

    def _open_posting(self, posting_id: int) -> None:
        if runs.open_posting(self.app, posting_id):
            self.nudge_delivery(posting_id)

    def _deliver(self, posting_id: int) -> None:
        if not self._connections.acquire(blocking=False):
            return  # this process has all its connections at work: a nudge too many
        try:
            runs.send(self.app, posting_id, stopping=self.stopping.is_set)
        except RelayAway as error:
            log.warning("posting %s: the relay does not take letters: %s", posting_id, masked(str(error)))
        except VestnikError as error:
            log.error("posting %s: %s", posting_id, error)
        finally:
            self._connections.release()

    def _tend_coupons(self) -> None:
        runs.tend_coupons(self.app, stopping=self.stopping.is_set)

    def _walk(self) -> None:
        for posting_id in runs.walk(self.app, stopping=self.stopping.is_set):
            self.nudge_delivery(posting_id)

    def nudge_delivery(self, posting_id: int) -> None:
        """Say to every worker that this posting has letters."""
        for _ in range(self.app.config.deliver.workers):
            self.deliver.send(posting_id)

    def worker(self) -> dramatiq.Worker:
        """A worker with its threads in this process, not yet started."""
        # Time limits and other middleware begin at process_boot, which only dramatiq's own command line emits.
        self.broker.emit_after("process_boot")
        return dramatiq.Worker(self.broker, worker_threads=self.app.config.deliver.workers + 2, worker_timeout=200)


def broker(settings: Broker) -> dramatiq.Broker:
    """The broker of the settings, not yet connected."""
    url = settings.url.get_secret_value()
    scheme = url.partition("://")[0]
    if scheme == "memory":
        made: dramatiq.Broker = StubBroker(middleware=_middleware())
    elif scheme.startswith("redis"):
        from dramatiq.brokers.redis import RedisBroker

        # maintenance_chance in 1,000,000: the default 1,000 leaves a killed worker's messages lying for long
        made = RedisBroker(  # type: ignore[no-untyped-call]
            url=url, middleware=_middleware(), namespace=settings.queue, maintenance_chance=100_000
        )
    else:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        made = RabbitmqBroker(url=url, middleware=_middleware())
    return made


def _middleware() -> list[Middleware]:
    """Without dramatiq's Retries: the clock nudges again while the rows say that there is work."""
    from dramatiq.middleware import AgeLimit, Callbacks, ShutdownNotifications, TimeLimit

    return [AgeLimit(), TimeLimit(), ShutdownNotifications(), Callbacks()]


def check(settings: Broker) -> None:
    """Whether the broker answers. Raises Unreachable with what it said."""
    made = broker(settings)
    try:
        made.declare_queue(settings.queue + ".doctor")
        ping = getattr(getattr(made, "client", None), "ping", None)
        if ping:
            ping()
        elif hasattr(made, "connection"):
            _ = made.connection
    except Exception as error:
        raise Unreachable(
            N_("Broker {url} does not answer: {error}. Check [broker] url."),
            url=settings.url.get_secret_value(),
            error=str(error) or type(error).__name__,
        ) from None
    finally:
        made.close()
