"""`vestnik run` and its parts: web, clock, workers, and the sample shop of `vestnik demo`."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from core import demo as sample
from core import leases
from core.actors import Nudges
from core.app import App
from core.cli.root import DEFAULT, ConfigOption, cli, help_text, say, start
from core.clock import Clock
from core.errors import N_, Misconfigured, Unreachable
from core.mailbox import Mailbox, answers
from core.web import create_app, with_shop


@cli.command(help=help_text(N_("Web, clock and workers in one process, until Ctrl+C.")))
def run(config: ConfigOption = DEFAULT) -> None:
    _run(start(config))


@cli.command(help=help_text(N_("Only the web pages.")))
def web(config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    _log()
    _serve(app)


@cli.command(help=help_text(N_("Only the clock, beside `vestnik workers` on a broker that they share.")))
def clock(config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    _shared_broker(app)
    _log()
    leases.free_dead(app.engine)
    stopping = _stopping()
    Clock(app, Nudges(app)).run(stopping)


@cli.command(help=help_text(N_("Only workers, on a broker shared with the clock.")))
def workers(config: ConfigOption = DEFAULT) -> None:
    app = start(config)
    _shared_broker(app)
    _log()
    stopping, nudges = _stopping(), Nudges(app)
    worker = nudges.worker()
    worker.start()
    stopping.wait()
    nudges.stopping.set()
    worker.stop(timeout=60_000)


@cli.command(help=help_text(N_("A sample shop with everything running: to look around.")))
def demo(
    folder: Annotated[Path, typer.Option("--folder", help=help_text(N_("Where the sample lives.")))] = Path("var/demo"),
    users: Annotated[int, typer.Option("--users", min=100, help=help_text(N_("How many users the shop has.")))] = 2000,
    seed: Annotated[int, typer.Option("--seed", help=help_text(N_("The same seed makes the same shop.")))] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help=help_text(N_("Begin anew, forgetting the old sample.")))
    ] = False,
) -> None:
    app = start(sample.prepare(folder, fresh=fresh))
    say.note(N_("Making the sample shop in {folder} …"), folder=str(folder))
    sample.fill(app, users=users, seed=seed)
    _run(app, beside=(sample.live,), furnish=with_shop)


def _as_it_is(pages: FastAPI) -> FastAPI:
    return pages


def _run(
    app: App,
    *,
    beside: tuple[Callable[[App, Event], None], ...] = (),
    furnish: Callable[[FastAPI], FastAPI] = _as_it_is,
) -> None:
    """Everything in one process; `beside`: what else runs in threads of its own until the end.

    `furnish` puts more pages into the web door.
    """
    _log()
    leases.free_dead(app.engine)
    nudges = Nudges(app)
    stopping = Event()
    with ExitStack() as stack:
        mailbox = app.config.mailbox
        if not app.config.smtp.host:
            if answers(mailbox.port):
                raise Misconfigured(
                    N_("Port {port} of the built-in mailbox is taken. Set [mailbox] port."), port=mailbox.port
                )
            stack.enter_context(Mailbox(app.config.path(mailbox.folder), "127.0.0.1", mailbox.port))
        worker = nudges.worker()
        worker.start()
        threads = [Thread(target=Clock(app, nudges).run, args=(stopping,), name="clock")]
        threads += [Thread(target=one, args=(app, stopping), name=one.__name__) for one in beside]
        for thread in threads:
            thread.start()
        try:
            _greet(app)
            _serve(app, furnish)
        except KeyboardInterrupt:
            pass  # the usual end
        finally:
            say.note(N_("Stopping: letters on the wire are finished, the rest goes on at the next start."))
            stopping.set()
            nudges.stopping.set()
            for thread in threads:
                thread.join(timeout=30)
            worker.stop(timeout=60_000)


def _greet(app: App) -> None:
    url = f"http://{app.config.web.host}:{app.config.web.port}"
    say.line(N_("Vestnik is running. Open in the browser:"))
    say.line(N_("  {url}/          sources, issues, postings"), url=url)
    if not app.config.smtp.host:
        say.line(N_("  {url}/mailbox   the letters (nothing leaves this machine)"), url=url)
    say.line(N_("Ctrl+C stops it."))


def _serve(app: App, furnish: Callable[[FastAPI], FastAPI] = _as_it_is) -> None:
    """The web pages, in this thread; returns on SIGINT or SIGTERM."""
    settings = app.config.web
    pages = furnish(create_app(app.engine, app.config, now=app.clock))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises it anew after its own end
    server = uvicorn.Server(
        uvicorn.Config(pages, host=settings.host, port=settings.port, log_level="warning", access_log=False)
    )
    try:
        server.run()
    except SystemExit:  # uvicorn's own way to say that it could not bind
        raise Unreachable(
            N_("Port {port} at {host} cannot be opened: is it taken? Set [web] port."),
            port=settings.port,
            host=settings.host,
        ) from None


def _shared_broker(app: App) -> None:
    if app.config.broker.url.get_secret_value().startswith("memory:"):
        raise Misconfigured(
            N_("The memory broker lives inside `vestnik run`. Set [broker] url to redis:// or amqp://.")
        )


def _stopping() -> Event:
    stopping = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.set())
    return stopping


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("dramatiq", "alembic", "mail.log", "pika"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
