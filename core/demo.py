"""The sample shop of `vestnik demo`: a folder with settings, a Bitrix shop in SQLite, and a birthday mailing."""

from __future__ import annotations

import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import definitions, intake, mailings, postings
from core.app import App
from core.model import Kind
from core.sample.shop import make_shop


def prepare(folder: Path, *, fresh: bool) -> Path:
    """The settings file of the sample in `folder`, written if it is not there (`fresh`: the old sample is removed)."""
    if fresh and (folder / "shop.db").exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("vestnik.toml", "definitions.toml"):
        if not (folder / name).exists():
            (folder / name).write_text(files("core").joinpath("sample", name).read_text("utf-8"), "utf-8")
    return folder / "vestnik.toml"


def fill(app: App, *, users: int, seed: int) -> None:
    """Make the shop, pull it, apply the definitions and fire the first issue, unless that has been done before."""
    shop = app.config.folder / "shop.db"
    if not shop.exists():
        _make(shop, app, users=users, seed=seed)
    for source in app.sources.values():
        intake.pull(app.engine, source, clock=app.clock, kinds=tuple(Kind))
    _apply(app)
    _first_issue(app)


def _make(shop: Path, app: App, *, users: int, seed: int) -> None:
    """Under another name first: a demo killed in the middle must not find half a shop."""
    part = shop.with_suffix(".part")
    part.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{part}")
    make_shop(engine, today=_today(app), seed=seed, users=users)
    engine.dispose()
    part.rename(shop)


def _today(app: App) -> date:
    return app.clock().astimezone(ZoneInfo(app.config.site.timezone)).date()


def _apply(app: App) -> None:
    file = definitions.read(app.config.folder / "definitions.toml")
    definitions.apply(app.engine, file, app.config.site, sources=app.config.sources, now=app.clock())


def _first_issue(app: App) -> None:
    """Nobody wants to wait until five in the morning to see a first letter."""
    if postings.recent(app.engine, limit=1):
        return
    with app.engine.connect() as connection:
        issue = mailings.issue(connection, "birthday")
    postings.by_hand(app.engine, issue, now=app.clock())
