"""One running installation: settings read, database ready, sources and channel found on their shelves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core import brand, db, migrations, plugin, signing
from core import config as configuration
from core.block import Block
from core.channel import Channel
from core.compose import Press
from core.config import Config
from core.deliver import Desk
from core.errors import N_, Misconfigured, masked
from core.journeys import Manners, Office, Shelf, Walker
from core.plugin import suggestion
from core.scenario import Anchor
from core.source import Source


def utc_now() -> datetime:
    """The clock. Only doors ask it; rooms are told the moment."""
    return datetime.now(UTC)


@dataclass
class App:
    """What the doors (command line, web, clock, actors) share."""

    config: Config
    clock: Callable[[], datetime] = utc_now

    @cached_property
    def engine(self) -> sa.Engine:
        """Our database, brought to today's tables. Raises Unreachable or Misconfigured."""
        engine = db.connect(self.config.database_url)
        migrations.upgrade(engine)
        return engine

    def engine_url(self) -> str:
        """Where our database is, without its password."""
        return masked(self.config.database_url)

    @cached_property
    def key(self) -> str:
        """The secret that signs our links."""
        return signing.secret(self.engine, now=self.clock())

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every source of the settings, ready to be pulled. Raises Misconfigured for a bad one."""
        return {name: self._source(name) for name in self.config.sources}

    def source(self, name: str) -> Source:
        """The source called `name` in the settings."""
        if name not in self.config.sources:
            hint = suggestion(name, list(self.config.sources)) if self.config.sources else ""
            raise Misconfigured(N_("There is no source {name!r} in the settings. {hint}"), name=name, hint=hint)
        return self._source(name)

    def _source(self, name: str) -> Source:
        values = dict(self.config.sources[name])
        code = values.pop("connector", None)
        if not isinstance(code, str):
            raise Misconfigured(
                N_('[sources.{name}]: connector is missing. Example: connector = "bitrix_mysql"'), name=name
            )
        kind = plugin.find("connectors.sources", Source, code, self.local)  # type: ignore[type-abstract]
        for key in ("url", "coupon_url"):
            if isinstance(values.get(key), str) and values[key]:
                values[key] = configuration.absolute_sqlite(values[key], self.config.folder)
        return kind(name, plugin.settings_of(kind, values, where=f"sources.{name}"))

    @cached_property
    def channel(self) -> Channel:
        """How letters leave: the relay of [smtp], or the built-in mailbox."""
        smtp = self.config.smtp
        kind = plugin.find("connectors.channels", Channel, "smtp", self.local)  # type: ignore[type-abstract]
        values = smtp.model_dump() if smtp.host else {"host": "127.0.0.1", "port": self.config.mailbox.port}
        return kind(plugin.settings_of(kind, values, where="smtp"))

    @property
    def local(self) -> Path:
        """The folder of the site's own plug-ins and templates."""
        return local_of(self.config)

    @property
    def press(self) -> Press:
        """What letters are printed with: the site's templates before ours, the blocks of the shelf.

        The look of letters is asked every time: another process may have changed it.
        """
        with self.engine.connect() as connection:
            look = brand.in_force(connection)
        return replace(self._press, site=look.over(self.config.site))

    @cached_property
    def _press(self) -> Press:
        return press_of(self.config)

    def desk(self, stopping: Callable[[], bool] = lambda: False) -> Desk:
        """What a worker needs to deliver."""
        return Desk(
            engine=self.engine,
            key=self.key,
            settings=self.config.deliver,
            clock=self.clock,
            stopping=stopping,
            blocks=self._press.blocks,
            sources=lambda: self.sources,
            coupon_cap=self.config.coupons.cap,
            office=self.office,
        )

    @property
    def office(self) -> Office:
        """Where scenarios are kept, and how their letters are sent here."""
        return Office(shelf_of(self.config), manners_of(self.config))

    def walker(self, **doing: Any) -> Walker:
        """What a walk through the scenarios needs."""
        return Walker(self.engine, self.press, manners_of(self.config), **doing)

    def carrier(self, code: str) -> Channel:
        """The channel named `code` in a scenario's step: "email", or one of the settings. Raises Misconfigured."""
        if code == "email":
            return self.channel
        values = dict(self.config.channels.get(code, {}))
        if not values:
            hint = suggestion(code, ["email", *self.config.channels])
            raise Misconfigured(N_("There is no channel {code!r} in the settings. {hint}"), code=code, hint=hint)
        connector = values.pop("connector", None)
        if not isinstance(connector, str):
            raise Misconfigured(N_('[channels.{name}]: connector is missing. Example: connector = "file"'), name=code)
        kind = plugin.find("connectors.channels", Channel, connector, self.local)  # type: ignore[type-abstract]
        if isinstance(values.get("folder"), str):
            values["folder"] = str(self.config.path(values["folder"]))
        return kind(plugin.settings_of(kind, values, where=f"channels.{code}"))


def local_of(config: Config) -> Path:
    """The folder of the site's own plug-ins and templates."""
    return config.path(config.local_plugins)


def shelf_of(config: Config) -> Shelf:
    """The scenarios and their anchors: the site's own before ours."""
    local = local_of(config)
    return Shelf(plugin.shelf("scenarios.anchors", Anchor, local), local)  # type: ignore[type-abstract]


def manners_of(config: Config) -> Manners:
    """How letters of scenarios are sent here."""
    return Manners(config.site.timezone, config.site.currency, config.hours, config.frequency)


def press_of(config: Config) -> Press:
    """What letters are printed with. Raises Misconfigured for a block of the site's own that does not load."""
    local = local_of(config)
    blocks = plugin.shelf("blocks", Block, local)  # type: ignore[type-abstract]
    for code in config.blocks.keys() - blocks.keys():
        raise Misconfigured(
            N_("[blocks.{code}]: there is no such block. {hint}"), code=code, hint=suggestion(code, blocks)
        )
    return Press(
        config.site,
        (local / "templates",),
        config.public_url,
        blocks,
        defaults=config.blocks,
        discounts=config.coupons.rules,
    )


def open_app(path: Path) -> App:
    """The installation whose settings are at `path`. Raises Misconfigured for faults in them, or in its rule words."""
    config = configuration.load(path)
    plugin.load("core.rules", local_of(config))
    return App(config)
