"""One running installation: settings read, database ready, sources and channel found on their shelves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from core import config as configuration
from core import db, migrations, plugin, signing
from core.block import Block
from core.channel import Channel
from core.compose import Press
from core.config import Config
from core.deliver import Desk
from core.errors import N_, Misconfigured, masked
from core.plugin import suggestion
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

    @cached_property
    def press(self) -> Press:
        """What letters are printed with: the site's templates before ours, the blocks of the shelf."""
        return press_of(self.config)

    def desk(self, stopping: Callable[[], bool] = lambda: False) -> Desk:
        """What a worker needs to deliver."""
        return Desk(
            engine=self.engine,
            key=self.key,
            settings=self.config.deliver,
            clock=self.clock,
            stopping=stopping,
            blocks=self.press.blocks,
            sources=lambda: self.sources,
            coupon_cap=self.config.coupons.cap,
        )


def local_of(config: Config) -> Path:
    """The folder of the site's own plug-ins and templates."""
    return config.path(config.local_plugins)


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
    """The installation whose settings are at `path`. Raises Misconfigured for faults in them."""
    return App(configuration.load(path))
