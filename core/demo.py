"""The sample shop of `vestnik demo`: a folder with settings, a living Bitrix shop in SQLite, and a birthday mailing."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import db, definitions, intake, leases, mailings, postings, switching, tables
from core.app import App
from core.errors import N_, Misconfigured
from core.journeys import book
from core.journeys.retouching import retouched
from core.model import Kind
from core.sample.life import Life
from core.sample.shop import ZONE, make_shop

STEP_SECONDS = 20
_MARK = "demo.txt"
_SETTINGS = ("vestnik.toml", "definitions.toml")
_DATABASES = ("shop.db", "shop.part", "vestnik.db")
_FIRST = ("birthday", "picks")
_SCENARIOS = (
    *("order_new", "order_status", "order_thanks", "abandoned_basket", "back_in_stock", "price_drop", "abandoned_view"),
    *("registration", "welcome", "after_order", "last_login"),
)
_PAST = timedelta(days=3)  # of the shop's own: so that a first minute already has something to show
_THANKS = {"steps.thanks.blocks": {"coupon": {"percent": 5, "days": 14}}}
_log = logging.getLogger(__name__)


def prepare(folder: Path, *, fresh: bool) -> Path:
    """The settings file of the sample in `folder`, written if it is not there (`fresh`: the old sample is removed).

    Raises Misconfigured for a folder with anything else in it: the mailing of a real shop must not be fired.
    """
    mark = folder / _MARK
    if folder.exists() and not mark.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Misconfigured(
            N_("{folder} is not a sample made by `vestnik demo`. Choose an empty folder with --folder."),
            folder=str(folder),
        )
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text("Made by `vestnik demo`, which may remove its files from here (--fresh).\n", "utf-8")
    if fresh:
        _remove(folder)
    for name in _SETTINGS:
        if not (folder / name).exists():
            _write(folder / name, files("core").joinpath("sample", name).read_text("utf-8"))
    return folder / "vestnik.toml"


def fill(app: App, *, users: int, seed: int) -> None:
    """Make the shop, pull it, apply the definitions and fire the first issue, unless that has been done before.

    Killed anywhere and called again, it goes on. Raises what the pull of the shop raises.
    """
    if not _shop(app).exists():
        _make(_shop(app), app, users=users, seed=seed)
    leases.free_dead(app.engine)
    for source in app.sources.values():
        for report in intake.pull(app.engine, source, clock=app.clock, kinds=tuple(Kind)):
            if report.error:
                raise report.error
    _apply(app)
    _first_issues(app)
    _scenarios(app)


def live(app: App, stopping: Event) -> None:
    """Let something happen in the shop every twenty seconds, until `stopping`; for a thread of its own."""
    engine, life = db.connect(f"sqlite:///{_shop(app)}"), Life()
    while not stopping.wait(STEP_SECONDS):
        try:
            life.step(engine, app.clock())
        except sa.exc.OperationalError as error:  # a full disk, a lock that somebody forgot: the next step may pass
            _log.warning("The sample shop missed a step: %s", error.orig)
    engine.dispose()


def _remove(folder: Path) -> None:
    """Everything that a demo writes, and nothing else; the mark stays for a `fresh` that is killed in the middle."""
    for name in _DATABASES:
        for suffix in ("", "-wal", "-shm", "-journal"):
            (folder / (name + suffix)).unlink(missing_ok=True)
    for name in _SETTINGS:
        (folder / name).unlink(missing_ok=True)
        (folder / f"{name}.part").unlink(missing_ok=True)
    letters = folder / "mailbox"
    if letters.is_dir() and not letters.is_symlink():
        shutil.rmtree(letters)


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, "utf-8")
    part.replace(file)


def _shop(app: App) -> Path:
    return app.config.folder / "shop.db"


def _make(shop: Path, app: App, *, users: int, seed: int) -> None:
    """Under another name first: a demo killed in the middle must not find half a shop."""
    part = shop.with_suffix(".part")
    for leftover in shop.parent.glob(f"{part.name}*"):
        leftover.unlink()
    engine = db.connect(f"sqlite:///{part}")
    make_shop(engine, today=app.clock().astimezone(ZoneInfo(ZONE)).date(), seed=seed, users=users)
    _settle(engine, app.config.site.url)
    engine.dispose()  # the last connection writes the WAL back into the file, which may then be renamed alone
    part.rename(shop)


def _settle(engine: sa.Engine, url: str) -> None:
    """The sample's goods and pictures are shown by `vestnik demo` itself."""
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE b_lang SET SERVER_NAME = :url WHERE LID = 's1'"), {"url": url})


def _apply(app: App) -> None:
    file = definitions.read(app.config.folder / "definitions.toml")
    definitions.apply(app.engine, file, app.press, sources=app.config.sources, now=app.clock())


def _first_issues(app: App) -> None:
    """Nobody wants to wait until five in the morning to see a first letter."""
    with app.engine.connect() as connection:
        sent = set(connection.scalars(sa.select(tables.postings.c.issue).distinct()))
        waiting = [one for one in mailings.issues(connection) if one.code in _FIRST and one.code not in sent]
    for issue in waiting:
        postings.by_hand(app.engine, issue, now=app.clock())


def _scenarios(app: App) -> None:
    """Those of orders, baskets and goods run from the beginning; whatever was switched off meanwhile stays off."""
    with app.engine.connect() as connection:
        once_on = sa.select(tables.scenarios.c.code).where(tables.scenarios.c.on_at.is_not(None))
        known = set(connection.scalars(once_on))
        text = book.text_of(connection, app.office.shelf, "order_thanks")
    if "order_thanks" not in known:  # how much it gives, and for how long, each shop must say itself
        switching.keep(app, "order_thanks", retouched(text, _THANKS))
    for code in _SCENARIOS:
        if code not in known:
            service = switching.find(app, code).form.kind == "service"  # word of an old order is no news
            switching.on(app, code, past=timedelta(0) if service else _PAST)
